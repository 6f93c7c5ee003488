"""Patterns compiled for scanning: what to look for, and how text that holds none of it is passed by.

Three tools, each for what it is best at:

- a *sieve* clears nearly all text without a look at single bytes;
- an *automaton* (Aho-Corasick) over the first `HEAD` bytes of every pattern, for text the sieve could
  not clear. Only heads, so that a thousand secrets with twenty forms each stay small;
- *tables* from whole pattern texts to patterns, which decide whether a head is a match.
"""

from __future__ import annotations

from secretrun.redact.engine.beginnings import Tails
from secretrun.redact.engine.pattern import SPACE
from secretrun.redact.engine.prefilter import TAIL, Sieve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeAlias

    from secretrun.redact.engine.pattern import Pattern

    # Made from (head, bucket) pairs: a function from bytes to (index of a head's last byte, bucket),
    # for every occurrence of every head.
    Searcher: TypeAlias = "Callable[[bytes], Iterable[tuple[int, Bucket]]]"
    Automaton: TypeAlias = "Callable[[Iterable[tuple[bytes, Bucket]]], Searcher]"

HEAD = 4  # bytes of a pattern the automaton knows


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

    __slots__ = ("clear", "hits", "patterns", "squeeze", "tails")

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
        for pattern in patterns:
            head = pattern.key[:HEAD]
            bucket = buckets.get(head)
            if bucket is None:
                bucket = buckets[head] = Bucket(len(head))
            bucket.add(pattern)
        self.tails = Tails(patterns, HEAD)
        self.hits = automaton(buckets.items())
        # whether a text, as it is and squeezed, surely holds no occurrence, nor `TAIL` bytes of one
        self.clear = Sieve({pattern.key for pattern in patterns}, self.begins, squeeze=squeeze).clear

    def squeezed(self, text: bytes) -> bytes:
        """`text` as keys are looked for in it: without whitespace, when any pattern may be broken by it."""
        return text.translate(None, SPACE) if self.squeeze else text

    def end(self, text: bytes) -> tuple[bytes, bytes]:
        """The end of a clear text, in which something may begin that the sieve passes by; and it squeezed."""
        end = text[-4 * TAIL :]
        squeezed = end.translate(None, SPACE) if self.squeeze else end
        if len(squeezed) < TAIL and len(text) > 4 * TAIL:  # mostly whitespace
            return text, self.squeezed(text)
        return end, squeezed[-TAIL:]

    def begins(self, squeezed: bytes) -> bool:
        """Whether a pattern begins in the text with more than a few bytes."""
        for _ in self.hits(squeezed):
            return True
        return False

    def quiet(self, text: bytes) -> bool:
        """Whether nothing in the text, as it is or squeezed, begins a pattern with more than a few bytes."""
        return self.clear(text) and not self.begins(self.end(text)[1])

    def __repr__(self) -> str:
        return f"<PatternSet of {len(self.patterns)}>"
