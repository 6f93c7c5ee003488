"""The way in of somebody who clones a project: two commands."""

import subprocess
import sys

from support.dialogue import Dialogue


def test_a_clone_is_two_commands(tmp_path, secretrun):
    origin = tmp_path / "origin"
    origin.mkdir()
    subprocess.run(["git", "init", "-q", origin], check=True)
    assert secretrun("init", "-q", cwd=origin).status == 0
    assert secretrun("set", "-q", "API_KEY", cwd=origin, stdin=b"sk-live-1234567890").status == 0
    git = ["git", "-C", origin, "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", origin, clone], check=True)

    refused = secretrun("--", "true", cwd=clone)
    assert refused.status == 125
    assert "+ read API_KEY: sops://secrets.enc.env#/API_KEY" in refused.err

    first = Dialogue(["allow"], clone, {})
    first.wait_for(b"agree?")
    first.type(b"y\n")
    assert first.end() == 0
    assert b"API_KEY: sops://secrets.enc.env#/API_KEY" in first.shown
    second = secretrun("--", sys.executable, "-c", "import os; print(os.environ['API_KEY'])", cwd=clone)
    assert second == (0, "[REDACTED:API_KEY]\n", "")
