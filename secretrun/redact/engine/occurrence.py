"""What scanning finds: occurrences, and those that are not finished yet."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.redact.engine.pattern import Pattern

RUN = 64  # whitespace bytes that may stand between two bytes of a broken secret
SHOWN = 3  # bytes of a secret that may show before a break, or on an idle terminal


class Live:
    """An occurrence that is not finished yet. Places are indexes in the buffer.

    Attributes:
        keep: from here on the bytes are needed to recognise it.
        hold: from here on they must not be shown; the buffer's end when they may.
        limit: the same on an idle terminal.
        end: just after the last byte of it.
        matched: bytes of the pattern seen.
        length: bytes the pattern has.
        order: of the pattern, or -1 when several share these bytes.
    """

    __slots__ = ("end", "hold", "keep", "length", "limit", "matched", "order")

    def __init__(
        self,
        keep: int,
        hold: int,
        limit: int,
        end: int,
        *,
        matched: int = 0,
        length: int = 0,
        order: int = -1,
    ) -> None:
        self.keep = keep
        self.hold = hold
        self.limit = limit
        self.end = end
        self.matched = matched
        self.length = length
        self.order = order


class Span:
    """An occurrence. Places are indexes in the buffer.

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
        """Sorted by this, the span that gives the mask its name comes first."""
        return self.start, -self.end, self.pattern.order


def shown(length: int) -> int:
    """How many bytes of a pattern of `length` bytes an idle terminal may show."""
    return min(SHOWN, length // 8)


def mask_start(places: Sequence[int]) -> int | None:
    """The index in `places` where the mask begins, or None when a run of whitespace is too long."""
    begin = 0
    previous = places[0]
    for index, place in enumerate(places):
        if place - previous > 1:
            if place - previous > RUN + 1:
                return None
            if index <= SHOWN:
                begin = index
        previous = place
    return begin
