"""How the bytes of a stream may be read: as they are and as shown, each with whitespace and without.

A terminal shows `ESC[1mse` `ESC[0mcret` as one word, so a secret is looked for in both. A `Reading` is a
text, and the way back from a place in it to the place in the buffer.
"""

from __future__ import annotations

from secretrun.redact.engine.margins import (
    KEPT,
    MARKED,
    Way,
    ends_before_margin,
    may_have_margins,
    ways_without_margins,
)
from secretrun.redact.engine.occurrence import RUN
from secretrun.redact.engine.terminal_escapes import (
    BUT_ESC,
    HOME,
    LONGEST_CSI,
    LONGEST_STRING,
    PARAMETERS,
    SPECIAL,
    controls,
    home_moves,
    may_go_home,
    only_home,
    to_first_column,
    visible,
    without_wraps,
    wraps,
)
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.redact.engine.keys import Keys

_NEAR = 64  # bytes beside a move that are looked at


class Reading:
    """One way to read a buffer.

    Attributes:
        text: the bytes.
        places: for each its index in the buffer.
        soft: for each its index in a text in which a gap is a break, see `mask_start`.
        size: the length of that text.
        end: the length of the buffer.
        ends: where in `text` it may end: bytes beyond may turn out to be nothing.
        keys: what is looked for in it.
        back: how many bytes at the end of what is shown go back in their line.
        solid: escapes in what is found here are part of it.
        shown: a terminal shows it so.
        doubtful: it is one of two ways to read the same bytes; from index `sure` on they differ.
        exact: it has its whitespace.
        own: it begins with what else is a margin, and only what begins with it is looked for.
    """

    __slots__ = (
        "back", "doubtful", "end", "ends", "exact", "keys", "own", "places", "shown", "size", "soft", "solid",
        "sure", "text",
    )  # fmt: skip

    def __init__(
        self,
        text: bytes,
        places: Sequence[int],
        soft: Sequence[int],
        keys: Keys,
        *,
        size: int,
        end: int,
        ends: tuple[int, ...],
        shown: bool,
        solid: bool,
        exact: bool,
        own: bool,
        sure: int | None,
        back: int,
    ) -> None:
        self.text = text
        self.places = places
        self.soft = soft
        self.keys = keys
        self.size = size
        self.end = end
        self.ends = ends
        self.shown = shown
        self.solid = solid
        self.exact = exact
        self.own = own
        self.back = back
        self.doubtful = sure is not None
        self.sure = sure or 0

    def gaps(self) -> list[int]:
        """The indexes before which whitespace is too long for a secret to go on."""
        soft = self.soft
        if not len(soft) or soft[-1] - soft[0] - len(soft) < RUN:
            return []
        return [index for index in range(1, len(soft)) if soft[index] - soft[index - 1] > RUN + 1]


def as_it_is(buffer: bytes, exact: Keys, loose: Keys, *, plain: bool) -> list[Reading]:
    """The buffer's bytes, and its bytes without whitespace.

    `plain` when a terminal shows the bytes as they are, but for the last ones, and margins.
    """
    every = range(len(buffer))
    return _readings(
        Way(buffer, every, every), exact, loose, size=len(buffer), end=len(buffer), shown=plain, solid=True
    )


def _readings(
    whole: Way, exact: Keys, loose: Keys, *, size: int, end: int, shown: bool, solid: bool
) -> list[Reading]:
    """A text, the text without whitespace, and without what stands at its margins too.

    From index `whole.sure` of the buffer on it is only one of two ways to read it.
    """
    text = whole.text
    ways = [whole]
    if loose:
        ways.append(_without_space(whole))
        if shown and may_have_margins(text):  # besides, for what stands at one may be the secret's
            ways += ways_without_margins(text, whole.places, whole.soft, loose.may_begin)
    back = len(text) - len(text.rstrip(b"\b\r")) if shown else 0
    # what goes back behind the last byte has it written over already, or not at all
    gone = len(text) > 0 and whole.soft[-1] + 1 < size
    found = []
    for number, way in enumerate(ways):
        ends: tuple[int, ...] = ()
        if shown:
            ends = other_ends(way.text, gone=gone)
            if number:
                ends = (*ends, *ends_before_margin(text, way.soft, whole.soft))
        doubts = [place for place in (whole.sure, way.sure) if place is not None]
        found.append(
            Reading(
                way.text,
                way.places,
                way.soft,
                loose if number else exact,
                size=size,
                end=end,
                ends=ends,
                shown=shown,
                solid=solid and number < 2,
                exact=not number,
                own=way.own,
                sure=_count(way.places, min(doubts)) if doubts else None,
                back=back,
            )
        )
    return found


