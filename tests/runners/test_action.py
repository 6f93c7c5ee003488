"""The steps of action.yml, run by bash with the variables that the runner gives."""

import pathlib
import re
import subprocess
import sys

import pytest
import yaml
from support.store import Store

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
SECRET = "action-secret-7d3a19"


@pytest.fixture
def step(tmp_path):
    """Run the named step with inputs, as the runner does; the installed secretrun is this one."""
    store = Store(tmp_path, {"TOKEN": SECRET})
    (tmp_path / ".env.secretrun").write_text("TOKEN=sops://secrets.enc.yaml#/TOKEN\nLEVEL=debug\n")
    program = tmp_path / "temp" / "secretrun" / "bin" / "secretrun"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m secretrun "$@"\n')
    program.chmod(0o755)
    env = store.environ | {"GITHUB_ACTIONS": "true", "RUNNER_TEMP": str(tmp_path / "temp")}
    env |= {"GITHUB_ENV": str(tmp_path / "env"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
    env.pop("SECRETRUN_TRUST")  # the template is named, so nobody has to agree to it
    key = pathlib.Path(env.pop("SOPS_AGE_KEY_FILE")).read_text().strip()

    def run(name, **inputs):
        (one,) = [step for step in ACTION["runs"]["steps"] if step["name"] == name]
        values = {n: said.get("default", "") for n, said in ACTION["inputs"].items()}
        values |= {"age-key": key} | inputs
        given = {
            variable: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: values[match.group(1)], text)
            for variable, text in one["env"].items()
        }
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", one["run"]],
            cwd=tmp_path, env=env | given, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    return run


def test_a_command_runs_masked_and_the_runner_knows_the_values(step, tmp_path):
    done = step("Run", run='echo "$TOKEN"; echo "${SOPS_AGE_KEY-gone}"; exit 3', options="--only\nTOKEN\n")
    assert done.returncode == 3
    assert done.stdout == "[REDACTED:TOKEN]\ngone\n"
    assert done.stderr == f"::add-mask::{SECRET}\n"
    assert "| TOKEN | 1 |" in (tmp_path / "summary").read_text()


def test_variables_are_exported_and_registered(step, tmp_path):
    done = step("Export")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"::add-mask::{SECRET}\n"
    assert (tmp_path / "env").read_text() == f"TOKEN={SECRET}\nLEVEL=debug\n"


def test_no_input_is_text_of_a_script():
    """An expression in a script is code of whoever sets the input."""
    for one in ACTION["runs"]["steps"]:
        assert "${{" not in one["run"]


def test_the_component_has_its_two_documents():
    text = (ROOT / "templates" / "secretrun.yml").read_text(encoding="utf-8")
    spec, jobs = yaml.safe_load_all(text)
    used = set(re.findall(r"\$\[\[ inputs\.(\w+) \]\]", text))
    assert used == set(spec["spec"]["inputs"])
    (job,) = jobs.values()
    assert not any("$[[" in line for line in job["script"])


def test_the_component_runs_its_script_masked_and_keeps_the_report(tmp_path):
    """Its inputs put in as GitLab does, its lines given to sh, pip being somebody else's matter."""
    text = (ROOT / "templates" / "secretrun.yml").read_text(encoding="utf-8")
    given = {
        "job": "deploy", "stage": "deploy", "template": ".env.secretrun", "source": "SOURCE", "image": "python",
        "script": "'echo \"$TOKEN\"; echo \"${SOPS_AGE_KEY-gone}\"; exit 3'",
    }  # fmt: skip
    _, jobs = yaml.safe_load_all(
        re.sub(r"\$\[\[ inputs\.(\w+) \]\]", lambda match: given[match.group(1)], text)
    )
    (job,) = jobs.values()
    store = Store(tmp_path, {"TOKEN": SECRET})
    (tmp_path / ".env.secretrun").write_text("TOKEN=sops://secrets.enc.yaml#/TOKEN\n")
    (tmp_path / "bin").mkdir()
    for name, line in (
        ("secretrun", f'exec "{sys.executable}" -m secretrun "$@"'),
        ("pip", 'echo "$@" > pip.txt'),
    ):
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    env = (
        store.environ
        | {"GITLAB_CI": "true", "PATH": f"{tmp_path}/bin:{store.environ['PATH']}"}
        | job["variables"]
    )
    env["SOPS_AGE_KEY"] = pathlib.Path(env.pop("SOPS_AGE_KEY_FILE")).read_text().strip()
    del env["SECRETRUN_TRUST"]
    done = subprocess.run(
        ["sh", "-ec", "\n".join(job["script"])],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (3, "[REDACTED:TOKEN]\ngone\n"), done.stderr
    assert (tmp_path / "pip.txt").read_text() == "install -q SOURCE[sops]\n"
    assert "TOKEN" in (tmp_path / job["artifacts"]["paths"][0]).read_text()
    assert SECRET not in done.stdout + done.stderr
