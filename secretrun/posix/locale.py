"""The locale as we were given it: Python changes a variable of ours before its first line runs."""

from __future__ import annotations

import os
import sys

# What Python sets LC_CTYPE to where the locale is C and nobody has told it not to (PEP 538).
COERCED = (b"C.UTF-8", b"C.utf8", b"UTF-8")


def undo_coercion(given: bytes | None = None) -> None:
    """Take back the LC_CTYPE that Python has set for itself, or the command would have another locale.

    To be called before we are not dumpable: what the kernel keeps of our environment can't be read then.

    Args:
        given: the environment we were started with, as the kernel has it; read there when it is None.
    """
    ours = os.environb.get(b"LC_CTYPE")
    # It is done with UTF-8 mode, which is on anyway since Python 3.15.
    if ours not in COERCED or not sys.flags.utf8_mode:
        return
    try:
        if given is None:
            with open("/proc/self/environ", "rb") as file:
                given = file.read()
    except OSError:  # macOS, or a chroot without /proc
        if sys.version_info < (3, 15):
            del os.environb[b"LC_CTYPE"]
        return
    was = [line[9:] for line in given.split(b"\0") if line.startswith(b"LC_CTYPE=")]
    if was:
        os.environb[b"LC_CTYPE"] = was[0]
    else:
        del os.environb[b"LC_CTYPE"]
