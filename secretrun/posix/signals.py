"""Signal dispositions: those we were given, those we take, and how a child gets the former back.

The module `signal` wraps `_signal` in enums, which costs 5 ms of start-up; the plain one is enough.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any
else:
    try:
        import _signal
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        import signal as _signal

module = _signal  # as far as it goes, what `signal` is


def _numbers(*names: str) -> tuple[int, ...]:
    return tuple(int(getattr(_signal, name)) for name in names if hasattr(_signal, name))


SIGCHLD = int(_signal.SIGCHLD)
SIGCONT = int(_signal.SIGCONT)
SIGHUP = int(_signal.SIGHUP)
SIGINFO = int(getattr(_signal, "SIGINFO", 0))  # BSD and macOS
SIGINT = int(_signal.SIGINT)
SIGKILL = int(_signal.SIGKILL)
SIGPIPE = int(_signal.SIGPIPE)
SIGQUIT = int(_signal.SIGQUIT)
SIGSTOP = int(_signal.SIGSTOP)
SIGTERM = int(_signal.SIGTERM)
SIGTSTP = int(_signal.SIGTSTP)
SIGTTIN = int(_signal.SIGTTIN)
SIGTTOU = int(_signal.SIGTTOU)
SIGWINCH = int(_signal.SIGWINCH)
SIGXFSZ = int(_signal.SIGXFSZ)

# What somebody may send to us and mean for the command. Not: what the kernel raises for our own deeds
# (PIPE, SEGV, XCPU ...), and CHLD. TTIN and TTOU it may raise for our own use of the terminal.
FORWARDED = _numbers(
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGTSTP", "SIGCONT",
    "SIGURG", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGINFO",
) + tuple(
    range(int(_signal.SIGRTMIN), int(_signal.SIGRTMAX) + 1) if hasattr(_signal, "SIGRTMIN") else ()
)  # fmt: skip
# Those that end a process which does nothing about them and that people send to end one.
_FATAL = frozenset({SIGHUP, SIGINT, SIGQUIT, SIGTERM})

_PYTHON_IGNORES = _numbers("SIGPIPE", "SIGXFSZ", "SIGXFZ")
_CAUGHT = (*FORWARDED, SIGCHLD, SIGWINCH, SIGTTIN, SIGTTOU)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A handler there has to be, or the wake-up descriptor is not written to."""


class Signals:
    """All signals we care for, as bytes in a pipe; made once, in the main thread, before any fork."""

    def __init__(self) -> None:
        # What Python did to SIGPIPE at its start hides what the caller had set; default is the right guess.
        self.ignored = [
            number
            for number in _CAUGHT
            if _signal.getsignal(number) is _signal.SIG_IGN or _signal.getsignal(number) == _signal.SIG_IGN
        ]
        self.mask = set(_signal.pthread_sigmask(_signal.SIG_BLOCK, ()))
        self.reader = -1
        self.writer = -1

    def catch(self) -> None:
        """Handle every signal, each as one byte that `taken()` gives."""
        self._wake()
        for number in _CAUGHT:
            _signal.signal(number, _nothing)
        _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _CAUGHT)

    def _wake(self) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)
        _signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)

    def taken(self) -> bytes:
        """The signals that came since the last call, in order, but SIGCHLD last.

        When several wait for us, the kernel has their handlers run last come, first served: the command's
        end would seem to come before the signal that it ended of.
        """
        try:
            came = os.read(self.reader, 512)
        except BlockingIOError:
            return b""
        chld = bytes((SIGCHLD,))
        return came.replace(chld, b"") + chld if chld in came else came

    def is_fatal(self, number: int) -> bool:
        """Whether it ends programs, and our caller (nohup) has not had us ignore it."""
        return number in _FATAL and number not in self.ignored

    def read_terminal(self, fd: int, size: int) -> bytes:
        """Read from a terminal; from the background that fails with EIO.

        With a handler for SIGTTIN Python would try it again for ever, and by default it would stop us.

        Raises:
            OSError: as `os.read`.
        """
        _signal.signal(SIGTTIN, _signal.SIG_IGN)
        try:
            return os.read(fd, size)
        finally:
            _signal.signal(SIGTTIN, _nothing)

    def give_back(self) -> None:
        """In a forked child, before exec: every disposition and the mask as we were given them."""
        _signal.set_wakeup_fd(-1)
        for number in (*_CAUGHT, *_PYTHON_IGNORES):
            _signal.signal(number, _signal.SIG_IGN if number in self.ignored else _signal.SIG_DFL)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, self.mask)

    def ignore(self) -> dict[int, object]:
        """Ignore what we were given ignored, as exec keeps it; returns its handlers, for `handle`."""
        return {number: _signal.signal(number, _signal.SIG_IGN) for number in self.ignored}

    def deafen(self) -> int:
        """In a forked helper that must outlive what ends the command: ignore all but SIGCHLD.

        Returns:
            a descriptor that becomes readable with every SIGCHLD.
        """
        self._wake()
        for number in _CAUGHT:
            _signal.signal(number, _nothing if number == SIGCHLD else _signal.SIG_IGN)
        _signal.pthread_sigmask(_signal.SIG_SETMASK, ())
        return self.reader

    def stop_by(self, number: int, *, group: bool) -> None:
        """Stop as the command stopped; returns when continued, or at once in an orphaned group.

        The default action of the same signal, not SIGSTOP: the kernel drops it where nobody could ever
        continue us. The whole group, because a shell script above us must stop too.
        """
        _signal.signal(number, _signal.SIG_DFL)
        if group:
            os.killpg(0, number)
        else:
            os.kill(os.getpid(), number)
        _signal.signal(number, _nothing)

    def to_neighbours(self, number: int) -> None:
        """Send to our process group what the terminal would have sent it, sparing ourselves."""
        _signal.signal(number, _signal.SIG_IGN)
        try:
            os.killpg(0, number)
        except OSError:
            pass  # nobody there may be signalled: a setuid neighbour
        _signal.signal(number, _nothing)