def _kept(text: bytes, places: Sequence[int]) -> list[int]:
    """The places of the bytes of `text` that are no whitespace."""
    from itertools import compress

    return list(compress(places, text.translate(KEPT)))


def lone_returns(text: bytes) -> bool:
    """Whether a CR goes back in its line: whether it is no part of a line end."""
    return 0x0D in text and text.count(b"\r") != text.count(b"\r\n")


def special(text: bytes) -> bool:
    """Whether a terminal may show `text` otherwise than byte by byte and line by line."""
    return len(text.translate(None, SPECIAL)) < len(text) or lone_returns(text)


def is_open(text: bytes) -> bool:
    """Whether the end of the text may cut a sequence."""
    begin = text.rfind(b"\x1b") if 0x1B in text else -1
    if begin >= 0:
        kind = text[begin + 1 : begin + 2]
        if kind == b"[":
            if not text[begin + 2 : begin + 2 + LONGEST_CSI].lstrip(PARAMETERS):
                return True
        elif len(text) - begin < 6 or (
            kind in (b"]", b"P", b"X", b"^", b"_")
            and 0x07 not in text[begin:]
            and len(text) - begin < 2 * LONGEST_STRING
        ):
            return True
    return 0x9B in text[-LONGEST_CSI:]


def needs_care(text: bytes) -> bool:
    """Whether a terminal may show a text otherwise than without its controls: something is written over."""
    if 0x08 in text or lone_returns(text):
        return True
    return _doubled_at_home(text)


def _doubled_at_home(text: bytes) -> bool:
    """Whether a character that is written again may stand at a move to column 1; what is not sure may."""
    if (0x48 not in text and 0x47 not in text) or (0x1B not in text and 0x9B not in text):
        return False
    for start, end in home_moves(text):
        near, then = text[max(0, start - _NEAR) : start], text[end : end + _NEAR]
        if len(near) < start and (0x20 not in near or 0x07 in near or b"\x1b\\" in near):
            return True  # it may begin within a sequence
        before, after = visible(near)[-2:], visible(then)[:1]
        last = before[-1:]
        if last == b" " and before[:-1] in MARKED:
            return True  # with the blank it would be a margin
        if last.strip() and (before == last + last or last == b"\\" or after in (last, b"", b"\x1b")):
            return True
    return False


def shown(text: bytes) -> bytes:
    """What a terminal shows of `text`."""
    if needs_care(text):
        # as `Screen`, without the way back
        seen = without_sequences(text) if special(text) else text
        return without_wraps(seen) if _is_written_over(seen) else seen
    return visible(text)


def otherwise(text: bytes) -> bytes | None:
    """The same if all is shown that is written twice round a move to column 1, where that is another text."""
    if not _doubled_at_home(text):
        return None
    seen = without_sequences(text)
    other = without_wraps(seen, rewritten=False)
    return other if other != without_wraps(seen) else None


def without_sequences(text: bytes) -> bytes:
    """A text without what prints nothing, but for moves to column 1."""
    return controls().sub(only_home if may_go_home().search(text) else b"", text)


def _is_written_over(text: bytes) -> bool:
    """Whether a text without controls may have `wraps`."""
    return 0x08 in text or 0x1B in text or lone_returns(text)


def is_shown(text: bytes) -> bool:
    """Whether a terminal shows a text as it is."""
    return not special(text) or shown(text) == text


