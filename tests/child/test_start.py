"""How ptyprocess is imported, and that both ways to start a command with pipes give it the same."""

import os
import resource
import signal
import subprocess
import sys

import pytest

LEAN = """
import sys
from secretrun.child.start import pty_process
before = set(sys.modules)
spawn = pty_process().spawn
assert {"enum", "re", "shutil", "signal"} & (set(sys.modules) - before) == set()
import shutil, signal
assert shutil.which("sh") and signal.Signals.SIGTERM == 15
process = spawn([sys.executable, "-c", "print(6 * 7)"])
assert process.read().strip() == b"42"
"""

# What a ptyprocess could do that does use them.
OTHER = """
import sys, types
import secretrun.child.start as start
class Finder:
    tried = 0
    def find_spec(self, name, path=None, target=None):
        if name == "ptyprocess.util" and "shutil" in sys.modules and sys.modules["shutil"] is None:
            Finder.tried += 1
            raise RuntimeError("no shutil")
sys.meta_path.insert(0, Finder())
assert start.pty_process().__name__ == "PtyProcess"
assert Finder.tried == 1
assert sys.modules["shutil"] is not None and sys.modules["signal"].__name__ == "signal"
"""


def run(code):
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_ptyprocess_comes_without_enum_and_shutil_and_works():
    run(LEAN)


def test_a_ptyprocess_that_needs_them_gets_them():
    run(OTHER)


# Starts a command that says what it was given, at once or by a fork. Closed descriptors, a signal that is ignored
# and one that is blocked are the caller's (`preexec` below).
GIVEN = """
import os, sys
from secretrun.child import start
from secretrun.posix import descriptors, dumpable, signals
dumpable.forbid()
descriptors.plug()
way, argv = sys.argv[1], [os.fsencode(word) for word in sys.argv[2:]]
at_once = start._at_once
if way == "fork":
    start._at_once = lambda *_: None
else:
    os.fork = lambda: sys.exit("forked")
given = signals.Signals()
given.catch()
ours, theirs = os.pipe()
environment = {**os.environb, b"A": b"1=2", b"": b"x"}
pid = start.fork(argv, environment, given, (None, theirs, 1))
os.close(theirs)
while piece := os.read(ours, 65536):
    os.write(1, piece)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
ASKED = """
import os, resource, sys
print(sorted(os.listdir("/proc/self/fd")), resource.getrlimit(resource.RLIMIT_CORE), sys.orig_argv[3:])
print([line for line in open("/proc/self/status") if line.startswith(("Sig", "Shd")) and "SigQ" not in line])
print(sorted(os.environ.items()), os.getpgrp() == os.getppid(), os.fstat(1).st_ino == os.fstat(2).st_ino)
"""


def given(way, words, **options):
    done = subprocess.run(
        [sys.executable, "-c", GIVEN, way, *words], capture_output=True, text=True, timeout=60, check=False,
        start_new_session=True, **options,
    )  # fmt: skip
    return done.stdout, done.stderr, done.returncode


@pytest.mark.skipif(
    sys.platform != "linux", reason="the way at once is Linux's, and what a command has is read in /proc"
)
@pytest.mark.parametrize("before", ["nothing", "signals", "a core limit", "an open file"])
def test_at_once_and_by_a_fork_a_command_is_given_the_same(before, tmp_path):
    def preexec():
        if before == "signals":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if before == "a core limit":
            resource.setrlimit(resource.RLIMIT_CORE, (4096, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        if before == "an open file":
            os.dup2(os.open(tmp_path, os.O_RDONLY), 7)

    words = [sys.executable, "-c", ASKED, "word"]
    found = [given(way, words, preexec_fn=preexec, close_fds=False) for way in ("at once", "fork")]
    assert found[0] == found[1]
    assert found[0][2] == 0, found[0]


def test_what_is_not_plain_is_a_forks_to_do(tmp_path):
    """A script without `#!`, which hides another of the same name; no such file."""
    for place, text in (("first", "echo first"), ("second", "#!/bin/sh\necho second")):
        (tmp_path / place).mkdir()
        (tmp_path / place / "tool").write_text(text)
        (tmp_path / place / "tool").chmod(0o755)
    path = {**os.environ, "PATH": f"{tmp_path}/first:{tmp_path}/second:{os.environ['PATH']}"}
    assert given("either", ["tool"], env=path)[1:] == ("forked\n", 1)
    assert given("fork", ["tool"], env=path) == ("first\n", "", 0)
    assert given("either", ["no-such-command-anywhere"])[1:] == ("forked\n", 1)
    assert given("either", ["true"]) == (("", "", 0) if sys.platform == "linux" else ("", "forked\n", 1))
