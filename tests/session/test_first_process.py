"""As the first process of a container, which is the parent of everybody whose own has ended."""

import os
import shutil
import sys

import pytest
from support import orphans
from support.terminal import Terminal
from support.until import until


@pytest.fixture
def contained():
    assert shutil.which("bwrap"), "install bubblewrap to run these tests"

    def make(command):
        return [
            "bwrap",
            "--unshare-pid",
            "--as-pid-1",
            "--dev-bind",
            "/",
            "/",
            "--proc",
            "/proc",
            "--",
            *command,
        ]

    return make


@pytest.mark.parametrize("where", ["pipe", "terminal", "secret", "watch"])
def test_orphans_are_reaped(contained, cleanup, tmp_path, where):
    """No zombie of theirs stays, and the command's own status is ours."""
    script = tmp_path / "orphans.py"
    script.write_text(orphans.SCRIPT)
    (tmp_path / "value").write_text("value-of-a-container")
    options = {"secret": ["--set", f"A=file://{tmp_path}/value"]}
    options["watch"] = [*options["secret"], "--watch", "--watch-interval", "0.1s"]
    words = contained([
        *(sys.executable, "-m", "secretrun", *options.get(where, ())),
        *("--", sys.executable, "-I", "-S", str(script)),
    ])  # fmt: skip
    out = tmp_path / "out"
    streams = (None, None, None)
    if where != "terminal":
        streams = (None, os.open(out, os.O_WRONLY | os.O_CREAT), os.open(os.devnull, os.O_WRONLY))
    job = Terminal(words, streams=streams)
    cleanup.append(job)
    code, screen = job.end()
    until(lambda: where == "terminal" or out.read_bytes(), "the output")
    assert b"zombies 0" in (screen if where == "terminal" else out.read_bytes())
    assert code == 7
