"""Messages between the wrapper and the broker's process: JSON with its length before it, over a socket."""

from __future__ import annotations

import json
import socket
import struct

from secretrun.posix.descriptors import read_exactly

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LENGTH = struct.Struct("!I")


def send(control: socket.socket, message: Mapping[str, object], descriptors: tuple[int, ...] = ()) -> None:
    """One message, its length before it; descriptors travel with the length."""
    raw = json.dumps(message).encode()
    head = _LENGTH.pack(len(raw))
    if descriptors:
        socket.send_fds(control, [head], list(descriptors))
    else:
        control.sendall(head)
    control.sendall(raw)


def receive(control: socket.socket) -> tuple[dict[str, object] | None, list[int]]:
    """The next message and its descriptors; None at the end."""
    head, handed, _, _ = socket.recv_fds(control, _LENGTH.size, 4)
    head += _exactly(control, _LENGTH.size - len(head)) if head else b""
    if not head:
        return None, handed
    raw = _exactly(control, _LENGTH.unpack(head)[0])
    return json.loads(raw), handed


def _exactly(control: socket.socket, size: int) -> bytes:
    data = read_exactly(control.recv, size)
    if len(data) < size:
        raise ConnectionResetError
    return data
