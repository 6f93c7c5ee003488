"""Wait for descriptors: poll, or select where poll can't watch terminals.

May import: nothing.
"""

from __future__ import annotations

import select
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# macOS: poll and kqueue fail on /dev/tty. Elsewhere select fails on descriptors above 1023.
USE_SELECT = sys.platform == "darwin"


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
    # Rounded up, or the last fraction of a millisecond would be waited for in a busy loop.
    happened = poll.poll(None if timeout is None else int(timeout * 1000) + 1)
    broken = select.POLLHUP | select.POLLERR | select.POLLNVAL
    return (
        {fd for fd, events in happened if wanted[fd] & select.POLLIN and events & (select.POLLIN | broken)},
        {fd for fd, events in happened if wanted[fd] & select.POLLOUT and events & (select.POLLOUT | broken)},
    )
