"""Whether more than three bytes of anything may end a text: nearly always they surely do not."""

from __future__ import annotations

from bisect import bisect_left

from secretrun.redact.engine.ellipsis import ellipses, has_ellipsis, undecided_ellipsis
from secretrun.redact.engine.endings import NEAR, ending, may_be_border, shown_end
from secretrun.redact.engine.keys import HEAD, TELLING
from secretrun.redact.engine.margins import AT_MARGIN, from_margins, has_margin, without_margins
from secretrun.redact.engine.occurrence import RUN
from secretrun.redact.engine.prefilter import TAIL
from secretrun.redact.engine.readings import is_open, lone_returns, other_ends, otherwise, special
from secretrun.redact.engine.terminal_escapes import colours, homes
from secretrun.redact.engine.tip import last_bytes, written_over
from secretrun.redact.engine.words import ORDER, Heads, every_word
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secretrun.redact.engine.ellipsis import Ends
    from secretrun.redact.engine.keys import Keys

_MOST_GRAMS = 1 << 18  # bytes of heads
_SEPARATOR = b"\0" * HEAD
_NOTHING = AT_MARGIN + b"\b._\"'`[(<"


class Gate:
    """Shuts out that a longer beginning stands at an end. Immutable but for a cache, shared between threads.

    Args:
        heads: of all keys, without whitespace.
        loose: the keys that are looked for in what stands between margins.
        screen: text is read as a terminal shows it too.
        ends: gives the ends of patterns, or None when there is no shortened value.
        gaps: tells whether any key has more than `RUN` bytes of whitespace.
    """

    __slots__ = ("_blank", "_ends", "_first", "_gaps", "_grams", "_heads", "_loose", "_screen", "_sorted")

    def __init__(
        self,
        heads: set[bytes],
        loose: Keys,
        *,
        screen: bool,
        ends: Callable[[], Ends] | None,
        gaps: Callable[[], bool],
    ) -> None:
        self._heads = heads
        self._loose = loose
        self._screen = screen
        self._ends = ends
        self._gaps = gaps
        self._blank: bytes | None = None  # what a key does not go on after, if there is much of it
        self._first: Heads | None = None
        self._grams: frozenset[int] | None = None
        self._sorted: list[bytes] | None = None

    def _first_four(self) -> Heads:
        if self._first is None:
            self._first = Heads(self._heads)
        return self._first

    def quiet_before(self, text: bytes, stop: int) -> bool:
        """Whether surely nothing of four bytes or more begins that ends at `stop`."""
        near = text[max(0, stop - NEAR) : stop]
        if self.quiet(near, shown=self._screen):
            if not (self._screen and special(near)) or _whole(near):
                return True
            found = shown_end(text[:stop], opened=is_open(text[:stop]))
            if found is not None and self.quiet(found[1], shown=True):
                return True
        return self._short(self._endings(text[:stop])[2])

    def _endings(self, text: bytes, others: Sequence[bytes] = ()) -> tuple[int, bytes, list[bytes]]:
        """What `ending` says, with the endings of these other readings, and those that begin at a margin."""
        begin, end, endings = ending(text, screen=self._screen)
        doubled = otherwise(text[begin:]) if self._screen else None
        others = others if doubled is None else [*others, doubled]
        for other in others:
            endings.append(other.translate(None, SPACE)[-TAIL:])
            if has_margin(other):
                endings.append(without_margins(other)[-TAIL:])
        if self._screen:
            for seen in (end, *others):
                endings.extend(own[-TAIL:] for own in from_margins(seen, self._loose.may_begin))
        return begin, end, endings

    def quiet(self, reading: bytes, *, shown: bool, opened: bool = False) -> bool:
        """Whether by its last bytes alone no more than three of anything end a reading."""
        grams = self.grams()
        bare = reading.rstrip(SPACE)
        tip = last_bytes(bare, shown=shown, opened=opened)
        if not grams:
            return len(tip) > 0 and self._none_in(reading, shown=shown)
        if tip:
            return _is_strange(tip, grams)
        if self.is_over(reading):
            return True
        if not self._quiet_line(bare):
            return False
        while self._ends is not None:
            mark = undecided_ellipsis(bare, len(bare))
            if mark == len(bare):
                break
            bare = bare[:mark].rstrip(SPACE)  # what the beginning would end before
            if not self._quiet_line(bare):
                return False
        return True

    def _none_in(self, reading: bytes, *, shown: bool) -> bool:
        """The same by the last `TAIL` bytes of a reading, if it has so many, with margins and without."""
        endings = [reading.translate(None, SPACE)[-TAIL:]]
        if shown and has_margin(reading):
            endings.append(without_margins(reading)[-TAIL:])
            owns = from_margins(reading, self._loose.may_begin)
        else:
            owns = []
        if min(map(len, endings)) < TAIL:
            return False
        endings.extend(own[-TAIL:] for own in owns)
        return self._first_four().absent(_SEPARATOR.join(endings))

    def _quiet_line(self, bare: bytes) -> bool:
        if may_be_border(bare):
            return False
        line = bare[bare.rfind(b"\n") + 1 :]
        tip = line.translate(None, SPACE)[-HEAD:]
        return (
            len(tip) == HEAD
            and int.from_bytes(tip, ORDER) not in self.grams()
            and not written_over(tip)
            and len(line.translate(None, AT_MARGIN)) >= HEAD
        )

    def grams(self) -> frozenset[int]:
        """Every four bytes in a row of any head; none when there are too many."""
        if self._grams is None:
            joined = b"".join(self._heads)
            self._grams = every_word(joined) if len(joined) <= _MOST_GRAMS else frozenset()
        return self._grams

    def is_over(self, reading: bytes) -> bool:
        """Whether a reading ends in so much whitespace, and a few bars, that at most the bars go on."""
        if self._blank is None:
            bars = any(head[:1] == b"|" for head in self._heads)
            self._blank = b"" if self._gaps() else SPACE if bars else SPACE + b"|"
        end = reading[len(reading.rstrip(self._blank)) :]
        if len(end) <= RUN + 2 or end.count(b"|") > HEAD:
            return False
        tip = reading.translate(None, SPACE)[-HEAD - 1 :] if b"|" in end else b""
        grams = self.grams()
        return not tip or (len(tip) > HEAD and bool(grams) and _is_strange(tip, grams))

    def few(self, text: bytes, others: Sequence[bytes]) -> bool:
        """Whether no more than three bytes of anything end a text, in its readings and these others."""
        begin, end, endings = self._endings(text, others)
        return self._short(endings) and self._no_ends(text[begin:], end, opened=bool(others))

    def _short(self, endings: Sequence[bytes]) -> bool:
        """Whether surely no more than three bytes of anything end one of these."""
        joined = endings[0] if len(endings) == 1 else _SEPARATOR.join(endings)
        if self._first_four().absent(joined):
            return True
        heads = self._sorted
        if heads is None:
            heads = self._sorted = sorted(self._heads)
        for end in endings:
            # what follows may turn out to be nothing, or an ellipsis
            sure = len(end[: undecided_ellipsis(end, len(end))].rstrip(_NOTHING)) - 1
            for start in range(len(end) - HEAD + 1):
                part = end[start : start + (TELLING if start + TELLING <= sure else HEAD)]
                at = bisect_left(heads, part)
                if at < len(heads) and heads[at].startswith(part):
                    return False
        return True

    def _no_ends(self, end: bytes, seen: bytes, *, opened: bool) -> bool:
        """Whether surely no end of anything may follow an ellipsis in the end of a text."""
        if self._ends is None:
            return True
        if has_ellipsis(end):
            if opened or 0x08 in end or lone_returns(end) or homes().search(end) is not None:
                return False  # a blank after it may be written over
            for text in (end,) if seen == end else (end, seen):
                for match in ellipses().finditer(text):
                    part = text[match.end() :]
                    for stop in (len(part), *other_ends(part)):
                        if not stop or self._ends().may_become(part[:stop]):
                            return False
        return True

    def __repr__(self) -> str:
        return f"<Gate of {len(self._heads)} heads>"


def _is_strange(tip: bytes, grams: frozenset[int]) -> bool:
    """Whether neither the last four bytes of five, nor those without the last, are in any head."""
    return int.from_bytes(tip[1:], ORDER) not in grams and int.from_bytes(tip[:-1], ORDER) not in grams


def _whole(near: bytes) -> bool:
    """Whether the last bytes of a text, which is not cut in a sequence, are shown side by side."""
    if not near[-HEAD - 1 :].isalnum() or 0x9B in near:
        return False
    begin = near.rfind(b"\x1b")
    match = colours().match(near, begin) if begin >= 0 else None
    return match is not None and match.end() <= len(near) - HEAD - 1
