"""Shortened values: a beginning or an end of a secret next to an ellipsis.

Assertions, tables and previews cut a long value at its end or in its middle and say so: `ghp_A1b2...`,
`'ghp_A1b2C3'...`, `ghp_A1...p6Q7r8`, `'ghp_A1b2C3[22 chars]p6Q7r8'`.
"""

from __future__ import annotations

from bisect import bisect_left

from secretrun.redact.engine.automaton import automaton
from secretrun.redact.engine.public_head import UNFINISHED
from secretrun.redact.engine.terminal_escapes import once
from secretrun.redact.engine.words import every_pair, every_word, words_of
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from re import Match
    from re import Pattern as Expression

    from secretrun.redact.pattern import Pattern

LONGEST_END = 256  # bytes of an end that are looked for
_HEAD = 4
_MOST_GRAMS = 1 << 19  # bytes of ends
# a number of characters that are left out, in brackets: cut at any place
_COUNTED = rb"(?:[0-9]{1,9} ?(?:c(?:h(?:a(?:rs?)?)?)?)?)"
_COUNT_END = b"chars]"
LONGEST_MARK = 20  # bytes of it
QUOTES = b"\"'`(< "  # before one; a bracket may be more
_MAYBE = frozenset(b".\"'`[(< \xe2\x80\\u20")


def has_ellipsis(text: bytes) -> bool:
    # rfind, which takes half the time of find on bytes that repeat
    return (
        text.rfind(b"...") >= 0
        or (0x5D in text and text.rfind(_COUNT_END) >= 0)
        or (0xE2 in text and b"\xe2\x80\xa6" in text)
        or (0x5C in text and b"\\u2026" in text)
    )


@once
def _marks() -> Expression[bytes]:
    """Each of them but the ones with a number, whole."""
    import re

    return re.compile(rb"[.\xe2\\](?:(?<=\.)\.{2,}|(?<=\xe2)\x80\xa6|(?<=\\)u2026)")


@once
def _ellipsis() -> Expression[bytes]:
    import re

    return re.compile(rb"[\"'`\[(<]? ?(\.{3,}|\xe2\x80\xa6|\\u2026|(?<=\[)[0-9]{1,9} ?chars(?=\]))[\])>]?")


def ellipses(text: bytes) -> Iterator[Match[bytes]]:
    """Each ellipsis, which is group 1, with the quote or bracket round it, from left to right.

    It is tried at its marks: `re` tries what may stand before it everywhere.
    """
    places = [match.start() for match in _marks().finditer(text)]
    at = text.find(_COUNT_END)
    while at >= 0:
        places.append(max(0, text.rfind(b"[", max(0, at - LONGEST_MARK), at)))
        at = text.find(_COUNT_END, at + 1)
    end = 0
    for at in sorted(places):
        for begin in range(max(end, at - 2), at + 1):
            found = _ellipsis().match(text, begin)
            if found is not None:
                end = found.end()
                yield found
                break


def undecided_ellipsis(text: bytes, stop: int, first: int = 0) -> int:
    """Where an ellipsis begins that the end of `text[first:stop]` may turn out to be, or `stop`."""
    if not stop or (text[stop - 1] not in _MAYBE and 0x5B not in text[max(0, stop - LONGEST_MARK) : stop]):
        return stop
    match = _undecided().search(text, max(first, stop - LONGEST_MARK), stop)
    return match.start() if match is not None else stop


@once
def _undecided() -> Expression[bytes]:
    import re

    return re.compile(
        rb"[\"'`\[(<]? ?(?:\.{1,2}|\xe2(?:\x80)?|\\(?:u(?:2(?:02?)?)?)?|(?<=\[)" + _COUNTED + rb")?\Z"
    )


class Ends:
    """The last bytes of patterns, made when the first ellipsis is seen.

    Args:
        patterns: those that may be masked in the middle of words.
    """

    __slots__ = ("_ends", "_find", "_grams", "_joined", "_patterns", "_size")

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = [
            pattern for pattern in patterns if len(pattern.text) > UNFINISHED and not pattern.rule.word
        ]
        ends: dict[bytes, list[Pattern]] = {}
        for pattern in self._patterns:
            ends.setdefault(pattern.text[-_HEAD:], []).append(pattern)
        self._ends = list(ends.values())
        self._find = automaton([(end, index) for index, end in enumerate(ends)]) if ends else None
        self._joined = b"\0\0".join([pattern.text[-LONGEST_END:] for pattern in self._patterns])
        self._size = 4 if len(self._joined) <= _MOST_GRAMS else 2
        self._grams = (every_word if self._size == 4 else every_pair)(self._joined)  # so many bytes in a row

    def none_at(self, part: bytes) -> bool:
        """Whether surely no end of a pattern begins where `part` does, told by its first bytes."""
        return len(part) >= UNFINISHED and (
            part[0] in SPACE or not self._grams.issuperset(words_of(part[:UNFINISHED], self._size))
        )

    def found(self, text: bytes, starts: list[int]) -> list[tuple[int, int, Pattern]]:
        """(start, end, pattern) for every end of a pattern at one of `starts`, which are sorted."""
        found: list[tuple[int, int, Pattern]] = []
        if self._find is None or not starts:
            return found
        first = starts[0]
        for last, index in self._find(text[first:]):
            stop = first + last + 1
            for start in starts[
                bisect_left(starts, stop - LONGEST_END) : bisect_left(starts, stop - UNFINISHED + 1)
            ]:
                part = text[start:stop]
                if part[:1].isspace():
                    continue
                for pattern in self._ends[index]:
                    if pattern.text.endswith(part) and len(part) < len(pattern.text):
                        found.append((start, stop, pattern))
                        break
        return found

    def may_become(self, part: bytes) -> bool:
        """Whether an end of a pattern of enough bytes begins with `part`, which is not all of it."""
        if not part or part[:1].isspace() or len(part) >= LONGEST_END:
            return False
        joined = self._joined
        at = joined.find(part)
        while at >= 0:
            end = joined.find(b"\0\0", at)
            if (end if end >= 0 else len(joined)) - at >= max(UNFINISHED, len(part) + 1):
                return True
            at = joined.find(part, at + 1)
        return False

    def __repr__(self) -> str:
        return f"<Ends of {len(self._patterns)}>"
