"""Wait for descriptors: poll, or select where poll can't watch terminals."""

from __future__ import annotations

import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# macOS: poll and kqueue fail on /dev/tty. Elsewhere select fails on descriptors above 1023.
USE_SELECT = sys.platform == "darwin"


class Poller:
    """The same descriptors to read from, waited for again and again: making a set each time costs more.

    Args:
        readers: non-negative; they stay open as long as this is used.
    """

    def __init__(self, *readers: int) -> None:
        self._readers = readers
        self._poll = None if USE_SELECT else select.poll()
        if self._poll is not None:
            for fd in readers:
                self._poll.register(fd, select.POLLIN)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until one can be read, has ended or is broken; False after so many seconds."""
        if self._poll is None:
            return bool(select.select(self._readers, [], [], timeout)[0])
        return bool(self._poll.poll(_milliseconds(timeout)))


class Arrivals:
    """In what order something came on descriptors, where the system says so (Linux)."""

    def __init__(self) -> None:
        self._epoll: select.epoll | None = None

    def add(self, reader: int) -> None:
        """Watch a descriptor too; what can't be watched never arrives."""
        if sys.platform == "linux":
            try:
                self._epoll = self._epoll or select.epoll()
                self._epoll.register(reader, select.EPOLLIN | select.EPOLLET)
            except OSError:
                pass

    def sources(self) -> list[int]:
        """Those on which something came since this was asked last, the first first."""
        return [fd for fd, _ in self._epoll.poll(0)] if self._epoll is not None else []


def holds(reader: int) -> bool:
    """Whether there are bytes to read; True too where that can't be told from an end (select)."""
    if USE_SELECT:
        return True
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    return any(events & select.POLLIN for _, events in poll.poll(0))


def wait(
    readers: Iterable[int], writers: Iterable[int] = (), timeout: float | None = None
) -> tuple[set[int], set[int]]:
    """Wait until a descriptor can be read or written without blocking, has ended or is broken.

    Args:
        readers: descriptors to read from.
        writers: descriptors to write to.
        timeout: seconds, or None to wait for ever.

    Returns:
        those of the readers, and those of the writers, that are ready; both empty after the timeout.
    """
    if USE_SELECT:
        able, writable, _ = select.select(list(readers), list(writers), [], timeout)
        return set(able), set(writable)
    poll = select.poll()
    wanted: dict[int, int] = {}
    for fd in readers:
        wanted[fd] = select.POLLIN
    for fd in writers:
        wanted[fd] = wanted.get(fd, 0) | select.POLLOUT
    for fd, events in wanted.items():
        poll.register(fd, events)
    happened = poll.poll(_milliseconds(timeout))
    broken = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return (
        {fd for fd, events in happened if wanted[fd] & select.POLLIN and events & (select.POLLIN | broken)},
        {fd for fd, events in happened if wanted[fd] & select.POLLOUT and events & (select.POLLOUT | broken)},
    )


def _milliseconds(timeout: float | None) -> int | None:
    """Rounded up, or the last fraction of a millisecond would be waited for in a busy loop."""
    if timeout is None:
        return None
    return int(timeout * 1000) + 1 if timeout > 0 else 0
