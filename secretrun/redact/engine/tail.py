"""The end of a clear text: what may begin there, told without a look at the text.

Nothing stands in a clear text, and no more than `TAIL` bytes of anything at its end. Nearly always less
than four bytes of anything do, and these few are told by their bytes alone: a look is taken where a
longer beginning may stand, or where the last bytes may turn out to be nothing.
"""

from __future__ import annotations

from bisect import bisect_left

from secretrun.redact.engine.base64_edge import after, belongs
from secretrun.redact.engine.ellipsis import (
    QUOTES,
    ellipses,
    has_ellipsis,
    undecided_ellipsis,
)
from secretrun.redact.engine.endings import NEAR, WINDOW, End, ending, may_be_border, shown_end
from secretrun.redact.engine.keys import HEAD
from secretrun.redact.engine.occurrence import RUN, SHOWN, Unfinished
from secretrun.redact.engine.prefilter import TAIL
from secretrun.redact.engine.readings import (
    AT_MARGIN,
    has_margin,
    is_open,
    is_shown,
    lone_returns,
    special,
    without_margins,
)
from secretrun.redact.engine.terminal_escapes import colours, homes
from secretrun.redact.engine.tip import last_bytes
from secretrun.redact.engine.words import ORDER, Heads, every_word
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secretrun.redact.engine.ellipsis import Ends
    from secretrun.redact.engine.keys import Beginning, Keys

_MOST_GRAMS = 1 << 18  # bytes of heads
_TELLING = 8  # bytes of a beginning that tell it from text
_LONG = 4 * HEAD  # bytes of a beginning with whitespace
_SPACES = frozenset(bytes([byte]) for byte in SPACE)
_SEPARATOR = b"\0" * HEAD
_NOTHING = AT_MARGIN + b"\b._\"'`[(<"


