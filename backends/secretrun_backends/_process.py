"""Running the program that reaches a store: no secret in its arguments, no output in any message."""

from __future__ import annotations

import os
import time

from secretrun.backend.programs import find_program
from secretrun.errors import BadAnswer, NotInstalled, TimedOut, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from secretrun.backend import BackendInfo, Context
    from secretrun.backend.process import Completed


class Deadline:
    """The time one batch may take, shared out among the programs it starts.

    Attributes:
        end: the monotonic time at which it has passed, or None when there is no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self.end = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Seconds left, never below 0, or None when there is no limit."""
        return None if self.end is None else max(0.0, self.end - time.monotonic())

    def passed(self, info: BackendInfo) -> TimedOut:
        """The error to raise when it has passed."""
        return TimedOut(
            f"{info.title} did not answer within {self._seconds or 0:g} seconds",
            hint="allow more with --timeout SECONDS",
        )


def find(info: BackendInfo, name: str, context: Context) -> str:
    """The path of the store's program: the backend's option `path`, else `name` on the PATH.

    Raises:
        Unavailable: with the backend's install hint.
    """
    chosen = context.options.get("path")
    wanted = os.path.expanduser(chosen) if isinstance(chosen, str) and chosen else name
    found = find_program(wanted, context.environ)
    if found is None:
        raise NotInstalled(
            f"{wanted} is not installed, or not on the PATH", hint=f"install it: {info.install}"
        )
    return found


def run(
    info: BackendInfo,
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    deadline: Deadline,
    text: bytes | None = None,
    terminal: bool = False,
    directory: str | None = None,
    keep: Sequence[int] = (),
    meanwhile: Callable[[], object] = lambda: None,
) -> Completed:
    """Run a program to its end.

    Args:
        info: the backend it runs for.
        command: the program's path and its arguments; never a secret.
        environ: the environment it starts with.
        deadline: it is killed when this passes.
        text: what it reads on standard input, or None for `/dev/null`.
        terminal: it may prompt, so it stays in our session with its controlling terminal. Otherwise it
            leads a session of its own, which is killed as a whole.
        directory: its working directory, or None for ours.
        keep: descriptors it gets under the same numbers.
        meanwhile: called once it has been started.

    Raises:
        TimedOut: when the deadline passes first.
        BadAnswer: when it writes more than `LIMIT` bytes.
        Unavailable: when it can't be started.
    """
    from secretrun.backend import process

    try:
        done = process.run(
            command,
            text,
            environ=environ,
            end=deadline.end,
            directory=directory,
            leader=not terminal,
            keep=keep,
            meanwhile=meanwhile,
        )
    except OSError as error:
        raise Unavailable(
            f"can't start {command[0]}: {error.strerror}", hint=f"install it: {info.install}"
        ) from None
    if done.excess == "output":
        raise BadAnswer(f"{os.path.basename(command[0])} writes more than {process.LIMIT >> 20} MiB")
    if done.excess:
        raise deadline.passed(info)
    return done


def first_line(complaint: str) -> str:
    """The first line of a complaint that says something, shortened, without log prefixes."""
    for line in complaint.splitlines():
        words = line.strip()
        if words.startswith("[ERROR]"):  # "[ERROR] 2024/05/01 10:00:00 the reason"
            words = words[7:].strip()
            date, _, rest = words.partition(" ")
            if date.count("/") == 2:
                words = rest.partition(" ")[2]
        if words:
            return words if len(words) <= 200 else words[:200] + "..."
    return "it gave no reason"
