"""`hook install` and `uninstall`: a person's own settings come back byte for byte, for every agent."""

import json
import os
import re
import subprocess
import tomllib

import pytest
from support.store import clean_environ, secretrun

from secretrun.hooks import jsonc

AGENTS = ("claude", "codex", "copilot", "cursor", "gemini", "opencode", "qwen")
PERSONS = {
    "claude": {".claude/settings.json": '{\n    // mine\n    "permissions": {"deny": ["Bash(touch:*)"],},\n'
               '    "hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": [{"type": "command", "command": "true"}]}]}\n}'},
    "codex": {".codex/hooks.json": '{"hooks": {"PostToolUse": [{"hooks": [{"type": "command", "command": "true"}]}]}}\n',
              ".codex/config.toml": 'model = "m"  # mine\n[shell_environment_policy]\ninherit = "all"',
              ".codex/rules/default.rules": 'prefix_rule(pattern = ["touch"], decision = "forbidden")\n'},
    "copilot": {".copilot/hooks/mine.json": '{"version": 1}'},
    "cursor": {".cursor/hooks.json": '{"version": 1, "hooks": {"stop": [{"command": "true"}]}}'},
    "gemini": {".gemini/settings.json": '{\n\t"hooks": {\n\t\t"AfterTool": [ /* none */ ],\n\t},\n\t"ui": {"theme": "x"}\n}\n'},
    "opencode": {".config/opencode/opencode.jsonc": '{\n  // rules\n  "permission": {"bash": {"touch *": "deny"}}\n}\n'},
    "qwen": {".qwen/settings.json": "{}"},
}  # fmt: skip


