"""The redactor: bytes in, bytes out, every occurrence of every form of every secret masked.

The output is that of a masker which saw the whole input at once: the union of all occurrences, one
mask for each run of overlapping ones. However the input is cut, nothing is withheld but the longest
tail that may still become an occurrence. The mask itself is never scanned again.

How: the bytes that matter for what may come are kept (`_buffer`) and scanned again with the next
chunk, so there is no state inside the automaton, and no offset that could overflow. Text that the
pattern set clears, which is nearly all text, goes out without a look at single bytes.

May import: errors, forms, model, patterns, policy, scan, views. The only module that imports an automaton.
"""

from __future__ import annotations

from secretrun.errors import SecretrunError
from secretrun.forms import DEFAULT_FORMS, TERMINAL, WRAPPED, derive
from secretrun.patterns import Pattern, PatternSet
from secretrun.policy import MIN_LENGTH, decide, mask_texts
from secretrun.scan import first, scan, short_tails
from secretrun.views import PlainText, View, has_escapes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from secretrun.model import Secret
    from secretrun.patterns import Bucket
    from secretrun.scan import Live, Span

__all__ = ["DEFAULT_FORMS", "RedactionError", "Redactor"]

class RedactionError(SecretrunError):
    """The redactor failed; what it was given is lost, not passed on."""

    code = "redact"


class _Shared:
    """What the twins have in common: secrets, patterns, masks and counts."""

    def __init__(
        self, *, mask: str, forms: Iterable[str], min_length: int, paranoid: bool, common: Iterable[bytes | str]
    ) -> None:
        self.mask = mask
        self.forms = tuple(forms)
        self.min_length = min_length
        self.paranoid = paranoid
        self.common = frozenset(
            value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
            for value in common
        )
        self.squeeze = WRAPPED in self.forms
        self.terminal = TERMINAL in self.forms
        self.names: list[str | None] = []
        self.masks: list[bytes] = []
        self.texts: dict[bytes, Pattern] = {}
        self.patterns: PatternSet | None = None
        self.warnings: list[str] = []
        self.counts: dict[str, dict[str, int]] = {}

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        policies, warnings = decide(secrets, min_length=self.min_length, common=self.common)
        self.warnings += [text for text in warnings if text not in self.warnings]
        texts = dict(self.texts)
        for policy in policies:
            owner = len(self.names)
            self.names.append(policy.name)
            for form, text, rule in derive(
                policy.value, self.forms, anywhere=policy.anywhere, paranoid=self.paranoid
            ):
                known = texts.get(text)
                if known is None:
                    texts[text] = Pattern(
                        text, squeeze=self.squeeze, rule=rule, owner=owner, form=form, order=len(texts)
                    )
                elif known.rule == "word" and rule != "word":
                    # the same bytes asked for anywhere: the wider rule wins, the first name stays
                    texts[text] = Pattern(
                        text, squeeze=self.squeeze, rule=rule, owner=known.owner, form=form, order=known.order
                    )
        patterns = PatternSet(list(texts.values()), _automaton, squeeze=self.squeeze) if texts else None
        self._choose_masks(patterns)
        self.texts = texts
        # one assignment, last: another thread sees all of the new set or none of it
        self.patterns = patterns

    def _choose_masks(self, patterns: PatternSet | None) -> None:
        """A mask that holds a secret would be one more place to read it, so take the next."""
        masks: list[bytes] = []
        for name in self.names:
            choices = mask_texts(self.mask, name)
            mask = next((m for m in choices if patterns is None or not _holds(patterns, m)), choices[-1])
            if mask != choices[0]:
                warning = f"the mask of {name or 'an unnamed secret'} holds a secret, so another is used"
                if warning not in self.warnings:
                    self.warnings.append(warning)
            masks.append(mask)
        self.masks = masks


