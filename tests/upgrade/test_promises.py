"""What an upgrade keeps: the files, plugins and options of every released version still mean what they meant.

A directory here is a version's. Once that is released nothing in it changes; what comes new goes into the next one.
"""

import json
import os
import pathlib
import sys

import pytest

from secretrun import errors
from secretrun.cli import parser
from secretrun.config import secret_table, settings

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = sorted(path for path in HERE.iterdir() if path.is_dir() and path.name[0].isdigit())
PRINT = "import json, os; print(json.dumps(dict(os.environ)))"
RUNS = {
    "template.env": ["-e", "template.env"],
    "secretrun.toml": ["-e", "secretrun.toml"],
    "secretrun.toml prod": ["-p", "prod", "-e", "secretrun.toml"],
    "--from": ["--from", "sops://secrets.enc.env", "--from", "elder://all"],
}


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def version(request):
    return request.param


@pytest.fixture
def environ(version):
    return {
        "PATH": f"{version / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(version / "site"),
        "SOPS_AGE_KEY_FILE": str(version / "key.txt"),
        "INHERITED": "inherited-value-9",
    }


@pytest.mark.parametrize("run", RUNS)
def test_files_and_plugins_give_what_they_gave(secretrun, version, environ, run):
    done = secretrun(
        "--no-masking", *RUNS[run], "--", sys.executable, "-I", "-c", PRINT, cwd=version, env=environ
    )
    assert done.status == 0, done.err
    got = json.loads(done.out)
    wanted = json.loads((version / "expected.json").read_text(encoding="utf-8"))[run]
    assert {name: got.get(name) for name in wanted} == wanted


def test_values_reach_the_command_the_other_ways(secretrun, version, environ):
    script = 'test -f "$AS_FILE" && cat "$AS_FILE" && echo && cat "$AS_FD"'
    done = secretrun(
        "--no-masking", "-e", "secretrun.toml", "--", "sh", "-c", script, cwd=version, env=environ
    )
    assert (done.status, done.out.split()) == (0, ["Zx81-n0t-a-word-7Qp"] * 2), done.err


def test_the_store_can_still_be_changed(version, environ, tmp_path, secretrun):
    for name in ("secrets.enc.env", "key.txt"):
        (tmp_path / name).write_bytes((version / name).read_bytes())
    assert secretrun("set", "API_KEY", stdin=b"another-value-77", env=environ, cwd=tmp_path).status == 0
    done = secretrun("read", "sops://secrets.enc.env#/API_KEY", env=environ, cwd=tmp_path)
    assert done.out.strip() == "another-value-77"


def test_reports_have_the_members_they_had(secretrun, version, environ, tmp_path):
    known = json.loads((version / "interface.json").read_text(encoding="utf-8"))
    report, audit = tmp_path / "report.json", tmp_path / "audit.jsonl"
    done = secretrun("--report", report, "--audit", audit, "-e", "template.env", "--", "sh", "-c", 'echo "$WHOLE"',
                     cwd=version, env=environ)  # fmt: skip
    assert done.status == 0, done.err
    said = json.loads(report.read_text(encoding="utf-8"))
    assert said["version"] == 1
    assert set(known["report"]) <= set(said)
    assert set(known["audit"]) <= set(json.loads(audit.read_text(encoding="utf-8").splitlines()[0]))


def test_verbs_options_variables_and_keys_are_all_still_there(version):
    known = json.loads((version / "interface.json").read_text(encoding="utf-8"))
    assert set(known["verbs"]) <= set(parser.VERBS)
    assert set(known["options"]) <= {flag for setting in settings.RUN for flag in setting.flags}
    assert set(known["variables"]) <= {setting.variable for setting in settings.RUN}
    assert set(known["run"]) <= {setting.name for setting in settings.RUN}
    assert set(known["secret"]) <= set(secret_table.KEYS)
    for name, choices in known["choices"].items():
        now = next(setting for setting in settings.RUN if setting.name == name)
        assert set(choices) <= set(now.choices), name
    for name, status in known["statuses"].items():
        assert getattr(errors, name).exit_status == status, name


def test_this_version_has_its_directory():
    """What the next release promises is written down before it is one."""
    from secretrun import __version__

    assert ".".join(__version__.split(".")[:2]) in {path.name for path in VERSIONS}