class Bare:
    """A buffer without what prints nothing.

    Args:
        buffer: the buffer.
        cut: the same buffer; its last sequence, which is cut, turns out to be text.

    Attributes:
        buffer: the buffer.
        text: the bytes that are left.
        places: for each its index in the buffer.
        sequences: (start, end) in the buffer of what is left out, the last one perhaps cut.
        cut: where that one begins, or the buffer's length.
    """

    __slots__ = ("buffer", "cut", "places", "sequences", "text")

    def __init__(self, buffer: bytes, cut: Bare | None = None) -> None:
        self.buffer = buffer
        self.text = buffer
        self.places: Sequence[int] = range(len(buffer))
        self.sequences: list[tuple[int, int]] = []
        self.cut = len(buffer)
        if cut is not None:
            self._scan_from(cut)
        elif special(buffer):
            self._scan(b"", [], 0, 0)

    def _scan_from(self, cut: Bare) -> None:
        self.sequences = cut.sequences[:-1]
        begin = last = cut.cut
        if self.buffer[begin] == 0x1B:  # of an ESC that begins nothing nothing is shown
            last += 1
            self.sequences.append((begin, last))
        count = _count(cut.places, begin)
        self._scan(cut.text[:count], [*cut.places[:count]], begin + 1, last)

    def _scan(self, before: bytes, places: list[int], start: int, last: int) -> None:
        """Add what is left of the buffer from index `last` on; sequences begin from `start` on."""
        buffer = self.buffer
        text = [before]
        other = len(buffer.translate(None, BUT_ESC)) < len(buffer)
        for match in controls(True, other).finditer(buffer, start):
            begin, end = match.span()
            if last < begin:
                text.append(buffer[last:begin])
                places.extend(range(last, begin))
            self.sequences.append((begin, end))
            if match.lastindex is not None:
                self.cut = begin
            elif buffer[end - 1] in b"HG" and to_first_column(buffer[begin:end]):
                text.append(HOME)
                places.append(begin)
            last = end
        text.append(buffer[last:])
        places.extend(range(last, len(buffer)))
        self.text, self.places = b"".join(text), places


class Screen:
    """What a terminal shows of a buffer.

    Args:
        bare: the buffer.
        rewritten: see `wraps`.

    Attributes:
        doubled: with `rewritten` the other way it shows another text.
        text: the bytes.
        places: for each its index in the buffer.
        sequences: see `Bare`.
    """

    __slots__ = ("_end", "_size", "_soft", "doubled", "places", "sequences", "text")

    def __init__(self, bare: Bare, *, rewritten: bool = True) -> None:
        self.text = bare.text
        self.places = bare.places
        self.sequences = bare.sequences
        self._size = len(bare.text)
        self._soft: Sequence[int] = range(self._size)
        self._end = len(bare.buffer)
        self.doubled = False
        if _is_written_over(self.text):
            self._without_wraps(rewritten)

    def _without_wraps(self, rewritten: bool) -> None:
        text, places = self.text, self.places
        seen = wraps(rewritten).sub(b"", text)
        self.doubled = 0x1B in text and wraps(not rewritten).sub(b"", text) != seen
        pieces: list[bytes] = []
        kept: list[int] = []
        last = 0
        for match in wraps(rewritten).finditer(text):
            start, end = match.span()
            pieces.append(text[last:start])
            kept.extend(range(last, start))
            last = end
        if pieces:
            pieces.append(text[last:])
            kept.extend(range(last, len(text)))
            self.text = b"".join(pieces)
            self._soft = kept
            self.places = [places[index] for index in kept]

    def readings(self, exact: Keys, loose: Keys, *, sure: int | None = None) -> list[Reading]:
        """The text, the text without whitespace, and without what stands at its margins too.

        From index `sure` of the buffer on it is only one of two ways to read it.
        """
        whole = Way(self.text, self.places, self._soft, sure=sure)
        return _readings(whole, exact, loose, size=self._size, end=self._end, shown=True, solid=False)

    def before(self, index: int, known: int) -> int:
        """The last byte that is shown before index `index` of the buffer, or `known`."""
        count = _count(self.places, index)
        return self.text[count - 1] if count else known


def _count(places: Sequence[int], index: int) -> int:
    """How many of the places are below `index`."""
    from bisect import bisect_left

    return bisect_left(places, index)


def _without_space(way: Way) -> Way:
    short = way.text.translate(None, SPACE)
    if len(short) == len(way.text):
        return Way(short, way.places, way.soft)
    kept = _kept(way.text, way.places)
    return Way(short, kept, kept if way.soft is way.places else _kept(way.text, way.soft))


def other_ends(text: bytes, *, gone: bool) -> tuple[int, ...]:
    """Where the text ends if its last bytes are written over; with `gone` only those that go back may be."""
    bare = len(text.rstrip(b"\b\r"))
    ends = [bare] if bare < len(text) else []
    again = bare and (text[bare - 1] in b" _\\" or text[bare - 2 : bare - 1] == text[bare - 1 : bare])
    if again and not gone:
        ends.append(bare - 1)
    return tuple(ends)
