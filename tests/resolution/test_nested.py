"""References that hold the values of others: never an argument of a program."""

from __future__ import annotations

import inspect
import os
import re
import sys

import pytest
from support.store import clean_environ, secretrun

from secretrun.backend import BackendInfo, Context
from secretrun.errors import BadReference
from secretrun.resolution.gather import gather
from secretrun.resolution.registry import BUILTIN, Registry
from secretrun.resolution.stores import Stores
from secretrun.template.dotenv import parse
from secretrun.template.plan import Plan
from secretrun.testing import MemoryBackend, install_program

SECRET = "hunter2hunter2"


def ask(text, *, in_arguments):
    """What is said to reference B of a template whose store passes paths as arguments, or does not."""
    keeper = MemoryBackend({"v": b"inner"})
    other = MemoryBackend({"inner": b'{"inner": "x"}', "plain": b'{"inner": "y"}'}, scheme="other")
    other.info = BackendInfo(
        name="other", title="Other", schemes=("other",), example="other://x", in_arguments=in_arguments
    )
    by_scheme = {"memory": keeper, "other": other}
    plan = Plan({"PLAIN": "plain"}, by_scheme.__contains__)
    plan.add_template(parse("V=memory://v\n" + text, "t.env"), "/")
    answers = gather(plan, Stores(by_scheme.__getitem__, lambda _: Context({}))).answers
    (reference,) = plan.entries["B"].references()
    return answers[reference], other.calls


@pytest.mark.parametrize(
    "text", ["B=other://$V", "B=other://${V}?x=1", "B=other://plain?option=$V", "B={{ other://a/$V/b }}"]
)
def test_a_resolved_value_is_no_argument(text):
    said, calls = ask(text, in_arguments=True)
    assert type(said) is BadReference
    assert "argument" in said.message
    assert "inner" not in f"{said.message}{said.hint}"
    assert calls == []


@pytest.mark.parametrize(
    ("text", "in_arguments", "value"),
    [
        ("B=other://$V#/inner", False, b'{"inner": "x"}'), ("B=other://plain#/$V", True, b'{"inner": "y"}'), ("B=other://${PLAIN}#/inner", True, b'{"inner": "y"}'),
    ],
)  # fmt: skip
def test_elsewhere_it_may_stand(text, in_arguments, value):
    assert ask(text, in_arguments=in_arguments)[0] == value


def test_every_store_that_is_a_program_says_whether_it_takes_arguments():
    """Those that get what is wanted by their input, or by none of the reference, are named here."""
    by_input = {"op", "bw", "bws"}
    registry = Registry({"PATH": ""})
    backends = {registry.backend(scheme).info.name: registry.backend(scheme) for scheme in BUILTIN}
    programs = {
        name
        for name, backend in backends.items()
        if "_process import" in (source := inspect.getsource(sys.modules[type(backend).__module__]))
        and re.search(r"_process import .*\brun\b", source)
    }
    assert programs - by_input == {name for name, backend in backends.items() if backend.info.in_arguments}


@pytest.mark.parametrize(
    "reference",
    [
        "summon://provider/${V}",
        "exec://provider/${V}",
        "sops://${V}.yaml#/a",
        "pass://${V}",
        "k8s://${V}/s#/k",
    ],
)
def test_no_program_is_started_with_it(tmp_path, reference):
    log = tmp_path / "log"
    source = f"import sys\nopen({str(log)!r}, 'a').write(' '.join(sys.argv))\nprint('x')"
    environ = clean_environ(tmp_path)
    for name in ("provider", "sops", "pass", "kubectl"):
        environ = install_program(tmp_path / "bin", name, source, environ)
    (tmp_path / "v").write_text(SECRET)
    (tmp_path / "t.env").write_text(f"V=file://v\nX={reference}\n")
    environ["SECRETRUN_SOPS"] = os.path.join(tmp_path, "bin", "sops")
    done = secretrun("--allow-exec", "-e", "t.env", "--", "true", env=environ, cwd=tmp_path)
    assert done.returncode == 125
    assert b"would be an argument of" in done.stderr
    assert SECRET.encode() not in done.stderr
    assert not log.exists()
