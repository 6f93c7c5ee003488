"""The pytest plugin, in a pytest of its own: the tests have the values, what is reported has none."""

import os
import subprocess
import sys

import pytest
from support.store import clean_environ

TOKEN = "plugin-token-7f3a9c21"
KEY = "-----BEGIN KEY-----\nbGluZS1vbmUtb2YtdGhlLWtleQ\nbGluZS10d28tb2YtdGhlLWtleQ\n-----END KEY-----"
TESTS = """
import logging, os, sys, warnings
import pytest

def test_has_the_value(capsys):
    assert len(os.environ["TOKEN"]) == 21
    print(os.environ["TOKEN"])
    assert "plugin-token" in capsys.readouterr().out  # what a test reads is as it was

def test_compares():
    token = os.environ["TOKEN"]
    assert {"header": "Bearer " + token} == {"header": "none"}

def test_raises():
    print("printed " + os.environ["TOKEN"])
    print(os.environ["KEY"], file=sys.stderr)
    logging.getLogger("x").warning("logged %s", os.environ["TOKEN"])
    warnings.warn("warned of " + os.environ["TOKEN"])
    try:
        raise ValueError(os.environ["KEY"])
    except ValueError as error:
        raise RuntimeError("because of " + os.environ["TOKEN"]) from error

@pytest.mark.xfail(reason="not yet: " + os.environ["TOKEN"])
def test_expected(record_property):
    record_property("seen", os.environ["TOKEN"])
    assert False

@pytest.mark.skip(reason="skipped: " + os.environ["TOKEN"])
def test_skipped():
    pass

@pytest.fixture
def broken():
    raise RuntimeError("in a fixture " + os.environ["TOKEN"])

def test_with_a_broken_fixture(broken):
    pass
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "key").write_text(KEY)
    (tmp_path / ".env.secretrun").write_text("TOKEN=file://token\nKEY=file://key\nLEVEL=debug\n")
    (tmp_path / "test_them.py").write_text(TESTS)
    (tmp_path / "test_broken.py").write_text(
        'import os\nraise RuntimeError("collecting " + os.environ["TOKEN"])\n'
    )
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\naddopts = -p secretrun.pytest_plugin -p no:cacheprovider\n"
    )
    return tmp_path


def run(project, *arguments, before=()):
    done = subprocess.run(
        [*before, sys.executable, "-m", "pytest", *arguments, "test_them.py", "test_broken.py",
         "--continue-on-collection-errors", "-rA", "--junit-xml=junit.xml"],
        cwd=project, env=clean_environ(project), capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    junit = project / "junit.xml"
    return done, done.stdout + done.stderr, junit.read_text() if junit.exists() else ""


def shows(text):
    return [line for line in (TOKEN, *KEY.split("\n")[1:3]) if line in text]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param([], id="plain"),
        pytest.param(["-o", "log_cli=true", "--log-file=log.txt", "-l", "-vv", "--tb=native"], id="loud"),
        pytest.param(["-n", "2", "--tb=short"], id="xdist"),
    ],
)
def test_no_report_shows_a_value(project, how):
    done, text, junit = run(project, *how)
    assert done.returncode == 1, text
    assert shows(text) == []
    assert shows(junit) == []
    assert "2 failed, 1 passed, 1 skipped, 1 xfailed" in text
    for said in (
        "because of [REDACTED:TOKEN]",
        "in a fixture [REDACTED:TOKEN]",
        "collecting [REDACTED:TOKEN]",
    ):
        assert said in text
    assert "printed [REDACTED:TOKEN]" in text
    assert "[REDACTED:KEY]" in junit
    if "-l" in how:
        assert TOKEN not in (project / "log.txt").read_text()
        assert "logged [REDACTED:TOKEN]" in (project / "log.txt").read_text()


def test_below_a_run_the_values_are_the_runs_and_files_are_masked_too(project):
    """The outer run masks the screen; junit.xml is written inside."""
    done, text, junit = run(
        project, before=[sys.executable, "-m", "secretrun", "-q", "--set", "EXTRA=1", "--"]
    )
    assert done.returncode == 1, text
    assert shows(text + junit) == []
    assert "[REDACTED:TOKEN]" in junit


def test_what_can_not_be_resolved_collects_nothing(project):
    (project / "token").unlink()
    done, text, _ = run(project)
    assert done.returncode == 4
    assert "secretrun: .env.secretrun:1: TOKEN: file://token: there is no file" in text
    assert "test_has_the_value" not in text


def test_settings_stand_in_the_ini_file(project):
    with (project / "pytest.ini").open("a") as file:
        file.write("secretrun_options =\n    only=TOKEN\n")
    (project / "test_them.py").write_text('import os\ndef test_one():\n    assert "KEY" not in os.environ\n')
    (project / "test_broken.py").write_text("")
    done, text, _ = run(project)
    assert done.returncode == 0, text


def test_it_is_not_loaded_unasked():
    """Nobody's pytest resolves secrets because secretrun is installed."""
    import importlib.metadata

    named = [entry.value for entry in importlib.metadata.entry_points(group="pytest11")]
    assert not any("secretrun" in value for value in named)
    assert "secretrun.pytest_plugin" not in os.environ.get("PYTEST_PLUGINS", "")
