"""Several of us with one terminal in raw mode: what it was before the first is what the last puts back.

Without that, the second would take the first one's raw mode for the terminal's own. The file in the runtime
directory holds the modes, and locks of fcntl(2) on its bytes, which the kernel takes from whoever dies:
one for a turn at all this, one for having the terminal.
"""

from __future__ import annotations

import fcntl
import os

from secretrun.errors import SecretrunError
from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

    from secretrun.posix.terminal import Attributes

_TURN, _HOLDING = 0, 1  # bytes that are locked
_MOST = 4096  # bytes of modes


class SharedTerminal:
    """One terminal, by its session and device; where there is no place for the file, nobody shares it.

    Args:
        fd: a descriptor of it.
    """

    def __init__(self, fd: int) -> None:
        name = f"terminal-{os.getsid(0)}-{os.fstat(fd).st_rdev}"
        self._path = os.path.join(directories.runtime(os.environ), name)
        self._file = -1

    def __enter__(self) -> Self:
        """Take a turn: nobody else takes or leaves the terminal meanwhile."""
        while self._file < 0 and self._open():
            self._lock(fcntl.LOCK_EX, _TURN)
            if self._is_there():
                return self
            os.close(self._file)  # the last of those before us has removed it
            self._file = -1
        if self._file >= 0:
            self._lock(fcntl.LOCK_EX, _TURN)
        return self

    def _open(self) -> bool:
        try:
            directories.check_ours(os.path.dirname(self._path), create=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._file = os.open(self._path, flags, 0o600)
        except (OSError, SecretrunError):
            return False
        return True

    def _is_there(self) -> bool:
        try:
            found = os.stat(self._path)
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self._file))

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            self._lock(fcntl.LOCK_UN, _TURN)

    def alone(self) -> bool:
        """Whether nobody else has the terminal; in our turn."""
        return self._file < 0 or self._lock(fcntl.LOCK_EX | fcntl.LOCK_NB, _HOLDING)

    def hold(self) -> None:
        """Have the terminal, beside others who may."""
        if self._file >= 0:
            self._lock(fcntl.LOCK_SH, _HOLDING)

    def let_go(self) -> None:
        """Have it no more; in our turn, whose end this is."""
        if self._file < 0:
            return
        if self.alone():
            try:
                os.unlink(self._path)
            except OSError:
                pass  # somebody has tidied up
        os.close(self._file)  # with all locks
        self._file = -1

    def save(self, modes: Attributes) -> None:
        """Keep the modes for whoever is last."""
        if self._file < 0:
            return
        numbers: list[int] = []
        for word in modes:
            table = word if isinstance(word, list) else [word]
            numbers += [one if isinstance(one, int) else one[0] for one in table]
        text = " ".join(map(str, numbers)).encode()
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text, 0)
        except OSError:
            pass  # a full disk: the last one has what it saw itself

    def saved(self) -> Attributes | None:
        """The modes that were kept, None where there are none."""
        if self._file < 0:
            return None
        try:
            numbers = [int(word) for word in os.pread(self._file, _MOST, 0).split()]
        except (OSError, ValueError):
            return None
        return [*numbers[:6], list(numbers[6:])] if len(numbers) > 6 else None

    def _lock(self, operation: int, byte: int) -> bool:
        try:
            fcntl.lockf(self._file, operation, 1, byte)
        except OSError:
            return False
        return True
