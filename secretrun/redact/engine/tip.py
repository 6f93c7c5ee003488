"""The last bytes of a reading, where they alone tell what may begin there."""

from __future__ import annotations

from itertools import product

from secretrun.redact.engine.ellipsis import LONGEST_MARK, QUOTES, undecided_ellipsis
from secretrun.redact.engine.endings import NEAR
from secretrun.redact.engine.keys import HEAD
from secretrun.redact.engine.margins import AT_MARGIN
from secretrun.redact.pattern import SPACE

# What a byte may be at the end of what is shown: `a` itself, `m` a margin's where a line begins, `i` itself
# but where it is the last, `q` nothing before an ellipsis, `x` all else.
_OPENING = QUOTES.replace(b" ", b"")
_KINDS = bytes(
    ord(
        "q" if byte in _OPENING
        else "i" if byte in b".|_["
        else "m" if byte in AT_MARGIN and 0x20 < byte < 0x7F and byte != 0x5C
        else "a" if 0x20 < byte < 0x7F and byte != 0x5C
        else "x"
    )
    for byte in range(256)
)  # fmt: skip
_RAW_KINDS = bytes(
    ord("q" if byte in _OPENING else "i" if byte in b".[" else "x" if byte in b"\\\xe2\x80" + SPACE else "a")
    for byte in range(256)
)
_MAYBE_MARGIN = AT_MARGIN + bytes(range(0x80, 0x100))
_MAYBE_BORDER = frozenset(bytes([byte]) for byte in (*b"|\\", *range(0x20), *range(0x7F, 0x100)))
_OF_COUNT = frozenset(b"0123456789chars")
_SURE = frozenset(
    b"a" + b"".join(middle) + last
    for middle in product((b"a", b"m", b"i", b"q"), repeat=2)
    for last in (b"a", b"m", b"q")
)
_RAW_SURE = frozenset(
    b"".join(first) + last for first in product((b"a", b"i", b"q"), repeat=3) for last in (b"a", b"q")
)


def last_bytes(bare: bytes, *, shown: bool, opened: bool) -> bytes:
    """The last five bytes of a reading, squeezed, where its last four are the same however it goes on.

    Nothing where a margin, an overstrike or an ellipsis may have to do with more than the very last one. With
    `opened` the end is a sequence that is cut, and waited for however an ellipsis begins in it.
    """
    table, sure = (_KINDS, _SURE) if shown else (_RAW_KINDS, _RAW_SURE)
    tip = bare[-HEAD - 1 :]
    kinds = tip.translate(table)
    if opened and tip[-1:] == b"[":
        kinds = kinds[:-1] + b"a"
    if kinds[1:] not in sure:
        line = bare[-NEAR:]
        if shown:
            line = _line(line)
        tip = line.translate(None, SPACE)[-HEAD - 1 :]
        kinds = tip.translate(table)
        if kinds[1:] not in sure:
            return b""
    if tip[0] == 0x5C or (
        not opened
        and tip[-1] in _OF_COUNT
        and 0x5B in bare[-LONGEST_MARK:]
        and undecided_ellipsis(bare, len(bare)) < len(bare)
    ):
        return b""
    if kinds[-1] == 0x71 or (shown and tip[-2] == tip[-1]):
        # what is before it counts too
        return tip if kinds[:-1] in sure and kinds[-2] != 0x71 and tip[-3] != tip[-2] else b""
    return tip


def _line(text: bytes) -> bytes:
    """The last line; with the one before it, where no margin can be between them and it is short."""
    at = text.rfind(b"\n") + 1
    line = text[at:].lstrip(SPACE)
    if not at or len(line) > HEAD:
        return line
    before = text[:at].rstrip(SPACE)
    if line[0] in _MAYBE_MARGIN or before[-1:] in _MAYBE_BORDER:
        return line
    return before[before.rfind(b"\n") + 1 :] + line


def written_over(text: bytes) -> bool:
    """Whether the last character may be written over by what comes."""
    return text[-2:-1] == text[-1:] or text[-1:] == b"_"
