"""The page about editors and shells: what it shows is run as direnv, a shell and the editors would run it."""

import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from support.store import clean_environ

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/shells.md").read_text("utf-8")
SECRET = "editor-secret '\\x\\\\ $y 7f3a"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def world(tmp_path):
    """A project with a template, and secretrun on the PATH."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "secretrun"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m secretrun "$@"\n')
    script.chmod(0o755)
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / ".env.secretrun").write_text("API_KEY=file://token\nDB_KEY=file://token\n")
    environ = clean_environ(tmp_path)
    return tmp_path, environ | {"PATH": f"{tmp_path}/bin:{environ['PATH']}"}


def run(world, *words):
    done = subprocess.run(words, cwd=world[0], env=world[1], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_shell_gets_the_values_and_goes_no_further_when_a_store_fails(world):
    line = blocks("sh")[0].strip()
    assert run(world, "sh", "-c", f'{line}\nprintf %s "$API_KEY"')[:2] == (0, SECRET)
    (world[0] / "token").unlink()
    status, out, _ = run(world, "sh", "-c", f"{line} && echo went on")
    assert (status, out) == (125, "")


def test_fish_gets_the_values(world):
    assert "`secretrun inject --format fish | source`" in PAGE
    script = "secretrun inject --format fish | source; printf %s $API_KEY"
    assert run(world, "fish", "--no-config", "-c", script)[:2] == (0, SECRET)


@pytest.fixture
def direnv(world):
    library = world[0] / ".config" / "direnv" / "lib"
    library.mkdir(parents=True)
    (library / "secretrun.sh").write_text((ROOT / "examples/shells/direnv.sh").read_text())
    (world[0] / ".envrc").write_text("use secretrun --only 'API_*'\nexport AFTER=1\n")
    return world


def test_direnv_loads_what_the_template_says(direnv):
    assert run(direnv, "direnv", "allow", ".")[0] == 0
    status, out, err = run(
        direnv, "direnv", "exec", ".", "sh", "-c", 'printf "%s|%s" "$API_KEY" "${DB_KEY-none}"'
    )
    assert (status, out) == (0, f"{SECRET}|none"), err
    assert SECRET not in err


def test_direnv_loads_nothing_when_a_store_fails(direnv):
    (direnv[0] / "token").unlink()
    assert run(direnv, "direnv", "allow", ".")[0] == 0
    status, out, err = run(direnv, "direnv", "exec", ".", "sh", "-c", "echo went on: $AFTER")
    assert (status, out) == (1, ""), err
    assert "secretrun gave no variables" in err


SHOW = {
    "server.js": "console.log('ran ' + process.env.API_KEY)\n",
    "app.py": "import os; print('ran ' + os.environ['API_KEY'])\n",
    "package.json": '{"scripts": {"test": "node server.js"}}\n',
}


@pytest.fixture
def project(world):
    for name, text in SHOW.items():
        (world[0] / name).write_text(text)
    os.symlink(sys.executable, world[0] / "bin" / "python3")
    return world


def test_visual_studio_code_starts_what_it_says(project):
    """As the debuggers put their command lines together."""
    node, python = json.loads(blocks("json")[0])["configurations"]
    here = str(project[0])
    for argv in (
        [
            node["runtimeExecutable"],
            *node["runtimeArgs"],
            node["program"].replace("${workspaceFolder}", here),
        ],
        [*python["python"], python["program"].replace("${workspaceFolder}", here)],
    ):
        status, out, err = run(project, *argv)
        assert (status, out) == (0, "ran [REDACTED:API_KEY]\n"), err
    (task,) = json.loads(blocks("json")[1])["tasks"]
    status, out, err = run(project, task["command"], *task["args"])
    assert status == 0, err
    assert "ran [REDACTED:API_KEY]\n" in out


def test_jetbrains_starts_what_it_says(project):
    configuration = ET.fromstring(blocks("xml")[0]).find("configuration")
    said = {option.get("name"): option.get("value") for option in configuration.iter("option")}
    assert said["EXECUTE_SCRIPT_FILE"] == "false"
    status, out, err = run(project, "sh", "-c", said["SCRIPT_TEXT"])
    assert (status, out) == (0, "ran [REDACTED:API_KEY]\n"), err
