"""What stands at the margins of a text, and the text without it."""

from __future__ import annotations

from bisect import bisect_left

from secretrun.redact.engine.keys import HEAD
from secretrun.redact.engine.occurrence import RUN
from secretrun.redact.engine.terminal_escapes import borders, left_margins, margin_marks, right_margins
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KEPT = bytes(byte not in SPACE for byte in range(256))
MARKS = b"\\|>#+*:;%!-/<"  # what may stand round a line break, besides lines of boxes
_MARGINS = MARKS + b"\xe2"
_BOX = bytes([0xE2, *range(0x80, 0xC0)])  # bytes of those
MARKED = frozenset(bytes([byte]) for byte in MARKS + _BOX)
_BORDER_ENDS = b"|\\" + _BOX
IN_BORDER = _BORDER_ENDS + b" \t"
AT_MARGIN = MARKS + _BOX + b" \t\r"
_NOTHING = AT_MARGIN + b"\b_"


def may_have_margins(text: bytes) -> bool:
    return b"\n" in text and len(text.translate(None, _MARGINS)) < len(text)


def has_margin(text: bytes) -> bool:
    """Whether anything may stand at a margin of a text with line ends."""
    return may_have_margins(text) and margin_marks().search(text) is not None


def without_margins(text: bytes) -> bytes:
    """`text` without whitespace and what stands at its margins."""
    return right_margins().sub(b"\n", left_margins().sub(b"\n", text)).translate(None, SPACE)


class Way:
    """A text with its places; see `Reading`, but that `sure` is an index in the buffer."""

    __slots__ = ("own", "places", "soft", "sure", "text")

    def __init__(
        self,
        text: bytes,
        places: Sequence[int],
        soft: Sequence[int],
        *,
        own: bool = False,
        sure: int | None = None,
    ) -> None:
        self.text = text
        self.places = places
        self.soft = soft
        self.own = own
        self.sure = sure


def ways_without_margins(
    text: bytes, places: Sequence[int], soft: Sequence[int], may_begin: Callable[[bytes], bool]
) -> list[Way]:
    """The text without whitespace and margins, and from each byte at a margin on with which a key begins.

    So an occurrence is found in what follows its first byte, whatever stands before it. Where the blank that
    makes a margin of the last line may be written over, the text without that blank is another way.
    """
    from itertools import compress

    size = len(text)
    kept = bytearray(text.translate(KEPT))
    for match in right_margins().finditer(text):
        start, end = match.span()
        kept[start:end] = bytes(end - start)
    mask = bytearray(kept)
    margins = [match.span() for match in left_margins().finditer(text)]
    for start, end in margins:
        mask[start:end] = bytes(end - start)

    def read(begin: int, mask: bytearray) -> Way:
        ways = (places[begin:], soft[begin:]) if begin else (places, soft)
        back = list(compress(ways[0], mask))
        breaks = back if soft is places else list(compress(ways[1], mask))
        return Way(bytes(compress(text[begin:], mask)), back, breaks, own=begin > 0)

    found = [read(0, mask)]
    at_margins = {text[at] for start, end in margins for at in range(start + 1, end) if kept[at]}
    firsts = {byte for byte in at_margins if may_begin(bytes((byte,)))}
    for start, end in margins if firsts else ():
        for at in range(start + 1, end):
            if kept[at] and text[at] in firsts:
                own = kept[at:end] + mask[end:]
                for most in (RUN, len(own)):
                    part = bytes(compress(text[at : at + most], own))
                    sure = len(part.rstrip(_NOTHING)) - 1  # what follows may turn out to be nothing
                    if sure >= HEAD:
                        break
                if may_begin(part[: min(HEAD, max(1, sure))]):
                    found.append(read(at, own))
    if margins and margins[-1][1] == size - 1 and text.endswith(b" "):
        for way in ways_without_margins(text[:-1], places[: size - 1], soft[: size - 1], may_begin):
            way.sure = places[margins[-1][0]]
            found.append(way)
    return found


def ends_before_margin(text: bytes, soft: Sequence[int], all_soft: Sequence[int]) -> list[int]:
    """Where the text without margins ends if its last bytes turn out to be one; `text` has them still."""
    begin = max(0, len(text) - 4 * RUN)
    end = text[begin:]
    line, mark, left = end.rpartition(b"\n")
    found = []
    # what may be a border; all of the last line may be a margin, and a border stand before it
    for part in (end, line) if mark and not left.strip(AT_MARGIN) else (end,):
        bare = part.rstrip(b" \t\r")
        if bare and bare[-1] in _BORDER_ENDS:
            border = borders().search(bare, len(bare.rstrip(IN_BORDER)))
            assert border is not None  # noqa: S101  it may be empty
            bare = bare[: border.start()].rstrip(b" \t")
        elif part is end:
            continue
        if len(bare) < len(end):
            found.append(bisect_left(soft, all_soft[begin + len(bare)]))
    return found
