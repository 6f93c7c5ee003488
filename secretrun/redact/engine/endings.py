"""The end of a text in each reading, without the readings of all of it."""

from __future__ import annotations

from secretrun.redact.engine.base64_edge import leftmost
from secretrun.redact.engine.ellipsis import LONGEST_END
from secretrun.redact.engine.keys import HEAD
from secretrun.redact.engine.margins import IN_BORDER, has_margin, without_margins
from secretrun.redact.engine.occurrence import Unfinished
from secretrun.redact.engine.prefilter import TAIL
from secretrun.redact.engine.readings import is_open, lone_returns, shown, special
from secretrun.redact.engine.terminal_escapes import (
    LONGEST_CSI,
    SPECIAL,
    borders,
    colours,
    controls,
    to_first_column,
)
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secretrun.redact.engine.keys import Beginning

WINDOW = LONGEST_END + 16  # bytes that nearly always hold `TAIL` that are shown
_NO_TEXT = frozenset(bytes([byte]) for byte in b"|\\\r" + bytes(byte for byte in SPECIAL if byte < 0x80))
NEAR = 64  # the same of bytes that hold a few


class End:
    """The end of a text.

    Attributes:
        text: the text.
        waiting: what may begin at its end.
    """

    __slots__ = ("_before", "text", "waiting")

    def __init__(self, text: bytes, before: tuple[int, int]) -> None:
        self.text = text
        self.waiting: list[Unfinished] = []
        self._before = before

    def wait(self, places: Sequence[int], shown: int, known: Beginning) -> None:
        """Wait for what follows a beginning at these places, the first `shown` of which may show."""
        first, count = places[0], len(places)
        early = max(shown, known.early)
        limit = places[early] if early < count else 0
        if shown:
            hold = places[shown] if shown < count else 0
            self.waiting.append(Unfinished(first, hold, limit, known.order))
            return
        size = len(self.text)
        start = leftmost(self.text, size + first, known.left, self._before) - size
        self.waiting.append(Unfinished(start, start, limit - (first - start), known.order))


def may_be_border(line: bytes) -> bool:
    """Whether the end of a line without blanks there may be a border, whole or cut, or written over."""
    last = line[-1:]
    if last < b"\x80":
        return last in _NO_TEXT
    border = borders().search(line, len(line.rstrip(IN_BORDER)))
    return border is not None and border.start() < len(line)


def ending(
    text: bytes, *, screen: bool, size: int = WINDOW, enough: int = TAIL
) -> tuple[int, bytes, list[bytes]]:
    """Where the end of a text begins, what is shown of it, and the end in each reading, squeezed.

    Each of these has `enough` bytes, or all that there are.
    """
    begin = len(text)
    while True:
        begin = max(0, begin - size)
        if begin and screen and is_open(text[:begin]):
            begin = max(0, text.rfind(b"\x1b", 0, begin))  # not within a sequence
        end = text[begin:]
        endings = [end.translate(None, SPACE)]
        if screen:
            if special(end):
                end = shown(end)
                endings.append(end.translate(None, SPACE))
            if 0x0A in end and has_margin(end):
                # before the first line end it may begin within a margin
                endings.append(without_margins(end[end.index(b"\n") if begin else 0 :]))
        if not begin or min(map(len, endings)) >= enough:
            return begin, end, [squeezed[-enough:] for squeezed in endings]
        size *= 2


def shown_start(text: bytes) -> bytes:
    """The first four bytes that are shown of a text, where its sequences alone tell them; else none."""
    seen = colours().sub(b"", text[: 2 * NEAR])[: 2 * HEAD]
    return b"" if len(seen) < 2 * HEAD or special(seen) else seen[:HEAD]


def shown_end(text: bytes, *, opened: bool) -> tuple[int, bytes, Callable[[], Sequence[int]]] | None:
    """Where a cut sequence begins, or the end of a text; a little of what is shown before it, with places.

    Places count from the end of the text. None where that can't be told by its sequences alone.

    Args:
        text: the text.
        opened: what `is_open` says of it.
    """
    size = cut = len(text)
    if opened:
        cut = text.rfind(b"\x1b")
        match = controls(True, False).match(text, cut) if cut >= 0 else None
        if match is None or match.lastindex is None or 0x9B in text[-LONGEST_CSI:]:
            return _walked(text)
    begin = max(0, cut - 2 * NEAR)
    if begin:
        begin = text.find(b"\x1b", begin, cut)
        if begin < 0:
            return _walked(text)
    part = text[begin:cut]
    seen = colours().sub(b"", part)
    if (
        len(seen) - seen.count(b" ") < 3 * HEAD
        or 0x1B in seen
        or _no_text(seen if seen.isascii() else colours().sub(b" ", part))
    ):
        return _walked(text)
    return cut, seen, lambda: _places(part, begin - size)


def _places(part: bytes, first: int) -> list[int]:
    """Where the bytes that `colours` leaves of a text are."""
    places: list[int] = []
    last = first
    for match in colours().finditer(part):
        begin, end = match.span()
        places += range(last, first + begin)
        last = first + end
    places += range(last, first + len(part))
    return places


def _no_text(piece: bytes) -> bool:
    """Whether a text without sequences may be shown otherwise."""
    return special(piece) and (0x08 in piece or lone_returns(piece) or controls().search(piece) is not None)


def _walked(text: bytes) -> tuple[int, bytes, Callable[[], Sequence[int]]] | None:
    """The same, from sequence to sequence."""
    size = stop = cut = len(text)
    pieces: list[bytes] = []
    ranges: list[range] = []
    count = 0
    expression = controls(True, False)
    for _ in range(NEAR):
        begin = text.rfind(b"\x1b", 0, stop)
        if begin < 0:
            after = max(0, stop - NEAR)
        else:
            match = expression.match(text, begin)
            assert match is not None  # noqa: S101  an ESC alone matches
            after = match.end()
            if match.lastindex is not None:
                cut = begin
            elif text[after - 1] in b"HG" and to_first_column(text[begin:after]):
                return None
        if after < stop:
            after = max(after, stop - NEAR)
            piece = text[after:stop]
            if _no_text(piece):
                return None
            pieces.append(piece)
            ranges.append(range(after - size, stop - size))
            count += len(piece) - piece.count(b" ")
        if begin < 0 or count >= 3 * HEAD:
            break
        stop = begin
        if stop and text[stop - 1] == 0x1B:
            stop = len(text[:stop].rstrip(b"\x1b"))
    else:
        return None  # hardly anything but sequences
    pieces.reverse()
    ranges.reverse()
    return cut, b"".join(pieces), lambda: [place for part in ranges for place in part]
