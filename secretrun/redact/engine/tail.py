"""The end of a clear text: what may begin there, told without a look at the text.

Nothing stands in a clear text, and no more than `TAIL` bytes of anything at its end. Nearly always less
than four bytes of anything do, and these few are told by their bytes alone: a look is taken where a
longer beginning may stand, or where the last bytes may turn out to be nothing.
"""

from __future__ import annotations

from secretrun.redact.engine.base64_edge import after, belongs
from secretrun.redact.engine.ellipsis import (
    QUOTES,
    has_ellipsis,
    undecided_ellipsis,
)
from secretrun.redact.engine.endings import NEAR, WINDOW, End, may_be_border, shown_end
from secretrun.redact.engine.gate import Gate
from secretrun.redact.engine.keys import HEAD
from secretrun.redact.engine.margins import AT_MARGIN, without_margins
from secretrun.redact.engine.occurrence import RUN, SHOWN, Unfinished
from secretrun.redact.engine.prefilter import TAIL
from secretrun.redact.engine.readings import is_open, is_shown, special
from secretrun.redact.engine.tip import last_bytes, written_over
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secretrun.redact.engine.ellipsis import Ends
    from secretrun.redact.engine.keys import Beginning, Keys

_LONG = 4 * HEAD  # bytes of a beginning with whitespace
_SPACES_ONLY = bytes(0x20 if byte in SPACE else 0x78 for byte in range(256))
_SPACES = frozenset(bytes([byte]) for byte in SPACE)


