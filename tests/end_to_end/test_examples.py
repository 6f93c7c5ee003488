"""The examples that the README shows work as they stand."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

from support.store import Store

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "deploy-token-Zx81-abcdef"


def on_path(tmp_path, environ):
    """An environment in which `secretrun` is this project's."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    script = bin_ / "secretrun"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m secretrun "$@"\n')
    script.chmod(0o755)
    return environ | {"PATH": f"{bin_}{os.pathsep}{environ['PATH']}"}


def test_the_agent_tool_gives_the_model_masked_text_and_the_real_status(tmp_path):
    store = Store(tmp_path, {"API_KEY": SECRET})
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/API_KEY\n")
    env = on_path(tmp_path, store.environ)
    env["SOPS_AGE_KEY"] = pathlib.Path(env.pop("SOPS_AGE_KEY_FILE")).read_text().strip()
    command = 'echo "$API_KEY"; echo "$API_KEY" | base64 >&2; echo "${SOPS_AGE_KEY-gone}"; exit 4'
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/agent/run_tool.py")],
        input=json.dumps({"command": command}),
        text=True,
        capture_output=True,
        env=env,
        cwd=tmp_path,
        timeout=60,
    )
    answer = json.loads(done.stdout)
    assert answer["status"] == 4
    assert answer["stdout"] == "[REDACTED:API_KEY]\ngone\n"
    assert "[REDACTED:API_KEY]" in answer["stderr"]
    assert SECRET not in done.stdout + done.stderr


def test_the_agent_tools_key_comes_by_a_descriptor_and_is_not_the_commands(tmp_path):
    store = Store(tmp_path, {"API_KEY": SECRET})
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/API_KEY\n")
    env = on_path(tmp_path, store.environ) | {"AGE_KEY_FD": "0"}
    key = pathlib.Path(env.pop("SOPS_AGE_KEY_FILE"))
    program = (
        "import importlib.util, json, os, sys\n"
        f"spec = importlib.util.spec_from_file_location('tool', {str(ROOT / 'examples/agent/run_tool.py')!r})\n"
        "tool = importlib.util.module_from_spec(spec); spec.loader.exec_module(tool)\n"
        "print(json.dumps(tool.run_tool(sys.argv[1])))\n"
    )
    command = 'echo "$API_KEY"; env | grep -c AGE-SECRET-KEY; cat <&0 | wc -c'
    with key.open("rb") as stdin:
        done = subprocess.run([sys.executable, "-c", program, command], stdin=stdin, capture_output=True, env=env,
                              cwd=tmp_path, timeout=60, text=True, check=True)  # fmt: skip
    assert json.loads(done.stdout)["stdout"].split() == ["[REDACTED:API_KEY]", "0", "0"]


def test_the_ci_step_has_a_masked_log_a_report_and_the_scripts_status(tmp_path):
    shutil.copytree(ROOT / "examples/ci", tmp_path / "ci")
    store = Store(tmp_path / "ci", {"DEPLOY_TOKEN": SECRET}, name="secrets.enc.env")
    env = on_path(tmp_path, store.environ) | {"REPORT": str(tmp_path / "masked.json")}
    done = subprocess.run(
        [str(tmp_path / "ci/step.sh")], capture_output=True, env=env, stdin=subprocess.DEVNULL, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert SECRET.encode() not in done.stdout + done.stderr
    assert done.stdout == b"deployed with [REDACTED:DEPLOY_TOKEN]\n"
    assert done.stderr.count(b"[REDACTED:DEPLOY_TOKEN]") >= 3
    assert json.loads((tmp_path / "masked.json").read_text())["masked"]["DEPLOY_TOKEN"]


def test_the_demo_of_the_readme_ends_with_masked_output(tmp_path):
    environ = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(
        [str(ROOT / "examples/try/demo.sh")], capture_output=True, env=on_path(tmp_path, environ), timeout=120
    )
    assert done.returncode == 0, done.stderr
    tail = done.stdout.split(b"$ secretrun -- python3 show.py")[1]
    assert tail.count(b"[REDACTED:API_KEY]") >= 3
    assert b"stderr:  [REDACTED:API_KEY]" in done.stderr
    assert b"sk-live-" not in done.stdout.replace(b"sk-live-: True", b"")
