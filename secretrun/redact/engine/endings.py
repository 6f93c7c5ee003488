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


def shown_end(
    text: bytes, *, opened: bool, enough: int = 3 * HEAD
) -> tuple[int, bytes, Callable[[int], Sequence[int]]] | None:
    """Where a cut sequence begins, or the end of a text; a little of what is shown before it, with places.

    The places are those from an index of it on, and count from the end of the text. None where that can't be
    told by its sequences alone.

    Args:
        text: the text.
        opened: what `is_open` says of it.
        enough: bytes but blanks that are asked for.
    """
    size = cut = len(text)
    if opened:
        cut = text.rfind(b"\x1b")
        match = controls(True, False).match(text, cut) if cut >= 0 else None
        if match is None or match.lastindex is None or 0x9B in text[-LONGEST_CSI:]:
            return None
    for most in (2 * NEAR, 2 * WINDOW, 8 * WINDOW):
        begin = max(0, cut - most)
        if begin:
            begin = max(begin, text.find(b"\x1b", begin, cut))
        part = text[begin:cut]
        seen = colours().sub(b"", part)
        if not begin or 0x1B in seen or len(seen) - seen.count(b" ") >= enough:
            break
    else:
        return None  # hardly anything but sequences
    if 0x1B in seen or _no_text(seen if seen.isascii() else colours().sub(b" ", part)):
        return None
    return cut, seen, lambda first: _places(part, len(seen) - first, begin - size)


def _places(part: bytes, count: int, begin: int) -> list[int]:
    """Where the last bytes that `colours` leaves of a text are."""
    stop = len(part)
    ranges: list[range] = []
    while count > 0:
        sequence = part.rfind(b"\x1b", 0, stop)
        match = colours().match(part, sequence) if sequence >= 0 else None
        start = max(match.end() if match is not None else 0, stop - count)
        ranges.append(range(begin + start, begin + stop))
        count -= stop - start
        stop = sequence
    return [place for part in reversed(ranges) for place in part]


def _no_text(piece: bytes) -> bool:
    """Whether a text without sequences may be shown otherwise."""
    return special(piece) and (0x08 in piece or lone_returns(piece) or controls().search(piece) is not None)
