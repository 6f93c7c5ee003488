"""Patterns compiled for scanning: what to look for, and a filter that skips clean text fast.

Three tools, each for what it is best at:

- a *sampler*: every occurrence of a long pattern covers one of the words read at a fixed stride, so
  text whose sampled words are all unknown holds no occurrence. Its cost does not grow with the
  number of patterns. Few patterns are looked for with `bytes.find` instead, when that is cheaper;
- an *automaton* (Aho-Corasick) over the first `HEAD` bytes of every pattern, for text the sampler
  could not clear. Only heads, so that a thousand secrets with twenty forms each stay small;
- *tables* from whole pattern texts to patterns, which decide whether a head is a match.

May import: nothing (the automaton comes as an argument).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    # Made from (head, bucket) pairs: a function from bytes to (index of a head's last byte, bucket),
    # for every occurrence of every head.
    Searcher: TypeAlias = "Callable[[bytes], Iterable[tuple[int, Bucket]]]"
    Automaton: TypeAlias = "Callable[[Iterable[tuple[bytes, Bucket]]], Searcher]"

SPACE = b" \t\r\n\v\f"
_SPACES = frozenset(bytes((byte,)) for byte in SPACE)
HEAD = 4  # bytes of a pattern the automaton knows
LOOSE_LENGTH = 16  # non-space bytes a pattern needs to be matched across line breaks

# Measured on CPython 3.11 with 4 KiB of log text: a `find` takes 0.7 to 1.5 microseconds, a sampled
# word 0.034. So a handful of patterns is cheaper to find one by one than to sample.
_FEW = 4
_MANY = 64
_CROWD = 4096
_SHORTEST_SAMPLED = 7


class Pattern:
    """One byte string to mask, and how it may appear.

    Attributes:
        text: the bytes as they appear, whitespace included.
        key: `text` without whitespace (the same object when there is none).
        lead: whitespace bytes before the first byte of `key`.
        loose: `key` is also found with line breaks, blanks and tabs anywhere in it.
        escaped: it holds bytes of escape sequences itself, so it is looked for with them only.
        rule: "" anywhere, "word" only between non-word bytes, "base64" with its last, partly
            determined character and padding.
        owner: which secret, an index.
        form: the dialect, for the report.
        order: the place in registration order, from 0.
    """

    __slots__ = ("escaped", "form", "key", "lead", "loose", "order", "owner", "rule", "text")

    def __init__(self, text: bytes, *, squeeze: bool, rule: str, owner: int, form: str, order: int) -> None:
        self.text = text
        key = text.translate(None, SPACE) if squeeze else text
        self.key = text if len(key) == len(text) else key
        self.lead = len(text) - len(text.lstrip(SPACE)) if squeeze else 0
        self.loose = squeeze and len(key) >= LOOSE_LENGTH and rule != "word"
        self.escaped = b"\x1b" in text or b"\x0e" in text or b"\x0f" in text
        self.rule = rule
        self.owner = owner
        self.form = form
        self.order = order

    def __repr__(self) -> str:
        return f"<Pattern {self.order} {self.form}>"


class Bucket:
    """The patterns that share a head.

    Attributes:
        size: bytes of the head.
        exact: (lead, length, {text: pattern}) for every lead and length there is.
        loose: (length, {key: pattern}).
    """

    __slots__ = ("exact", "loose", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.exact: list[tuple[int, int, dict[bytes, Pattern]]] = []
        self.loose: list[tuple[int, dict[bytes, Pattern]]] = []

    def add(self, pattern: Pattern) -> None:
        lead, length = pattern.lead, len(pattern.text)
        for known_lead, known_length, texts in self.exact:
            if known_lead == lead and known_length == length:
                texts[pattern.text] = pattern
                break
        else:
            self.exact.append((lead, length, {pattern.text: pattern}))
        if pattern.loose:
            for known_length, keys in self.loose:
                if known_length == len(pattern.key):
                    keys.setdefault(pattern.key, pattern)
                    break
            else:
                self.loose.append((len(pattern.key), {pattern.key: pattern}))

    def __repr__(self) -> str:
        return f"<Bucket of {self.size}>"


class PatternSet:
    """Every pattern of a redactor, ready to scan with. Immutable, shared between threads.

    Args:
        patterns: with distinct texts, none empty or of whitespace only.
        automaton: makes the searcher over heads.
        squeeze: text is looked at with its whitespace removed.
    """

    __slots__ = (
        "_finds", "_firsts", "_heads", "_step4", "_step8", "_words4", "_words8", "hits", "longest_tail",
        "loose_tails", "patterns", "squeeze", "tail", "tails",
    )  # fmt: skip

    def __init__(
        self,
        patterns: Sequence[Pattern],
        automaton: Automaton,
        *,
        squeeze: bool,
    ) -> None:
        self.patterns = patterns
        self.squeeze = squeeze
        buckets: dict[bytes, Bucket] = {}
        # the beginnings of patterns that are too short for the automaton, with the length of the
        # shortest pattern that begins so
        self.tails: dict[bytes, int] = {}
        self.loose_tails: dict[bytes, int] = {}
        for pattern in patterns:
            head = pattern.key[:HEAD]
            bucket = buckets.get(head)
            if bucket is None:
                bucket = buckets[head] = Bucket(len(head))
            bucket.add(pattern)
            text = pattern.text
            _note(self.tails, text, min(_head_end(pattern), len(text) + (pattern.rule == "word")))
            if pattern.loose:
                _note(self.loose_tails, pattern.key, HEAD)
        self.longest_tail = max(map(len, self.tails), default=0)
        self.hits = automaton(buckets.items())
        self._heads = frozenset(buckets)
        firsts = {head[0] for head in buckets}
        self._firsts = bytes(byte in firsts for byte in range(256))
        self._plan({pattern.key for pattern in patterns})

    def _plan(self, keys: set[bytes]) -> None:
        """Choose how each length of pattern is cleared: sampled words or `find`."""
        self._finds: tuple[bytes, ...] = ()
        self._words8: frozenset[int] = frozenset()
        self._words4: frozenset[int] = frozenset()
        self._step8 = self._step4 = 2
        self.tail = 22
        if len(keys) > _FEW:
            # the wider the stride the faster, but short patterns slip through, and the words take memory
            for self._step8 in (4, 3, 2) if len(keys) <= _CROWD else (2,):
                self.tail = 8 * self._step8 + 6
                if sum(_SHORTEST_SAMPLED <= len(key) <= self.tail for key in keys) <= _FEW:
                    break
            long = {key[: self.tail + 1] for key in keys if len(key) > self.tail}
            keys = {key for key in keys if len(key) <= self.tail}
            self._words8 = _words(long, 8 * self._step8, 8)
        sampled = [key for key in keys if len(key) >= _SHORTEST_SAMPLED]
        if len(sampled) > 2 * _FEW:
            self._step4 = 2 if min(map(len, sampled)) > 10 else 1
            self._words4 = _words({key[: 4 * self._step4 + 3] for key in sampled}, 4 * self._step4, 4)
            keys = keys.difference(sampled)
        self._finds = tuple({key[: self.tail + 1] for key in keys})

    def squeezed(self, text: bytes) -> bytes:
        """`text` as keys are looked for in it: without whitespace, when any pattern may be broken by it."""
        return text.translate(None, SPACE) if self.squeeze else text

    def quiet(self, squeezed: bytes) -> bool:
        """Whether nothing in the text begins a pattern with more than a few bytes."""
        if not self.clear(squeezed):
            return False
        # a beginning at the very end, too short to be sampled: a lookup for each byte that begins a
        # pattern, a tenth of what asking the automaton for so few bytes costs
        end = squeezed[-self.tail :]
        begins = end.translate(self._firsts)
        at = begins.find(1)
        while at >= 0:
            if end[at : at + HEAD] in self._heads:
                return False
            at = begins.find(1, at + 1)
        return True

    def ends_quiet(self, text: bytes, squeezed: bytes) -> bool:
        """Whether not even the last bytes of the text, however few, begin a pattern."""
        tails = self.tails
        if text[-1:] in tails or text[-2:] in tails or text[-3:] in tails:
            return False
        if self.longest_tail > HEAD - 1:  # some pattern begins with whitespace
            return False
        return squeezed is text or not (
            (squeezed[-1:] in self.loose_tails and text[-1:] in _SPACES)
            or (squeezed[-2:] in self.loose_tails and not text.endswith(squeezed[-2:]))
            or (squeezed[-3:] in self.loose_tails and not text.endswith(squeezed[-3:]))
        )

    def clear(self, text: bytes) -> bool:
        """Whether `text` (squeezed, when `squeeze`) surely holds no occurrence, finished or not.

        Unfinished ones of up to `tail` bytes at the end are not looked for.
        """
        finds = self._finds
        if len(finds) > _MANY:  # many short values: only the automaton is any good
            return not any(True for _ in self.hits(text))
        for head in finds:
            if head in text:
                return False
        if self._words8 and not self._words8.isdisjoint(
            memoryview(text)[: len(text) & -8].cast("Q")[:: self._step8]
        ):
            return False
        return not self._words4 or self._words4.isdisjoint(
            memoryview(text)[: len(text) & -4].cast("I")[:: self._step4]
        )

    def __repr__(self) -> str:
        return f"<PatternSet of {len(self.patterns)}>"


def _head_end(pattern: Pattern) -> int:
    """How many bytes of the text hold the head of the key."""
    if pattern.text is pattern.key:
        return HEAD
    seen = 0
    for index, byte in enumerate(pattern.text):
        seen += byte not in SPACE
        if seen == HEAD:
            return index + 1
    return len(pattern.text)


def _note(tails: dict[bytes, int], text: bytes, end: int) -> None:
    """Enter the prefixes of `text` that are shorter than `end`."""
    length = len(text)
    for size in range(1, end):
        prefix = text[:size]
        known = tails.get(prefix)
        if known is None or length < known:
            tails[prefix] = length


def _words(heads: Iterable[bytes], stride: int, size: int) -> frozenset[int]:
    """The words of `size` bytes, one for each of `stride` alignments, that cover every head."""
    width = stride + size
    joined = b"".join([head[: width - 1].ljust(width, b"\0") for head in heads]) + bytes(width)
    words: set[int] = set()
    for shift in range(stride):
        column = memoryview(joined)[shift : len(joined) - width + shift]
        words.update(column.cast("Q" if size == 8 else "I")[:: width // size])
    return frozenset(words)
