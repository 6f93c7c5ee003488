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

    def __repr__(self) -> str:
        return f"<Rule word={self.word} left={self.left:#x} right={self.right}>"


ANYWHERE: Final = Rule()
WORD: Final = Rule(word=True)


class Pattern:
    """One byte string to mask, and how it may appear.

    Attributes:
        text: the bytes as they appear, whitespace included.
        key: `text` without whitespace (the same object when there is none).
        loose: `key` is also found with line breaks, blanks and tabs anywhere in it.
        rule: where it counts.
        owner: which secret, an index.
        form: the dialect, for the report.
        order: the place in registration order, from 0.
    """

    __slots__ = ("form", "key", "loose", "order", "owner", "rule", "text")

    def __init__(self, text: bytes, *, squeeze: bool, rule: Rule, owner: int, form: str, order: int) -> None:
        self.text = text
        key = text.translate(None, SPACE) if squeeze else text
        self.key = text if len(key) == len(text) else key
        self.loose = squeeze and len(key) >= LOOSE_LENGTH and not rule.word
        self.rule = rule
        self.owner = owner
        self.form = form
        self.order = order

    def __repr__(self) -> str:
        return f"<Pattern {self.order} {self.form}>"


class PatternTable:
    """Patterns with distinct texts: a column of each attribute, and a `Pattern` where one is asked for.

    A thousand secrets have forty thousand patterns, of which a run writes a handful. Immutable once streams
    know of it.

    Args:
        squeeze: they are found with other whitespace than theirs.

    Attributes:
        texts: the order of each, by its text.
        forms, rules: by order.
    """

    __slots__ = ("_firsts", "_list", "_made", "forms", "rules", "squeeze", "texts")

    def __init__(self, *, squeeze: bool) -> None:
        self.squeeze = squeeze
        self.texts: dict[bytes, int] = {}
        self.forms: list[str] = []
        self.rules: list[Rule] = []
        self._firsts: list[int] = []  # for each owner the number of patterns that were there before
        self._list: list[bytes] | None = None
        self._made: dict[int, Pattern] = {}

    def copy(self) -> PatternTable:
        """Another one with the same patterns, to add to."""
        other = PatternTable(squeeze=self.squeeze)
        other.texts = self.texts.copy()
        other.forms = self.forms.copy()
        other.rules = self.rules.copy()
        other._firsts = self._firsts.copy()
        return other

    def add(self, found: Iterable[tuple[str, bytes, Rule]]) -> None:
        """Add the (form, text, rule) of the next owner; what is there keeps its owner and form."""
        texts, forms, rules = self.texts, self.forms, self.rules
        size = len(texts)
        self._firsts.append(size)
        for form, text, rule in found:
            order = texts.setdefault(text, size)
            if order == size:
                forms.append(form)
                rules.append(rule)
                size += 1
            elif rules[order] is not rule:
                rules[order] |= rule  # the same bytes asked for once more: both rules count

    def __len__(self) -> int:
        return len(self.forms)

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
        exact: dict[bytes, int] = {}
        loose: dict[bytes, int] = {}
        for (text, order), rule in zip(self.texts.items(), self.rules, strict=True):
            key = text.translate(None, SPACE)
            is_loose = len(key) >= LOOSE_LENGTH and not rule.word
            if not is_loose or len(key) != len(text):
                exact[text] = order
            if is_loose:
                loose.setdefault(key, order)
        return exact, loose

    def __getitem__(self, order: int) -> Pattern:
        made = self._made.get(order)
        if made is None:
            from bisect import bisect_right

            owner = bisect_right(self._firsts, order) - 1
            made = self._made[order] = self._pattern(self.listed[order], order, owner)
        return made

    def __iter__(self) -> Iterator[Pattern]:
        from itertools import pairwise

        texts = self.listed
        for owner, (first, end) in enumerate(pairwise((*self._firsts, len(texts)))):
            for order in range(first, end):
                yield self._pattern(texts[order], order, owner)

    def _pattern(self, text: bytes, order: int, owner: int) -> Pattern:
        return Pattern(
            text,
            squeeze=self.squeeze,
            rule=self.rules[order],
            owner=owner,
            form=self.forms[order],
            order=order,
        )

    def __repr__(self) -> str:
        return f"<PatternTable of {len(self)}>"
