"""`secretrun-shell`: which calls are wrapped, and that all others are the real shell's own."""

import os
import subprocess
import sys

import pytest
from support.store import clean_environ

from secretrun import shell
from secretrun.hooks import shims

SHELL = shims.executable("secretrun-shell")
SECRET = "Kq8Zt2LmWv5x9Rb3"


@pytest.fixture
def project(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "packages" / "api").mkdir(parents=True)
    (tmp_path / ".env.local").write_text(f"API_KEY={SECRET}\nPORT=3000\n")
    (tmp_path / ".env.example").write_text("OTHER=Zz8Zt2LmWv5x9Rb4\n")
    (tmp_path / "packages" / "api" / ".env").write_text('DB_PASSWORD="p w8Zt2LmWv"\n')
    (tmp_path / "build.sh").write_text('echo "built by $0 $#"; cat .env.local\n')
    return tmp_path


def called(*arguments, cwd, program=SHELL, stdin="", **environ):
    env = clean_environ(cwd) | {"PATH": os.environ["PATH"]} | environ
    return subprocess.run(
        [program, *arguments], cwd=cwd, env=env, input=stdin, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("arguments", "wrapped"),
    [
        (["-c", "x"], True),
        (["-lc", "x"], True),
        (["--norc", "--noprofile", "-c", "x"], True),
        (["--rcfile", "f", "-c", "x"], True),
        (["-o", "pipefail", "-c", "x"], True),
        (["-xec", "x"], True),
        (["-i", "-c", "x"], True),
        ([], False),
        (["build.sh"], False),
        (["build.sh", "-c", "x"], False),
        (["-x", "build.sh"], False),
        (["-s"], False),
        (["-l"], False),
        (["--", "-c"], False),
        (["-", "x"], False),
        (["-o", "c"], False),
        (["+c"], False),
        (["--login"], False),
    ],
)
def test_only_calls_with_a_command_are_wrapped(arguments, wrapped):
    assert shell.has_command(arguments) is wrapped


def test_one_argument_is_a_command_string(project):
    done = called('cat .env.local; echo "$0" >&2; exit 7', cwd=project)
    assert (done.returncode, done.stdout) == (7, "API_KEY=[REDACTED:API_KEY]\nPORT=3000\n")


def test_forms_with_c_keep_all_their_words(project):
    done = called("-c", 'printf "%s|" "$0" "$@"; cat .env.local', "zero", "a b", "*", cwd=project)
    assert done.stdout == "zero|a b|*|API_KEY=[REDACTED:API_KEY]\nPORT=3000\n"


def test_scripts_and_options_are_the_real_shells(project):
    shells = project / "shells"
    shells.mkdir()
    (shells / "bash").symlink_to(SHELL)
    path = f"{shells}:{os.environ['PATH']}"
    bash = str(shells / "bash")
    assert called("build.sh", "x", cwd=project, program=bash, PATH=path).stdout.startswith(
        "built by build.sh 1\n"
    )
    assert (
        called(cwd=project, program=bash, stdin="echo from stdin $0", PATH=path).stdout == "from stdin bash\n"
    )
    traced = called("-x", "build.sh", cwd=project, program=bash, PATH=path)
    assert "+ echo 'built by build.sh 0'" in traced.stderr
    assert SECRET in traced.stdout  # unchanged: masking is for what an agent runs by -c
    done = called("-c", "cat .env.local", cwd=project, program=bash, PATH=path)
    assert SECRET not in done.stdout


def test_what_it_starts_finds_the_real_shells(project):
    shells = project / "shells"
    shells.mkdir()
    (shells / "bash").symlink_to(SHELL)
    (project / "tool").write_text("#!/usr/bin/env bash\necho tool: $BASH\n")
    (project / "tool").chmod(0o755)
    path = f"{shells}:{os.environ['PATH']}"
    done = called("-c", "echo $SHELL; command -v bash; ./tool; bash build.sh", cwd=project, program=str(shells / "bash"),
                  PATH=path, SHELL=SHELL)  # fmt: skip
    assert str(shells) not in done.stdout
    assert "secretrun-shell" not in done.stdout
    assert "built by build.sh 0" in done.stdout


def test_as_SHELL_one_argument_is_a_file(project):
    done = called("build.sh", cwd=project, SHELL=SHELL)
    assert done.stdout.startswith("built by build.sh 0\n")


def test_a_script_that_leads_back_is_told_from_a_shell(project):
    shells = project / "shells"
    shells.mkdir()
    (shells / "bash").write_text(f'#!/bin/sh\nfor last; do :; done\nexec {SHELL} "$last"\n')
    (shells / "bash").chmod(0o755)
    path = f"{shells}:{os.environ['PATH']}"
    done = called("cat .env.local; bash build.sh", cwd=project, PATH=path, GEMINI_CLI="1")
    assert "API_KEY=[REDACTED:API_KEY]" in done.stdout
    assert "built by build.sh 0" in done.stdout


def test_a_shell_that_leads_back_unseen_ends_the_circle(project):
    """A program of another name that calls us: what the first of us has started is not wrapped again."""
    (project / "indirect").write_text(f'#!/bin/sh\nexec "{SHELL}" "$@"\n')
    (project / "bash").write_text(f'#!/bin/sh\nexec "{project}/indirect" "$@"\n')
    for name in ("indirect", "bash"):
        (project / name).chmod(0o755)
    done = called("-c", "echo once", cwd=project, SHELL=str(project / "bash"))
    assert (done.returncode, done.stdout) == (0, "once\n")