class Redactor:
    """A stream masker.

    Args:
        secrets: values by name, or values, or `Secret`s. Text is taken as UTF-8.
        mask: what stands for a secret; `{name}` becomes its name, made safe for JSON and shells.
        forms: the spellings to look for besides the value itself; `()` means the value alone.
        min_length: bytes from which a value is masked anywhere; shorter ones only as whole words.
            Below the default of 6 common values are masked too.
        paranoid: also mask fragments of 12 bytes and rarer encodings.
        common: values never to mask, as those of `$USER` and `$HOME`.
    """

    def __init__(
        self,
        secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret] = (),
        *,
        mask: str = "[REDACTED:{name}]",
        forms: Iterable[str] = DEFAULT_FORMS,
        min_length: int = MIN_LENGTH,
        paranoid: bool = False,
        common: Iterable[bytes | str] = (),
    ) -> None:
        self._shared = _Shared(
            mask=mask, forms=forms, min_length=min_length, paranoid=paranoid, common=common
        )
        self._shared.add(secrets)
        self._counts = self._shared.counts
        self._start()

    def _start(self) -> None:
        """A new stream."""
        self._patterns = self._shared.patterns
        self._buffer = b""  # all that is needed to recognise what is not finished
        self._done = 0  # bytes of the buffer that are out, or stand under a mask that is
        self._covered = 0  # bytes of the buffer, and beyond, that the last mask stands for
        self._solid = 0  # the same, of the last occurrence in the bytes as they are
        self._hold = 0  # bytes of the buffer that are not held back
        self._limit = 0  # the same on an idle terminal
        self._before = -1  # the byte before the buffer
        self._before_text = -1  # and before that its escapes
        self._frontier = 0  # where patterns added in mid-stream begin to count
        self._old: PatternSet | None = None  # the patterns before they were added
        self._broken = False

    def twin(self) -> Redactor:
        """A redactor for another stream: same secrets, counts and later additions, own state."""
        other = Redactor.__new__(Redactor)
        other._shared = self._shared
        other._counts = self._counts
        other._start()
        return other

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        """Mask these too, in this stream and its twins, from the first byte not shown yet."""
        self._shared.add(secrets)

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the stream; return what can be shown of it.

        Raises:
            RedactionError: something went wrong; the stream is over, and nothing more comes out of it.
        """
        return self._guarded(self._feed, bytes(data))

    def flush(self) -> bytes:
        """End the stream; return what was held back, masked where it is most of a secret.

        The redactor is then ready for another stream.
        """
        return self._guarded(self._finish, b"")

    def release(self) -> bytes:
        """Return what an idle terminal may show: the first bytes, at most 3, of an unfinished secret.

        The rest of it is still masked when it comes.
        """
        return self._guarded(self._release, b"")

    def _guarded(self, step: Callable[[bytes], bytes], data: bytes) -> bytes:
        failure = "an earlier failure"
        if not self._broken:
            try:
                return step(data)
            except Exception as error:  # noqa: BLE001  whatever it is, no byte may pass
                failure = type(error).__name__
        self._broken = True
        self._buffer = b""
        # raised outside `except`, so that no frame holding the stream hangs on the error
        raise RedactionError(f"redaction failed ({failure}), the rest of the output is dropped")

    def mask(self, data: bytes) -> bytes:
        """Mask `data` as a whole stream of its own; the stream of this redactor goes on as it was."""
        stream = self.twin()
        return stream.feed(data) + stream.flush()

    def probe(self) -> Redactor:
        """A twin whose masks are not counted, to ask whether something would be masked."""
        other = self.twin()
        other._counts = {}
        return other

    @property
    def held(self) -> int:
        """The number of bytes taken in that wait for what follows them."""
        return max(0, len(self._buffer) - max(self._done, self._covered))

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all to mask."""
        return self._shared.patterns is None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know about values that are not masked everywhere, by name."""
        return tuple(self._shared.warnings)

    def report(self) -> dict[str, object]:
        """How many masks were written, by name and form: {"total": 2, "masks": {"TOKEN": {"raw": 2}}}."""
        masks = {name: dict(forms) for name, forms in self._shared.counts.items()}
        return {"total": sum(sum(forms.values()) for forms in masks.values()), "masks": masks}

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._shared.names)} secrets, {len(self._shared.texts)} patterns>"

    # -- the stream

    def _feed(self, data: bytes) -> bytes:
        if self._patterns is not self._shared.patterns:
            self._renew()
        patterns = self._patterns
        if patterns is None or not data:
            return data
        buffer = self._buffer + data if self._buffer else data
        squeezed = patterns.squeezed(buffer)
        quiet = patterns.quiet(squeezed)
        if (
            quiet
            and not self._buffer
            and patterns.ends_quiet(buffer, squeezed)
            and not (self._shared.terminal and has_escapes(buffer))
        ):
            self._before = self._before_text = buffer[-1]
            return buffer
        return self._step(patterns, View(buffer, self._before, squeezed, end=len(buffer)), quiet, final=False)

    def _renew(self) -> None:
        if self._old is None:
            self._old = self._patterns
        self._frontier = max(self._done, self._covered)
        self._patterns = self._shared.patterns

    def _finish(self, _: bytes) -> bytes:
        out = b""
        if self._buffer:
            if self._patterns is not self._shared.patterns:
                self._renew()
            assert self._patterns is not None  # noqa: S101  a buffer is only kept for patterns
            squeezed = self._patterns.squeezed(self._buffer)
            view = View(self._buffer, self._before, squeezed, end=len(self._buffer))
            out = self._step(self._patterns, view, quiet=False, final=True)
        self._start()
        return out

    def _release(self, _: bytes) -> bytes:
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
        if self._shared.terminal and has_escapes(buffer):
            plain = PlainText(buffer, self._before_text, patterns.squeezed)
            self._look(patterns, plain, patterns.quiet(plain.squeezed), spans, lives, final=final)
        if final:
            for live in lives:
                if live.matched >= max(8, (live.length + 1) // 2):
                    spans.append((live.hold, -live.end, live.order, patterns.patterns[live.order], False))
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
        short_tails(patterns, view, lives)
        if self._old is not None:
            self._drop_early(spans, lives, view)

    def _drop_early(self, spans: list[Span], lives: list[Live], view: View) -> None:
        """Patterns added in mid-stream don't reach back over what was shown before they came."""
        old = self._old
        known = 0 if old is None else len(old.patterns)
        spans[:] = [span for span in spans if span[2] < known or span[0] >= self._frontier]
        tails = {} if old is None else old.tails
        lives[:] = [
            live
            for live in lives
            if live.keep >= self._frontier
            or (live.order < known if live.order >= 0 else view.text[-live.matched :] in tails)
        ]

    def _emit(
        self, buffer: bytes, spans: list[Span], lives: list[Live], plain: PlainText | None
    ) -> bytes:
        """Write what is decided: text before the first byte that is not, and the masks that start there."""
        shared = self._shared
        end = len(buffer)
        hold = min([live.hold for live in lives], default=end)
        sequences = plain.sequences if plain is not None else []
        covered, position = self._covered, self._done
        spans.sort(key=first)
        solid = [(-1, self._solid), *[(span[0], -span[1]) for span in spans if span[4]]]
        reach = max([covered, *[-span[1] for span in spans if span[0] < hold]])
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
                    if position <= start and stop <= under and not any(a < stop and start < b for a, b in solid):
                        out.append(buffer[start:stop])
            position = max(position, under)
            if position < to:
                out.append(buffer[position:to])
                position = to

        for start, negative, _, pattern, _solid in spans:
            if start < covered:
                covered = max(covered, -negative)  # it goes under the mask that is there
            elif start < hold:
                advance(start)
                out.append(shared.masks[pattern.owner])
                self._count(pattern)
                covered = -negative
            else:
                break  # a longer one may yet begin before it, or here
        advance(max(hold, position))
        keep = min([position, *[live.keep for live in lives]])
        for start, stop in sequences:
            if start < keep < stop or (stop == end and plain is not None and plain.cut):
                keep = min(keep, start)
        self._solid = max([b for a, b in solid if a < covered], default=0)
        self._covered = covered
        self._done = position
        waiting = [span[0] for span in spans if span[0] >= hold]
        self._limit = min([*[live.limit for live in lives if live.hold < end], *waiting], default=0)
        self._forget(buffer, keep, plain)
        return b"".join(out)

    def _count(self, pattern: Pattern) -> None:
        forms = self._counts.setdefault(self._shared.names[pattern.owner] or "secret", {})
        forms[pattern.form] = forms.get(pattern.form, 0) + 1

    def _forget(self, buffer: bytes, keep: int, plain: PlainText | None) -> None:
        """Drop the first `keep` bytes of the buffer."""
        self._buffer = buffer[keep:]
        if keep:
            self._before = self._before_text = buffer[keep - 1]
            if plain is not None:
                self._before_text = plain.last_before(keep)
        self._done = max(0, self._done - keep)
        self._covered = max(0, self._covered - keep)
        self._solid = max(0, self._solid - keep)
        self._limit = max(0, self._limit - keep)
        self._frontier = max(0, self._frontier - keep)
        if not self._frontier:
            self._old = None


def _holds(patterns: PatternSet, mask: bytes) -> bool:
    view = View(mask, -1, patterns.squeezed(mask), end=len(mask))
    if patterns.quiet(view.squeezed):
        return False
    spans: list[Span] = []
    scan(patterns, view, spans, [], final=True)
    return bool(spans)


def _automaton(heads: Iterable[tuple[bytes, Bucket]]) -> Callable[[bytes], Iterable[tuple[int, Bucket]]]:
    """A searcher for every occurrence of every head.

    pyahocorasick from PyPI takes text, so bytes go in as Latin-1: one character a byte, index for index.
    Its `iter_long` misses occurrences (its issue 185), `iter` does not.
    """
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for head, bucket in heads:
        automaton.add_word(head.decode("latin-1"), bucket)
    automaton.make_automaton()
    find = automaton.iter
    return lambda data: find(data.decode("latin-1"))
