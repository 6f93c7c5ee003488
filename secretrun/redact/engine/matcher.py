"""One stream through the engine: what is kept of it, what is shown, what waits.

The bytes that matter for what may come are kept in a buffer and searched again with the next chunk, so
there is no state inside the automaton, and no offset that could overflow (pyahocorasick's are C ints).
Text that the patterns clear, which is nearly all text, goes out without a look at single bytes; the
answer does not depend on where a text is cut, so one that is not clear is cut round the place that is
suspect, or in halves, until the few bytes that need care are alone.
"""

from __future__ import annotations

from secretrun.redact.engine.base64_edge import START, after
from secretrun.redact.engine.occurrence import Occurrence
from secretrun.redact.engine.readings import is_open
from secretrun.redact.engine.terminal_escapes import first_kept

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secretrun.redact.engine.carried import Carried
    from secretrun.redact.engine.pattern_set import PatternSet
    from secretrun.redact.engine.readings import Screen
    from secretrun.redact.engine.search import Search
    from secretrun.redact.pattern import Pattern

_MOST = 1 << 14  # bytes looked at in one go: the shorter a text, the more bytes it lacks
_LEAST = 256  # bytes that are not halved any more
_LONG = 16  # bytes that wait, below which it costs nothing to look at all of them with each that comes


