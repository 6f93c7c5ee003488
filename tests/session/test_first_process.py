"""As the first process of a container, which is the parent of everybody whose own has ended."""

import os
import shutil
import sys

import pytest
from support.terminal import Terminal
from support.until import until

ORPHANS = """
import os, subprocess, sys, time
for _ in range(20):
    if os.fork() == 0:
        if os.fork() == 0:
            os._exit(0)
        os._exit(0)
    os.wait()
def zombies():
    table = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            table.append(open(f"/proc/{pid}/stat").read())
        except OSError:
            pass  # reaped since it was listed
    return sum(line.rsplit(")", 1)[1].split()[:2] == ["Z", "1"] for line in table)
deadline = time.monotonic() + 20
while (left := zombies()) and time.monotonic() < deadline:
    time.sleep(0.01)
print("zombies", left, "below", os.getppid() if len(sys.argv) > 1 else "", flush=True)
sys.exit(7)
"""


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
    script.write_text(ORPHANS)
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
