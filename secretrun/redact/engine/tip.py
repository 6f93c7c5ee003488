"""The last bytes of a reading, where they alone tell what may begin there."""

from __future__ import annotations

from secretrun.redact.engine.ellipsis import LONGEST_MARK, QUOTES, undecided_ellipsis
from secretrun.redact.engine.endings import NEAR
from secretrun.redact.engine.margins import IN_BORDER, MARKS
from secretrun.redact.engine.terminal_escapes import borders, left_marks
from secretrun.redact.pattern import SPACE

_LONGEST_CUT = 6  # bytes of `\u2026`, cut
_AT_MARGIN = MARKS + SPACE  # besides borders
_OF_COUNT = frozenset(b"0123456789chars")
_BEFORE_ELLIPSIS = frozenset(b".[" + QUOTES)  # what may be one's, or stand before one
_OF_BORDER = frozenset(IN_BORDER)


def last_bytes(bare: bytes, size: int, *, shown: bool, opened: bool) -> bytes | None:
    """The last bytes of a reading, squeezed, where all of them but one are the same however it goes on.

    None where a margin, an overstrike or an ellipsis may have to do with more than the very last one. With
    `opened` the end is a sequence that is cut, and waited for however an ellipsis begins in it.
    """
    tip = bare[-size:]
    if not tip.isalnum():
        tip = (_line(bare[-NEAR:], size) if shown else bare[-NEAR:].translate(None, SPACE))[-size:]
    if len(tip) < size or 0x5C in tip[-_LONGEST_CUT:]:
        return None
    if not tip:
        return tip
    last = tip[-1]
    if shown:
        if last == 0x5F or (last in _OF_BORDER and _is_border(bare)):
            return None
    elif last in b"\xe2\x80":
        return None  # cut
    if last in _OF_COUNT and not opened and 0x5B in bare[-NEAR:] and _may_be_count(bare):
        return None
    if last == 0x2E and size > 1 and tip[-2] in _BEFORE_ELLIPSIS:
        return None  # an ellipsis may begin with both
    return tip


def _may_be_count(bare: bytes) -> bool:
    """Whether a text, with its whitespace or without, may turn out to end in the number of an ellipsis."""
    ways = (bare[-LONGEST_MARK:], bare[-NEAR:].translate(None, SPACE)[-LONGEST_MARK:])
    return any(undecided_ellipsis(way, len(way)) < len(way) for way in ways)


def _line(text: bytes, size: int) -> bytes:
    """The last line, squeezed; with those before it while it is short, where no margin can be between."""
    at = text.rfind(b"\n") + 1
    line = text[at:].lstrip(SPACE)
    inner = line.lstrip(_AT_MARGIN)
    if inner[:1] == b"\xe2":
        match = left_marks().match(inner)
        inner = inner[match.end() :] if match is not None else inner
    squeezed = inner.translate(None, SPACE)
    if len(squeezed) < size and at and inner == line:
        before = text[:at].rstrip(SPACE)
        if before and before[-1] not in _OF_BORDER:
            return _line(before, size) + squeezed
    return squeezed


def _is_border(bare: bytes) -> bool:
    """Whether the end of a line may turn out to be a border, whole or cut."""
    border = borders().search(bare, len(bare.rstrip(IN_BORDER)))
    return border is not None and border[0] != b""


def written_over(text: bytes) -> bool:
    """Whether the last character may be written over by what comes."""
    return text[-2:-1] == text[-1:] or text[-1:] == b"_"
