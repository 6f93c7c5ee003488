"""What Python itself puts into our environment, taken out again: the command is to get its caller's.

In the C locale Python sets LC_CTYPE to UTF-8 for itself and all that it starts (PEP 538). What we were
started with stands in /proc/self/environ, which must be read before we are not dumpable.
"""

from __future__ import annotations

import os
import sys

_COERCED = (b"C.UTF-8", b"C.utf8", b"UTF-8")  # Python/pylifecycle.c, _TARGET_LOCALES
_C = (b"", b"C", b"POSIX")


def undo() -> None:
    """Give LC_CTYPE back the value we were started with, where Python can have changed it."""
    environ = os.environb
    if environ.get(b"LC_CTYPE") not in _COERCED or environ.get(b"LC_ALL"):
        return
    if environ.get(b"LANG", b"") not in _C:
        return
    try:
        with open("/proc/self/environ", "rb") as file:
            before = dict(one.split(b"=", 1) for one in file.read().split(b"\0") if b"=" in one)
    except OSError:  # another system, or we are not to be read already
        # It goes with UTF-8 mode, which is on anyway since Python 3.15.
        if sys.flags.utf8_mode and sys.version_info < (3, 15):
            del environ[b"LC_CTYPE"]
        return
    if b"LC_CTYPE" in before:
        environ[b"LC_CTYPE"] = before[b"LC_CTYPE"]
    else:
        del environ[b"LC_CTYPE"]
