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
    HOME,
    LONGEST_CSI,
    LONGEST_STRING,
    PARAMETERS,
    SPECIAL,
    controls,
    homes,
    only_home,
    to_first_column,
    wraps,
)
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from re import Match

    from secretrun.redact.engine.keys import Keys

_BUT_ESC = SPECIAL.replace(b"\x1b", b"")


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
        ends: tuple[int, ...] = (),
        shown: bool,
        solid: bool,
        exact: bool,
        own: bool = False,
        sure: int | None = None,
        back: int = 0,
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
    size = len(buffer)
    every: Sequence[int] = range(size)
    ends = other_ends(buffer) if plain else ()
    found = [
        Reading(
            buffer, every, every, exact, size=size, end=size, ends=ends, shown=plain, solid=True, exact=True
        )
    ]
    if loose:
        ways = [Way(*_without_space(buffer, every, every))]
        if plain and may_have_margins(buffer):
            ways += ways_without_margins(buffer, every, every, loose.may_begin)
        for number, way in enumerate(ways):
            text, places = way.text, way.places
            ends = (*other_ends(text), *ends_before_margin(buffer, places, every)) if plain else ()
            found.append(
                Reading(
                    text,
                    places,
                    places,
                    loose,
                    size=size,
                    end=size,
                    ends=ends,
                    shown=plain,
                    solid=not number,
                    exact=False,
                    own=way.own,
                    sure=None if way.sure is None else _count(places, way.sure),
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


def without_escapes(text: bytes) -> bytes:
    """`text` without what begins with ESC and prints nothing."""
    return controls(True, False).sub(b"", text) if 0x1B in text else text


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
    return 0x1B in text and (0x48 in text or 0x47 in text) and _doubled_at_home(text)


def _doubled_at_home(text: bytes) -> bool:
    """Whether a character that is written again may stand at a move to column 1."""
    for match in homes().finditer(text):
        start, end = match.span()
        before = without_escapes(text[max(0, start - 64) : start])[-2:]
        last = before[-1:]
        if last == b" " and before[:-1] in MARKED:
            return True  # with the blank it would be a margin
        if last.strip() and (
            before == last + last or last == b"\\" or without_escapes(text[end : end + 64])[:1] in (last, b"")
        ):
            return True
    return False


def shown(text: bytes) -> bytes:
    """What a terminal shows of `text`."""
    if needs_care(text):
        # as `Screen`, without the way back
        seen = controls().sub(only_home, text) if special(text) else text
        return wraps().sub(b"", seen) if _is_written_over(seen) else seen
    if len(text.translate(None, _BUT_ESC)) == len(text):
        return without_escapes(text)
    return controls().sub(b"", text)


def otherwise(text: bytes) -> bytes | None:
    """The same if all is shown that is written twice round a move to column 1, where that is another text."""
    if not (0x1B in text and (0x48 in text or 0x47 in text) and _doubled_at_home(text)):
        return None
    seen = controls().sub(only_home, text)
    other = wraps(False).sub(b"", seen)
    return other if other != wraps().sub(b"", seen) else None


def _is_written_over(text: bytes) -> bool:
    """Whether a text without controls may have `wraps`."""
    return 0x08 in text or 0x1B in text or lone_returns(text)


def is_shown(text: bytes) -> bool:
    """Whether a terminal shows a text as it is."""
    return not special(text) or shown(text) == text


def _controls(buffer: bytes, data: Sequence[int]) -> Iterator[Match[bytes]]:
    """What prints nothing, where a cut sequence at one of the places in `data`, which are sorted, is text."""
    at = 0
    for place in data:
        for match in controls().finditer(buffer, at):
            if match.start() == place:
                break
            yield match
        alone = controls(False).match(buffer, place)  # of an ESC that begins nothing nothing is shown
        if alone is not None:
            yield alone
        at = place + 1
    yield from controls().finditer(buffer, at)


class Screen:
    """What a terminal shows of a buffer.

    Args:
        data: places in it of sequences that its end cuts: they are taken for text.
        rewritten: see `wraps`.

    Attributes:
        buffer: the buffer.
        doubled: with `rewritten` the other way it shows another text.
        text: the bytes.
        places: for each its index in the buffer.
        sequences: (start, end) in the buffer of all that prints nothing, the last one perhaps cut.
        cut: where that one begins, or the buffer's length.
    """

    __slots__ = ("_size", "_soft", "buffer", "cut", "doubled", "places", "sequences", "text")

    def __init__(self, buffer: bytes, data: Sequence[int] = (), *, rewritten: bool = True) -> None:
        self.buffer = buffer
        self.text = buffer
        self.places: Sequence[int] = range(len(buffer))
        self._soft: Sequence[int] = self.places
        self._size = len(buffer)
        self.sequences: list[tuple[int, int]] = []
        self.cut = len(buffer)
        self.doubled = False
        if special(buffer):
            self._without_controls(data)
            self._size = len(self.text)
            self._soft = range(self._size)
            if _is_written_over(self.text):
                self._without_wraps(rewritten)

    def _without_controls(self, data: Sequence[int]) -> None:
        buffer = self.buffer
        text: list[bytes] = []
        places: list[int] = []
        last = 0
        for match in _controls(buffer, data) if data else controls().finditer(buffer):
            start, end = match.span()
            if last < start:
                text.append(buffer[last:start])
                places.extend(range(last, start))
            self.sequences.append((start, end))
            if match.lastindex is not None:
                self.cut = start
            elif buffer[end - 1] in b"HG" and to_first_column(buffer[start:end]):
                text.append(HOME)
                places.append(start)
            last = end
        if self.sequences:
            text.append(buffer[last:])
            places.extend(range(last, len(buffer)))
            self.text, self.places = b"".join(text), places

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
        text, places, soft = self.text, self.places, self._soft
        ways = [Way(text, places, soft)]
        if loose:
            ways.append(Way(*_without_space(text, places, soft)))
            if may_have_margins(text):  # besides, for what stands at one may be the secret's
                ways += ways_without_margins(text, places, soft, loose.may_begin)
        found = []
        back = len(text) - len(text.rstrip(b"\b\r"))
        for number, way in enumerate(ways):
            ends = other_ends(way.text)
            if number:
                ends = (*ends, *ends_before_margin(text, way.soft, soft))
            doubts = [place for place in (sure, way.sure) if place is not None]
            found.append(
                Reading(
                    way.text,
                    way.places,
                    way.soft,
                    loose if number else exact,
                    size=self._size,
                    end=len(self.buffer),
                    ends=ends,
                    shown=True,
                    solid=False,
                    exact=not number,
                    own=way.own,
                    sure=_count(way.places, min(doubts)) if doubts else None,
                    back=back,
                )
            )
        return found

    def before(self, index: int, known: int) -> int:
        """The last byte that is shown before index `index` of the buffer, or `known`."""
        count = _count(self.places, index)
        return self.text[count - 1] if count else known


def _count(places: Sequence[int], index: int) -> int:
    """How many of the places are below `index`."""
    from bisect import bisect_left

    return bisect_left(places, index)


def _without_space(
    text: bytes, places: Sequence[int], soft: Sequence[int]
) -> tuple[bytes, Sequence[int], Sequence[int]]:
    short = text.translate(None, SPACE)
    if len(short) == len(text):
        return text, places, soft
    kept = _kept(text, places)
    return short, kept, kept if soft is places else _kept(text, soft)


def other_ends(text: bytes) -> tuple[int, ...]:
    """Where the text ends if its last bytes are written over by what comes: see `terminal_escapes.wraps`."""
    bare = len(text.rstrip(b"\b\r"))
    ends = [bare] if bare < len(text) else []
    if bare and (text[bare - 1] in b" _\\" or text[bare - 2 : bare - 1] == text[bare - 1 : bare]):
        ends.append(bare - 1)
    return tuple(ends)
