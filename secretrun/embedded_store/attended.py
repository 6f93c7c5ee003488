"""A program on the terminal that shows values in plain text: it and its file end with us, however we end."""

from __future__ import annotations

import os
import signal
import subprocess

from secretrun.backend.sops import Keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.child.scratch import Directory


class Ended(BaseException):
    """A signal that ends us while the program runs."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def editor(environ: Mapping[str, str]) -> str:
    """The command line of the user's editor, as sops chooses it."""
    return environ.get("SOPS_EDITOR") or environ.get("EDITOR") or "vi"


def run(command: Sequence[str], environ: Mapping[str, str], private: Directory) -> int:
    """Run a program to its end.

    Args:
        command: the program and its arguments.
        environ: all of its environment.
        private: where the plain text is, which is to go with us.

    Returns:
        Its exit status, or 128 + n when signal n ended it.

    Raises:
        OSError: it can't be started.
        Ended: a signal asks us to end; the caller removes `private` and passes this to `die`.
    """
    # Ctrl-C ends the program, then we tidy up; a handler, unlike "ignore", is not inherited.
    kept = {number: signal.signal(number, _leave_it) for number in (signal.SIGINT, signal.SIGQUIT)}
    kept.update({number: signal.signal(number, _end) for number in (signal.SIGHUP, signal.SIGTERM)})
    try:
        with Keys(environ) as (theirs, keep):
            process = subprocess.Popen(command, env=theirs, pass_fds=keep)
        private.starts(process.pid)
        status = process.wait()
        private.starts(0)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    return 128 - status if status < 0 else status


def die(ended: Ended) -> int:
    """Die of the signal that asked for it."""
    signal.signal(ended.number, signal.SIG_DFL)
    os.kill(os.getpid(), ended.number)
    return 128 + ended.number


def _end(number: int, _: object) -> None:
    raise Ended(number)


def _leave_it(number: int, frame: object) -> None:
    pass
