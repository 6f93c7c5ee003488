"""How the bytes of a stream may be read: as they are, and without their terminal escapes.

A terminal shows `ESC[1mse` `ESC[0mcret` as one word, so a secret is looked for in both readings. A
`View` is one reading of a buffer: its text, the text without whitespace, and the way back from a
place in either to the place in the buffer.
"""

from __future__ import annotations

from secretrun.redact.engine.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from re import Pattern as Expression

# What stands before a text: its last byte, or -1, and how many base64 characters in a row, modulo 4.
START = (-1, 0)
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_KEPT = bytes(0 if byte in SPACE else 1 for byte in range(256))


def after(text: bytes, index: int, before: tuple[int, int]) -> tuple[int, int]:
    """What stands before `text[index]`, when `before` stands before the text."""
    if not index:
        return before
    byte = text[index - 1]
    if byte not in BASE64:
        return byte, 0
    head = text[max(0, index - 64) : index]
    run = len(head) - len(head.rstrip(BASE64))
    if run == len(head):
        run = index - len(text[:index].rstrip(BASE64))
        if run == index:
            run += before[1]
    return byte, run % 4


def has_escapes(data: bytes) -> bool:
    """Whether any byte of `data` can start or be a terminal control sequence that prints nothing."""
    return 0x1B in data or 0x0E in data or 0x0F in data


def escapes(*, cut: bool = True, shifts: bool = True) -> Expression[bytes]:
    """The sequences of ECMA-48 and xterm that print nothing; group `open` is one cut by the end.

    Lengths are bounded: a sequence that does not end is data. Strings (OSC and the like) hold no line
    ends, and at most 2,048 bytes, enough for the URL of a hyperlink. Without `cut` a string that has
    not ended yet is data already. Without `shifts` SO and SI are left in: it is a third of the time
    where all that is looked for begins with one byte. `re` is imported when the first escape is seen,
    and keeps the result.
    """
    import re

    string = rb"[^\x07\x0a\x0d\x0e\x0f\x18\x1a\x1b]{0,2048}"
    return re.compile(
        rb"\x1b(?:"
        rb"\[[0-?]{0,60}[ -/]{0,4}[@-~]"  # CSI: colours, erasing, modes
        rb"|\]" + string + rb"(?:\x07|\x1b\\)"  # OSC: titles, hyperlinks
        rb"|[PX^_]" + string + rb"\x1b\\"  # DCS, SOS, PM, APC
        rb"|[ -/]{1,4}[0-~]"  # character sets
        rb"|[0-OQ-WYZ\\`-~]"  # the two-byte ones
        rb"|(?P<open>(?:\[[0-?]{0,60}[ -/]{0,4}|[ -/]{1,4}"
        + (rb"|[\]PX^_]" + string + rb"\x1b?" if cut else b"")
        + rb")?\Z))"
        + (rb"|[\x0e\x0f]" if shifts else b"")
    )


def _for(data: bytes, *, cut: bool = True) -> Expression[bytes]:
    return escapes(cut=cut, shifts=0x0E in data or 0x0F in data)


def stripped(data: bytes) -> bytes:
    """`data` without its escape sequences, and without one that its end cuts."""
    return _for(data).sub(b"", data)


class View:
    """A buffer as it is.

    Attributes:
        text: what is read.
        before: what stands before `text`, see `after`.
        end: the length of the buffer.
    """

    __slots__ = ("_places", "_squeeze", "_squeezed", "before", "end", "text")

    solid = True  # escapes in what is found here are part of it

    def __init__(
        self,
        text: bytes,
        before: tuple[int, int],
        squeeze: Callable[[bytes], bytes],
        *,
        end: int | None = None,
    ) -> None:
        self.text = text
        self.before = before
        self.end = len(text) if end is None else end
        self._squeeze = squeeze
        self._squeezed: bytes | None = None
        self._places: list[int] | None = None

    @property
    def squeezed(self) -> bytes:
        """What the patterns' keys are looked for in, see `PatternSet.squeezed`."""
        if self._squeezed is None:
            self._squeezed = self._squeeze(self.text)
        return self._squeezed

    def places(self) -> list[int] | range:
        """For every byte of `squeezed` its index in `text`."""
        if len(self.squeezed) == len(self.text):
            return range(len(self.text))
        if self._places is None:
            from itertools import compress

            self._places = list(compress(range(len(self.text)), self.text.translate(_KEPT)))
        return self._places

    def raw(self, index: int) -> int:
        """The index in the buffer of byte `index` of `text`; the buffer's end for the text's end."""
        return index

    def raw_end(self, index: int) -> int:
        """The index in the buffer just after byte `index - 1` of `text`."""
        return index

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.text)} bytes>"


class PlainText(View):
    """A buffer without its escape sequences.

    Attributes:
        sequences: (start, end) of every sequence in the buffer, the last one perhaps cut by its end.
        cut: the last one is.
    """

    __slots__ = ("_buffer", "_cut", "_expression", "_sequences", "_starts", "_texts")

    solid = False

    def __init__(
        self,
        buffer: bytes,
        before: tuple[int, int],
        squeeze: Callable[[bytes], bytes],
        *,
        cut: bool = True,
    ) -> None:
        self._expression = _for(buffer, cut=cut)
        super().__init__(self._expression.sub(b"", buffer), before, squeeze, end=len(buffer))
        self._buffer = buffer
        self._sequences: list[tuple[int, int]] | None = None

    def _map(self) -> None:
        self._sequences = []
        self._cut = False
        for match in self._expression.finditer(self._buffer):
            self._sequences.append(match.span())
            self._cut = match.lastgroup is not None
        self._texts = [0]  # where in `text` each piece between sequences starts
        self._starts = [0]  # and where in the buffer
        removed = 0
        for start, end in self._sequences:
            removed += end - start
            self._texts.append(end - removed)
            self._starts.append(end)

    @property
    def sequences(self) -> list[tuple[int, int]]:
        if self._sequences is None:
            self._map()
        assert self._sequences is not None  # noqa: S101  what _map is for
        return self._sequences

    @property
    def cut(self) -> bool:
        return bool(self.sequences) and self._cut

    def after(self, index: int) -> tuple[int, int]:
        """What stands in `text` before byte `index` of the buffer."""
        from bisect import bisect_right

        _ = self.sequences
        piece = bisect_right(self._starts, index) - 1
        place = self._texts[piece] + index - self._starts[piece]
        # within a sequence: what is before it
        limit = self._texts[piece + 1] if piece + 1 < len(self._texts) else len(self.text)
        return after(self.text, min(place, limit), self.before)

    def raw(self, index: int) -> int:
        if index >= len(self.text):
            return self.end
        return self._at(index)

    def raw_end(self, index: int) -> int:
        return self._at(index - 1) + 1

    def _at(self, index: int) -> int:
        from bisect import bisect_right

        _ = self.sequences
        piece = bisect_right(self._texts, index) - 1
        return self._starts[piece] + index - self._texts[piece]
