"""Freed memory, given back to the kernel by a process that lives long."""

from __future__ import annotations


def give_back() -> None:
    """Give back every page that nothing in use lies on; nothing where the C library has no call for that.

    glibc (malloc_trim(3)) gives back the end of its heap alone by itself: what is freed below one small piece
    in use stays.
    """
    try:
        import ctypes

        ctypes.CDLL(None).malloc_trim(0)
    except Exception:  # noqa: BLE001, S110  macOS and musl have none, and give back more by themselves
        pass
