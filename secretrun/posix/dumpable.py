"""Keep secrets out of core dumps and out of the reach of other processes of the same user.

The command gets its caller's core limit back; it is dumpable again by its own exec, and its environment
can be read by the same user as that of any program.
"""

from __future__ import annotations

import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_PR_SET_DUMPABLE = 4

_core_limit: tuple[int, int] | None = None  # as the caller set it


def forbid() -> None:
    """Set our core limit to 0 and, on Linux, make us not dumpable; does nothing when done before."""
    global _core_limit  # noqa: PLW0603  a process has one core limit
    if _core_limit is not None:
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    _core_limit = (soft, hard)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if sys.platform == "linux":
        # Also hides /proc/PID/environ and /proc/PID/mem, and keeps a debugger of the same user away.
        _prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _prctl(*arguments: int) -> None:
    """prctl(2), for which Python has no name of its own."""
    try:
        # what ctypes.CDLL does, without ctypes: its types and struct take longer than all the rest of this
        import _ctypes

        ourselves = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # None is right, as for CDLL
        _ctypes.call_cdeclfunction(_ctypes.dlsym(ourselves, "prctl"), arguments)
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the protection
        import ctypes

        ctypes.CDLL(None).prctl(*arguments)


def die_with_parent(parent: int) -> None:
    """On Linux, be ended by SIGTERM when the process `parent`, which forked us, ends; at once if it has."""
    import os
    import signal

    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def give_back() -> None:
    """In the child, before exec: the core limit as the caller set it."""
    if _core_limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, _core_limit)


def take_again() -> None:
    """After `give_back` in ourselves: our core limit is 0 again."""
    if _core_limit is not None:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, _core_limit[1]))
