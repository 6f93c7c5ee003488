"""The end of a text in each reading, without the readings of all of it."""

from __future__ import annotations

from secretrun.redact.engine.ellipsis import LONGEST_END
from secretrun.redact.engine.keys import HEAD
from secretrun.redact.engine.prefilter import TAIL
from secretrun.redact.engine.readings import (
    has_margin,
    is_open,
    lone_returns,
    shown,
    special,
    without_margins,
)
from secretrun.redact.engine.terminal_escapes import controls, to_first_column
from secretrun.redact.pattern import SPACE

WINDOW = LONGEST_END + 16  # bytes that nearly always hold `TAIL` that are shown
NEAR = 64  # the same of bytes that hold a few


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


def shown_end(text: bytes) -> tuple[int, bytes, list[int]] | None:
    """Where a cut sequence begins, or the end of a text; a little of what is shown before it, with places.

    Places count from the end of the text. None where that can't be told by its sequences alone.
    """
    size = stop = cut = len(text)
    pieces: list[bytes] = []
    ranges: list[range] = []
    count = 0
    expression = controls(True, False)
    while True:
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
            if special(piece) and (
                0x08 in piece or lone_returns(piece) or controls().search(piece) is not None
            ):
                return None
            pieces.append(piece)
            ranges.append(range(after - size, stop - size))
            count += len(piece) - piece.count(b" ")
        if begin < 0 or count >= 3 * HEAD:
            break
        stop = begin
    pieces.reverse()
    ranges.reverse()
    return cut, b"".join(pieces), [place for part in ranges for place in part]