def tree(folder):
    """Every file below a folder but our own state: path -> bytes, or where a link goes."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


def hook(*words, home, cwd=None, **more):
    return secretrun("hook", *words, env=clean_environ(home) | more, cwd=cwd or home)


@pytest.mark.parametrize("own", [True, False], ids=["with settings of one's own", "without any"])
@pytest.mark.parametrize("agent", AGENTS)
def test_what_was_there_comes_back(agent, own, tmp_path):
    for name, text in PERSONS[agent].items() if own else ():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    before = tree(tmp_path)
    tried = hook("install", agent, "--dry-run", home=tmp_path)
    assert (tried.returncode, tree(tmp_path)) == (0, before)
    assert b"+++ " in tried.stdout
    done = hook("install", agent, home=tmp_path)
    assert (done.returncode, done.stdout) == (0, tried.stdout)
    installed = tree(tmp_path)
    for name, text in before.items():
        assert all(line in installed[name] for line in text.splitlines() if b"//" in line)
    again = hook("install", agent, home=tmp_path)
    assert (again.returncode, again.stdout, tree(tmp_path)) == (0, b"", installed)
    gone = hook("uninstall", agent, home=tmp_path)
    assert gone.returncode == 0, gone.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("agent", AGENTS)
def test_everything_written_names_programs_by_absolute_paths(agent, tmp_path):
    hook("install", agent, home=tmp_path)
    said = [text for name, text in tree(tmp_path).items() if "state/secretrun/hooks" not in name]
    words = b" ".join(text if isinstance(text, bytes) else text.encode() for text in said)
    code = re.sub(rb"`[^`]*`", b"", words)  # what a comment says
    named = re.findall(rb"(.)secretrun(?:-shell|[ '\"]+hook|\", \[\"hook)", code)
    assert set(named) == {b"/"}


def test_what_the_person_changes_later_stays(tmp_path):
    settings = tmp_path / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{\n  "model": "a"\n}\n')
    hook("install", "claude", home=tmp_path)
    settings.write_text(settings.read_text().replace('"a"', '"b"'))
    assert hook("uninstall", "claude", home=tmp_path).returncode == 0
    assert settings.read_text() == '{\n  "model": "b"\n}\n'


def test_what_is_ours_no_longer_is_not_guessed_at(tmp_path):
    hook("install", "claude", home=tmp_path)
    settings = tmp_path / ".claude" / "settings.json"
    settings.write_text(settings.read_text().replace("hook claude", "hook claude --mine"))
    kept = settings.read_text()
    done = hook("uninstall", "claude", home=tmp_path)
    assert (done.returncode, settings.read_text()) == (125, kept)
    assert b"take it out by hand" in done.stderr


def test_another_prefix_is_not_replaced(tmp_path):
    settings = tmp_path / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"env": {"CLAUDE_CODE_SHELL_PREFIX": "/opt/other"}}')
    done = hook("install", "claude", home=tmp_path)
    assert done.returncode == 125
    assert b"env.CLAUDE_CODE_SHELL_PREFIX is set to something else" in done.stderr
    assert b"/opt/other" in settings.read_bytes()


def test_a_file_that_is_not_json_is_named_with_its_line(tmp_path):
    settings = tmp_path / ".gemini" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{\n  "a": 1\n  "b": 2\n}')
    done = hook("install", "gemini", home=tmp_path)
    assert done.returncode == 125
    assert b".gemini/settings.json: line 3" in done.stderr


def test_for_one_project_only_where_the_agent_has_a_file_that_is_not_committed(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    subprocess.run(["git", "init", "-q", project], check=True)
    for agent in set(AGENTS) - {"claude"}:
        done = hook("install", agent, "--scope", "project", home=tmp_path, cwd=project)
        assert (done.returncode, b"is committed" in done.stderr) == (125, True), agent
    done = hook("install", "claude", "--scope", "project", home=tmp_path, cwd=project)
    assert done.returncode == 0, done.stderr
    local = project / ".claude" / "settings.local.json"
    assert "PreToolUse" in json.loads(local.read_text())["hooks"]
    assert not (tmp_path / ".claude").exists()
    assert hook("uninstall", "claude", "--scope", "project", home=tmp_path, cwd=project).returncode == 0
    assert not local.exists()
    local.write_text("{}")
    subprocess.run(["git", "-C", project, "add", "-f", local], check=True)
    done = hook("install", "claude", "--scope", "project", home=tmp_path, cwd=project)
    assert (done.returncode, local.read_text()) == (125, "{}")


def test_an_installation_that_moved_is_installed_anew(tmp_path):
    hook("install", "opencode", home=tmp_path)
    record = next((tmp_path / ".local/state/secretrun/hooks").iterdir())
    settings = tmp_path / ".config/opencode/opencode.json"
    for path in (record, settings):
        path.write_text(path.read_text().replace("/secretrun-shell", "/old/secretrun-shell"))
    assert hook("install", "opencode", home=tmp_path).returncode == 0
    assert "/old/" not in jsonc.parse(settings.read_text())["shell"]


@pytest.mark.parametrize("words", [("nonesuch",), ("install",), ("install", "cluade"), ("claude", "codex")])
def test_a_slip_is_told(words, tmp_path):
    done = hook(*words, home=tmp_path)
    assert done.returncode == 2
    assert b"claude" in done.stderr


@pytest.mark.parametrize("own", [
    'shell_environment_policy = {inherit = "all"}\n',
    '[shell_environment_policy.set]\nA = "b"\n',
    "[[broken",
])  # fmt: skip
def test_codexs_settings_that_have_no_room_stay_and_the_line_is_named(own, tmp_path):
    config = tmp_path / ".codex" / "config.toml"
    config.parent.mkdir()
    config.write_text(own)
    done = hook("install", "codex", home=tmp_path)
    assert (done.returncode, config.read_text()) == (0, own)
    assert b"add to it yourself: BASH_ENV = " in done.stderr
    assert hook("uninstall", "codex", home=tmp_path).returncode == 0
    assert config.read_text() == own


def test_what_a_person_adds_behind_ours_stays(tmp_path):
    config = tmp_path / ".codex" / "config.toml"
    hook("install", "codex", home=tmp_path)
    assert tomllib.loads(config.read_text())["shell_environment_policy"]["set"]["BASH_ENV"].startswith("/")
    config.write_text(config.read_text() + '[tui]\ntheme = "x"\n')
    assert hook("install", "codex", home=tmp_path).returncode == 0
    assert tomllib.loads(config.read_text())["tui"] == {"theme": "x"}
    hook("uninstall", "codex", home=tmp_path)
    assert tomllib.loads(config.read_text()) == {"tui": {"theme": "x"}}
