"""Events as the real agents send them (recorded with the versions named), and the answers that they take."""

import base64
import json

import pytest
from support.store import COMMAND, clean_environ, secretrun

from secretrun.hooks import answer, dialects, shims

SECRET = "Kq8Zt2LmWv5x9Rb3"
CALLS = {  # version -> one call of the shell, one of the file tool, each as JSON on stdin
    "claude": {"session_id": "s", "transcript_path": "/t.jsonl", "prompt_id": "p", "permission_mode": "default",
               "effort": {"level": "medium"}, "hook_event_name": "PreToolUse", "tool_use_id": "toolu_1"},  # 2.1.332
    "codex": {"hook_event_name": "PreToolUse", "session_id": "s", "turn_id": "t", "model": "m",
              "permission_mode": "bypassPermissions", "tool_use_id": "call_1"},  # 0.169.0
    "gemini": {"session_id": "s", "transcript_path": "/t", "hook_event_name": "BeforeTool",
               "timestamp": "2026-11-25T00:00:00Z"},  # 0.61.0
    "copilot": {"sessionId": "s", "timestamp": 1795630445973},  # 1.0.102
    "opencode": {"hook_event_name": "PreToolUse", "session_id": "s"},  # our plugin's own
    "cursor": {"hook_event_name": "preToolUse", "conversation_id": "c"},  # its documents
    "qwen": {"hook_event_name": "PreToolUse", "session_id": "s"},  # its documents
}  # fmt: skip
SHELLS = {"claude": "Bash", "codex": "Bash", "gemini": "run_shell_command", "copilot": "bash", "opencode": "bash",
          "cursor": "Shell", "qwen": "run_shell_command"}  # fmt: skip
READS = {"claude": ("Read", "file_path"), "gemini": ("read_file", "file_path"), "copilot": ("view", "path"),
         "opencode": ("read", "filePath"), "cursor": ("Read", "file_path"), "qwen": ("read_file", "absolute_path")}  # fmt: skip
WRITES = {"claude": ("Write", "content"), "gemini": ("write_file", "content"), "copilot": ("create", "file_text"),
          "opencode": ("edit", "newString"), "qwen": ("replace", "new_string")}  # fmt: skip


def event(agent, tool, arguments, cwd, **more):
    names = ("toolName", "toolArgs") if agent == "copilot" else ("tool_name", "tool_input")
    return {**CALLS[agent], "cwd": str(cwd), names[0]: tool, names[1]: arguments, **more}


def told(agent, said, home, **environ):
    """(status, parsed stdout or None, stderr) of the real command."""
    env = clean_environ(home) | environ
    done = secretrun("hook", agent, env=env, cwd=home, stdin=None, input=json.dumps(said).encode())
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr.decode()


def refusal(agent, status, out, err):
    """The reason, in the shape by which this agent refuses a call."""
    if agent in ("claude", "codex", "opencode", "qwen"):
        assert (status, out) == (2, None)
        return err
    assert status == 0
    if agent == "copilot":
        assert out["permissionDecision"] == "deny"
        return out["permissionDecisionReason"]
    if agent == "cursor":
        assert out["permission"] == "deny"
        return out["agent_message"]
    assert out["decision"] == "deny"
    return out["reason"]


@pytest.fixture
def project(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".env").write_text(f"# ours\nAPI_KEY={SECRET}\nPORT=3000\nAPP_ENV=development\n")
    (tmp_path / ".env.example").write_text(f"API_KEY={SECRET}\n")
    return tmp_path


@pytest.mark.parametrize("agent", READS)
def test_a_read_of_a_secret_file_is_refused_with_the_file_masked(agent, project):
    tool, name = READS[agent]
    reason = refusal(agent, *told(agent, event(agent, tool, {name: str(project / ".env")}, project), project))
    assert SECRET not in reason
    assert "API_KEY=[REDACTED:API_KEY]\nPORT=3000\nAPP_ENV=development" in reason
    assert '"$NAME"' in reason


