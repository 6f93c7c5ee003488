"""A command line of secretrun that asks, and somebody who answers."""

import os
import sys

from ptyprocess import PtyProcess


class Dialogue:
    """A command line of secretrun on a terminal of its own."""

    def __init__(self, arguments, directory, environ):
        self._process = PtyProcess.spawn(
            [sys.executable, "-m", "secretrun", *arguments], cwd=str(directory), env=os.environ | environ
        )
        self.shown = b""

    def wait_for(self, text):
        """Read until `text` has been shown since the last time."""
        start = len(self.shown)
        while text not in self.shown[start:]:
            self.shown += self._process.read(65536)

    def type(self, text):
        """What the user types."""
        self._process.write(text)

    def end(self):
        """Read to the end; returns the exit status."""
        try:
            while True:
                self.shown += self._process.read(65536)
        except EOFError:
            pass
        return self._process.wait()
