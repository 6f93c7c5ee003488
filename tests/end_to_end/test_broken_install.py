"""A package is missing or broken: the command is not started, or nothing it prints is shown."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "broken-install-secret-42"
MISSING = f"""
import sys
sys.path[:0] = [{str(ROOT)!r}, {str(ROOT / "backends")!r}]
sys.argv[0] = "secretrun"
from secretrun.__main__ import main
sys.exit(main())
"""
BROKEN = "import sys; sys.modules['ahocorasick'] = None" + MISSING


@pytest.fixture
def run(tmp_path):
    """Run code as the wrapper, with a secret that the command prints on both of its streams."""
    (tmp_path / "token").write_text(SECRET)

    def start(*python):
        script = "touch started; echo $TOKEN; echo $TOKEN >&2"
        command = [sys.executable, *python, "--set", "TOKEN=file://token", "--", "sh", "-c", script]
        return subprocess.run(
            command,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=90,
            env=os.environ | {"SECRETRUN_PURE": "1"},  # the compiled core needs no package
        )

    return start


def test_without_an_automaton_the_command_is_not_started(run, tmp_path):
    done = run("-I", "-S", "-c", MISSING)  # no site: what is installed besides is not there
    assert (done.returncode, done.stdout) == (125, "")
    assert "the package ahocorasick is missing" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "started").exists()


def test_with_a_broken_one_nothing_is_shown_and_no_message_quotes_a_value(run):
    """It is found, and can't be imported: known when the first byte has come."""
    done = run("-c", BROKEN)
    assert (done.returncode, done.stdout) == (125, "")
    assert SECRET not in done.stderr
    assert "Traceback" not in done.stderr
    assert "a package that can't be loaded" in done.stderr
