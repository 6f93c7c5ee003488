"""Which body does the searching: the compiled core, or the Python engine where there is none.

Chosen once in a process, by the first that needs it. Both give the same answers, so a core that is missing,
was built from other sources or can't be loaded is no error of a run: `secretrun version` tells of it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol, Self

    from secretrun.redact.pattern import Origin, Rule
else:
    Protocol = object

PURE = "SECRETRUN_PURE"
_chosen: Body | None = None


class Table(Protocol):
    """The patterns of some secrets, as one body is given them: immutable once they are compiled."""

    def __len__(self) -> int: ...

    def copy(self) -> Self:
        """Another one with the same patterns, to add to."""

    def add(self, found: list[tuple[str, bytes, Rule]]) -> None:
        """Add the (form, text, rule) of the next owner; what is there keeps its owner and form."""


class Patterns(Protocol):
    """What to look for, compiled by one body and used with its matcher alone."""

    def holds(self, text: bytes) -> bool:
        """Whether an occurrence lies in the text."""


class Matching(Protocol):
    """The state of one stream; see `engine.matcher.Matcher` for what each method promises."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that are decided."""

    def add(self, patterns: Any) -> None:
        """Look for these from now on: the old ones and more."""

    def release(self) -> bytes:
        """Return what an idle terminal may show."""

    def finish(self) -> bytes:
        """End the stream; return the rest of it."""

    @property
    def held(self) -> int:
        """The number of bytes that wait for what follows them."""


class Body:
    """One of the two.

    Attributes:
        core: the version of the compiled core, or None: this is the Python engine.
        lack: why there is no core, or "".
    """

    def __init__(self, core: str | None, lack: str = "") -> None:
        self.core = core
        self.lack = lack

    def table(self, *, squeeze: bool) -> Table:
        """An empty one; with `squeeze` its patterns are found with other whitespace than theirs."""
        if self.core is not None:
            from secretrun.redact.core import matcher

            return matcher.PatternTable(squeeze=squeeze)
        from secretrun.redact.pattern import PatternTable

        return PatternTable(squeeze=squeeze)

    def compiled(self, patterns: Any, *, screen: bool, shortened: bool) -> Patterns:
        """What to look for: those of a table; the arguments are those of `engine.pattern_set.PatternSet`."""
        if self.core is not None:
            from secretrun.redact.core import matcher

            return matcher.PatternSet(patterns, screen=screen, shortened=shortened)
        from secretrun.redact.engine.pattern_set import PatternSet

        return PatternSet(patterns, screen=screen, shortened=shortened)

    def matcher(self, patterns: Any, mask: Callable[[Origin], bytes]) -> Matching:
        """The state of a new stream; the arguments are those of `engine.matcher.Matcher`."""
        if self.core is not None:
            from secretrun.redact.core import matcher

            return matcher.Matcher(patterns, mask)
        from secretrun.redact.engine.matcher import Matcher

        return Matcher(patterns, mask)

    def places_of(self, words: Sequence[bytes]) -> Callable[[bytes], Sequence[int]]:
        """A function from a text to where any of some words begins in it, in order, each place once."""
        if self.core is not None:
            from secretrun.redact.core import matcher

            return matcher.places_of(words)
        from secretrun.redact.engine.automaton import automaton

        find = automaton((word, len(word) - 1) for word in words)
        return lambda text: sorted({last - before for last, before in find(text)})

    def __str__(self) -> str:
        return f"the compiled core {self.core}" if self.core is not None else f"Python ({self.lack})"


def chosen() -> Body:
    """The body that runs in this process."""
    global _chosen  # noqa: PLW0603  one body in a process: the streams of a run share what it compiled
    if _chosen is None:
        _chosen = _choose()
    return _chosen


def core_at_hand() -> bool:
    """Whether there is a core that would be loaded, without loading it; it may turn out not to fit."""
    if _pure():
        return False
    from secretrun.redact.core import library

    return os.path.exists(library.path())


def _pure() -> bool:
    return os.environ.get(PURE, "").lower() not in ("", "0", "no", "off", "false")


def _choose() -> Body:
    if _pure():
        return Body(None, f"{PURE} is set")
    try:
        from secretrun.redact.core import library

        loaded = library.load()
        if loaded is None:
            return Body(None, "the compiled core is not installed")
        return Body(loaded.version)
    except Exception as error:  # noqa: BLE001  whatever it is, the other body does the same work
        return Body(None, f"the compiled core does not load: {error}")
