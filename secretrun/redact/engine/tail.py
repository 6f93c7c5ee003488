"""The end of a clear text: what may begin there, told without a look at the text.

Nothing stands in a clear text, and no more than `TAIL` bytes of anything at its end. Nearly always less
than four bytes of anything do: the last four of each reading stand in no key. What these few bytes may begin
is told by them alone. A look is taken where that is not sure.
"""

from __future__ import annotations

from secretrun.redact.engine.base64_edge import after, belongs, leftmost
from secretrun.redact.engine.ellipsis import LONGEST_MARK, QUOTES, has_ellipsis, undecided_ellipsis
from secretrun.redact.engine.endings import LEAST, NEAR, Ending, counted, endings
from secretrun.redact.engine.keys import HEAD
from secretrun.redact.engine.margins import AT_MARGIN
from secretrun.redact.engine.occurrence import BLANKS, GAP, RUN, SHOWN, Unfinished
from secretrun.redact.engine.tip import last_bytes, written_over
from secretrun.redact.engine.words import words_at, words_of
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secretrun.redact.engine.keys import Beginning, Keys

_MOST_GRAMS = 1 << 18  # bytes of heads, divided by the stride
_DOTS = (b".", b"[")  # what an ellipsis may begin with
_LONG = 4 * HEAD  # bytes of a beginning with whitespace
_SPACES = frozenset(bytes([byte]) for byte in SPACE)


