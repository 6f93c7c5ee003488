"""The agent that runs us, as the system shows it: its executable and its command line.

Linux; elsewhere nothing.
"""

from __future__ import annotations

import os

_FARTHEST = 8  # processes between an agent and its hook: a shell, a wrapper


class Process:
    """One process above us: the path of its executable, and its command line."""

    __slots__ = ("argv", "path")

    def __init__(self, path: str, argv: list[str]) -> None:
        self.path = path
        self.argv = argv

    def __repr__(self) -> str:
        return f"<Process {self.path}>"


def ancestor(program: str) -> Process | None:
    """The nearest process above us that is called `program`, or None when there is none to be seen."""
    pid = os.getppid()
    for _ in range(_FARTHEST):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                argv = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
            with open(f"/proc/{pid}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return None
        try:
            path = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            path = ""
        names = [os.path.basename(word) for word in (path, *argv[:2])]
        if any(name == program or name.startswith(program + "-") for name in names):
            return Process(path, argv)
        pid = parent
    return None
