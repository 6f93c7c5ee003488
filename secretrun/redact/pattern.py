"""One byte string to mask, and the rule for where it counts: what either body of the engine is given."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Final

SPACE: Final = b" \t\r\n\v\f"
LOOSE_LENGTH: Final = 16  # non-space bytes a pattern needs to be matched across line breaks


def left_bit(byte: int, place: int) -> int:
    """The bit of `Rule.left` for an ASCII byte at a place, 1 or 2, in its group of four characters."""
    return 1 << (byte + 128 * (place - 1))


class Rule:
    """Where a pattern counts, and what else belongs to it.

    Attributes:
        word: only between bytes that are no letters, digits or `_`.
        left: which bytes belong to it when they stand just before it, see `base64_edge.belongs`.
        right: so does the base64 character after it, and its padding.
    """

    __slots__ = ("left", "right", "word")

    def __init__(self, *, word: bool = False, left: int = 0, right: bool = False) -> None:
        self.word = word
        self.left = left
        self.right = right

    def __or__(self, other: Rule) -> Rule:
        """The rule for bytes that are asked for under both."""
        if self is other:
            return self
        return Rule(
            word=self.word and other.word, left=self.left | other.left, right=self.right or other.right
        )

    def packed(self) -> bytes:
        """As the compiled core reads it: 4 bytes of flags (1: word, 2: right), 32 of left; little-endian."""
        return (self.word | self.right << 1).to_bytes(4, "little") + self.left.to_bytes(32, "little")

    def __repr__(self) -> str:
        return f"<Rule word={self.word} left={self.left:#x} right={self.right}>"


ANYWHERE: Final = Rule()
WORD: Final = Rule(word=True)


class Origin:
    """Where a pattern comes from: what its mask is made of.

    Attributes:
        order: the pattern's place in registration order, from 0.
        owner: which secret, an index.
        form: the dialect, for the report.
    """

    __slots__ = ("form", "order", "owner")

    def __init__(self, order: int, owner: int, form: str) -> None:
        self.order = order
        self.owner = owner
        self.form = form

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.order} {self.form}>"


class Pattern(Origin):
    """One byte string to mask.

    Attributes:
        text: the bytes as they appear, whitespace included.
        rule: where it counts.
    """

    __slots__ = ("rule", "text")

    def __init__(self, order: int, owner: int, form: str, *, text: bytes, rule: Rule) -> None:
        super().__init__(order, owner, form)
        self.text = text
        self.rule = rule


class Origins:
    """Where patterns with distinct texts come from, by their order. Immutable once streams know of it.

    A thousand secrets have forty thousand patterns, of which a run writes a handful: there is no object for
    one before it is asked for.

    Args:
        squeeze: they are found with other whitespace than theirs.

    Attributes:
        forms: by order.
        firsts: for each owner the number of patterns that were there before.
    """

    __slots__ = ("firsts", "forms", "squeeze")

    def __init__(self, *, squeeze: bool) -> None:
        self.squeeze = squeeze
        self.forms: list[str] = []
        self.firsts: list[int] = []

    def __len__(self) -> int:
        return len(self.forms)

    def owner(self, order: int) -> int:
        """Whose a pattern is."""
        from bisect import bisect_right

        return bisect_right(self.firsts, order) - 1

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


class PatternTable(Origins):
    """What the Python engine is given: the texts and rules too.

    Attributes:
        texts: the order of each, by its text.
        rules: by order.
    """

    __slots__ = ("_list", "_patterns", "rules", "texts")

    def __init__(self, *, squeeze: bool) -> None:
        super().__init__(squeeze=squeeze)
        self.texts: dict[bytes, int] = {}
        self.rules: list[Rule] = []
        self._list: list[bytes] | None = None
        self._patterns: dict[int, Pattern] = {}

    def copy(self) -> PatternTable:
        """Another one with the same patterns, to add to."""
        other = PatternTable(squeeze=self.squeeze)
        other.texts = self.texts.copy()
        other.forms = self.forms.copy()
        other.rules = self.rules.copy()
        other.firsts = self.firsts.copy()
        return other

    def add(self, found: Iterable[tuple[str, bytes, Rule]]) -> None:
        """Add the (form, text, rule) of the next owner; what is there keeps its owner and form."""
        texts, forms, rules = self.texts, self.forms, self.rules
        size = len(texts)
        self.firsts.append(size)
        for form, text, rule in found:
            order = texts.setdefault(text, size)
            if order == size:
                forms.append(form)
                rules.append(rule)
                size += 1
            elif rules[order] is not rule:
                rules[order] |= rule  # the same bytes asked for once more: both rules count

    def __getitem__(self, order: int) -> Pattern:
        made = self._patterns.get(order)
        if made is None:
            made = self._patterns[order] = self._pattern(self.listed[order], order, self.owner(order))
        return made

    def __iter__(self) -> Iterator[Pattern]:
        from itertools import pairwise

        texts = self.listed
        for owner, (first, end) in enumerate(pairwise((*self.firsts, len(texts)))):
            for order in range(first, end):
                yield self._pattern(texts[order], order, owner)

    def _pattern(self, text: bytes, order: int, owner: int) -> Pattern:
        return Pattern(order, owner, self.forms[order], text=text, rule=self.rules[order])

    @property
    def listed(self) -> list[bytes]:
        """The texts by their order."""
        if self._list is None:
            self._list = list(self.texts)
        return self._list

    def keys(self) -> tuple[dict[bytes, int], dict[bytes, int]]:
        """The orders of those that are looked for as they are, by text, and without whitespace, by key.

        Of those with the same key the first counts.
        """
        if not self.squeeze:
            return self.texts, {}
        texts = self.listed
        keys = [text.translate(None, SPACE) for text in texts]
        words: frozenset[int] = frozenset()
        if any(rule.word for rule in {*self.rules}):
            words = frozenset(order for order, rule in enumerate(self.rules) if rule.word)
        exact = {
            text: order
            for order, (text, key) in enumerate(zip(texts, keys, strict=True))
            if len(key) < LOOSE_LENGTH or len(key) < len(text) or order in words
        }
        loose = {
            key: order
            for key, order in zip(reversed(keys), reversed(range(len(keys))), strict=True)
            if len(key) >= LOOSE_LENGTH and order not in words
        }
        return exact, loose
