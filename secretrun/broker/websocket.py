"""WebSocket frames (RFC 6455): what the server says is masked, what the client says is looked through.

No extension is negotiated, so every frame is read as it stands.
"""

from __future__ import annotations

from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 1 << 24  # bytes of a message that is held until its end is there
_CONTROL = 8


class Frames:
    """Bytes to frames; `client` frames are masked (XOR), a server's are not."""

    def __init__(self, *, client: bool) -> None:
        self._client = client
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bool, int, bytes]]:
        """(final, opcode, payload) of every frame that is complete.

        Raises:
            Refused: it is no frame, or one that is too long.
        """
        self._buffer += data
        while (found := self._next()) is not None:
            yield found

    def _next(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        length, at = second & 127, 2
        if first & 0x70 or bool(second & 128) is not self._client:
            raise Refused("bad_request", detail="a WebSocket frame that was not agreed on")
        if length > 125:
            at = 4 if length == 126 else 10
            if len(buffer) < at:
                return None
            length = int.from_bytes(buffer[2:at], "big")
        if length > LONGEST:
            raise Refused("too_large")
        if self._client:
            at += 4
        if len(buffer) < at + length:
            return None
        payload = bytes(buffer[at : at + length])
        if self._client:
            payload = _xor(payload, bytes(buffer[at - 4 : at]))
        del buffer[: at + length]
        return bool(first & 128), first & 15, payload


def frame(payload: bytes, opcode: int, *, final: bool = True, key: bytes = b"") -> bytes:
    """One frame; with a `key` of 4 bytes as a client sends it."""
    bit = 128 if key else 0
    size = len(payload)
    if size < 126:
        length = bytes((bit | size,))
    elif size < 1 << 16:
        length = bytes((bit | 126,)) + size.to_bytes(2, "big")
    else:
        length = bytes((bit | 127,)) + size.to_bytes(8, "big")
    head = bytes((128 * final | opcode,)) + length
    return head + key + _xor(payload, key) if key else head + payload


def _xor(payload: bytes, key: bytes) -> bytes:
    size = len(payload)
    repeated = (key * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated, "big")
    return mixed.to_bytes(size, "big")


class Messages:
    """Whole messages through a function; control frames go on as they are.

    Args:
        change: a message's bytes to those that go on; may raise a refusal.
        client: who sends.
        random: gives the keys of a client's frames.
    """

    def __init__(
        self, change: Callable[[bytes], bytes], *, client: bool, random: Callable[[int], bytes] | None = None
    ) -> None:
        self._frames = Frames(client=client)
        self._change = change
        self._key = random if client else None
        self._opcode = 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """The next bytes of the connection; returns the frames that can go on."""
        out = []
        for final, opcode, payload in self._frames.feed(data):
            if opcode >= _CONTROL:
                out.append(self._frame(payload, opcode))
                continue
            if (opcode == 0) is not bool(self._opcode):
                raise Refused("bad_request", detail="a WebSocket message within another")
            self._opcode = self._opcode or opcode
            self._parts.append(payload)
            self._size += len(payload)
            if self._size > LONGEST:
                raise Refused("too_large")
            if final:
                out.append(self._frame(self._change(b"".join(self._parts)), self._opcode))
                self._opcode, self._parts, self._size = 0, [], 0
        return b"".join(out)

    def _frame(self, payload: bytes, opcode: int) -> bytes:
        return frame(payload, opcode, key=self._key(4) if self._key is not None else b"")
