"""Errors that say that the system has no more to give: which they are, and what can be done about it.

Kept apart from bugs, which they look like: any line may be the one that needed one descriptor too many.
"""

from __future__ import annotations

import os

from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


_SHORT = ("MemoryError", "SystemError", "OSError")
_UNLOADED = ("ImportError", "ModuleNotFoundError")  # also for want of memory


class Shortage(SecretrunError):
    """No memory, descriptors, processes, or a device that every system has.

    All of its text is ours, so that it can be said where nothing can be masked any more.
    """

    code = "shortage"


def shortage(error: BaseException) -> Shortage | None:
    """The shortage that an error is of, or None."""
    import errno

    for one in _chain(error):
        number = one.errno if isinstance(one, OSError) else None
        # A library that can't be loaded says why in its text alone.
        said = str(one) if isinstance(one, (ImportError, RuntimeError)) else ""
        if number in (errno.EMFILE, errno.ENFILE) or os.strerror(errno.EMFILE) in said:
            return Shortage("too many open files", hint="allow more of them: ulimit -n 64")
        if isinstance(one, FileNotFoundError) and one.filename in (os.devnull, os.fsencode(os.devnull)):
            return Shortage(f"there is no {os.devnull}", hint="a container or chroot needs a /dev")
        if number == errno.EAGAIN or "start new thread" in said:
            return Shortage(
                "no more processes or threads, or no memory for one", hint="allow more: ulimit -u, ulimit -v"
            )
        # A redactor keeps no cause, whose frames would hold bytes of the stream, but names its kind.
        if getattr(one, "code", "") == "redact":
            if any(kind in str(one) for kind in _SHORT):
                return Shortage("not enough memory", hint="allow more: ulimit -v")
            if any(kind in str(one) for kind in _UNLOADED):
                return Shortage(
                    "a package that can't be loaded, or not enough memory,",
                    hint="install secretrun again, or allow more: ulimit -v",
                )
        # An interpreter that has no memory for its own error says that it has none.
        if isinstance(one, (MemoryError, SystemError)) or number == errno.ENOMEM or "failed to map" in said:
            return Shortage("not enough memory", hint="allow more: ulimit -v")
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, and those it came of."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = found.__cause__ or found.__context__