class Matcher:
    """The state of one stream.

    Args:
        patterns: what to mask.
        mask: gives the mask of a pattern, and is told so that it is written.
    """

    __slots__ = (
        "_before", "_buffer", "_carried", "_covered", "_done", "_frontier", "_known", "_last_shown", "_limit",
        "_mask", "_more", "_patterns", "_solid",
    )  # fmt: skip

    def __init__(self, patterns: PatternSet | None, mask: Callable[[Pattern], bytes]) -> None:
        self._patterns = patterns
        self._mask = mask
        self._start()

    def _start(self) -> None:
        self._buffer = b""  # all that is needed to recognise what is not finished
        self._done = 0  # bytes of the buffer that are out, or stand under a mask that is
        self._covered = 0  # bytes of the buffer, and beyond, that the last mask stands for
        self._solid: list[tuple[int, int]] = []  # the occurrences under it in the bytes as they are
        self._limit = 0  # bytes of the buffer that an idle terminal may show
        self._before = START  # what stands before the buffer
        self._last_shown = -1  # the last byte before it that a terminal shows
        self._frontier = 0  # where patterns added in mid-stream begin to count
        self._known = 0  # how many patterns there were before; 0 when that no longer matters
        self._carried: Carried | None = None  # what the buffer is the beginning of
        self._more = bytearray()  # what follows the buffer, and was not looked at

    @property
    def held(self) -> int:
        """The number of bytes that wait for what follows them."""
        return max(0, len(self._buffer) + len(self._more) - max(self._done, self._covered))

    def add(self, patterns: PatternSet | None) -> None:
        """Look for these from now on: the old ones and more, which count from the first byte not shown."""
        self._catch_up()
        self._carried = None
        if self._patterns is not None and self._buffer:
            self._known = self._known or len(self._patterns.patterns)
            self._frontier = max(self._done, self._covered)
        self._patterns = patterns

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that are decided."""
        patterns = self._patterns
        if patterns is None or not data:
            return data
        if self._carried is not None:
            if self._carried.take(data):
                self._more += data
                return b""
            self._join()
        size = len(data)
        if size > _MOST:
            return b"".join([self.feed(data[at : at + _MOST]) for at in range(0, size, _MOST)])
        buffer = self._buffer + data if self._buffer else data
        if self._covered <= self._done and not self._known and patterns.clear(buffer):
            return self._pass(patterns, buffer)
        if size > _LEAST and size > len(self._buffer):
            begin, end = patterns.suspect(data) or (0, size)
            if end - begin < size // 2:
                begin, end = _between(data, begin), _between(data, end)
                return self.feed(data[:begin]) + self._look(data[begin:end]) + self.feed(data[end:])
            half = _between(data, size // 2)
            return self.feed(data[:half]) + self.feed(data[half:])
        return self._look(data)

    def _join(self) -> None:
        self._carried = None
        if self._more:
            self._buffer += self._more
            self._more = bytearray()

    def _catch_up(self) -> None:
        """Look at what was not looked at: what an idle terminal may show depends on it."""
        if self._more and self._patterns is not None:
            self._join()
            self._step(self._patterns, self._buffer, final=False)

    def release(self) -> bytes:
        """Return the held bytes that an idle terminal may show."""
        self._catch_up()
        start, end = max(self._done, self._covered), min(self._limit, len(self._buffer))
        if end <= start:
            return b""
        self._done = end
        return self._buffer[start:end]

    def finish(self) -> bytes:
        """End the stream and begin another; return the rest of it."""
        out = b""
        self._join()
        if self._buffer and self._patterns is not None:
            out = self._step(self._patterns, self._buffer, final=True)
        self._start()
        return out

    def _pass(self, patterns: PatternSet, buffer: bytes) -> bytes:
        """Let clear text out, but for what may be the beginning of a secret at its end."""
        cut, waiting = patterns.tail(buffer, self._before, self._last_shown)
        size = len(buffer)
        done = self._done
        hold = keep = limit = size
        for one in waiting:
            keep = min(keep, cut + one.keep)
            if cut + one.hold < size:
                hold = min(hold, cut + one.hold)
                limit = min(limit, cut + one.limit)
        self._done = max(done, hold)
        keep = min(keep, self._done)
        if keep < size and patterns.screen and is_open(buffer[:keep]):
            keep = max(0, buffer.rfind(b"\x1b", 0, keep))  # what is kept begins with a sequence, not within
        self._forget(buffer, keep, None)
        self._limit = max(0, limit - (size - len(self._buffer)))
        return buffer[done:hold] if done or hold < size else buffer

    def _look(self, data: bytes) -> bytes:
        """The same of bytes that most likely are not clear."""
        assert self._patterns is not None  # noqa: S101  else all is clear
        self._join()
        return self._step(self._patterns, self._buffer + data, final=False)

    def _step(self, patterns: PatternSet, buffer: bytes, *, final: bool) -> bytes:
        search, screen = patterns.look(
            buffer, self._before, self._last_shown, final=final, every=self._known > 0
        )
        if self._known:
            self._drop_early(search)
        if not search.found and not search.waiting and self._covered <= self._done:
            done, self._done = self._done, len(buffer)
            self._forget(buffer, len(buffer), screen)
            return buffer[done:] if done else buffer
        out = self._emit(buffer, search, screen)
        if len(self._buffer) >= _LONG and not (self._covered or self._known or final):
            self._carried = patterns.carried(self._buffer, self._before)
        return out

    def _drop_early(self, search: Search) -> None:
        """Patterns added in mid-stream don't reach back over what was shown before they came."""
        known, frontier = self._known, self._frontier
        search.found = [one for one in search.found if one.pattern.order < known or one.start >= frontier]
        search.waiting = [one for one in search.waiting if one.order < known or one.keep >= frontier]

    def _emit(self, buffer: bytes, search: Search, screen: Screen | None) -> bytes:
        """Write what is decided: text before the first byte that is not, and the masks that start there."""
        end = len(buffer)
        hold = min([one.hold for one in search.waiting], default=end)
        sequences = screen.sequences if screen is not None else []
        covered, position = self._covered, self._done
        found = sorted(search.found, key=Occurrence.rank)
        solid = [*self._solid, *[(one.start, one.end) for one in found if one.solid]]
        for start, stop in sequences:
            if start < hold < stop and (
                start < covered or any(one.start <= start < one.end for one in found)
            ):
                hold = start  # whether this sequence is part of a secret is not known yet
        out: list[bytes] = []

        def advance(to: int) -> None:
            """Write up to `to`: escape sequences only where a mask stands, then the text."""
            nonlocal position
            under = min(covered, to)
            if sequences and position < under:
                out.extend(_moved(buffer, sequences, solid, position, under))
            position = max(position, under)
            if position < to:
                out.append(buffer[position:to])
                position = to

        waiting: list[Occurrence] = []  # a longer one may yet begin before them, or with them
        for one in found:
            if one.start < covered:
                covered = max(covered, one.end)  # it goes under the mask that is there
            elif one.start < hold:
                advance(one.start)
                out.append(self._mask(one.pattern))
                covered = one.end
            else:
                waiting.append(one)
        advance(max(hold, position))
        keep = min([position, *[one.keep for one in search.waiting], *[one.keep for one in waiting]])
        for start, stop in sequences:
            if start < keep < stop:
                keep = start
        self._solid = [span for span in solid if span[0] < covered and span[1] >= position]
        self._covered = covered
        self._done = position
        limits = [one.limit for one in search.waiting if one.hold < end]
        self._limit = min([*limits, *[one.start for one in waiting]], default=0)
        self._forget(buffer, keep, screen)
        return b"".join(out)

    def _forget(self, buffer: bytes, keep: int, screen: Screen | None) -> None:
        """Drop the first `keep` bytes of the buffer, but for those that say how what follows is read."""
        if keep and ((last := buffer[keep - 1]) >= 0x80 or last == 0x08):
            keep = first_kept(buffer, keep)
        self._buffer = buffer[keep:]
        if not keep:
            return
        assert self._patterns is not None  # noqa: S101  a buffer is only kept for patterns
        self._last_shown = self._patterns.last_shown(buffer, keep, screen, self._last_shown)
        self._before = after(buffer, keep, self._before)
        self._done -= min(self._done, keep)
        self._covered -= min(self._covered, keep)
        if self._solid:
            self._solid = [(start - keep, end - keep) for start, end in self._solid if end > keep]
        self._limit -= min(self._limit, keep)
        self._frontier -= min(self._frontier, keep)
        if not self._frontier:
            self._known = 0


def _between(data: bytes, at: int) -> int:
    """The first place from `at` on that is within no character: its last bytes alone may be controls."""
    while 0 < at < len(data) and 0x80 <= data[at] < 0xC0:
        at += 1
    return at


def _moved(
    buffer: bytes,
    sequences: Sequence[tuple[int, int]],
    solid: Sequence[tuple[int, int]],
    begin: int,
    end: int,
) -> list[bytes]:
    """The sequences between two places that a mask leaves as they are: all but those that are secret.

    The rest of one is written whose beginning is out, for it was cut. What has no sequence's beginning (a
    character of no width, one that is written over) stays away.
    """
    return [
        buffer[max(begin, start) : stop]
        for start, stop in sequences
        if begin < stop <= end
        and buffer[start] in b"\x1b\x0e\x0f"
        and not any(a < stop and start < b for a, b in solid)
    ]