def handle(handlers: Mapping[int, Any]) -> None:
    """Give signals their handlers back."""
    for number, handler in handlers.items():
        _signal.signal(number, handler)


def block_all() -> set[int]:
    """Block every signal in this thread; returns the mask to `unblock` with."""
    return set(_signal.pthread_sigmask(_signal.SIG_BLOCK, _signal.valid_signals()))


def set_mask(mask: set[int]) -> set[int]:
    """Set this thread's signal mask; returns what it was."""
    return set(_signal.pthread_sigmask(_signal.SIG_SETMASK, mask))


def became_pending(number: int, seconds: float) -> bool:
    """Whether a blocked signal is pending or gets so in time; it is no longer pending afterwards."""
    if sys.platform != "darwin":
        return _signal.sigtimedwait({number}, seconds) is not None
    import time

    for _ in range(10):
        if number in _signal.sigpending():
            _signal.sigwait({number})
            return True
        time.sleep(seconds / 10)
    return False


def forget_pending() -> None:
    """Take away every signal that is pending because it is blocked."""
    while pending := _signal.sigpending():
        _signal.sigwait(pending)


def kill_by_handle(handle: int) -> None:
    """SIGKILL to the process a pidfd stands for; nothing when it has ended."""
    try:
        _signal.pidfd_send_signal(handle, SIGKILL)
    except ProcessLookupError:
        pass


def default_action(number: int) -> None:
    """Die of a signal, where its default action is to end the process; returns where it is not."""
    try:
        _signal.signal(number, _signal.SIG_DFL)
    except (OSError, ValueError):
        pass  # SIGKILL has no other action
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)


def as_python_found_them() -> None:
    """Before exec without a child: undo what Python itself ignores."""
    for number in _PYTHON_IGNORES:
        _signal.signal(number, _signal.SIG_DFL)


def as_a_program_of_its_own() -> None:
    """In a forked process with a life of its own: what ends a program ends it, and nothing is blocked."""
    _signal.set_wakeup_fd(-1)
    for number in (SIGINT, SIGTERM, SIGHUP, SIGCHLD):
        _signal.signal(number, _signal.SIG_DFL)
    _signal.signal(SIGPIPE, _signal.SIG_IGN)
    _signal.pthread_sigmask(_signal.SIG_SETMASK, ())


def take(number: int, handler: Callable[[int, FrameType | None], None]) -> bool:
    """Handle a signal that has its default action; False, and nothing done, where it has another.

    Raises:
        ValueError: this is not the main thread.
    """
    if _signal.getsignal(number) != _signal.SIG_DFL:
        return False
    _signal.signal(number, handler)
    return True


def leave(number: int) -> None:
    """Give a signal its default action back."""
    _signal.signal(number, _signal.SIG_DFL)
