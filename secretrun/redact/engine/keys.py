"""The byte strings that are looked for in one kind of reading, sorted, so that one bisection tells all.

In sorted order the strings that begin a text stand just before it, each the beginning of the next; those
that a text begins stand just after it; and the longest beginnings in common are those of its neighbours.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from secretrun.redact.engine.automaton import automaton
from secretrun.redact.engine.occurrence import SHOWN
from secretrun.redact.engine.public_head import SHORTENED, UNFINISHED, public_heads
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from secretrun.redact.pattern import Pattern, PatternTable, Rule

HEAD = 4  # bytes of a key that the automaton knows
TELLING = 8  # bytes of a key that tell it from text: four are in many a word
_MEMO = 4096


class Beginning:
    """What the keys with one beginning have in common.

    Attributes:
        early: bytes that an idle terminal may show: a few after those that are no secret.
        left: every one's `Rule.left`.
        order: of the first pattern.
        head: bytes that are no secret, of the one that has the fewest.
    """

    __slots__ = ("early", "head", "left", "order")

    def __init__(self, keys: Keys, indexes: range) -> None:
        self.early = min(
            keys.public[index] + min(SHOWN, (len(keys.texts[index]) - keys.public[index]) // 8)
            for index in indexes
        )
        self.order = min(keys.orders[index] for index in indexes)
        self.head = min(keys.public[index] for index in indexes)
        self.left = 0
        for index in indexes:
            self.left |= keys.rule(index).left


class Keys:
    """A set of keys. Immutable but for a cache, shared between threads.

    Args:
        orders: of their patterns, by key.
        patterns: the table that they are of.
        shortened: a beginning is masked too when it breaks off after `least` bytes.

    Attributes:
        texts: the keys, sorted.
        orders: of their patterns.
        public: how many bytes of each are no secret.
        least: how many bytes of each are masked when it breaks off; all of them when it may not.
        fewest: the least of these.
        longest: bytes of the longest key.
    """

    __slots__ = (
        "_find",
        "_memo",
        "_parents",
        "_table",
        "_telling",
        "fewest",
        "least",
        "longest",
        "orders",
        "public",
        "texts",
    )

    def __init__(self, orders: Mapping[bytes, int], patterns: PatternTable, *, shortened: bool) -> None:
        self._table = patterns
        self.texts = texts = sorted(orders)
        self.orders = [orders[text] for text in texts]
        sizes = [*map(len, texts)]
        self.longest = max(sizes, default=0)
        wholes = [*map(patterns.listed.__getitem__, self.orders)]
        self.public = public = public_heads(wholes)
        for index, head in enumerate(public):
            if head and sizes[index] != len(wholes[index]):
                public[index] = len(wholes[index][:head].translate(None, SPACE))
        self.least = sizes
        if shortened:
            pairs = [*zip(sizes, public, strict=True)]
            known = {pair: _least(*pair) for pair in {*pairs}}  # a few hundred of them
            self.least = least = [*map(known.__getitem__, pairs)]
            if any(rule.word for rule in {*patterns.rules}):
                for index, order in enumerate(self.orders):
                    if patterns.rules[order].word:
                        least[index] = sizes[index]
        self.fewest = min(self.least, default=0)
        # made when the first text comes that is not clear
        self._find: Callable[[bytes], Iterable[tuple[int, int]]] | None = None
        self._parents: list[int] = []
        self._telling: frozenset[bytes] = frozenset()
        self._memo: dict[bytes, Beginning | None] = {}

    def pattern(self, index: int) -> Pattern:
        """A key's pattern."""
        return self._table[self.orders[index]]

    def rule(self, index: int) -> Rule:
        """The rule of a key's pattern."""
        return self._table.rules[self.orders[index]]

    def __bool__(self) -> bool:
        return bool(self.texts)

    def _finder(self) -> Callable[[bytes], Iterable[tuple[int, int]]]:
        """Finds the heads of keys, negative their lengths where they are short."""
        if self._find is None:
            parents: list[int] = []  # for each key the longest other one that begins it, or -1
            for index, text in enumerate(self.texts):
                parent = index - 1
                while parent >= 0 and not text.startswith(self.texts[parent]):
                    parent = parents[parent]
                parents.append(parent)
            self._parents = parents
            self._telling = frozenset([text[:TELLING] for text in self.texts if len(text) >= TELLING])
            heads = {text[:HEAD]: HEAD for text in self.texts if len(text) >= TELLING}
            for text in self.texts:
                if len(text) < TELLING:
                    heads[text[:HEAD]] = -len(text[:HEAD])
            self._find = automaton(heads.items())  # last: another thread looks for it
        return self._find

    def starts(self, text: bytes, end: int) -> list[int]:
        """Where in `text` a key may begin: all places at which one of four bytes or more does.

        Bytes from `end` on may turn out to be none.
        """
        if not self.texts:
            return []
        find = self._finder()
        telling = self._telling
        found: list[int] = []
        for last, head in find(text):
            if head > 0:
                start = last - head + 1
                if start + TELLING > end or text[start : start + TELLING] in telling:
                    found.append(start)
            else:
                found.append(last + head + 1)
        found.sort()  # a short one ends before a long one that begins before it
        return found

    def at(self, text: bytes, start: int, stop: int, *, ended: bool) -> Iterator[tuple[int, int]]:
        """(index of a key, bytes of it) for each that stands at `start`, or so much of it as is masked.

        `text` is searched to `stop`; `ended` when no byte of a key can follow.
        """
        part = text[start : min(stop, start + self.longest)]
        texts, parents = self.texts, self._parents
        after = bisect_right(texts, part)
        index = after - 1
        while index >= 0 and not part.startswith(texts[index]):
            index = parents[index]
        while index >= 0:
            yield index, len(texts[index])
            index = parents[index]
        if len(part) >= SHORTENED:
            begin = part[:SHORTENED]
            for indexes in (range(after - 1, -1, -1), range(after, len(texts))):
                for index in indexes:
                    key = texts[index]
                    if not key.startswith(begin):
                        break
                    least = self.least[index]
                    if least < len(key) and len(part) >= least and part.startswith(key[:least]):
                        common = _common(key, part, least)
                        if common < len(key) and (common < len(part) or ended):
                            yield index, common

    def beginning(self, part: bytes) -> Beginning | None:
        """What is known of the keys that begin with `part` and go on after it; None when there are none."""
        memo = self._memo
        if part in memo:
            return memo[part]
        indexes = self.going_on(part)
        found = Beginning(self, indexes) if indexes else None
        if len(part) <= 2 * TELLING:
            if len(memo) >= _MEMO:
                self._memo = memo = {}
            memo[part] = found
        return found

    def going_on(self, part: bytes) -> range:
        """The indexes of the keys that begin with `part` and go on after it."""
        texts = self.texts
        first = bisect_right(texts, part)
        if first == len(texts) or not texts[first].startswith(part):
            return range(0)
        bare = part.rstrip(b"\xff")
        if not bare:
            return range(first, len(texts))
        return range(first, bisect_left(texts, bare[:-1] + bytes([bare[-1] + 1]), first))

    def may_begin(self, part: bytes) -> bool:
        """Whether a key begins with `part`, of no more than `HEAD` bytes, or is a beginning of it."""
        texts = self.texts
        for size in range(len(part), 0, -1):
            at = bisect_left(texts, part[:size])
            if at < len(texts) and (texts[at].startswith(part) or texts[at] == part[:size]):
                return True
        return False

    def unfinished(self, text: bytes, stop: int, starts: list[int]) -> Iterator[tuple[int, Beginning]]:
        """(start, what is known) for every beginning of a key that ends at `stop`, the longest first.

        `starts` is what the method of that name found in `text`.
        """
        lowest = stop - self.longest
        for start in starts:
            if lowest < start <= stop - HEAD:  # the shorter ones follow
                found = self.beginning(text[start:stop])
                if found is not None:
                    yield start, found
        for size in range(min(HEAD - 1, stop), 0, -1):
            found = self.beginning(text[stop - size : stop])
            if found is not None:
                yield stop - size, found

    def __repr__(self) -> str:
        return f"<Keys: {len(self.texts)}>"


def _least(length: int, public: int) -> int:
    """How many bytes of a key of `length`, its public ones included, are masked when it breaks off."""
    return min(length, public + max(SHORTENED, (length - public + 1) // 2))


def unfinished(length: int, public: int) -> int:
    """The same where the stream ends."""
    return public + max(UNFINISHED, (length - public + 1) // 2)


def _common(a: bytes, b: bytes, known: int) -> int:
    """How many first bytes `a` and `b` have in common, `known` of them at least."""
    most = min(len(a), len(b))
    while known < most:
        middle = (known + most + 1) // 2
        if a[known:middle] == b[known:middle]:
            known = middle
        else:
            most = middle - 1
    return known
