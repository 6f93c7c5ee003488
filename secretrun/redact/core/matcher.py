"""The core behind the engine's interface: a set of patterns, and a stream through it."""

from __future__ import annotations

from secretrun.redact.core.secretrun_core import (
    CoreError,
    Matcher,
    compiled,
    copy,
    extend,
    holds,
    places,
    table,
    words,
)
from secretrun.redact.pattern import Origin, Origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from secretrun.redact.core.secretrun_core import Table
    from secretrun.redact.pattern import Rule

_SCREEN, _SHORTENED = 1, 2

__all__ = ["CoreError", "Matcher", "PatternSet", "PatternTable", "places_of"]


class PatternTable(Origins):
    """What a set is made of. The core alone has the texts: Python's are gone once they are added.

    Attributes:
        handle: the core's own.
    """

    __slots__ = ("_made", "handle")

    def __init__(self, *, squeeze: bool, handle: Table | None = None) -> None:
        super().__init__(squeeze=squeeze)
        self.handle = table(squeeze) if handle is None else handle
        self._made: dict[int, Origin] = {}

    def copy(self) -> PatternTable:
        """Another one with the same patterns, to add to."""
        other = PatternTable(squeeze=self.squeeze, handle=copy(self.handle))
        other.forms = self.forms.copy()
        other.firsts = self.firsts.copy()
        return other

    def add(self, found: list[tuple[str, bytes, Rule]]) -> None:
        """Add the (form, text, rule) of the next owner; what is there keeps its owner and form.

        Raises:
            CoreError: there is no room for them, or one is empty; the table is no longer of use.
        """
        self.firsts.append(len(self.forms))
        self.forms += extend(self.handle, found)

    def __getitem__(self, order: int) -> Origin:
        made = self._made.get(order)
        if made is None:
            made = self._made[order] = Origin(order, self.owner(order), self.forms[order])
        return made


class PatternSet:
    """Every pattern of a redactor. Immutable, shared between threads.

    Args:
        patterns: none of whitespace only.
        screen: text is read as a terminal shows it too.
        shortened: a beginning that breaks off is masked too when it is long enough.

    Attributes:
        patterns: the same, by their order.
        handle: the core's own.

    Raises:
        CoreError: the set is larger than the core takes.
    """

    __slots__ = ("handle", "patterns")

    def __init__(self, patterns: PatternTable, *, screen: bool, shortened: bool = True) -> None:
        self.patterns = patterns
        self.handle = compiled(patterns.handle, _SCREEN * screen | _SHORTENED * shortened)

    def holds(self, text: bytes) -> bool:
        """Whether anything stands in `text`."""
        return holds(self.handle, text)

    def __repr__(self) -> str:
        return f"<PatternSet of {len(self.patterns)}>"


def places_of(heads: Iterable[bytes]) -> Callable[[bytes], Sequence[int]]:
    """A function from a text to where any of some words begins in it, in order.

    Args:
        heads: each of two bytes or more, none a NUL.
    """
    handle = words(b"\0".join(heads))

    def find(text: bytes) -> Sequence[int]:
        found = places(handle, text)
        return memoryview(found).cast("I") if found else ()

    return find
