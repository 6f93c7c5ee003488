"""The command's status is ours, all 256 of them, and through secretrun: there is a secret, so it stays there."""

import os
import subprocess
import sys

import pytest

# One interpreter runs many commands: what is looked at is how each ends.
RUNS = """
import os, sys
from secretrun import session
from secretrun.redact import Redactor
redactor = Redactor({"S": b"s3cret-value-123"})
for status in map(int, sys.argv[1:]):
    pid = os.fork()
    if pid == 0:
        try:
            code = f"echo s3cret-value-123; exit {status}".encode()
            session.leave(session.run([b"sh", b"-c", code], dict(os.environb), redactor=redactor))
        finally:
            os._exit(99)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code != status:
        sys.exit(f"{status} became {code}")
"""


@pytest.mark.slow
def test_every_status_comes_through(clean_environment):
    """Each of the 256, from a command that printed a secret on the way, which was masked each time."""
    done = subprocess.run(
        [sys.executable, "-c", RUNS, *map(str, range(256))],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=600,
    )  # fmt: skip
    assert done.stderr == b""
    assert done.returncode == 0
    assert done.stdout.splitlines() == [b"[REDACTED:S]"] * 256


@pytest.mark.parametrize(
    "status", [0, 1, 2, 3, 77, 124, 125, 126, 127, 128, 129, 130, 137, 143, 200, 254, 255]
)
def test_a_status_comes_through_the_whole_command_line(clean_environment, monkeypatch, status):
    """The same as a whole process, resolution and all."""
    environment = os.environ | {"SECRETRUN_MASK_ENV": "S", "S": "s3cret-value-123"}
    done = subprocess.run(
        [sys.executable, "-m", "secretrun", "--", "sh", "-c", f"echo $S; exit {status}"],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=100,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (status, b"[REDACTED:S]\n")
