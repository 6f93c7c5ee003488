"""`doctor --agent`: what `hook install` has set up is seen to hold, and what does not is named."""

import json
import os

import pytest
from support.store import clean_environ, secretrun

AGENTS = ("claude", "codex", "copilot", "cursor", "gemini", "opencode", "qwen")


def doctor(home, agent, **more):
    done = secretrun("doctor", "--agent", agent, "--json", env=clean_environ(home) | more, cwd=home)
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("agent", AGENTS)
def test_before_and_after_it_is_installed(agent, tmp_path):
    status, said = doctor(tmp_path, agent)
    assert status == 125
    assert any(f"secretrun hook install {agent}" in check["detail"] for check in said["checks"])
    secretrun("hook", "install", agent, env=clean_environ(tmp_path), cwd=tmp_path)
    status, said = doctor(tmp_path, agent)
    assert (status, said["ok"]) == (0, True), said
    assert said["notes"]
    assert {check["what"] for check in said["checks"]} == {
        "the program",
        "settings",
        "our programs",
        "a command",
        "an event",
    }


def test_settings_that_were_changed_are_named(tmp_path):
    secretrun("hook", "install", "codex", env=clean_environ(tmp_path), cwd=tmp_path)
    (tmp_path / ".codex" / "hooks.json").write_text("{}")
    status, said = doctor(tmp_path, "codex")
    assert status == 125
    assert [check["what"] for check in said["checks"] if check["status"] == "error"] == ["settings"]


def test_another_version_is_told(tmp_path):
    program = tmp_path / "claude"
    program.write_text("#!/bin/sh\necho '9.9.9 (Claude Code)'\n")
    program.chmod(0o755)
    said = doctor(tmp_path, "claude", PATH=f"{tmp_path}:{os.environ['PATH']}")[1]
    assert "9.9.9; tried with 2.1.332" in said["checks"][0]["detail"]


def test_a_slip_is_told(tmp_path):
    done = secretrun("doctor", "--agent", "cluade", env=clean_environ(tmp_path), cwd=tmp_path)
    assert (done.returncode, b"claude" in done.stderr) == (2, True)