class Tail:
    """What may begin at the end of a clear text. Immutable but for a cache, shared between threads.

    Args:
        heads: of all keys, without whitespace.
        keys: gives what is looked for in the bytes as they are, and without whitespace; of a text that a
            terminal shows otherwise, where it is asked for that.
        left: every `Rule.left`.
        screen: text is read as a terminal shows it too.
        shortened: beginnings and ends count next to an ellipsis.
    """

    __slots__ = (
        "_begins", "_edges", "_gaps", "_grams", "_heads", "_keys", "_left", "_screen", "_shortened",
        "_spaced", "_stride",
    )  # fmt: skip

    def __init__(
        self,
        heads: set[bytes],
        keys: Callable[[bool], tuple[Keys, Keys]],
        *,
        left: int,
        screen: bool,
        shortened: bool,
    ) -> None:
        self._heads = heads
        self._keys = keys
        self._left = left
        self._edges = left | left >> 128  # a bit for each byte that may stand there
        self._screen = screen
        self._shortened = shortened
        # made when the first text comes
        self._begins: frozenset[bytes] = frozenset()  # beginnings of at most three bytes
        self._spaced: frozenset[bytes] = frozenset()  # the same with whitespace of their own
        self._gaps = False  # whether a key has more than `RUN` bytes of whitespace in a row
        # four bytes in a row of heads, at every so many bytes: whatever ends a text has some in its last ones
        self._grams: frozenset[int] = frozenset()
        self._stride = 1

    def _prepare(self) -> None:
        heads = self._heads
        texts = self._keys(False)[0].texts
        self._spaced = frozenset([part for text in texts for part in _spaced(text)])
        self._gaps = any(GAP in text.translate(BLANKS) for text in texts if len(text) > RUN)
        size = sum(map(len, heads))
        self._stride = stride = next(
            stride for stride in (1, 4, 8, 16, 32) if size <= stride * _MOST_GRAMS or stride == 32
        )
        self._grams = words_at(heads, stride)
        # last: another thread looks for it
        self._begins = frozenset([head[:size] for size in range(1, HEAD) for head in heads])

    def waiting(self, text: bytes, before: tuple[int, int]) -> Sequence[Unfinished] | None:
        """What begins, or None where a look must tell. Places count from the end of the text."""
        if self._shortened and has_ellipsis(text[-LEAST - LONGEST_MARK :]):
            return None  # an end may follow it
        found = self._endings(text)
        if found is None:
            return None
        cut, ends = found
        waiting: list[Unfinished] = []
        for end in ends:
            if not self._add(waiting, end, text, before):
                return None
        if cut:
            # it may be the number of an ellipsis, `[22 chars]`, and a beginning end in its ESC
            ended = text[: len(text) - cut + 1][-NEAR:]
            end = Ending(ended, counted(len(ended)), whole=False, shown=False)
            if self._tip(end, ended, shown=False) is None:
                return None
            waiting.append(Unfinished(-cut, 0, 0, -1))
        if self.left_edge(text, before):
            waiting.append(Unfinished(-1, -1, 0, -1))  # it waits for what it belongs to
        return waiting

    def quiet_before(self, text: bytes, stop: int) -> bool:
        """Whether surely nothing of four bytes or more begins that ends at `stop`."""
        found = self._endings(text[:stop])
        return found is not None and all(
            self._tip(end, end.text.rstrip(SPACE), shown=end.shown) is not None for end in found[1]
        )

    def quiet_in_line(self, text: bytes, stop: int) -> bool:
        """The same of a text that is shown as it is, told by the last bytes in its line."""
        if not self._begins:
            self._prepare()
        begin = max(0, stop - NEAR)
        line = text.rfind(b"\n", begin, stop) + 1
        before = text[line:stop].lstrip(AT_MARGIN) if line else text[begin:stop]
        size = HEAD + self._stride  # whatever ends here has one of the words in so many bytes
        tip = before.translate(None, SPACE)[-size:]
        enough = HEAD if line == begin == 0 else size
        return len(tip) >= enough and self._grams.isdisjoint(words_of(tip))

    def _endings(self, text: bytes) -> tuple[int, list[Ending]] | None:
        if not self._begins:
            self._prepare()
        return endings(text, screen=self._screen, enough=2 * (HEAD + self._stride))

    def _tip(self, end: Ending, bare: bytes, *, shown: bool) -> bytes | None:
        """The last bytes of an end, if surely no more than three of anything end it; else None."""
        size = HEAD + self._stride  # one more than is asked for, which may be written over
        if end.whole:
            size = min(size, len(bare.translate(None, SPACE)))
        tip = last_bytes(bare, size, shown=shown, opened=end.opened)
        return tip if tip is not None and self._grams.isdisjoint(words_of(tip)) else None

    def _add(self, waiting: list[Unfinished], end: Ending, text: bytes, before: tuple[int, int]) -> bool:
        """Add what may begin with an end's last bytes; False where that can't be told."""
        reading = end.text
        if reading.endswith(b"\r"):
            return False
        if self._spaced:
            # the last byte shown, a blank too, may be written over by what comes
            last = len(reading) - (end.shown and (written_over(reading) or reading.endswith(b" ")))
            for stop in range(last, len(reading) + 1):
                if not self._add_spaced(waiting, end, stop, text, before):
                    return False
        bare = reading.rstrip(SPACE)
        seen = end.coloured
        while len(reading) - len(bare) <= RUN:
            size, gap = len(bare), len(reading) - len(bare)
            line = bare.rfind(b"\n") + 1
            # all of the last line may be a margin, or text: then what begins before it waits too
            margin = end.shown and 0 < line < size and not bare[line:].strip(AT_MARGIN)
            over = end.shown and written_over(bare)
            tip = self._tip(end, bare, shown=end.shown and not margin)
            if tip is None or (margin and (over or not _is_one(bare[line:], gap))):
                return False
            if over and gap < RUN:
                self._at(waiting, end, size - 1, text, before, trailing=True, seen=True)
            if gap == 0 and tip[-1:] in _DOTS and self._shortened and not end.opened:
                mark = undecided_ellipsis(reading, size)
                if reading[mark:].strip(QUOTES):  # an end may follow it
                    waiting.append(Unfinished(end.places(mark)[0], 0, 0, -1))
            if not self._begins.isdisjoint((tip[-1:], tip[-2:], tip[-3:])):
                self._at(waiting, end, size, text, before, trailing=gap > 0, seen=seen)
            if not margin:
                return True
            seen = True
            bare = bare[:line].rstrip(SPACE)
        return not self._gaps  # nothing goes on after so much whitespace

    def _add_spaced(
        self, waiting: list[Unfinished], end: Ending, stop: int, text: bytes, before: tuple[int, int]
    ) -> bool:
        """The same of beginnings with whitespace of their own that end at `stop`, the longest first."""
        reading, spaced = end.text, self._spaced
        for count in range(min(_LONG, stop), 0, -1):
            part = reading[stop - count : stop]
            if part not in spaced:
                continue
            if count == _LONG:
                return False
            # what is written over is shown
            known = self._keys(end.coloured or stop < len(reading))[0].beginning(part)
            if known is not None:
                # a break shows what stands before it
                broken = stop < len(reading) and count <= SHOWN
                places = end.places(stop - count)[:count]
                waiting.append(_unfinished(places, count if broken else 0, known, text, before))
                if not broken:
                    break
        return True

    def _at(
        self,
        waiting: list[Unfinished],
        end: Ending,
        stop: int,
        text: bytes,
        before: tuple[int, int],
        *,
        trailing: bool,
        seen: bool,
    ) -> None:
        """Add the beginnings of at most three bytes, whitespace between them, that end at `stop`.

        Bytes before a break, or with `trailing` all of them, may show. With `seen` only keys count that a
        terminal shows as they are.
        """
        reading, begins = end.text, self._begins
        part = b""
        places: list[int] = []
        broken = 0  # bytes of the part after the last break in it
        parts: list[tuple[bytes, int]] = []
        index = stop
        while index > 0 and len(part) < HEAD - 1:
            index -= 1
            byte = reading[index : index + 1]
            if byte in _SPACES:
                continue
            if places and places[0] - index > RUN + 1:
                break
            if places and not broken and places[0] > index + 1:
                broken = len(part)
            part = byte + part
            places.insert(0, index)
            if part in begins:
                parts.insert(0, (part, broken))
        if not parts:
            return
        first = places[0]
        back = end.places(first)
        places = [back[place - first] for place in places]
        exact, loose = self._keys(seen)
        for keys in (exact, loose):
            for part, broken in parts:  # the longest first: what begins later waits with it
                known = keys.beginning(part) if not broken or keys is loose else None
                if known is None:
                    continue
                count = len(part)
                shown = count if trailing else count - broken if broken else 0
                waiting.append(_unfinished(places[-count:], shown, known, text, before))
                if not shown:
                    break

    def left_edge(self, text: bytes, before: tuple[int, int]) -> bool:
        """Whether the last byte may belong to base64 that begins with the next."""
        byte = text[-1]
        return self._edges >> byte & 1 == 1 and belongs(
            self._left, byte, after(text, len(text) - 1, before)[1]
        )

    def __repr__(self) -> str:
        return f"<Tail of {len(self._heads)} heads>"


def _is_one(line: bytes, gap: int) -> bool:
    """Whether a line of marks, with so much whitespace after it, is a margin as a whole if any of it is."""
    marks = len(line.split())
    return marks == 1 or (marks <= 4 and gap > 1)


def _unfinished(
    places: Sequence[int], shown: int, known: Beginning, text: bytes, before: tuple[int, int]
) -> Unfinished:
    """A beginning at these places, the first `shown` of which may show."""
    first, count = places[0], len(places)
    early = max(shown, known.early)
    limit = places[early] if early < count else 0
    if shown:
        return Unfinished(first, places[shown] if shown < count else 0, limit, known.order)
    size = len(text)
    start = leftmost(text, size + first, known.left, before) - size
    return Unfinished(start, start, limit - (first - start), known.order)


def _spaced(text: bytes) -> list[bytes]:
    """Every beginning of a pattern that has whitespace, and no more than `HEAD` bytes besides."""
    found = []
    for size in range(1, min(len(text), _LONG) + 1):
        count = len(text[:size].translate(None, SPACE))
        if count > HEAD:
            break
        if count < size:
            found.append(text[:size])
    return found
