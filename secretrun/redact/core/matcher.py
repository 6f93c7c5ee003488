"""The core behind the engine's interface: a set of patterns, and a stream through it."""

from __future__ import annotations

from secretrun.redact.core.secretrun_core import CoreError, Matcher, holds, places, words
from secretrun.redact.core.secretrun_core import patterns as compiled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from secretrun.redact.pattern import PatternTable

_SCREEN, _SHORTENED, _SQUEEZE = 1, 2, 4
_WORD, _RIGHT = 1, 2

__all__ = ["CoreError", "Matcher", "PatternSet", "places_of"]


class PatternSet:
    """Every pattern of a redactor. Immutable, shared between threads.

    Args:
        patterns: none empty or of whitespace only.
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
        self.handle = compiled(_wire(patterns, screen=screen, shortened=shortened))

    def holds(self, text: bytes) -> bool:
        """Whether anything stands in `text`."""
        return holds(self.handle, text)

    def __repr__(self) -> str:
        return f"<PatternSet of {len(self.patterns)}>"


def _wire(patterns: PatternTable, *, screen: bool, shortened: bool) -> bytes:
    """A set as `core/src/wire.rs` reads it."""
    texts = patterns.texts
    rules = {rule: number for number, rule in enumerate(dict.fromkeys(patterns.rules))}
    options = _SCREEN * screen | _SHORTENED * shortened | _SQUEEZE * patterns.squeeze
    head = [options, len(rules), len(texts)]
    parts = [number.to_bytes(4, "little") for number in head]
    for rule in rules:
        parts.append((_WORD * rule.word | _RIGHT * rule.right).to_bytes(4, "little"))
        parts.append(rule.left.to_bytes(32, "little"))
    parts += [_numbers([*map(len, texts)]), _numbers([*map(rules.__getitem__, patterns.rules)])]
    return b"".join([*parts, *texts])


def _numbers(numbers: list[int]) -> bytes:
    """As `u32`s; few of them differ."""
    known = {number: number.to_bytes(4, "little") for number in {*numbers}}
    return b"".join(map(known.__getitem__, numbers))


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
