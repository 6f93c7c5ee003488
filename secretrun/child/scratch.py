"""A directory for what a program writes in plain text, removed however we end, and swept by the next run.

Its name says whose it is: `secretrun-edit-UID-PID-...`. A helper removes it when we are killed, and ends the
program that uses it with all it has started: an editor would go on showing the text.
"""

from __future__ import annotations

import os
import shutil
import sys

from secretrun.child.delivery import fork_helper
from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "secretrun-edit-"
KILL = 9


class Directory:
    """A new directory of mode 0700, in memory where there is such a place.

    Attributes:
        path: where it is.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        place = os.path.dirname(made := directories.private(environ))
        os.rmdir(made)
        sweep(place)
        self.path = os.path.join(place, f"{PREFIX}{os.geteuid()}-{os.getpid()}-{os.urandom(8).hex()}")
        os.mkdir(self.path, 0o700)
        self._pid = 0
        self._guard = fork_helper(lambda end: _guard(end, self.path))

    def starts(self, pid: int) -> None:
        """Say which program uses it."""
        self._pid = pid
        os.write(self._guard, b"%d\n" % pid)

    def remove(self, *, kill: bool) -> None:
        """Remove it; with `kill`, end the program first."""
        if kill and self._pid:
            _kill(self._pid)
        shutil.rmtree(self.path, ignore_errors=True)
        os.write(self._guard, b"0\n")
        os.close(self._guard)


def sweep(place: str) -> None:
    """Remove what a run of ours left in `place` that is no more."""
    for name in os.listdir(place):
        parts = name.removeprefix(PREFIX).split("-")
        if not name.startswith(PREFIX) or len(parts) != 3 or not all(part.isalnum() for part in parts):
            continue
        path = os.path.join(place, name)
        try:
            if os.lstat(path).st_uid == os.geteuid() and not _runs(int(parts[1])):
                shutil.rmtree(path, ignore_errors=True)
        except (OSError, ValueError):
            continue


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _guard(end: int, path: str) -> None:
    """When `end` gives end of file: kill the program it named last, unless that is 0, and remove `path`."""
    said = b""
    while piece := os.read(end, 64):
        said += piece
    last = said.split()[-1:] or [b"0"]
    if int(last[0]):
        _kill(int(last[0]))
    shutil.rmtree(path, ignore_errors=True)


def _kill(pid: int) -> None:
    """Kill a program and all that it has started, where the system tells what that is."""
    below = [pid]
    if sys.platform == "linux":
        for one in below:
            try:
                with open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
                    below += [int(child) for child in file.read().split()]
            except OSError:
                pass
    for one in below:
        try:
            os.kill(one, KILL)
        except OSError:
            pass  # it has ended