@pytest.mark.parametrize("agent", READS)
@pytest.mark.parametrize("file", [".env.example", "missing", ".git"])
def test_any_other_read_goes_on(agent, file, project):
    tool, name = READS[agent]
    assert told(agent, event(agent, tool, {name: str(project / file)}, project), project) == (0, None, "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env.local", f"export TOKEN='{SECRET}'\n"),
        ("prod.env", f"DATABASE_URL=postgres://me:{SECRET}@db/x\n"),
        (".npmrc", f"//registry.example/:_authToken={SECRET}\n"),
        ("server.key", f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"),
        ("age-key.txt", f"AGE-SECRET-KEY-1{SECRET}"),
        (".netrc", f"machine x login y password {SECRET}"),
    ],
)
def test_files_known_by_name_and_content(name, text, project):
    (project / name).write_text(text)
    said = event("claude", "Read", {"file_path": name}, project)
    assert SECRET not in refusal("claude", *told("claude", said, project))


RESOLVED = "plum-Garden-41-window"  # no shape and no name says what it is


@pytest.mark.parametrize("agent", READS)
def test_below_a_run_a_file_that_holds_what_it_resolved_is_refused(agent, project, tmp_path_factory):
    """The run is asked, which knows its values in every form; without one the same read goes on."""
    store = tmp_path_factory.mktemp("store") / "value"
    store.write_text(RESOLVED)
    coded = base64.b64encode(RESOLVED.encode()).decode()
    (project / "settings.ini").write_text(f"[db]\nhost = a\nsecret = {RESOLVED}\nagain = {coded}\n")
    (project / "other.ini").write_text("[db]\nhost = b\n")
    tool, name = READS[agent]
    env = clean_environ(project)
    said = {file: json.dumps(event(agent, tool, {name: str(project / file)}, project)).encode()
            for file in ("settings.ini", "other.ini")}  # fmt: skip
    assert told(agent, json.loads(said["settings.ini"]), project) == (0, None, "")
    for file, text in said.items():
        done = secretrun("--set", f"ANY=file://{store}", "--", *COMMAND, "hook", agent, env=env, cwd=project, stdin=None,
                         input=text)  # fmt: skip
        out = json.loads(done.stdout) if done.stdout else None
        if file == "other.ini":
            assert (done.returncode, out, done.stderr) == (0, None, b"")
        else:
            reason = refusal(agent, done.returncode, out, done.stderr.decode())
            assert "host = a\nsecret = [REDACTED:ANY]\nagain = [REDACTED:ANY]" in reason


@pytest.mark.parametrize("agent", WRITES)
def test_our_mask_is_not_written_over_a_value(agent, project):
    tool, name = WRITES[agent]
    for text in ("API_KEY=[REDACTED:API_KEY]\n", "x [REDACTED] y"):
        said = event(agent, tool, {"file_path": "a.py", name: text}, project)
        assert "[REDACTED" in refusal(agent, *told(agent, said, project))
    said = event(agent, tool, {"file_path": ".env", name: "PORT=4000\n"}, project)
    assert told(agent, said, project) == (0, None, "")


def test_codex_gets_the_one_shape_it_takes(project):
    status, out, _ = told("codex", event("codex", "Bash", {"command": "echo 'a b'"}, project), project)
    said = out["hookSpecificOutput"]
    assert (status, said["hookEventName"], said["permissionDecision"]) == (0, "PreToolUse", "allow")
    assert said["updatedInput"] == {
        "command": f"{shims.executable('secretrun-shell')} -c 'echo '\"'\"'a b'\"'\"''"
    }


def test_a_command_is_wrapped_once(project):
    first = told("codex", event("codex", "Bash", {"command": "ls"}, project), project)[1]
    again = event("codex", "Bash", first["hookSpecificOutput"]["updatedInput"], project)
    assert told("codex", again, project) == (0, None, "")


def test_claudes_commands_are_left_alone_below_the_prefix(project):
    said = event("claude", "Bash", {"command": "ls"}, project)
    assert told("claude", said, project, CLAUDE_CODE_SHELL_PREFIX="/x/secretrun-shell") == (0, None, "")


def test_without_the_prefix_a_rule_keeps_the_command_from_running(project):
    said = event("claude", "Bash", {"command": "ls", "description": "d"}, project)
    changed = told("claude", said, project)[1]["hookSpecificOutput"]
    assert changed["updatedInput"]["description"] == "d"
    assert "permissionDecision" not in changed
    (project / ".claude").mkdir()
    (project / ".claude/settings.json").write_text('{"permissions": {"deny": ["Bash(touch:*)"]}}')
    assert "CLAUDE_CODE_SHELL_PREFIX" in refusal("claude", *told("claude", said, project))


