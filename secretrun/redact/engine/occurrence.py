"""What a search finds: occurrences, and those that are not finished yet."""

from __future__ import annotations

from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.redact.pattern import Pattern

RUN = 64  # bytes of whitespace and decoration that may stand between two bytes of a broken secret
BLANKS = bytes.maketrans(SPACE, b" " * len(SPACE))  # all whitespace alike
GAP = b" " * (RUN + 1)  # so much, alike, after which nothing goes on
SHOWN = 3  # bytes of a secret that may show before a break, or on an idle terminal


class Unfinished:
    """An occurrence that is not finished yet. Places are indexes in the buffer.

    Attributes:
        keep: from here on the bytes are needed to recognise it.
        hold: from here on they must not be shown; the buffer's end when they may.
        limit: the same on an idle terminal.
        order: of the first pattern that it may become.
    """

    __slots__ = ("hold", "keep", "limit", "order")

    def __init__(self, keep: int, hold: int, limit: int, order: int) -> None:
        self.keep = keep
        self.hold = hold
        self.limit = limit
        self.order = order


class Occurrence:
    """What stands under one mask. Places are indexes in the buffer.

    Attributes:
        start: where its mask begins; `end`: just after its last byte.
        keep: from here on the bytes are needed to recognise it again.
        solid: it was found in the bytes as they are, escapes and all.
    """

    __slots__ = ("end", "keep", "pattern", "solid", "start")

    def __init__(self, start: int, end: int, keep: int, pattern: Pattern, *, solid: bool) -> None:
        self.start = start
        self.end = end
        self.keep = keep
        self.pattern = pattern
        self.solid = solid

    def rank(self) -> tuple[int, int, int]:
        """Sorted by this, the occurrence that gives the mask its name comes first."""
        return self.start, -self.end, self.pattern.order


def mask_start(places: Sequence[int], begin: int, end: int) -> int:
    """How many of the bytes `begin` to `end` of a reading stand before a break that shows them.

    A line end after the first few bytes of a secret must not hold the line back: a reader waiting for that
    line would wait forever. So bytes before a break within the first `SHOWN` bytes show, and the mask
    begins after the last such break.
    """
    if places[end - 1] - places[begin] == end - 1 - begin:
        return 0
    for index in range(min(SHOWN, end - 1 - begin), 0, -1):
        if places[begin + index] - places[begin + index - 1] > 1:
            return index
    return 0
