"""Unix sockets, without the 6 ms that importing `socket` takes: its wrapper brings selectors and enum.

Where another Python has no `_socket`, or it fails us, `socket` does the same.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket

    __all__ = ["accept", "credentials", "pair", "socket", "unix_socket"]


def unix_socket() -> socket:
    """A new stream socket.

    Raises:
        OSError: there is none to be had.
    """
    try:
        import _socket

        return _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)  # type: ignore[return-value]
    except OSError:
        raise
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        import socket

        return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)


def load() -> None:
    """Load what the others need, where there is the time for it."""
    try:
        import _socket  # noqa: F401  loading it is the purpose
    except Exception:  # noqa: BLE001, S110  as above: whoever needs it loads the other
        pass


def pair() -> tuple[socket, socket]:
    """Two stream sockets that are each other's other end.

    Raises:
        OSError: there are none to be had.
    """
    try:
        import _socket

        return _socket.socketpair()  # type: ignore[return-value]
    except OSError:
        raise
    except Exception:  # noqa: BLE001  as above
        import socket

        return socket.socketpair()


def accept(listener: socket) -> socket:
    """The next connection to a listening socket.

    Raises:
        OSError: it was closed.
    """
    try:
        descriptor = listener._accept()[0]  # type: ignore[attr-defined]  # noqa: SLF001  what `accept` wraps
    except OSError:
        raise
    except Exception:  # noqa: BLE001  as above
        import socket

        with socket.socket(fileno=os.dup(listener.fileno())) as ours:
            return ours.accept()[0]
    try:
        import _socket

        return _socket.socket(fileno=descriptor)  # type: ignore[return-value]
    except Exception:  # noqa: BLE001  as above
        import socket

        return socket.socket(fileno=descriptor)


def credentials(connection: socket) -> bytes:
    """Linux: what the kernel says of the process at the other end: struct ucred, three ints."""
    try:
        import _socket

        level, option = _socket.SOL_SOCKET, _socket.SO_PEERCRED
    except Exception:  # noqa: BLE001  as above
        import socket

        level, option = socket.SOL_SOCKET, socket.SO_PEERCRED
    return connection.getsockopt(level, option, 12)
