"""One stream through the redactor: what is kept of it, what is shown, what waits.

The bytes that matter for what may come are kept in a buffer and scanned again with the next chunk, so
there is no state inside the automaton, and no offset that could overflow (pyahocorasick's are C ints).
Text that the patterns clear, which is nearly all text, goes out without a look at single bytes.
"""

from __future__ import annotations

from secretrun.redact.engine.occurrence import Live, Span
from secretrun.redact.engine.prefilter import TAIL
from secretrun.redact.engine.search import scan
from secretrun.redact.engine.views import START, PlainText, View, after, has_escapes, stripped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.redact.engine.pattern_set import PatternSet
    from secretrun.redact.secret_set import SecretSet


_MOST = 1 << 18  # bytes looked at in one go: what is sifted again and again should stay in the cache


class Stream:
    """The state of one stream.

    Args:
        secrets: what to mask; additions to it count from the first byte not shown yet.
        counts: masks written, by name and form.
    """

    def __init__(self, secrets: SecretSet, counts: dict[str, dict[str, int]]) -> None:
        self._shared = secrets
        self._counts = counts
        self.start()

    def start(self) -> None:
        """A new stream."""
        self._patterns = self._shared.patterns
        self._buffer = b""  # all that is needed to recognise what is not finished
        self._done = 0  # bytes of the buffer that are out, or stand under a mask that is
        self._covered = 0  # bytes of the buffer, and beyond, that the last mask stands for
        self._solid = 0  # the same, of the last occurrence in the bytes as they are
        self._limit = 0  # bytes of the buffer that an idle terminal may show
        self._before = START  # what stands before the buffer
        self._before_text = START  # and what without its escapes
        self._frontier = 0  # where patterns added in mid-stream begin to count
        self._old: PatternSet | None = None  # the patterns before they were added

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that are decided."""
        if self._patterns is not self._shared.patterns:
            self._renew()
        patterns = self._patterns
        if patterns is None or not data:
            return data
        if len(data) > _MOST:
            return b"".join([self.feed(data[at : at + _MOST]) for at in range(0, len(data), _MOST)])
        buffer = self._buffer + data if self._buffer else data
        out = b""
        clear = patterns.clear(buffer)
        if clear and self._old is None and self._covered <= self._done:
            if not self._shared.terminal or (self._before == self._before_text and not has_escapes(buffer)):
                return self._pass(patterns, buffer)
            cut = buffer.rfind(b"\x1b[", self._done, -4 * TAIL)
            passed = self._pass_coloured(patterns, buffer, cut) if cut > self._done else None
            if passed is not None:
                out, buffer = passed, self._buffer
        quiet = clear and not patterns.begins(patterns.end(buffer)[1])
        view = View(buffer, self._before, patterns.squeezed)
        return out + self._step(patterns, view, quiet, final=False)

    def _pass(self, patterns: PatternSet, buffer: bytes) -> bytes:
        """Let clear text out, but for what may be the beginning of a secret at its end."""
        end, squeezed = patterns.end(buffer)
        cut = len(buffer) - len(end)
        waiting = None if patterns.begins(squeezed) else patterns.tails.waiting(buffer, self._before)
        if waiting is not None:
            wait, need, show = waiting
            if not need and not self._done:
                self._before = self._before_text = after(buffer, len(buffer), self._before)
                self._buffer = b""
                self._covered = self._solid = self._limit = 0
                return buffer
            return self._let_out(buffer, len(buffer) - wait, len(buffer) - need, show)
        view = View(end, after(buffer, cut, self._before), patterns.squeezed)
        lives: list[Live] = []
        scan(patterns, view, [], lives, final=False)
        patterns.tails.find(view, lives)
        hold = min([live.hold for live in lives], default=len(end))
        keep = min([live.keep for live in lives], default=len(end))
        limit = min([live.limit for live in lives if live.hold < len(end)], default=0)
        return self._let_out(buffer, cut + hold, cut + keep, max(0, limit - keep))

    def _pass_coloured(self, patterns: PatternSet, buffer: bytes, cut: int) -> bytes | None:
        """Let a text that is clear as it is out up to `cut`, if it is clear without its escapes too.

        Else None. What stays begins with a sequence, and is long enough for all that may not be finished.
        """
        text, end = stripped(buffer), stripped(buffer[cut:])
        if len(patterns.squeezed(end)) < TAIL or not patterns.clear(text):
            return None
        before_text = after(text, len(text) - len(end), self._before_text)
        out = self._let_out(buffer, cut, cut, 0)
        self._before_text = before_text
        return out

    def _let_out(self, buffer: bytes, hold: int, keep: int, limit: int) -> bytes:
        """Show clear text to `hold`; keep it from `keep` on, `limit` bytes of that for an idle terminal."""
        done = self._done
        shown = max(done, hold)
        keep = min(keep, shown)
        self._before = self._before_text = after(buffer, keep, self._before)
        self._buffer = buffer[keep:]
        self._done = shown - keep
        self._covered = max(0, self._covered - keep)
        self._solid = max(0, self._solid - keep)
        self._limit = limit
        return buffer[done:hold]

    @property
    def held(self) -> int:
        """The number of bytes that wait for what follows them."""
        return max(0, len(self._buffer) - max(self._done, self._covered))

    def _renew(self) -> None:
        if self._old is None:
            self._old = self._patterns
        self._frontier = max(self._done, self._covered)
        self._patterns = self._shared.patterns

    def finish(self) -> bytes:
        """End the stream and begin another; return the rest of it."""
        out = b""
        if self._buffer:
            if self._patterns is not self._shared.patterns:
                self._renew()
            assert self._patterns is not None  # noqa: S101  a buffer is only kept for patterns
            view = View(self._buffer, self._before, self._patterns.squeezed)
            out = self._step(self._patterns, view, quiet=False, final=True)
        self.start()
        return out

    def release(self) -> bytes:
        """Return the held bytes that an idle terminal may show."""
        start, end = max(self._done, self._covered), min(self._limit, len(self._buffer))
        if end <= start:
            return b""
        self._done = end
        return self._buffer[start:end]

    def _step(self, patterns: PatternSet, view: View, quiet: bool, *, final: bool) -> bytes:
        buffer = view.text
        spans: list[Span] = []
        lives: list[Live] = []
        self._look(patterns, view, quiet, spans, lives, final=final)
        plain = None
        if self._shared.terminal and (has_escapes(buffer) or self._before != self._before_text):
            plain = PlainText(buffer, self._before_text, patterns.squeezed)
            self._look(patterns, plain, patterns.quiet(plain.text), spans, lives, final=final)
            if plain.cut and not final:
                # a string that may turn out to be text, when it does not end as strings do
                doubtful = PlainText(buffer, self._before_text, patterns.squeezed, cut=False)
                found: list[Span] = []
                self._look(patterns, doubtful, patterns.quiet(doubtful.text), found, lives, final=False)
                lives += [Live(span.keep, span.start, span.start, span.end) for span in found]
        if final:
            spans += [
                Span(live.hold, live.end, live.keep, patterns.patterns[live.order], solid=False)
                for live in lives
                if live.order >= 0 and live.matched >= max(8, (live.length + 1) // 2)
            ]
            lives = []
        if not spans and not lives and plain is None and self._covered <= self._done:
            out = buffer[self._done :] if self._done else buffer
            self._forget(buffer, len(buffer), None)
            self._done = self._covered = self._solid = 0
            return out
        return self._emit(buffer, spans, lives, plain)

    def _look(
        self,
        patterns: PatternSet,
        view: View,
        quiet: bool,
        spans: list[Span],
        lives: list[Live],
        *,
        final: bool,
    ) -> None:
        if not quiet:
            scan(patterns, view, spans, lives, final=final)
        patterns.tails.find(view, lives)
        if self._old is not None:
            self._drop_early(self._old, spans, lives, view)

    def _drop_early(self, old: PatternSet, spans: list[Span], lives: list[Live], view: View) -> None:
        """Patterns added in mid-stream don't reach back over what was shown before they came."""
        known = len(old.patterns)
        spans[:] = [span for span in spans if span.pattern.order < known or span.start >= self._frontier]
        lives[:] = [live for live in lives if 0 <= live.order < known or live.keep >= self._frontier]
        early: list[Live] = []
        old.tails.find(view, early)
        lives += [live for live in early if live.keep < self._frontier]

    def _emit(self, buffer: bytes, spans: list[Span], lives: list[Live], plain: PlainText | None) -> bytes:
        """Write what is decided: text before the first byte that is not, and the masks that start there."""
        shared = self._shared
        end = len(buffer)
        hold = min([live.hold for live in lives], default=end)
        sequences = plain.sequences if plain is not None else []
        covered, position = self._covered, self._done
        spans.sort(key=Span.rank)
        solid = [(-1, self._solid), *[(span.start, span.end) for span in spans if span.solid]]
        reach = max([covered, *[span.end for span in spans if span.start < hold]])
        for start, stop in sequences:
            if start < hold < stop and start < reach:
                hold = start  # whether this sequence is part of a secret is not known yet
        out: list[bytes] = []

        def advance(to: int) -> None:
            """Write up to `to`: escape sequences only where a mask stands, then the text."""
            nonlocal position
            under = min(covered, to)
            if sequences and position < under:
                for start, stop in sequences:
                    if (
                        position <= start
                        and stop <= under
                        and not any(a < stop and start < b for a, b in solid)
                    ):
                        out.append(buffer[start:stop])
            position = max(position, under)
            if position < to:
                out.append(buffer[position:to])
                position = to

        waiting: list[Span] = []  # a longer one may yet begin before them, or with them
        for span in spans:
            if span.start < covered:
                covered = max(covered, span.end)  # it goes under the mask that is there
            elif span.start < hold:
                advance(span.start)
                pattern = span.pattern
                out.append(shared.masks[pattern.owner])
                forms = self._counts.setdefault(shared.names[pattern.owner] or "secret", {})
                forms[pattern.form] = forms.get(pattern.form, 0) + 1
                covered = span.end
            else:
                waiting.append(span)
        advance(max(hold, position))
        keep = min([position, *[live.keep for live in lives], *[span.keep for span in waiting]])
        for start, stop in sequences:
            if start < keep < stop or (stop == end and plain is not None and plain.cut):
                keep = min(keep, start)
        self._solid = max([b for a, b in solid if a < covered], default=0)
        self._covered = covered
        self._done = position
        limits = [live.limit for live in lives if live.hold < end]
        self._limit = min([*limits, *[span.start for span in waiting]], default=0)
        self._forget(buffer, keep, plain)
        return b"".join(out)

    def _forget(self, buffer: bytes, keep: int, plain: PlainText | None) -> None:
        """Drop the first `keep` bytes of the buffer."""
        self._buffer = buffer[keep:]
        self._before = after(buffer, keep, self._before)
        self._before_text = after(buffer, keep, self._before_text) if plain is None else plain.after(keep)
        self._done = max(0, self._done - keep)
        self._covered = max(0, self._covered - keep)
        self._solid = max(0, self._solid - keep)
        self._limit = max(0, self._limit - keep)
        self._frontier = max(0, self._frontier - keep)
        if not self._frontier:
            self._old = None
