"""A limit of time for work of ours that somebody else's text can make endless: a regular expression.

By an interval timer, whose signal the matcher looks for: in the main thread alone, elsewhere there is
none.
"""

from __future__ import annotations

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


class Passed(Exception):
    """The time is over."""


class Time:
    """A context manager; raises `Passed` in its block when the time is over.

    Args:
        seconds: how long the block may take.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._set = False

    def __enter__(self) -> None:
        try:
            self._before = signal.signal(signal.SIGALRM, _pass)
        except ValueError:  # another thread
            return
        self._timer = signal.setitimer(signal.ITIMER_REAL, self._seconds)
        self._set = True

    def __exit__(self, *_: object) -> None:
        if self._set:
            signal.setitimer(signal.ITIMER_REAL, *self._timer)
            signal.signal(signal.SIGALRM, self._before)


def _pass(_: int, __: FrameType | None) -> None:
    raise Passed
