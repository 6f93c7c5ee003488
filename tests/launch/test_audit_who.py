"""The audit line says who asked and why, and never a value."""

import json

from support.store import clean_environ, secretrun

SECRET = "Kq8Zt2LmWv5x9Rb3"


def test_reason_agent_and_session(tmp_path):
    (tmp_path / "store").write_text(SECRET)
    log = tmp_path / "audit.jsonl"
    env = clean_environ(tmp_path) | {
        "SECRETRUN_TRUST": "all",
        "CLAUDECODE": "1",
        "CLAUDE_CODE_SESSION_ID": "s-1",
    }
    for reason in ("deploy of today", f"because {SECRET}"):
        done = secretrun(
            "--set",
            "A=file://./store",
            "--audit",
            str(log),
            "--reason",
            reason,
            "--",
            "true",
            env=env,
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
    first, second = map(json.loads, log.read_text().splitlines())
    assert (first["agent"], first["agent_session"], first["reason"]) == ("claude", "s-1", "deploy of today")
    assert second["reason"] == "because [REDACTED:A]"
    assert SECRET not in log.read_text()
