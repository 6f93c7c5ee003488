"""The descriptors we were started with: which are closed, which are to be passed on."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PATHS = ("/dev/fd/", "/proc/self/fd/")  # before the number of a descriptor that is handed on as a file
_closed: tuple[int, ...] = ()  # of 0, 1 and 2, those the caller had closed


def plug() -> None:
    """Put /dev/null where 0, 1 or 2 is closed; to be called before anything is opened.

    Otherwise the next file that is opened becomes standard input or output. The command gets them closed.
    """
    global _closed  # noqa: PLW0603  a process has one set of standard descriptors
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
            _closed = (*_closed, number)


def closed() -> tuple[int, ...]:
    """Those of 0, 1 and 2 that `plug` found closed."""
    return _closed


def opened() -> list[int]:
    """Every open descriptor from 3 on."""
    try:
        names = os.listdir("/dev/fd")
    except OSError:
        names = [str(number) for number in range(256)]  # a bare chroot without /dev
    numbers = [int(name) for name in names if name.isdigit() and int(name) > 2]
    return [number for number in numbers if _is_open(number)]


def inherited() -> list[int]:
    """The descriptors from 3 on that the command gets: what Python opens itself is not inheritable."""
    return [number for number in opened() if _is_inheritable(number)]


def keep_only(kept: set[int]) -> None:
    """Close every descriptor from 3 on that is not to be kept."""
    for number in opened():
        if number not in kept:
            os.close(number)


def close(*numbers: int) -> None:
    """Close what is open among the numbers."""
    for number in numbers:
        try:
            os.close(number)
        except OSError:
            pass


def write_all(number: int, data: bytes) -> None:
    """Write every byte, however small the pieces that the other side takes.

    Raises:
        OSError: as write(2); some of it may have been written.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(number, view) :]


def read_exactly(read: Callable[[int], bytes], size: int) -> bytes:
    """So many bytes, however small the pieces that they come in; fewer where they end before.

    Args:
        read: gives some of the next bytes, at most as many as it is told, and none at the end.
        size: how many.
    """
    data = bytearray()
    while len(data) < size and (more := read(min(size - len(data), 1 << 16))):
        data += more
    return bytes(data)


def to_null(*numbers: int) -> None:
    """Turn descriptors into /dev/null, so that a file or pipe they held is let go."""
    null = os.open(os.devnull, os.O_RDWR)
    for number in numbers:
        os.dup2(null, number)
    if null not in numbers:
        os.close(null)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _is_inheritable(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:  # another thread has just closed it: it was one of ours
        return False