class Tail:
    """What may begin at the end of a clear text. Immutable but for a cache, shared between threads.

    Args:
        heads: of all keys, without whitespace.
        exact, loose: the keys.
        left: every `Rule.left`.
        screen: text is read as a terminal shows it too.
        ends: gives the ends of patterns, or None when there is no shortened value.
    """

    __slots__ = (
        "_edges", "_ends", "_exact", "_first", "_grams", "_heads", "_left", "_loose", "_screen", "_seen",
        "_sorted",
    )  # fmt: skip

    def __init__(
        self,
        heads: set[bytes],
        exact: Keys,
        loose: Keys,
        *,
        left: int,
        screen: bool,
        ends: Callable[[], Ends] | None,
    ) -> None:
        self._heads = heads
        self._grams: frozenset[int] | None = None
        self._seen: dict[tuple[bool, bytes], bool] = {}
        self._sorted: list[bytes] | None = None
        self._exact = exact
        self._loose = loose
        self._left = left
        self._edges = left | left >> 128  # a bit for each byte that may stand there
        self._screen = screen
        self._ends = ends
        self._first: tuple[Heads, frozenset[bytes], frozenset[bytes], int] | None = None

    def _firsts(self) -> tuple[Heads, frozenset[bytes], frozenset[bytes], int]:
        """What is known of first bytes, made when the first text comes.

        Four of each head; beginnings of at most three; the same with whitespace, and how long these are.
        """
        if self._first is None:
            begins = frozenset([head[:size] for size in range(1, HEAD) for head in self._heads])
            spaced = frozenset([part for text in self._exact.texts for part in _spaced(text)])
            self._first = Heads(self._heads), begins, spaced, max(map(len, spaced), default=0)
        return self._first

    @property
    def spaced(self) -> bool:
        """Whether there are beginnings with whitespace."""
        return bool(self._firsts()[2])

    def waiting(self, text: bytes, before: tuple[int, int]) -> tuple[bool, Sequence[Unfinished] | None]:
        """(No more than three bytes begin anything, what begins); None where a look must tell.

        Places count from the end of the text.
        """
        end = End(text, before)
        size = cut = len(text)
        near = text[-NEAR:]
        if len(near.rstrip(SPACE)) < 2 * HEAD:
            near = text[-WINDOW:]
        places = _counted(len(near))
        readings = [(near, places, self._screen, False, False)]
        if self._screen:
            opened = is_open(text)
            if special(near):
                found = shown_end(text, opened=opened)
                if found is None:
                    return not opened and self._few(text, []), None
                cut, seen, back = found
                readings = [(seen, back, True, True, False), (near, places, False, False, cut < size)]
                if cut < size:  # a sequence that does not end as sequences do is text, but for the ESC
                    rest = text[cut + 1 :]
                    if len(rest) > NEAR or special(rest):
                        return False, None
                    readings.append(
                        (seen + rest, lambda: [*back(), *range(cut + 1 - size, 0)], True, True, True)
                    )
            elif opened:
                return False, None
        few = self._ends is None or not has_ellipsis(text[-WINDOW:])
        for reading, _, is_seen, _, opened in readings:
            few = few and self._quiet(reading, shown=is_seen, opened=opened)
        if cut < size:  # an ellipsis of a number may begin with the sequence
            few = few and self._quiet(text[max(0, cut + 1 - NEAR) : cut + 1], shown=False)
        if not few and not self._few(text, [reading for reading, *_ in readings[2:]]):
            return False, None
        tip = text[-HEAD - 1 :]
        if len(readings) == 2 and tip.isalnum() and not _twice(tip) and seen.endswith(tip):
            del readings[0]  # the same begins in the bytes as they are
        for reading, places, is_seen, coloured, opened in readings:
            if not self._beginnings(end, reading, places, shown=is_seen, coloured=coloured, opened=opened):
                return cut == size, None
        if cut < size:
            end.waiting.append(Unfinished(cut - size, 0, 0, -1))
        if self.left_edge(text, before):
            end.waiting.append(Unfinished(-1, -1, 0, -1))  # it waits for what it belongs to
        return True, end.waiting

    def quiet_before(self, text: bytes, stop: int) -> bool:
        """Whether surely nothing of four bytes or more begins that ends at `stop`."""
        near = text[max(0, stop - NEAR) : stop]
        if self._quiet(near, shown=self._screen):
            if not (self._screen and special(near)) or _whole(near):
                return True
            found = shown_end(text[:stop], opened=is_open(text[:stop]))
            if found is not None and self._quiet(found[1], shown=True):
                return True
        return self._short(ending(text[:stop], screen=self._screen)[2])

    def _quiet(self, reading: bytes, *, shown: bool, opened: bool = False) -> bool:
        """Whether by its last bytes alone no more than three of anything end a reading."""
        grams = self._grams
        if grams is None:
            grams = self._grams = self._all_grams()
        if not grams:
            return False
        bare = reading.rstrip(SPACE)
        tip = last_bytes(bare, shown=shown, opened=opened)
        if tip:
            return (
                int.from_bytes(tip[1:], ORDER) not in grams and int.from_bytes(tip[:-1], ORDER) not in grams
            )
        if not self._quietlast_bytes(bare):
            return False
        while self._ends is not None:
            mark = undecided_ellipsis(bare, len(bare))
            if mark == len(bare):
                break
            bare = bare[:mark].rstrip(SPACE)  # what the beginning would end before
            if not self._quietlast_bytes(bare):
                return False
        return True

    def _quiet_tip(self, bare: bytes) -> bool:
        assert self._grams is not None  # noqa: S101
        if may_be_border(bare):
            return False
        line = bare[bare.rfind(b"\n") + 1 :]
        tip = line.translate(None, SPACE)[-HEAD:]
        return (
            len(tip) == HEAD
            and int.from_bytes(tip, ORDER) not in self._grams
            and not _twice(tip)
            and len(line.translate(None, AT_MARGIN)) >= HEAD
        )

    def _all_grams(self) -> frozenset[int]:
        """Every four bytes in a row of any head; none when there are too many."""
        joined = b"".join(self._heads)
        return every_word(joined) if len(joined) <= _MOST_GRAMS else frozenset()

    def _few(self, text: bytes, others: Sequence[bytes]) -> bool:
        """Whether no more than three bytes of anything end a text, in its readings and these others."""
        begin, end, endings = ending(text, screen=self._screen)
        for other in others:
            endings.append(other.translate(None, SPACE)[-TAIL:])
            if has_margin(other):
                endings.append(without_margins(other)[-TAIL:])
        return self._short(endings) and self._no_ends(text[begin:], end, opened=bool(others))

    def _short(self, endings: Sequence[bytes]) -> bool:
        """Whether surely no more than three bytes of anything end one of these."""
        joined = endings[0] if len(endings) == 1 else _SEPARATOR.join(endings)
        if self._firsts()[0].absent(joined):
            return True
        heads = self._sorted
        if heads is None:
            heads = self._sorted = sorted(self._heads)
        for end in endings:
            # what follows may turn out to be nothing, or an ellipsis
            sure = len(end[: undecided_ellipsis(end, len(end))].rstrip(_NOTHING)) - 1
            for start in range(len(end) - HEAD + 1):
                part = end[start : start + (_TELLING if start + _TELLING <= sure else HEAD)]
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
                    if not part or self._ends().may_become(part):
                        return False
        return True

    def _beginnings(
        self,
        end: End,
        reading: bytes,
        places: Callable[[], Sequence[int]],
        *,
        shown: bool,
        coloured: bool,
        opened: bool,
    ) -> bool:
        """Add the beginnings of at most three bytes at a reading's end; False where they can't be told."""
        size = len(reading)
        bare = reading.rstrip(SPACE)
        last = bare[-1:]
        gap = size - len(bare)
        _, begins, spaced, _ = self._firsts()
        tip = (
            last_bytes(bare, shown=shown, opened=opened)
            if gap <= RUN and 0x0D not in reading[len(bare) :]
            else b""
        )
        if not tip and len(bare) < 2 * HEAD and size < len(end.text) and gap <= RUN:
            return False
        if spaced and (gap or not tip or tip != bare[-len(tip) :] or tip[-1:] == tip[-2:-1]):
            # the last byte shown, a blank too, may be written over by what comes
            twice = shown and (_twice(reading) or reading.endswith(b" "))
            for stop in (size, size - 1) if twice else (size,):
                if not self._spaced_at(end, reading, stop, places, coloured=coloured):
                    return False
        if shown and not tip:
            line = reading[reading.rfind(b"\n") + 1 :]
            if not line.strip(AT_MARGIN) and line.strip(SPACE):
                if not self._before_margin(end, reading, places, coloured=coloured):
                    return False
            else:
                line = bare[bare.rfind(b"\n") + 1 :]
                if may_be_border(bare) or (
                    len(line) < len(bare)
                    and len(line.translate(None, AT_MARGIN)) < HEAD
                    and without_margins(reading)[-HEAD:] != reading.translate(None, SPACE)[-HEAD:]
                ):
                    return False
        if shown and last and gap < RUN and _twice(bare):  # it may be written over
            self._at(end, bare, len(bare) - 1, places, trailing=True, coloured=coloured)
        if not tip and size and self._ends is not None:
            mark = undecided_ellipsis(reading, size)
            if reading[mark:].strip(QUOTES):  # an end may follow it
                end.waiting.append(Unfinished(places()[mark], 0, 0, -1))
        if gap <= RUN and (not tip or not begins.isdisjoint((tip[-1:], tip[-2:], tip[-3:]))):
            self._at(end, bare, len(bare), places, trailing=gap > 0, coloured=coloured)
        return True

    def _before_margin(
        self, end: End, reading: bytes, places: Callable[[], Sequence[int]], *, coloured: bool
    ) -> bool:
        """The same where all of the last line may be a margin: of what stands before it."""
        bare = reading[: max(0, reading.rfind(b"\n"))].rstrip(SPACE)
        line = bare[bare.rfind(b"\n") + 1 :]
        if (
            reading.rstrip(SPACE)[-1:] == b"\\"
            or may_be_border(bare)
            or len(line.translate(None, AT_MARGIN)) < HEAD
        ):
            return False
        if len(reading) - len(bare) < RUN:
            for stop in (len(bare), len(bare) - 1) if _twice(bare) else (len(bare),):
                self._at(end, bare, stop, places, trailing=True, coloured=coloured)
        return True

    def _spaced_at(
        self, end: End, reading: bytes, stop: int, places: Callable[[], Sequence[int]], *, coloured: bool
    ) -> bool:
        """The same of beginnings with whitespace of their own, the longest first."""
        _, _, spaced, most = self._firsts()
        for count in range(min(most, stop), 0, -1):
            part = reading[stop - count : stop]
            if part not in spaced:
                continue
            if count == _LONG:
                return False
            known = self._beginning(self._exact, part, coloured=coloured)
            if known is None:
                continue
            # a break shows what stands before it
            broken = stop < len(reading) and count <= SHOWN
            end.wait(places()[stop - count : stop], count if broken else 0, known)
            if not broken:
                break
        return True

    def _at(
        self,
        end: End,
        reading: bytes,
        stop: int,
        places: Callable[[], Sequence[int]],
        *,
        trailing: bool,
        coloured: bool,
    ) -> None:
        """Add the beginnings of at most three bytes, whitespace between them, that end at `stop`."""
        begins = self._firsts()[1]
        parts: list[tuple[bytes, int]] = []
        found: Sequence[int]
        part = reading[stop - HEAD + 1 : stop] if stop >= HEAD else b""
        if part and part.translate(None, SPACE) == part:
            found = range(stop - HEAD + 1, stop)
            parts = [(part[at:], 0) for at in range(HEAD - 1) if part[at:] in begins]
        else:
            found, parts = self._broken_at(reading, stop)
        for keys in (self._exact, self._loose) if parts else ():
            for part, broken in parts:  # the longest first: what begins later waits with it
                if broken and keys is self._exact:
                    continue
                known = self._beginning(keys, part, coloured=coloured)
                if known is not None:
                    count = len(part)
                    shown = count if trailing else (count - broken if broken else 0)
                    back = places()
                    end.wait([back[at] for at in found[-count:]], shown, known)
                    if not shown:
                        break

    def _broken_at(self, reading: bytes, stop: int) -> tuple[list[int], list[tuple[bytes, int]]]:
        """Where the last three bytes but whitespace are; (beginning, bytes of it before the last break)."""
        part = b""
        index = stop
        found: list[int] = []
        broken = 0
        begins = self._firsts()[1]
        parts: list[tuple[bytes, int]] = []
        while index > 0 and len(part) < HEAD - 1:
            index -= 1
            byte = reading[index : index + 1]
            if byte in _SPACES:
                continue
            if found and not broken and found[0] > index + 1:
                broken = len(part)
            part = byte + part
            found.insert(0, index)
            if part in begins:
                parts.insert(0, (part, broken))
        return found, parts

    def _beginning(self, keys: Keys, part: bytes, *, coloured: bool) -> Beginning | None:
        """What is known of the keys that begin so; in a coloured text of those that a terminal shows."""
        known = keys.beginning(part)
        if known is None or not coloured:
            return known
        seen = self._seen.get((keys is self._loose, part))
        if seen is None:
            texts = keys.texts
            seen = self._seen[keys is self._loose, part] = any(
                is_shown(texts[index]) for index in keys.going_on(part)
            )
        return known if seen else None

    def left_edge(self, text: bytes, before: tuple[int, int]) -> bool:
        """Whether the last byte may belong to base64 that begins with the next."""
        byte = text[-1]
        return self._edges >> byte & 1 == 1 and belongs(
            self._left, byte, after(text, len(text) - 1, before)[1]
        )

    def __repr__(self) -> str:
        return f"<Tail of {len(self._heads)} heads>"


def _counted(size: int) -> Callable[[], Sequence[int]]:
    return lambda: range(-size, 0)


def _whole(near: bytes) -> bool:
    """Whether the last bytes of a text, which is not cut in a sequence, are shown side by side."""
    if not near[-HEAD - 1 :].isalnum() or 0x9B in near:
        return False
    begin = near.rfind(b"\x1b")
    match = colours().match(near, begin) if begin >= 0 else None
    return match is not None and match.end() <= len(near) - HEAD - 1


def _twice(text: bytes) -> bool:
    """Whether the last character may be written over by what comes."""
    return text[-2:-1] == text[-1:] or text[-1:] == b"_"


def _spaced(text: bytes) -> list[bytes]:
    """Every beginning of a pattern in which no more than `HEAD` bytes are no whitespace, if some are."""
    head = text[:_LONG]
    if len(head[:HEAD].translate(None, SPACE)) == len(head[:HEAD]):
        return []
    sizes = [size for size in range(1, len(head) + 1) if len(head[:size].translate(None, SPACE)) <= HEAD]
    return [head[:size] for size in sizes]
