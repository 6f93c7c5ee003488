"""How ptyprocess is imported: without what it hardly uses, and as anybody would where that fails."""

import subprocess
import sys

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
