"""The programs that stores are reached through: finding them, and ending those that run when we end."""

from __future__ import annotations

import os

from secretrun.posix.threads import lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The programs that run for us now: process id to whether it leads a group of its own; and the directories
# made for them. Kept here so that an interrupted or failed run can end them, whichever thread started them.
_running: dict[int, bool] = {}
starting = lock()  # held from before a program is started until it is noted
_scratch: set[str] = set()
_PATIENCE = 2.0  # seconds that starting a program may take


def started(pid: int, *, leader: bool) -> None:
    """Note a helper program that was started."""
    _running[pid] = leader


def ended(pid: int) -> None:
    """Note that it has been waited for."""
    _running.pop(pid, None)


class Scratch:
    """A context manager: an empty directory of ours alone for a helper program, removed with all in it."""

    def __enter__(self) -> str:
        import tempfile

        self._path = tempfile.mkdtemp(prefix="secretrun-")
        _scratch.add(self._path)
        return self._path

    def __exit__(self, *_: object) -> None:
        _remove(self._path)


def _remove(directory: str) -> None:
    import shutil

    shutil.rmtree(directory, ignore_errors=True)
    _scratch.discard(directory)


def kill_running(*, last: bool = False) -> None:
    """Kill every helper program that runs, with its group where it leads one; remove what was theirs.

    Args:
        last: we end at once, so no thread may start another one.
    """
    held = starting.acquire(timeout=_PATIENCE)
    for pid, leader in list(_running.items()):
        try:
            if leader:
                os.killpg(pid, 9)
            else:
                os.kill(pid, 9)
        except OSError:
            pass  # it has just ended
    for directory in list(_scratch):
        _remove(directory)
    if held and not last:
        starting.release()


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """The absolute path of program `name` on the PATH of `environ`, or None.

    A name with a slash is taken as it is. Relative PATH entries are passed over: a program planted in
    the current directory must not be the one that gets to see the secrets.
    """
    if os.sep in name:
        return name if is_program(name) else None
    for directory in environ.get("PATH", os.defpath).split(os.pathsep):
        if os.path.isabs(directory):
            candidate = os.path.join(directory, name)
            if is_program(candidate):
                return candidate
    return None


def is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)
