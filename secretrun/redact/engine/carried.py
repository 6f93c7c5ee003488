"""A long secret that comes in small pieces: what waits goes on waiting, without another look at all of it.

Where the bytes that wait are the beginning of a key, from the first on, none of them may be shown and all of
them are needed, whatever else is found in them in any reading. That stays so for as long as the key goes on.
It is asked of the bytes as they are, and of those without whitespace.
"""

from __future__ import annotations

from secretrun.redact.engine.base64_edge import leftmost
from secretrun.redact.engine.occurrence import BLANKS, GAP, SHOWN
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.redact.engine.keys import Keys


class Carried:
    """The beginning of keys that a buffer is.

    Args:
        keys: among these.
        buffer: the bytes.
        place: where it begins, 1 after a base64 character that belongs to it.
        before: what stands before the buffer, see `base64_edge.after`.
        loose: whitespace counts for nothing.
    """

    __slots__ = ("_before", "_blanks", "_first", "_going_on", "_keys", "_loose", "_size")

    def __init__(
        self, keys: Keys, buffer: bytes, place: int, before: tuple[int, int], *, loose: bool
    ) -> None:
        head = buffer[place : place + SHOWN + 1]
        self._keys = keys
        self._first = buffer[:place]
        self._before = before
        self._loose = loose
        self._size = len(head)
        self._going_on = list(keys.going_on(head))  # the indexes of the keys that go on after it
        self._blanks = b""  # whitespace after it that counts for nothing

    def take(self, data: bytes) -> bool:
        """Whether it goes on with these bytes, which come after the buffer. If not, it is none any more."""
        if self._loose:
            data = self._blanks + data
            if GAP in data.translate(BLANKS):
                return False
            self._blanks = data[len(data.rstrip(SPACE)) :]
            data = data.translate(None, SPACE)
        keys, size = self._keys, self._size
        self._size = end = size + len(data)
        self._going_on = going_on = [
            index
            for index in self._going_on
            if len(keys.texts[index]) > end and keys.texts[index].startswith(data, size)
        ]
        if going_on and self._first:
            left = 0
            for index in going_on:
                left |= keys.rule(index).left
            return leftmost(self._first, 1, left, self._before) == 0
        return bool(going_on)


def carried(buffer: bytes, before: tuple[int, int], exact: Keys, loose: Keys) -> Carried | None:
    """What a buffer of some bytes is the beginning of, if it is one; `before` is what stands before it."""
    for keys, squeezed in ((loose, True), (exact, False)):
        for place in (0, 1):
            end = place + SHOWN + 1
            if squeezed and len(buffer[place:end].translate(None, SPACE)) <= SHOWN:
                continue  # what stands before a break so early is shown
            one = Carried(keys, buffer, place, before, loose=squeezed)
            if one.take(buffer[end:]):
                return one
    return None
