"""The agent that runs us, as the system shows it: its executable and its command line.

Linux; elsewhere nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

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
    for pid in _above():
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                argv = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
        except OSError:
            return None
        try:
            path = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            path = ""
        names = [os.path.basename(word) for word in (path, *argv[:2])]
        if any(name == program or name.startswith(program + "-") for name in names):
            return Process(path, argv)
    return None


def variable(name: str) -> str | None:
    """A variable as the nearest process above us was started with it; None when none of them has it.

    An agent that starts its servers with an environment of its own choice (Gemini CLI) was itself started by
    a person, with that person's.
    """
    start = os.fsencode(name) + b"="
    for pid in _above():
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                said = file.read().split(b"\0")
        except OSError:
            return None
        for line in said:
            if line.startswith(start):
                return os.fsdecode(line[len(start) :])
    return None


def _above() -> Iterator[int]:
    """The processes above us, nearest first."""
    pid = os.getppid()
    for _ in range(_FARTHEST):
        yield pid
        try:
            with open(f"/proc/{pid}/stat", "rb") as file:
                pid = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
