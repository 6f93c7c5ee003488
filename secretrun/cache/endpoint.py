"""Where the cache's socket is, and whether the one who answers there is really us.

Both sides check: the directory must be ours and closed to others, and the kernel must say that the
process at the other end runs as our user (SO_PEERCRED on Linux, LOCAL_PEERCRED on macOS).

`_socket` and not `socket`: the wrapper module brings selectors and enum, 6 ms on every cached run. And that
only where there is a connection: a run without a cache asks for the place of its locks.
"""

from __future__ import annotations

import os
import sys

from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
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


def peer_uid(connection: _socket.socket) -> int:
    """The user id of the process at the other end of a Unix socket."""
    import _socket

    if sys.platform == "darwin":
        # struct xucred: version (u32), uid (u32), ...
        raw = connection.getsockopt(SOL_LOCAL, LOCAL_PEERCRED, 76)
        return int.from_bytes(raw[4:8], sys.byteorder)
    raw = connection.getsockopt(_socket.SOL_SOCKET, _socket.SO_PEERCRED, 12)  # struct ucred: pid, uid, gid
    return int.from_bytes(raw[4:8], sys.byteorder)
