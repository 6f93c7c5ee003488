"""What resolution needs of the operating system while it waits: a pause, a turn, a word to the user.

May import: agent.place, errors.
"""

from __future__ import annotations

import os

from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Timer

QUIET = 1.0  # seconds a store may take before we say what we wait for


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

    def turn(self, name: str) -> Turn:
        """A turn with the store `name`, which may prompt: runs side by side take it one by one."""
        return Turn(self._environ, name)

    def progress(self, titles: list[str], prompting: bool) -> Progress:
        """Say which stores are waited for when it takes longer than `QUIET`."""
        waits = "it may be asking for you" if prompting else ""
        text = f"waiting for {', '.join(titles)}" + (f" ({waits})" if waits else "")
        return Progress(text, self._say)


class Turn:
    """A lock between runs of one user, held while a store that may prompt is asked.

    Where the lock can't be had (no place of ours for it) we go on without: it only saves prompts.
    """

    def __init__(self, environ: Mapping[str, str], name: str) -> None:
        self._environ = environ
        self._name = name
        self._file = -1

    def __enter__(self) -> bool:
        """Take it; True when another run had it first."""
        import fcntl

        from secretrun.agent import place

        path = os.path.join(os.path.dirname(place.socket_path(self._environ)), f"{self._name}.lock")
        try:
            place.check_directory(path, create=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except (OSError, SecretrunError):
            return False
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            return True
        except OSError:
            pass
        return False

    def __exit__(self, *_: object) -> None:
        """Let it go; the kernel does so too when we die."""
        if self._file >= 0:
            os.close(self._file)


class Progress:
    """Says something once it has taken too long."""

    def __init__(self, text: str, say: Callable[[str], None] | None) -> None:
        self._text = text
        self._say = say
        self._timer: Timer | None = None

    def __enter__(self) -> bool:
        if self._say is not None:
            import threading

            self._timer = threading.Timer(QUIET, self._say, (self._text,))
            self._timer.daemon = True
            self._timer.start()
        return False

    def __exit__(self, *_: object) -> None:
        """No thread is left: the command is forked next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