@pytest.mark.parametrize("agent", ["gemini", "qwen", "opencode"])
def test_an_agent_that_was_not_started_through_us_runs_nothing(agent, project):
    said = event(agent, SHELLS[agent], {"command": "ls"}, project)
    assert "secretrun hook install" in refusal(agent, *told(agent, said, project))


@pytest.mark.parametrize("agent", ["gemini", "qwen"])
def test_one_that_was_goes_on(agent, project):
    shells = project / "shells"
    shells.mkdir()
    (shells / "bash").symlink_to(shims.executable("secretrun-shell"))
    path = f"{shells}:{clean_environ(project)['PATH']}"
    said = event(agent, SHELLS[agent], {"command": "ls"}, project)
    assert told(agent, said, project, PATH=path) == (0, None, "")


RESULTS = {  # agent -> (event, result as recorded, where the masked one stands in the answer)
    "claude": ({"hook_event_name": "PostToolUse", "duration_ms": 5},
               {"stdout": "key TEXT", "stderr": "", "interrupted": False, "isImage": False, "noOutputExpected": False},
               lambda out: out["hookSpecificOutput"]["updatedToolOutput"]),
    "codex": ({"hook_event_name": "PostToolUse"}, "key TEXT", lambda out: out["reason"]),
    "gemini": ({"hook_event_name": "AfterTool"}, {"llmContent": "key TEXT", "returnDisplay": "key TEXT"},
               lambda out: {"llmContent": out["reason"], "returnDisplay": out["reason"]}),
    "copilot": ({}, {"resultType": "success", "textResultForLlm": "key TEXT"}, lambda out: out["modifiedResult"]),
    "opencode": ({"hook_event_name": "PostToolUse"}, {"title": "t", "output": "key TEXT", "metadata": {"n": 1}},
                 lambda out: out["result"]),
}  # fmt: skip


def filled(value, text):
    return answer.leaves(value, lambda said: said.replace("TEXT", text))


@pytest.mark.parametrize("agent", RESULTS)
def test_a_result_is_masked_in_its_own_shape(agent, project):
    more, result, of = RESULTS[agent]
    name = "toolResult" if agent == "copilot" else "tool_response"
    said = event(agent, "grep", {"pattern": "x"}, project, **more, **{name: filled(result, SECRET)})
    status, out, _ = told(agent, said, project)
    assert status == 0
    assert of(out) == filled(result, "[REDACTED:API_KEY]")
    said = event(agent, "grep", {"pattern": "x"}, project, **more, **{name: filled(result, "nothing")})
    assert told(agent, said, project) == (0, None, "")


def test_the_agents_own_key_is_masked_in_a_result(project):
    more, result, of = RESULTS["claude"]
    said = event(
        "claude", "Bash", {"command": "env"}, project, **more, tool_response=filled(result, "sk-own-key-77")
    )
    out = told("claude", said, project, CLAUDECODE="1", ANTHROPIC_API_KEY="sk-own-key-77")[1]
    assert of(out) == filled(result, "[REDACTED:ANTHROPIC_API_KEY]")


@pytest.mark.parametrize("said", ["", "no json", "[]", '"x"', "{", "null", '{"toolArgs": "{"}'])
@pytest.mark.parametrize("agent", dialects.NAMES)
def test_what_can_not_be_read_is_refused(agent, said):
    made = answer.answer(dialects.dialect(agent), said, {})
    if said != '{"toolArgs": "{"}' or agent == "copilot":
        assert (made.out, made.status) == ("", answer.BLOCKED)


def test_a_hook_that_fails_lets_nothing_through(monkeypatch, project):
    def broken(*_):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(answer.in_the_clear, "secrets", broken)
    monkeypatch.setattr(answer.secret_files, "shown", broken)
    codex = dialects.dialect("codex")
    read = answer.answer(codex, json.dumps(event("codex", "view", {"path": "x"}, project)), {})
    assert (read.status, SECRET in read.words) == (2, False)
    after = event("codex", "Bash", {}, project, hook_event_name="PostToolUse", tool_response="raw")
    assert json.loads(answer.answer(codex, json.dumps(after), {}).out)["reason"].startswith("[withheld")
