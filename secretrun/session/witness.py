"""The witness: tells a signal sent to our process group from one sent to us alone.

Where the command lives in our own group it has had a group's signal itself (Ctrl-C, timeout(1), a CI
runner), and forwarding it would deliver it twice; a signal to our process id it has not had. Where it has
a group of its own below a monitor, the former is for that whole group, and the latter for the command
alone: a `kill -USR1` that a script traps must not end the `sleep` it waits for. The
simpler things fail: the sender's id in siginfo is the same in both cases, and guessing from "is there a
terminal" is wrong half of the time. So a helper in our group has all signals blocked and is asked
whether this one is pending there too. When we are killed it also puts things in order: with pipes it
kills the command, and on a terminal it takes the terminal out of our raw mode.
"""

from __future__ import annotations

import os

from secretrun.posix import descriptors, poll, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from secretrun.posix.terminal import Mender

_GUARD = 0  # as operation: the number is a process id; else the operation is a signal to look for, or
_BEGIN = 0xFF  # the command is about to start
_MESSAGE = 9  # one byte of operation, eight of number
_PATIENCE = 0.004  # seconds: killpg reaches the members of a group one after the other
_STUCK = 0.5  # seconds without an answer after which it must have been stopped, by a SIGSTOP to the group


class Witness:
    """The helper, seen from the wrapper; to be made before the command is forked.

    Args:
        tty: our terminal, in the modes it is to have again when we are killed; or None.
        early: there is no command yet: `begin` says when, and the modes are those of then.
    """

    def __init__(self, tty: int | None = None, *, early: bool = False) -> None:
        questions, self._questions = os.pipe()
        self._answers, answers = os.pipe()
        # read before there are two of us: we may be in raw mode by the time that the other one looks
        mend = _mender(tty) if tty is not None and not early else None
        mask = signals.block_all()
        self._pid = os.fork()
        if self._pid == 0:
            _main(questions, answers, tty, mend)
        signals.set_mask(mask)
        descriptors.close(questions, answers)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._pid

    @property
    def descriptors(self) -> tuple[int, ...]:
        """Our ends of the pipes to it."""
        return tuple(number for number in (self._questions, self._answers) if number >= 0)

    def guard(self, pid: int) -> None:
        """Say which process to kill when we are gone."""
        self._ask(_GUARD, pid)

    def begin(self) -> None:
        """From now on what comes is for the command, and the modes are to be kept; returns when they are."""
        if self._ask(_BEGIN, 0):
            self._answer()

    def saw(self, number: int) -> bool:
        """Whether the whole group got this signal."""
        return self._ask(number, 0) and self._answer() == b"\x01"

    def _answer(self) -> bytes:
        if not poll.wait((self._answers,), timeout=_STUCK)[0]:
            os.kill(self._pid, signals.SIGCONT)
        return os.read(self._answers, 1)

    def let_go(self) -> None:
        """The command has ended, and nothing is asked any more: it ends beside us."""
        descriptors.close(*self.descriptors)
        self._questions = self._answers = -1

    def dismiss(self) -> None:
        """Let it go, and wait until it is gone."""
        self.let_go()
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:
            pass  # reaped with others by a caller of waitpid(-1)

    def _ask(self, operation: int, number: int) -> bool:
        try:
            os.write(self._questions, bytes((operation,)) + number.to_bytes(8, "big"))
        except BrokenPipeError:
            return False  # somebody killed it: signals are then taken as sent to us alone
        return True


def _mender(tty: int) -> Mender:
    """What puts the terminal back into the modes that it has now."""
    from secretrun.posix import terminal
    from secretrun.posix.shared_terminal import SharedTerminal

    return terminal.Mender(tty, SharedTerminal(tty))


def _main(questions: int, answers: int, tty: int | None, mend: Mender | None) -> NoReturn:
    try:
        descriptors.to_null(0, 1, 2)
        kill = None
        descriptors.keep_only({questions, answers} if tty is None else {questions, answers, tty})
        while len(message := os.read(questions, _MESSAGE)) == _MESSAGE:
            operation, number = message[0], int.from_bytes(message[1:], "big")
            if operation == _GUARD:
                kill = _killer(number)
            elif operation == _BEGIN:
                signals.forget_pending()
                mend = _mender(tty) if tty is not None else None
                os.write(answers, b"\0")
            else:
                os.write(answers, bytes((signals.became_pending(operation, _PATIENCE),)))
        if kill is not None:
            kill()
        if mend is not None:
            mend()
    finally:
        os._exit(0)


def _killer(pid: int) -> Callable[[], None]:
    """How to kill this very process later, and no other that has got its number since."""
    if hasattr(os, "pidfd_open"):
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            pass  # an old kernel, or a sandbox: by number, then
        else:
            return lambda: signals.kill_by_handle(handle)
    return lambda: os.kill(pid, signals.SIGKILL)
