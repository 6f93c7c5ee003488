"""The published JSON Schema says what the reader of secretrun.toml takes: no more, no less."""

from __future__ import annotations

import json
import os
import pathlib
import tomllib

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.config import fill, load, secret_table, settings
from secretrun.config.schema import schema
from secretrun.errors import SecretrunError
from secretrun.trust.table import NEVER, project_may

PUBLISHED = pathlib.Path(__file__).resolve().parents[2] / "docs" / "secretrun.schema.json"
CHECKED = jsonschema.Draft202012Validator(schema())
ENTRY = jsonschema.Draft202012Validator(
    {"$ref": "#/$defs/variables", "$defs": schema()["$defs"]}  # a table of one variable
)


def test_it_is_published_and_a_schema():
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert published == schema()
    jsonschema.Draft202012Validator.check_schema(published)


def is_read(text, directory):
    """Whether a project's secretrun.toml of this text is read without complaint."""
    (directory / "secretrun.toml").write_text(text, encoding="utf-8")
    environ = {"HOME": os.devnull}
    try:
        loaded = load.load(environ, {}.get, str(directory))
        for profile in tomllib.loads(text).get("profile", {}):
            load.load(environ, {"profile": [profile]}.get, str(directory))
        fill.fill(plan(environ), loaded, str(directory), bytes)
    except SecretrunError:
        return False
    return True


def plan(environ):
    from secretrun.template.plan import Plan

    return Plan(environ, lambda scheme: scheme == "sops")


RIGHT = [
    "",
    '[secrets]\nA = "sops://a.yaml#/x"\nB = 5\nC = true\n',
    '[env]\nA = { value = 5 }\nB = { ref = "sops://a#/x", required = false, default = "", mask = "never" }\n',
    '[secrets]\nA = { ref = "sops://a#/x", required = { at_least_one = "g" }, as = "fd", min_length = 4 }\n',
    '[secrets]\nA = { ref = "sops://a#/x", type = "regex", pattern = "[a-z]+", description = "x" }\n',
    '[run]\nmask_env = ["A_*"]\ntimeout = 5\nwatch-interval = "5m"\ntty = "never"\nmask = "***"\n',
    '[profile.a.secrets]\nA = "x"\n[profile.a.run]\ntimeout = 5\n[profile.a.env]\n',
    '[run]\nprofile = "a"\n[profile.a.env]\nA = "x"\n',
    '[backend.aws-sm]\nregion = "eu-central-1"\n',
]
WRONG = [
    "[secret]\n",
    "secrets = 5\n",
    "[secrets]\nA = 1.5\n",
    "[secrets]\nA = [1]\n",
    '[secrets]\nA-B = "x"\n',
    "[secrets]\nA = {}\n",
    '[secrets]\nA = { ref = "sops://a#/x", value = "x" }\n',
    "[secrets]\nA = { ref = 5 }\n",
    '[secrets]\nA = { ref = "sops://a#/x", as = "files" }\n',
    '[secrets]\nA = { ref = "sops://a#/x", requierd = false }\n',
    '[secrets]\nA = { ref = "sops://a#/x", required = "no" }\n',
    '[secrets]\nA = { ref = "sops://a#/x", required = { at_least_one = "g", exactly_one = "h" } }\n',
    '[secrets]\nA = { ref = "sops://a#/x", required = {} }\n',
    '[secrets]\nA = { ref = "sops://a#/x", min_length = 0 }\n',
    '[secrets]\nA = { ref = "sops://a#/x", type = "regex" }\n',
    '[secrets]\nA = { ref = "sops://a#/x", pattern = "x" }\n',
    '[secrets]\nA = { ref = "sops://a#/x", default = 5 }\n',
    '[run]\ntimeout = "soon"\n',
    "[run]\ntimeout = 0\n",
    '[run]\ntty = "maybe"\n',
    "[run]\nquiet = 1\n",
    "[run]\nallow_exec = true\n",
    '[run]\nset = ["A=b"]\n',
    "[run]\nunknown = 1\n",
    "[run]\npass = [1]\n",
    '[profile.a.profile.b.env]\nA = "x"\n',
    "[profile]\na = 5\n",
    '[profile.a.run]\nprofile = "b"\n[profile.b]\n',
    "[backend]\nsops = 5\n",
    '[run]\nwatch_interval = "5 minutes"\n',
]  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_read_is_valid(text, tmp_path):
    assert is_read(text, tmp_path)
    assert CHECKED.is_valid(tomllib.loads(text))


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_read_is_not_valid(text, tmp_path):
    assert not is_read(text, tmp_path)
    assert not CHECKED.is_valid(tomllib.loads(text))


def test_every_setting_that_a_project_may_set_is_in_it():
    keys = set(schema()["$defs"]["run"]["properties"])
    assert {key.replace("-", "_") for key in keys} == {
        s.name for s in settings.RUN if project_may(f"run.{s.name}") != NEVER
    }


VALUES = {
    "ref": ["x", 5, None],
    "value": ["x", 5, True, 1.5, []],
    "required": [True, False, {"at_least_one": "g"}, {"exactly_one": 1}, {"one": "g"}, "yes", {}],
    "default": ["x", 5],
    "mask": ["auto", "always", "never", "sometimes", True],
    "min_length": [1, 12, 0, -1, True, 1.5, "4"],
    "as": ["env", "file", "fd", "fifo", "stdin", "memory", 1],
    "type": ["text", "regex", "number"],
    "pattern": ["[a-z]+", 5],
    "cache": [False, "5m", 60, True, 0, "soon", ".", []],
    "allow": [[], [{"host": "api.example.com"}], ["x"], 5],
    "deny": [[], [{"host": "api.example.com"}], [5], {}],
    "use": ["github", 5],
    "placeholder": ["shape", "opaque", "none"],
    "extract": ["(x)", 5],
    "description": ["x", 5],
    "descripton": ["x"],
}
ENTRIES = st.dictionaries(st.sampled_from(list(VALUES)), st.integers(0, 8), max_size=4).map(
    lambda chosen: {key: VALUES[key][number % len(VALUES[key])] for key, number in chosen.items()}
)


@given(ENTRIES)
def test_any_entry_is_valid_when_it_is_read_and_only_then(said):
    try:
        secret_table.read(None, "A", said, "here", ".", False)
        read = True
    except SecretrunError:
        read = False
    assert ENTRY.is_valid({"A": said}) is read


def test_every_key_of_an_entry_is_tried_above():
    assert set(VALUES) - {"descripton"} == set(secret_table.KEYS)
