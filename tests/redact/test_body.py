"""Which body does the searching, and that a core which is not to be had is no error of a run."""

from __future__ import annotations

import json
import sys
import types

import pytest

from secretrun.redact import Redactor, body
from secretrun.redact.core import library

SECRET = b"body-secret-0123456789"


@pytest.fixture(autouse=True)
def anew(monkeypatch):
    """Nothing has been chosen or loaded yet, and nothing is afterwards."""
    monkeypatch.setattr(body, "_chosen", None)
    monkeypatch.setattr(library, "_loaded", None)
    monkeypatch.delenv(body.PURE, raising=False)


def masks():
    return Redactor({"A": SECRET}).mask(b"a " + SECRET + b" z") == b"a [REDACTED:A] z"


@pytest.mark.parametrize("said", ["1", "yes", "TRUE"])
def test_the_environment_can_do_without_the_core(monkeypatch, said):
    monkeypatch.setenv("SECRETRUN_PURE", said)
    monkeypatch.setattr(library, "load", lambda: pytest.fail("it was looked for"))
    chosen = body.chosen()
    assert (chosen.core, chosen.lack) == (None, "SECRETRUN_PURE is set")
    assert masks()


@pytest.mark.parametrize("said", ["", "0", "false", "No"])
def test_a_variable_that_says_no_is_as_none(monkeypatch, said):
    monkeypatch.setenv("SECRETRUN_PURE", said)
    monkeypatch.setattr(library, "load", lambda: None)
    assert body.chosen().lack == "the compiled core is not installed"


def test_where_there_is_no_core_python_does_it(monkeypatch, tmp_path):
    monkeypatch.setattr(library, "path", lambda: str(tmp_path / "secretrun_core.abi3.so"))
    assert str(body.chosen()) == "Python (the compiled core is not installed)"
    assert masks()


def test_a_file_that_is_no_library_is_told_and_python_does_it(monkeypatch, tmp_path):
    broken = tmp_path / "secretrun_core.abi3.so"
    broken.write_bytes(b"not a library")
    monkeypatch.setattr(library, "path", lambda: str(broken))
    chosen = body.chosen()
    assert chosen.core is None
    assert chosen.lack.startswith("the compiled core does not load: ")
    assert masks()


@pytest.mark.parametrize(
    ("name", "value"), [("abiflags", "t"), ("implementation", types.SimpleNamespace(name="pypy"))]
)
def test_a_python_that_has_no_stable_abi_does_without_the_core(monkeypatch, tmp_path, name, value):
    (tmp_path / "there").touch()
    monkeypatch.setattr(library, "path", lambda: str(tmp_path / "there"))
    monkeypatch.setattr(sys, name, value)
    chosen = body.chosen()
    monkeypatch.undo()
    assert chosen.core is None
    assert "stable ABI" in chosen.lack


def test_it_is_chosen_once_in_a_process(monkeypatch):
    chosen = body.chosen()
    monkeypatch.setattr(library, "load", lambda: pytest.fail("it was looked for again"))
    assert body.chosen() is chosen


def test_version_and_doctor_say_which_one_runs(secretrun):
    pure = {"SECRETRUN_PURE": "1"}
    assert secretrun("version", env=pure).out.splitlines()[1] == "masking: Python (SECRETRUN_PURE is set)"
    assert "\nmasking: Python (SECRETRUN_PURE is set)\n" in "\n" + secretrun("doctor", env=pure).out
    said = json.loads(secretrun("doctor", "--json", env=pure).out)["masking"]
    assert said == {"core": None, "lack": "SECRETRUN_PURE is set"}
