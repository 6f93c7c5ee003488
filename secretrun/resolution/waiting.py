"""What resolution needs of the operating system while it waits: a pause, a turn, a word to the user."""

from __future__ import annotations

import os

from secretrun.errors import SecretrunError
from secretrun.posix import directories, signals
from secretrun.posix.threads import Worker, lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# What ends a run by default without a word to us, so that a store's program would go on without it.
ENDING = (signals.SIGTERM, signals.SIGHUP)
QUIET = 1.0  # seconds a store may take before we say what we wait for
STEP = 0.05  # seconds between looks at whether it is our turn


class Waiting:
    """How one run waits.

    Args:
        environ: says where the runtime directory is.
        say: prints a line of progress, or None when nobody is there to read it.
    """

    def __init__(self, environ: Mapping[str, str], say: Callable[[str], None] | None) -> None:
        self._environ = environ
        self._say = say

    def pause(self, seconds: float) -> None:
        """Sleep, up to half as long again so that runs side by side don't come back together."""
        import time

        time.sleep(seconds * (1 + os.urandom(1)[0] / 510))

    def turn(self, name: str, seconds: float | None, queued: Callable[[], None]) -> Turn:
        """Our turn with the store `name`, which may prompt: runs side by side take it one by one.

        Args:
            name: the backend's.
            seconds: how long to wait for it at most, None for as long as it takes.
            queued: called when another run has it.
        """
        return Turn(self._environ, name, seconds, queued, self.pause)

    def claim(self, keys: Iterable[bytes], seconds: float | None, queued: Callable[[], None]) -> Turn:
        """Our turn to ask for what `keys` stand for: runs side by side that want the same ask once."""
        return Claim(self._environ, keys, seconds, queued, self.pause)

    def progress(self, pending: Callable[[], Iterable[str]]) -> Progress:
        """Say what is waited for (`pending` names it) when it takes longer than `QUIET`."""
        return Progress(pending, self._say)


class Turn:
    """A lock between runs of one user, held while a store that may prompt is asked.

    It only saves prompts, so where it can't be had (no place of ours for it, another run that holds it
    for longer than a store may take) we go on without.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        name: str,
        seconds: float | None,
        queued: Callable[[], None],
        pause: Callable[[float], None],
    ) -> None:
        self._environ = environ
        self._name = name
        self._seconds = seconds
        self._queued = queued
        self._pause = pause
        self._file = -1

    def __enter__(self) -> bool:
        """Take it; True when another run had it first."""
        place = directories.runtime(self._environ)
        path = os.path.join(place, f"{self._name}.lock")
        try:
            directories.check_ours(place, create=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except (OSError, SecretrunError):
            return False
        if self._try():
            return False
        self._queued()
        import time

        # Asked for again and again, since a lock that is waited for knows no time limit.
        end = None if self._seconds is None else time.monotonic() + self._seconds
        while not self._try() and (end is None or time.monotonic() < end):
            self._pause(STEP)
        return True

    def _try(self) -> bool:
        """Whether it is ours now, or can't be had at all (a file system without locks)."""
        import fcntl

        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def __exit__(self, *_: object) -> None:
        """Let it go; the kernel does so too when we die."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Claim(Turn):
    """A turn with single values: a lock on a byte of one file for each of them (fcntl(2), F_SETLK).

    Taken in one order by everybody, so that no two runs wait for each other.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        keys: Iterable[bytes],
        seconds: float | None,
        queued: Callable[[], None],
        pause: Callable[[float], None],
    ) -> None:
        super().__init__(environ, "claims", seconds, queued, pause)
        self._wanted = sorted({int.from_bytes(key[:7], "big") for key in keys})

    def _try(self) -> bool:
        import fcntl

        while self._wanted:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._wanted[0])
            except (BlockingIOError, PermissionError):  # POSIX allows either
                return False
            except OSError:  # a file system without locks
                return True
            del self._wanted[0]
        return True


class Interrupted(KeyboardInterrupt):
    """A signal that ends the run.

    Attributes:
        number: which.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def _interrupt(number: int, _: object) -> None:
    raise Interrupted(number)


class Progress:
    """Says something once it has taken too long."""

    def __init__(self, pending: Callable[[], Iterable[str]], say: Callable[[str], None] | None) -> None:
        self._pending = pending
        self._say = say
        self._timer: Worker | None = None
        self._over = lock()
        self._watched: list[int] = []

    def __enter__(self) -> bool:
        self._watch_signals()
        if self._say is not None:
            self._over.acquire()
            self._timer = Worker(self._speak)
        return False

    def _watch_signals(self) -> None:
        """Take what would end us at once as Ctrl-C is taken; what is ignored or handled stays so."""
        for number in ENDING:
            try:
                if signals.take(number, _interrupt):
                    self._watched.append(number)
            except ValueError:  # not the main thread, so not a run of the command line
                return

    def _speak(self) -> None:
        if self._say is None or self._over.acquire(timeout=QUIET):
            return
        names = ", ".join(self._pending())
        if names:
            self._say(f"waiting for {names}")

    def __exit__(self, *_: object) -> None:
        """No thread is left, signals are as they were: the command is forked next."""
        for number in self._watched:
            signals.leave(number)
        if self._timer is not None:
            self._over.release()
            self._timer.join()
