"""Who answers at the socket: a process that could be looked into is not asked."""

import os
import subprocess
import sys
import tempfile

import pytest
from support.users import VICTIM

LISTENER = """
import ctypes, os, resource, socket, sys  # all of them while the interpreter's files are within reach
how, path, user = sys.argv[1], sys.argv[2], int(sys.argv[3])
from secretrun.posix import dumpable
listener = socket.socket(socket.AF_UNIX)
if os.getuid() == 0:
    os.setgid(user); os.setuid(user)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: a change of user takes it away
listener.bind(path)
if how == "closed":
    dumpable.forbid()
listener.listen()
print("ready", flush=True)
while True:
    listener.accept()
"""
ASKING = """
import os, socket, sys
path, user = sys.argv[1], int(sys.argv[2])
from secretrun.cache import endpoint
if os.getuid() == 0:
    os.setgid(user); os.setuid(user)
connection = socket.socket(socket.AF_UNIX)
connection.connect(path)
try:
    endpoint.check_peer(connection, path)
except endpoint.directories.NotOurs as error:
    print(error.message)
"""


@pytest.mark.parametrize(("how", "said"), [("closed", ""), ("open", "other processes can read its memory")])
def test_what_answers_and_can_be_looked_into_is_not_asked(how, said):
    """A process of our own user, dumpable as any other: what is asked could be read in it."""
    user = os.getuid() or VICTIM
    with tempfile.TemporaryDirectory() as directory:
        os.chown(directory, user, -1)
        path = os.path.join(directory, "s")
        command = [sys.executable, "-c", LISTENER, how, path, str(user)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as listener:
            assert listener.stdout.readline() == b"ready\n"
            asked = subprocess.run(
                [sys.executable, "-c", ASKING, path, str(user)], capture_output=True, text=True, timeout=60
            )
            listener.kill()
    assert (asked.returncode, asked.stderr) == (0, "")
    assert said in asked.stdout
    assert bool(said) == bool(asked.stdout)


def test_an_unprivileged_user_has_a_cache_as_root_has_one(victim):
    """It is asked, it remembers, and it is taken for ours."""
    environ = {"SECRETRUN_CACHE_SOCK": str(victim.home / "run" / "cache.sock")}
    calls = victim.home / "calls"
    source = f"#!/bin/sh\necho x >> {calls}\necho value-of-the-user-1\n"
    program = victim.write(victim.home / "give", source, mode=0o755)
    assert victim.secretrun("cache", "start", "--idle", "1m", env=environ)[0] == 0
    try:
        for _ in range(3):
            run = ("--cache", "10m", "--set", f"A=exec://{program}", "--", "sh", "-c", "echo $A")
            assert victim.secretrun(*run, env=environ)[:2] == (0, "[REDACTED:A]\n")
    finally:
        status, _, said = victim.secretrun("cache", "stop", env=environ)
    assert (status, said) == (0, "")
    assert calls.read_text() == "x\n"
