"""What `inject --format` writes, read back by the programs it is written for, with values that hurt."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys

import dotenv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretrun.errors import ConfigError
from secretrun.formats import render

NASTY = {
    "EMPTY": "", "BLANKS": "  a  b  ", "QUOTES": "it's \"quoted\" `so`", "DOLLAR": "a$b$$c$1", "BRACES": "${HOME}",
    "COMMAND": "$(id)", "BACK": "a\\b\\\\c\\n", "BACK_END": "x\\", "HASH": "a #b", "LINES": "one\ntwo\n\nthree\n",
    "TAB": "a\tb", "UNICODE": "äöü € 🔑", "EQUALS": "a=b=", "BANG": "a!b", "TILDE": "~/x", "GLOB": "*?[a]",
    "YAML": "no", "NUMBER": "007", "NULL": "null", "COLON": "a: b", "DASH": "- x", "PERCENT": "%s%n", "DEL": "a\x7fb",
    "CR": "a\r\nb\r", "QUOTE_END": "x'", "PEM": "-----BEGIN X-----\nabc+/=\n-----END X-----\n", "NEL": "a\x85b\u2028c",
}  # fmt: skip
TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)


def written(form, values):
    return render.render({name: value.encode() for name, value in values.items()}, form)


def sourced(shell, values):
    """The values as a shell has them that evaluates what was written."""
    script = written("shell", values).decode() + "".join(f'printf "%s\\0" "${name}"\n' for name in values)
    done = subprocess.run([shell, "-c", script], capture_output=True, check=True, timeout=60, env={})
    assert done.stderr == b""
    return dict(zip(values, done.stdout.decode().split("\0"), strict=False))


@pytest.mark.parametrize("shell", ["bash", "dash", "sh"])
def test_shells(shell):
    assert sourced(shutil.which(shell), NASTY) == NASTY


@settings(max_examples=30)
@given(TEXTS)
def test_any_text_through_a_shell(text):
    assert sourced("/bin/sh", {"X": text}) == {"X": text}


def python_dotenv(text):
    return dict(dotenv.dotenv_values(stream=io.StringIO(text, newline=""), interpolate=False))


def test_python_dotenv():
    """Without its `${}`, which it expands even in single quotes; `\\$` it does not know at all."""
    values = {name: value for name, value in NASTY.items() if not ("$" in value and "'" in value)}
    assert python_dotenv(written("dotenv", values).decode()) == values


@settings(max_examples=200)
@given(TEXTS.filter(lambda text: not set("$`") & set(text)))
def test_any_text_but_dollars_through_python_dotenv(text):
    assert python_dotenv(written("dotenv", {"X": text}).decode()) == {"X": text}


def node_dotenv(line):
    """The reading of Node's dotenv: double quotes expand \\n and \\r and nothing else, single ones nothing."""
    value = line.split("=", 1)[1].strip()
    quote = value[:1]
    if quote in ("'", '"') and value[-1:] == quote:
        value = value[1:-1]
    return value.replace("\\n", "\n").replace("\\r", "\r") if quote == '"' else value


@pytest.mark.parametrize(
    "name", ["DOLLAR", "BRACES", "COMMAND", "HASH", "BLANKS", "LINES", "PEM", "UNICODE", "EMPTY"]
)
def test_node_dotenv_and_compose_take_single_quotes_literally(name):
    line = written("dotenv", {name: NASTY[name]}).decode().removesuffix("\n")
    assert node_dotenv(line) == NASTY[name]


def test_json_and_yaml():
    import yaml

    assert json.loads(written("json", NASTY)) == NASTY
    assert yaml.safe_load(written("yaml", NASTY)) == NASTY
    assert yaml.safe_load(written("yaml", {})) == json.loads(written("json", {})) == {}


def test_kubectl_takes_the_manifest(tmp_path):
    """`kustomize` reads it as `apply` does, and needs no cluster for that."""
    import yaml

    (tmp_path / "secret.yaml").write_bytes(written("k8s", NASTY))
    (tmp_path / "kustomization.yaml").write_text("resources: [secret.yaml]\n")
    path = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))
    command = [shutil.which("kubectl", path=path), "kustomize", tmp_path]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    made = yaml.safe_load(done.stdout)
    assert (made["kind"], made["metadata"]["name"]) == ("Secret", "secretrun")
    assert {name: base64.b64decode(value).decode() for name, value in made["data"].items()} == NASTY


def docker(text):
    """As docker's opts.ParseEnvFile reads it: blanks before the name are dropped, the value is kept."""
    values = {}
    for line in text.split("\n"):
        assert len(line.encode()) < 64 * 1024
        stripped = line.lstrip(" \t")
        if stripped and not stripped.startswith("#"):
            name, _, value = stripped.partition("=")
            values[name] = value
    return values


def test_docker():
    values = {name: value for name, value in NASTY.items() if "\n" not in value}
    assert docker(written("docker", values).decode()) == values
    for value in ("a\nb", "a\rb", "x" * 64 * 1024):
        with pytest.raises(ConfigError, match="X "):
            written("docker", {"X": value})


def systemd(text):
    """As systemd's parse_env_file reads double quotes: a backslash escapes four characters, else it stays."""
    values, rest = {}, text
    while rest:
        name, _, rest = rest.partition('="')
        value = ""
        while not rest.startswith('"'):
            if rest[0] == "\\" and rest[1] in '"\\`$':
                rest = rest[1:]
            value, rest = value + rest[0], rest[1:]
        assert rest.startswith('"\n')
        rest = rest[2:]
        values[name] = value
    return values


def test_systemd():
    values = {name: value for name, value in NASTY.items() if not set("\r\x7f") & set(value)}
    assert systemd(written("systemd", values).decode()) == values
    for value in ("a\rb", "a\x1b[0m", "\x7f"):
        with pytest.raises(ConfigError, match="control character"):
            written("systemd", {"X": value})


@pytest.mark.parametrize(("form", "fits"), [
    ("dotenv", True), ("shell", True), ("k8s", True), ("json", False), ("yaml", False), ("docker", False), ("systemd", False),
])  # fmt: skip
def test_bytes_that_are_no_text(form, fits):
    if fits:
        assert render.render({"X": b"a\xff"}, form)
    else:
        with pytest.raises(ConfigError, match="X is not text"):
            render.render({"X": b"a\xff"}, form)


@pytest.mark.parametrize(("form", "fits"), [
    ("dotenv", False), ("shell", False), ("k8s", True), ("json", True), ("yaml", True), ("docker", False), ("systemd", False),
])  # fmt: skip
def test_a_nul_byte_which_a_file_may_hold(form, fits):
    if fits:
        assert render.render({"X": b"a\0b"}, form)
    else:
        with pytest.raises(ConfigError, match="X holds a NUL byte"):
            render.render({"X": b"a\0b"}, form)
