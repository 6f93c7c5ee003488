"""Where the cache's socket is, and whether the one who answers there is really us.

Both sides check: the directory must be ours and closed to others, and the kernel must say that the
process at the other end runs as our user (SO_PEERCRED on Linux, LOCAL_PEERCRED on macOS). The client sees
besides, on Linux, that the process is not dumpable, as our cache is: what it is asked can't be read in it.
A process of our own user can make itself so too; that it is our program nobody can tell from outside.
"""

from __future__ import annotations

import os
import sys

from secretrun.posix import directories, sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL_PEERCRED = 1  # <sys/un.h> of macOS; Python has no name for it
SOL_LOCAL = 0


def socket_path(environ: Mapping[str, str]) -> str:
    """`SECRETRUN_CACHE_SOCK`, else below `$XDG_RUNTIME_DIR`, else below /tmp in a directory per user."""
    chosen = environ.get("SECRETRUN_CACHE_SOCK")
    if chosen:
        return os.path.abspath(chosen)
    return os.path.join(directories.runtime(environ), "cache.sock")


def check_directory(path: str, *, create: bool = False) -> None:
    """See that the directory of socket `path` is ours alone.

    Raises:
        NotOurs: when it belongs to somebody else, or others may write into it.
        ConfigError: when it can't be looked at.
    """
    directories.check_ours(
        os.path.dirname(path), create=create, remedy="remove it, or set SECRETRUN_CACHE_SOCK"
    )


def peer_uid(connection: sockets.socket) -> int:
    """The user id of the process at the other end of a Unix socket."""
    if sys.platform == "darwin":
        # struct xucred: version (u32), uid (u32), ...
        raw = connection.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, 76)
        return int.from_bytes(raw[4:8], sys.byteorder)
    return _credentials(connection)[1]


def check_peer(connection: sockets.socket, path: str) -> None:
    """See that who listens at the other end of `path` is our user's, and lets nobody look into it.

    Raises:
        NotOurs: it is not; what is asked would tell it which secrets are used, and its answers be believed.
    """
    if peer_uid(connection) != os.getuid():
        raise directories.NotOurs(f"the cache at {path} runs as another user", hint="remove that socket")
    if sys.platform == "linux" and not _closed(_credentials(connection)[0]):
        raise directories.NotOurs(
            f"what answers at {path} is not secretrun's cache: other processes can read its memory",
            hint=f"end that process and remove {path}, then secretrun cache start",
        )


def _credentials(connection: sockets.socket) -> tuple[int, int]:
    """Process id and user of who called listen(2) at the other end, on Linux."""
    raw = sockets.credentials(connection)  # pid, uid, gid
    return int.from_bytes(raw[:4], sys.byteorder), int.from_bytes(raw[4:8], sys.byteorder)


def _closed(pid: int) -> bool:
    """Whether a process of ours is not dumpable: then the files in /proc/PID are root's (proc(5)).

    For root, whom all files there belong to, there is nothing to see, and nothing it could be kept from.
    """
    if os.getuid() == 0:
        return pid > 0
    try:
        return os.stat(f"/proc/{pid}/environ").st_uid != os.getuid()
    except FileNotFoundError:
        pass
    try:  # hidden by the option hidepid, which never hides a dumpable one of ours
        os.kill(pid, 0)
    except OSError:
        return False
    return pid > 0
