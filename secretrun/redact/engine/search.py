"""Finding occurrences in a reading of a buffer: finished ones, unfinished ones, those that broke off.

A pattern is matched byte for byte; a loose one also with whitespace between its bytes, so that a secret
is found where `fold`, `base64`, a terminal's width or an indented YAML block has broken it.
"""

from __future__ import annotations

from bisect import bisect_right

from secretrun.redact.engine.base64_edge import leftmost, rightmost
from secretrun.redact.engine.ellipsis import QUOTES, ellipses, has_ellipsis, undecided_ellipsis
from secretrun.redact.engine.keys import unfinished
from secretrun.redact.engine.occurrence import RUN, SHOWN, Occurrence, Unfinished, mask_start
from secretrun.redact.engine.public_head import UNFINISHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.redact.engine.keys import Beginning
    from secretrun.redact.engine.pattern_set import PatternSet
    from secretrun.redact.engine.readings import Reading
    from secretrun.redact.pattern import Pattern

_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


class Search:
    """One look at a buffer.

    Args:
        buffer: the bytes.
        before: what stands before them, see `base64_edge.after`.
        final: the stream ends with them.
        every: patterns were added to the stream, so every beginning counts, not only the longest.

    Attributes:
        found: the occurrences.
        waiting: those that are not finished.
    """

    __slots__ = ("_before", "_buffer", "_every", "_final", "_patterns", "found", "waiting")

    def __init__(
        self, buffer: bytes, before: tuple[int, int], patterns: PatternSet, *, final: bool, every: bool
    ) -> None:
        self._buffer = buffer
        self._before = before
        self._patterns = patterns
        self._final = final
        self._every = every
        self.found: list[Occurrence] = []
        self.waiting: list[Unfinished] = []

    def look(self, reading: Reading, last_shown: int) -> None:
        """Add what is found in a reading; `last_shown` is the byte that is read before it, or -1."""
        if self._final and reading.doubtful:
            return  # nothing comes that it would be read so for
        keys, text = reading.keys, reading.text
        size = len(text)
        if reading.own:
            starts, last_shown = [0], -1
        else:
            starts = keys.starts(text, min(reading.ends, default=size))
        gaps = reading.gaps() if starts or reading.size - size > RUN else []
        # no byte of a secret can follow when whitespace that is too long already has
        ended = self._final or (size > 0 and reading.size - reading.soft[size - 1] > RUN + 1)
        for start in starts:
            if size - start < keys.fewest:
                break  # the later ones have fewer bytes yet
            stop = gaps[bisect_right(gaps, start)] if gaps and start < gaps[-1] else size
            for index, length in keys.at(text, start, stop, ended=ended or stop < size):
                self._occurrence(
                    reading, start, length, keys.pattern(index), len(keys.texts[index]), last_shown
                )
        self._look_at_end(reading, starts, gaps)
        if self._patterns.shortened and has_ellipsis(text):
            self._look_at_ellipses(reading, starts, gaps)

    def _look_at_end(self, reading: Reading, starts: list[int], gaps: list[int]) -> None:
        text, soft = reading.text, reading.soft
        size = len(text)
        first = gaps[-1] if gaps else 0
        for stop in (size, *reading.ends) if not self._final else (size,):
            if stop <= first or reading.size - soft[stop - 1] > RUN + 1:
                continue
            for start, known in reading.keys.unfinished(text, stop, starts):
                if start < first:
                    continue
                # what begins later is under the same mask, or waits with it
                if self._final:
                    if self._cut_off(reading, start, stop):
                        break
                elif self._unfinished(reading, start, stop, known, ends=stop == size) and not self._every:
                    break
        if size and not self._final and self._patterns.shortened:
            for stop in (size, *reading.ends):
                if stop <= first or reading.size - soft[stop - 1] > RUN + 1:
                    continue
                self._look_at_dots(reading, stop, starts, first)

    def _look_at_dots(self, reading: Reading, stop: int, starts: list[int], first: int) -> None:
        """Wait where a text that ends at `stop` may turn out to end in an ellipsis."""
        text, places = reading.text, reading.places
        mark = undecided_ellipsis(text, stop, first)
        if mark == stop:
            return
        self._before_ellipsis(reading, mark, starts, first, end=stop)
        if reading.exact and text[mark:stop].strip(QUOTES):  # an end may follow it
            self.waiting.append(Unfinished(places[mark], reading.end, reading.end, -1))

    def _occurrence(
        self, reading: Reading, start: int, length: int, pattern: Pattern, whole: int, last_shown: int
    ) -> None:
        text, places = reading.text, reading.places
        stop = start + length
        if pattern.rule.word:
            if (text[start - 1] if start else last_shown) in _WORD:
                return
            if stop == len(text) and not self._final:
                first = places[start]
                self.waiting.append(Unfinished(first, first, first, pattern.order))  # the next byte decides
                return
            if stop < len(text) and text[stop] in _WORD:
                return
        self._mask(reading, start, stop, pattern, edges=length == whole)

    def _mask(
        self, reading: Reading, start: int, stop: int, pattern: Pattern, *, edges: bool = False
    ) -> None:
        """An occurrence from `start` to `stop` of the reading."""
        places, soft = reading.places, reading.soft
        first, end = places[start], places[stop - 1] + 1
        shown = mask_start(soft, start, stop)
        if reading.doubtful:
            if stop > reading.sure:
                keep = first if shown else leftmost(self._buffer, first, pattern.rule.left, self._before)
                hold = places[start + shown] if shown else keep
                self.waiting.append(Unfinished(keep, hold, hold, pattern.order))
            return  # else the other way to read it has it too
        rest = reading.text[stop : stop + SHOWN]
        if (
            reading.shown
            and not self._final
            and (
                not rest.strip(b"\b\r")
                or (rest == reading.text[stop - 1 : stop] and soft[stop] == soft[stop - 1] + 1)
            )
            and (edges or not reading.solid or self._seen(reading, start, stop) is not None)
        ):
            # its last character may be written again: that one is under the mask too, or is all of it
            goes_back = reading.back == reading.size - 1 - soft[stop - 1]  # or nothing follows
            limit = hold = end if rest and (goes_back or rest.strip(b"\b\r")) else reading.end
            if stop - start <= SHOWN + 1:
                limit = hold = places[start + shown]
            elif goes_back:
                hold = end  # and so is what goes back to it
            self.waiting.append(Unfinished(first, hold, limit, pattern.order))
        if edges and pattern.rule.right:
            end = self._edge(first, end, pattern)
        if not shown:
            first = leftmost(self._buffer, first, pattern.rule.left, self._before)
        begin = places[start + shown] if shown else first
        self.found.append(Occurrence(begin, end, first, pattern, solid=reading.solid))

    def _edge(self, first: int, end: int, pattern: Pattern) -> int:
        """Take in the last character of base64, which a secret determines in part, and its padding."""
        size = len(self._buffer)
        stop = rightmost(self._buffer, end)
        if stop == size and stop < end + 3 and not self._final:
            # the mask is out; the rest of the edge is recognised when it comes
            self.waiting.append(Unfinished(first, size, size, pattern.order))
        return stop

    def _seen(self, reading: Reading, start: int, stop: int) -> Beginning | None:
        """What is known of those that begin so and that a terminal shows as they are."""
        return self._patterns.beginning_shown(reading.text[start:stop], exact=reading.exact)

    def _unfinished(
        self, reading: Reading, start: int, stop: int, known: Beginning | None, *, ends: bool = True
    ) -> bool:
        """Wait for what follows; whether nothing of it may show.

        Without `ends` the text ends at `stop` only as a terminal may show it.
        """
        places, end = reading.places, reading.end
        if not ends and reading.solid:
            known = self._seen(reading, start, stop)
        if known is None:
            return False
        size = stop - start
        first = places[start]
        shown = mask_start(reading.soft, start, stop)
        if size <= SHOWN and reading.soft[stop - 1] + 1 < reading.size:
            shown = size  # a break follows
        early = known.early
        if shown:
            limit = max(early, shown)
            hold = places[start + shown] if shown < size else end
            self.waiting.append(
                Unfinished(first, hold, places[start + limit] if limit < size else end, known.order)
            )
            return False
        begin = leftmost(self._buffer, first, known.left, self._before)
        limit = places[start + early] if early < size else end
        self.waiting.append(Unfinished(begin, begin, limit - (first - begin), known.order))
        return True

    def _cut_off(self, reading: Reading, start: int, stop: int) -> bool:
        """Mask what the end of the stream cuts off, when it is enough."""
        found = len(self.found)
        keys = reading.keys
        for index in keys.going_on(reading.text[start:stop]):
            if stop - start >= unfinished(len(keys.texts[index]), keys.public[index]):
                self._mask(reading, start, stop, keys.pattern(index))
        return len(self.found) > found

    def _look_at_ellipses(self, reading: Reading, starts: list[int], gaps: list[int]) -> None:
        text, places = reading.text, reading.places
        after: list[int] = []
        marks: dict[int, int] = {}
        for match in ellipses(text):
            begin, end = match.span(1)
            size = 3 if text[begin] == 0x2E else end - begin
            room = size + text[begin : begin + 1].isdigit()  # a blank after a number
            # dots that stand apart are none, and `has_ellipsis` finds none in them
            if places[begin + size - 1] - places[begin] < room:
                first = gaps[bisect_right(gaps, begin) - 1] if gaps and gaps[0] <= begin else 0
                self._before_ellipsis(reading, match.start(), starts, first)
            if places[end - 1] - places[end - size] < room:
                after.append(match.end())
                marks[match.end()] = match.start()
        if not reading.exact:
            return
        for start, stop, pattern in self._patterns.ends.found(text, after):
            self._end(reading, marks[start], start, stop, pattern)
        if not self._final:
            for start in after:
                keep = places[marks[start]]
                for stop in (len(text), *reading.ends):
                    if start == stop:
                        self.waiting.append(Unfinished(keep, reading.end, reading.end, -1))
                    elif start < stop and self._patterns.ends.may_become(text[start:stop]):
                        hold = places[start]
                        self.waiting.append(Unfinished(keep, hold, min(hold + SHOWN, reading.end), -1))

    def _end(self, reading: Reading, mark: int, start: int, stop: int, pattern: Pattern) -> None:
        """An end of a pattern, from `start` to `stop`, with the ellipsis at `mark`."""
        places = reading.places
        begin, end = places[start], places[stop - 1] + 1
        if reading.doubtful:
            if stop > reading.sure:
                self.waiting.append(Unfinished(places[mark], begin, begin, pattern.order))
        else:
            self.found.append(Occurrence(begin, end, places[mark], pattern, solid=reading.solid))

    def _before_ellipsis(
        self,
        reading: Reading,
        stop: int,
        starts: list[int],
        first: int,
        *,
        end: int | None = None,
    ) -> None:
        """Mask a beginning that ends where an ellipsis begins, or wait whether there is one.

        Without `end` there is one; else the text may end there.
        """
        keys, text = reading.keys, reading.text
        for start, known in keys.unfinished(text, stop, starts):
            if start < first or stop - start < known.head + UNFINISHED:
                continue
            if end is not None:
                self._unfinished(reading, start, stop, known, ends=end == len(text))
                continue
            for index in keys.going_on(text[start:stop]):
                if stop - start >= keys.public[index] + UNFINISHED and not keys.rule(index).word:
                    self._mask(reading, start, stop, keys.pattern(index))
