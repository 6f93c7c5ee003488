"""Threads and locks, without the 4 ms that importing `threading` takes.

`_thread` is what `threading` itself is made of; where another Python has no such module, or it fails us,
`threading` does the same.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Lock

try:
    from _thread import TIMEOUT_MAX, allocate_lock, start_new_thread
except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
    from threading import TIMEOUT_MAX
    from threading import Lock as allocate_lock  # noqa: N813  the name of the same thing in `_thread`

    start_new_thread = None  # type: ignore[assignment]

__all__ = ["Worker", "busy", "lock", "start"]

_workers: set[Worker] = set()  # those that have not ended


def lock() -> Lock:
    """A new lock, which whoever has it may let go in another thread."""
    try:
        return allocate_lock()
    except Exception:  # noqa: BLE001  as above
        from threading import Lock

        return Lock()


def start(work: Callable[[], object]) -> None:
    """Have `work` done in a thread of its own, which does not keep the program from ending.

    Raises:
        RuntimeError: there is no thread to be had.
    """
    try:
        start_new_thread(work, ())
    except Exception:  # noqa: BLE001  as above; with no threads left, this raises too
        from threading import Thread

        Thread(target=work, daemon=True).start()


def busy() -> bool:
    """Whether a worker is still at work.

    The interpreter would wait for it at its end, if `threading` was imported in it first: that takes the
    thread it is imported in for the main one.
    """
    return bool(_workers)


class Worker:
    """A thread that is waited for, but not for ever; what `work` raises ends it, and is nowhere printed.

    Raises:
        RuntimeError: there is no thread to be had.
    """

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._busy = lock()
        self._busy.acquire()
        _workers.add(self)
        try:
            start(self._run)
        except BaseException:
            _workers.discard(self)
            raise

    def _run(self) -> None:
        try:
            self._work()
        except BaseException:  # noqa: BLE001, S110  a traceback may quote a value; who waits sees that nothing came
            pass
        finally:
            _workers.discard(self)
            self._busy.release()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for its end, so many seconds at most; False when it is still at work."""
        if not self._busy.acquire(timeout=-1 if seconds is None else min(seconds, TIMEOUT_MAX)):
            return False
        self._busy.release()
        return True