class Tail:
    """What may begin at the end of a clear text. Immutable but for a cache, shared between threads.

    Args:
        heads: of all keys, without whitespace.
        exact, loose: the keys.
        left: every `Rule.left`.
        screen: text is read as a terminal shows it too.
        ends: gives the ends of patterns, or None when there is no shortened value.

    Attributes:
        gate: whether more than a few bytes of anything may end a text.
    """

    __slots__ = (
        "_edges",
        "_ends",
        "_exact",
        "_first",
        "_heads",
        "_left",
        "_loose",
        "_screen",
        "_seen",
        "gate",
    )

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
        self.gate = Gate(heads, loose, screen=screen, ends=ends, gaps=self._has_gaps)
        self._heads = heads
        self._seen: dict[tuple[bool, bytes], bool] = {}
        self._exact = exact
        self._loose = loose
        self._left = left
        self._edges = left | left >> 128  # a bit for each byte that may stand there
        self._screen = screen
        self._ends = ends
        self._first: tuple[frozenset[bytes], frozenset[bytes], int] | None = None

    def _firsts(self) -> tuple[frozenset[bytes], frozenset[bytes], int]:
        """What is known of first bytes, made when the first text comes.

        Beginnings of at most three; the same with whitespace, and how long these are.
        """
        if self._first is None:
            begins = frozenset([head[:size] for size in range(1, HEAD) for head in self._heads])
            spaced = frozenset([part for text in self._exact.texts for part in _spaced(text)])
            self._first = begins, spaced, max(map(len, spaced), default=0)
        return self._first

    @property
    def spaced(self) -> bool:
        """Whether there are beginnings with whitespace."""
        return bool(self._firsts()[1])

    def _has_gaps(self) -> bool:
        """Whether any key has so much whitespace in a row that it may go on after a gap."""
        for text in self._exact.texts:
            if len(text) - len(text.translate(None, SPACE)) > RUN:
                spaces = text.translate(_SPACES_ONLY).split(b"x")
                if max(map(len, spaces)) > RUN:
                    return True
        return False

    def waiting(self, text: bytes, before: tuple[int, int]) -> tuple[bool, Sequence[Unfinished] | None]:
        """(No more than three bytes begin anything, what begins); None where a look must tell.

        Places count from the end of the text.
        """
        end = End(text, before)
        size = cut = len(text)
        room = NEAR if self.gate.grams() else 3 * NEAR
        near = text[-room:]
        if len(near.rstrip(SPACE)) < 2 * HEAD:
            near = text[-WINDOW:]
        places = _counted(len(near))
        readings = [(near, places, self._screen, False, False)]
        if self._screen:
            opened = is_open(text)
            if special(near):
                found = shown_end(text, opened=opened, enough=3 * HEAD if room == NEAR else 2 * TAIL)
                if found is None:
                    return not opened and self.gate.few(text, []), None
                cut, seen, back = found
                readings = [(seen, back, True, True, False), (near, places, False, False, cut < size)]
                if cut < size:  # a sequence that does not end as sequences do is text, but for the ESC
                    rest = text[cut + 1 :]
                    if len(rest) > NEAR or special(rest):
                        return False, None
                    readings.append((seen + rest, _with_rest(back, len(seen), len(rest)), True, True, True))
            elif opened:
                return False, None
        few = self._ends is None or not has_ellipsis(text[-WINDOW:])
        for reading, _, is_seen, _, opened in readings:
            few = few and self.gate.quiet(reading, shown=is_seen, opened=opened)
        if cut < size:  # an ellipsis of a number may begin with the sequence
            few = few and self.gate.quiet(text[max(0, cut + 1 - room) : cut + 1], shown=False)
        if not few and not self.gate.few(text, [reading for reading, *_ in readings[2:]]):
            return False, None
        tip = text[-HEAD - 1 :]
        if len(readings) == 2 and tip.isalnum() and not written_over(tip) and seen.endswith(tip):
            del readings[0]  # the same begins in the bytes as they are
        for reading, places, is_seen, coloured, opened in readings:
            if not self._beginnings(end, reading, places, shown=is_seen, coloured=coloured, opened=opened):
                return cut == size, None
        if cut < size:
            end.waiting.append(Unfinished(cut - size, 0, 0, -1))
        if self.left_edge(text, before):
            end.waiting.append(Unfinished(-1, -1, 0, -1))  # it waits for what it belongs to
        return True, end.waiting

    def _beginnings(
        self,
        end: End,
        reading: bytes,
        places: Callable[[int], Sequence[int]],
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
        begins, spaced, _ = self._firsts()
        tip = (
            last_bytes(bare, shown=shown, opened=opened)
            if gap <= RUN and 0x0D not in reading[len(bare) :]
            else b""
        )
        over = not tip and self.gate.is_over(reading)
        if not tip and not over and len(bare) < 2 * HEAD and size < len(end.text) and gap <= RUN:
            return False
        if spaced and (gap or not tip or tip != bare[-len(tip) :] or tip[-1:] == tip[-2:-1]):
            # the last byte shown, a blank too, may be written over by what comes
            twice = shown and (written_over(reading) or reading.endswith(b" "))
            for stop in (size, size - 1) if twice else (size,):
                if not self._spaced_at(end, reading, stop, places, coloured=coloured):
                    return False
        if shown and not tip and not over:
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
        if shown and last and gap < RUN and written_over(bare):  # it may be written over
            self._at(end, bare, len(bare) - 1, places, trailing=True, coloured=coloured)
        if not tip and not over and size and self._ends is not None:
            mark = undecided_ellipsis(reading, size)
            if reading[mark:].strip(QUOTES):  # an end may follow it
                end.waiting.append(Unfinished(places(mark)[0], 0, 0, -1))
        if gap <= RUN and (not tip or not begins.isdisjoint((tip[-1:], tip[-2:], tip[-3:]))):
            self._at(end, bare, len(bare), places, trailing=gap > 0, coloured=coloured)
        return True

    def _before_margin(
        self, end: End, reading: bytes, places: Callable[[int], Sequence[int]], *, coloured: bool
    ) -> bool:
        """The same where all of the last line may be a margin: of what stands before it."""
        bare = reading[: max(0, reading.rfind(b"\n"))].rstrip(SPACE)
        line = bare[bare.rfind(b"\n") + 1 :]
        if (
            # without its only blank, which may be written over, the line may be no margin
            (reading.endswith(b" ") and not reading[:-1].endswith((b" ", b"\t")))
            or (reading[reading.rfind(b"\n") :].strip(SPACE) != b"|" and may_be_border(reading.rstrip(SPACE)))
            or may_be_border(bare)
            or len(line.translate(None, AT_MARGIN)) < HEAD
        ):
            return False
        if len(reading) - len(bare) < RUN:
            for stop in (len(bare), len(bare) - 1) if written_over(bare) else (len(bare),):
                self._at(end, bare, stop, places, trailing=True, coloured=coloured)
        return True

    def _spaced_at(
        self, end: End, reading: bytes, stop: int, places: Callable[[int], Sequence[int]], *, coloured: bool
    ) -> bool:
        """The same of beginnings with whitespace of their own, the longest first."""
        _, spaced, most = self._firsts()
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
            end.wait(places(stop - count)[:count], count if broken else 0, known)
            if not broken:
                break
        return True

    def _at(
        self,
        end: End,
        reading: bytes,
        stop: int,
        places: Callable[[int], Sequence[int]],
        *,
        trailing: bool,
        coloured: bool,
    ) -> None:
        """Add the beginnings of at most three bytes, whitespace between them, that end at `stop`."""
        begins = self._firsts()[0]
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
                    first = found[-count]
                    back = places(first)
                    end.wait([back[at - first] for at in found[-count:]], shown, known)
                    if not shown:
                        break

    def _broken_at(self, reading: bytes, stop: int) -> tuple[list[int], list[tuple[bytes, int]]]:
        """Where the last three bytes but whitespace are; (beginning, bytes of it before the last break)."""
        part = b""
        index = stop
        found: list[int] = []
        broken = 0
        begins = self._firsts()[0]
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


def _counted(size: int) -> Callable[[int], Sequence[int]]:
    return lambda first: range(first - size, 0)


def _with_rest(back: Callable[[int], Sequence[int]], size: int, rest: int) -> Callable[[int], Sequence[int]]:
    """The same of `size` bytes, and the `rest` that ends the text."""
    return lambda first: range(first - size - rest, 0) if first >= size else [*back(first), *range(-rest, 0)]


def _spaced(text: bytes) -> list[bytes]:
    """Every beginning of a pattern in which no more than `HEAD` bytes are no whitespace, if some are."""
    head = text[:_LONG]
    if len(head[:HEAD].translate(None, SPACE)) == len(head[:HEAD]):
        return []
    sizes = [size for size in range(1, len(head) + 1) if len(head[:size].translate(None, SPACE)) <= HEAD]
    return [head[:size] for size in sizes]