def test_files_in_other_places_of_the_project_are_masked(project):
    assert "p w8" not in called("cat packages/api/.env", cwd=project).stdout
    assert "p w8" not in called("cd packages/api && cat .env", cwd=project).stdout
    assert SECRET not in called("cat ../../.env.local", cwd=project / "packages" / "api").stdout
    assert "Zz8Zt2LmWv5x9Rb4" in called("cat .env.example", cwd=project).stdout


def test_the_agents_own_keys_are_masked(project):
    (project / ".codex").mkdir()
    (project / ".codex" / "config.toml").write_text('[model_providers.x]\nenv_key = "FAKE_KEY"  # ours\n')
    for markers in ({"CLAUDECODE": "1"}, {"CODEX_CI": "1"}, {"GEMINI_CLI": "1"}, {"OPENCODE": "1"}, {}):
        done = called("env", cwd=project, ANTHROPIC_API_KEY="sk-ant-77abc", FAKE_KEY="fk-99-xyz", **markers)
        assert "ANTHROPIC_API_KEY=[REDACTED:ANTHROPIC_API_KEY]" in done.stdout
        assert ("fk-99-xyz" in done.stdout) is ("CODEX_CI" not in markers)


CLAUDE = {"CLAUDECODE": "1", "CLAUDE_CODE_SHELL_PREFIX": SHELL, "SECRETRUN_TRUST": "all"}
RUN = {"CLAUDE_CODE_EXECPATH": "/x/claude", "CLAUDE_CODE_CHILD_SESSION": "1"}
HOOK = {"CLAUDE_CODE_CHILD_SESSION": "1"}
SERVER = {"CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS": "s"}


def test_claudes_hooks_get_no_secrets_and_its_servers_valid_json(project):
    (project / "store").write_text(SECRET + '"\\')
    (project / ".env.secretrun").write_text("TOKEN=file://./store\n")
    (project / ".env.local").unlink()
    said = 'printf \'{"token": "%s"}\\n\' "${TOKEN-unset}"'
    assert called(said, cwd=project, **CLAUDE, **RUN).stdout == '{"token": "[REDACTED:TOKEN]"}\n'
    assert called(said, cwd=project, **CLAUDE, **HOOK).stdout == '{"token": "unset"}\n'
    line = "import json, os; print(json.dumps({'a': os.environ['TOKEN'], 'b': 1}))"
    assert (
        called(f'python3 -c "{line}"', cwd=project, **CLAUDE, **SERVER).stdout
        == '{"a": "[REDACTED:TOKEN]", "b": 1}\n'
    )


def test_geminis_hooks_get_no_secrets_and_its_commands_do(project):
    (project / "store").write_text(SECRET + "-77")
    (project / ".env.secretrun").write_text("TOKEN=file://./store\n")
    shells = project / "shells"
    shells.mkdir()
    (shells / "bash").symlink_to(SHELL)
    more = {
        "PATH": f"{shells}:{os.environ['PATH']}",
        "SECRETRUN_TRUST": "all",
        "program": str(shells / "bash"),
    }
    said = 'echo "${TOKEN-unset}"'
    assert called("-c", said, cwd=project, GEMINI_PROJECT_DIR="/x", **more).stdout == "unset\n"
    assert called("-c", said, cwd=project, GEMINI_CLI="1", **more).stdout == "[REDACTED:TOKEN]\n"


def test_a_template_that_can_not_be_resolved_starts_nothing(project):
    (project / ".env.secretrun").write_text("TOKEN=file://./missing\n")
    done = called("echo ran", cwd=project, SECRETRUN_TRUST="all")
    assert (done.returncode, done.stdout) == (125, "")
    assert "TOKEN" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-c", "cat .env.local"], "API_KEY=[REDACTED:API_KEY]\nPORT=3000\n"),
        (["-lc", "cat .env.local"], "API_KEY=[REDACTED:API_KEY]\nPORT=3000\n"),
        (["--norc", "--noprofile", "-c", 'echo "$0|$1"; bash -c "cat .env.local"', "zero", "a b"],
         "zero|a b\nAPI_KEY=[REDACTED:API_KEY]\nPORT=3000\n"),
        (["-c", 'echo "<$BASH_ENV>"; exit 7'], "<>\n"),
        (["-c", f"{SHELL} -c 'cat .env.local'"], "API_KEY=[REDACTED:API_KEY]\nPORT=3000\n"),
        (["build.sh", "x"], f"built by build.sh 1\nAPI_KEY={SECRET}\nPORT=3000\n"),
    ],
    ids=["-c", "-lc", "nested", "taken out again", "ours already", "a script"],
)  # fmt: skip
def test_a_bash_that_is_called_by_its_path_hands_its_command_over(arguments, said, project):
    """By the file that `hook install` writes and BASH_ENV names: Codex and Copilot call /bin/bash."""
    state = {"XDG_STATE_HOME": str(project / "state")}
    file = shims.bash_env(state)
    os.makedirs(os.path.dirname(file.path))
    with open(file.path, "w", encoding="utf-8") as script:
        script.write(file.whole)
    done = called(*arguments, cwd=project, program="/bin/bash", BASH_ENV=file.path, CODEX_CI="1", **state)
    assert done.stdout == said
    assert done.returncode == (7 if "exit 7" in arguments[-1] else 0)


def test_it_loads_nothing_heavy():
    program = "import sys; import secretrun.shell; print([m for m in ('json', 'difflib', 'subprocess', 'socket') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"
