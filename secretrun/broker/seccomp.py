"""The sandbox's filter of system calls, assembled here: no sockets of the host's, no way round the filter.

`socket(AF_UNIX)` and io_uring (which can open sockets past a filter) are refused, typing into the terminal
(TIOCSTI) too; calls of another architecture or of x32 don't exist. Numbers are those of linux/audit.h and
of each architecture's unistd.h.
"""

from __future__ import annotations

import struct

# machine: (AUDIT_ARCH, socket, ioctl)
MACHINES = {"x86_64": (0xC000003E, 41, 16), "aarch64": (0xC00000B7, 198, 29)}
_IO_URING = (425, 426, 427)  # the same everywhere
_AF_UNIX = 1
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_X32 = 0x40000000

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _EPERM, _ENOSYS = 0x7FFF0000, 0x00050001, 0x00050026
_NUMBER, _ARCHITECTURE, _FIRST, _SECOND = 0, 4, 16, 24  # offsets in struct seccomp_data, little-endian


def program(machine: str, *, unix: bool) -> bytes | None:
    """The filter for a machine, or None where the numbers are not known.

    Args:
        machine: as `os.uname` calls it.
        unix: AF_UNIX sockets are refused.
    """
    if machine not in MACHINES:
        return None
    architecture, socket, ioctl = MACHINES[machine]
    # Jumps are written as names here and become distances below.
    code: list[tuple[int, str, str, int]] = [
        (_LOAD, "", "", _ARCHITECTURE),
        (_EQUAL, "", "absent", architecture),
        (_LOAD, "", "", _NUMBER),
    ]
    if machine == "x86_64":
        code.append((_AT_LEAST, "absent", "", _X32))
    code += [(_EQUAL, "refuse", "", number) for number in _IO_URING]
    code.append((_EQUAL, "", "no ioctl", ioctl))
    code.append((_LOAD, "", "", _SECOND))
    code.append((_EQUAL, "refuse", "", _TIOCSTI))
    code.append((_EQUAL, "refuse", "allow", _TIOCLINUX))
    labels = {"no ioctl": len(code)}
    if unix:
        code.append((_EQUAL, "", "allow", socket))
        code.append((_LOAD, "", "", _FIRST))
        code.append((_EQUAL, "refuse", "", _AF_UNIX))
    for name, value in (("allow", _ALLOW), ("refuse", _EPERM), ("absent", _ENOSYS)):
        labels[name] = len(code)
        code.append((_RETURN, "", "", value))
    packed = b""
    for at, (operation, true, false, value) in enumerate(code):
        jumps = [labels[name] - at - 1 if name else 0 for name in (true, false)]
        packed += struct.pack("<HBBI", operation, *jumps, value)
    return packed
