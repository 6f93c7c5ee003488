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
    from typing import Any

SPACE = b" \t\r\n\v\f"
HEAD = 4  # bytes of a pattern the automaton knows
LOOSE_LENGTH = 16  # non-space bytes a pattern needs to be matched across line breaks
TAIL = 22  # an unfinished occurrence longer than this is seen by the sampler

# The cost in microseconds of clearing 4 KiB, measured on CPython 3.11: one `find`, and one sampled word.
_FIND_COST = 1.0
_WORD_COST = 0.034


class Pattern:
    """One byte string to mask, and how it may appear.

    Attributes:
        text: the bytes as they appear, whitespace included.
        key: `text` without whitespace (the same object when there is none).
        lead: whitespace bytes before the first byte of `key`.
        loose: `key` is also found with line breaks, blanks and tabs anywhere in it.
        rule: "" anywhere, "word" only between non-word bytes, "base64" with its last, partly
            determined character and padding.
        owner: which secret, an index.
        form: the dialect, for the report.
        order: the place in registration order, from 0.
    """

    __slots__ = ("form", "key", "lead", "loose", "order", "owner", "rule", "text")

    def __init__(self, text: bytes, *, squeeze: bool, rule: str, owner: int, form: str, order: int) -> None:
        self.text = text
        key = text.translate(None, SPACE) if squeeze else text
        self.key = text if len(key) == len(text) else key
        self.lead = len(text) - len(text.lstrip(SPACE)) if squeeze else 0
        self.loose = squeeze and len(key) >= LOOSE_LENGTH and rule != "word"
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
        automaton: makes the searcher over heads: called with [(head, bucket)], it returns a function
            from bytes to an iterable of (index of the head's last byte, bucket).
        squeeze: text is looked at with its whitespace removed.
    """

    __slots__ = (
        "_finds", "_grams4", "_grams8", "_stride4", "_stride8", "hits", "longest_tail", "loose_tails", "patterns", "squeeze",
        "tails",
    )  # fmt: skip

    def __init__(
        self,
        patterns: Sequence[Pattern],
        automaton: Callable[[Iterable[tuple[bytes, Bucket]]], Callable[[bytes], Iterable[tuple[int, Any]]]],
        *,
        squeeze: bool,
    ) -> None:
        self.patterns = patterns
        self.squeeze = squeeze
        buckets: dict[bytes, Bucket] = {}
        # the beginnings of patterns that are too short for the automaton, with the length of the shortest pattern that has them
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
        self._plan(patterns)

    def _plan(self, patterns: Sequence[Pattern]) -> None:
        """Choose how each length of pattern is cleared: sampled words or `find`."""
        heads = {pattern.key[: TAIL + 1] for pattern in patterns}
        self._finds: tuple[bytes, ...] = ()
        self._grams8: frozenset[int] = frozenset()
        self._grams4: frozenset[int] = frozenset()
        self._stride8 = self._stride4 = 2
        long = [head for head in heads if len(head) > TAIL]
        if len(long) * _FIND_COST > 256 * _WORD_COST:
            self._grams8 = _grams(long, 16, 8)
        else:
            self._finds += tuple(long)
        middle = [head for head in heads if 11 <= len(head) <= TAIL]
        short = [head for head in heads if 7 <= len(head) < 11]
        if len(middle) + len(short) > 8 and len(short) * _FIND_COST > 512 * _WORD_COST:
            self._stride4 = 1
            self._grams4 = _grams([head[:7] for head in middle + short], 4, 4)
        else:
            self._finds += tuple(short)
            if len(middle) * _FIND_COST > 512 * _WORD_COST:
                self._grams4 = _grams([head[:11] for head in middle], 8, 4)
            else:
                self._finds += tuple(middle)
        self._finds += tuple(head for head in heads if len(head) < 7)

    def clear(self, text: bytes) -> bool:
        """Whether `text` (squeezed, when `squeeze`) surely holds no whole key and no first TAIL+1 bytes of one."""
        finds = self._finds
        if len(finds) > 64:  # many short values: only the automaton is any good
            return not any(True for _ in self.hits(text))
        for head in finds:
            if head in text:
                return False
        if self._grams8 and len(text) >= 8:
            words = memoryview(text)[: len(text) & -8].cast("Q")[::2]
            if not self._grams8.isdisjoint(words):
                return False
        if self._grams4 and len(text) >= 4:
            words = memoryview(text)[: len(text) & -4].cast("I")[:: self._stride4]
            if not self._grams4.isdisjoint(words):
                return False
        return True

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


def _grams(heads: Sequence[bytes], stride: int, size: int) -> frozenset[int]:
    """The words of `size` bytes, one for each of `stride` alignments, that cover every head."""
    words: set[int] = set()
    for shift in range(stride):
        joined = b"".join([head[shift : shift + size] for head in heads])
        words.update(memoryview(joined).cast("Q" if size == 8 else "I"))
    return frozenset(words)
