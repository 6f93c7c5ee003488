"""Regular expressions that cost nothing until a text could match one.

Importing `re` and what it brings takes a run as long as two thirds of a bare interpreter. Most texts tell at
a glance that an expression can't match them, and two of the expressions are simple enough to be written out.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"


class LazyPattern:
    """A regular expression, compiled when it is first needed; its methods are those of `re.Pattern`.

    Args:
        expression: as `re.compile` takes it.
        needs: what stands in every text that it matches somewhere.
        beyond_ascii: it matches nothing in a text of ASCII alone.
    """

    __slots__ = ("_beyond_ascii", "_compiled", "_expression", "_needs")

    def __init__(self, expression: str, *, needs: str = "", beyond_ascii: bool = False) -> None:
        self._expression = expression
        self._needs = needs
        self._beyond_ascii = beyond_ascii
        self._compiled: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return f"<LazyPattern {self._expression!r}>"

    def match(self, text: str) -> re.Match[str] | None:
        return self.compiled.match(text) if self._could(text) else None

    def fullmatch(self, text: str) -> re.Match[str] | None:
        return self.compiled.fullmatch(text) if self._could(text) else None

    def search(self, text: str) -> re.Match[str] | None:
        return self.compiled.search(text) if self._could(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self.compiled.finditer(text) if self._could(text) else iter(())

    @property
    def compiled(self) -> re.Pattern[str]:
        """The expression itself, which is `re` of its matches."""
        if self._compiled is None:
            import re

            self._compiled = re.compile(self._expression)
        return self._compiled

    def _could(self, text: str) -> bool:
        return self._needs in text and not (self._beyond_ascii and text.isascii())


class Lead:
    """What a `LeadingWord` found: as much of a `re.Match` as is asked of it, group 1 being the word."""

    __slots__ = ("_end", "_start", "_text", "_word_end")

    def __init__(self, text: str, start: int, word_end: int, end: int) -> None:
        self._text = text
        self._start = start
        self._word_end = word_end
        self._end = end

    def group(self, number: int = 0) -> str:
        return self._text[self._start : self._word_end if number else self._end]

    def start(self) -> int:
        return self._start

    def end(self) -> int:
        return self._end


class LeadingWord:
    """The expression `([first][rest]*)ending`, without `re`; no character of `rest` begins `ending`."""

    __slots__ = ("_ending", "_first", "_rest")

    def __init__(self, first: str, rest: str, ending: str = "") -> None:
        self._first = frozenset(first)
        self._rest = frozenset(rest)
        self._ending = ending

    def match(self, text: str, at: int = 0, end: int | None = None) -> Lead | None:
        """The word that stands at `at`; `end` is where the text is taken to end."""
        limit = len(text) if end is None else min(end, len(text))
        if at >= limit or text[at] not in self._first:
            return None
        stop = at + 1
        while stop < limit and text[stop] in self._rest:
            stop += 1
        if not text.startswith(self._ending, stop, limit):
            return None
        return Lead(text, at, stop, stop + len(self._ending))

    def fullmatch(self, text: str) -> Lead | None:
        found = self.match(text)
        return found if found is not None and found.end() == len(text) else None
