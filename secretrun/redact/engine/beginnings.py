"""Beginnings of secrets at the end of a text that are too short for the automaton, at most three bytes.

Nearly every text ends with one when many secrets are known, so this is looked at with every read.
"""

from __future__ import annotations

from secretrun.redact.engine.occurrence import RUN, SHOWN, Live, mask_start, shown
from secretrun.redact.engine.pattern import SPACE, belongs
from secretrun.redact.engine.views import View, after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from secretrun.redact.engine.pattern import Pattern

_SPACES = frozenset(SPACE)


class Tails:
    """The beginnings of a set of patterns. Immutable, shared between threads.

    Args:
        patterns: of which text.
        head: bytes of a pattern's key that the automaton knows.
    """

    __slots__ = ("_any_left", "_enough", "_exact", "_lefts", "_loose", "_sizes", "head")

    def __init__(self, patterns: Iterable[Pattern], head: int) -> None:
        self.head = head
        exact: dict[bytes, int] = {}
        loose: dict[bytes, int] = {}
        lefts: dict[bytes, int] = {}
        for pattern in patterns:
            text, key, rule = pattern.text, pattern.key, pattern.rule
            length = len(text)
            end = _head_end(text, head) if text is not key else head
            _note(exact, text[: min(end, length + rule.word) - 1], length)
            if pattern.loose:
                _note(loose, key[: head - 1], len(key))
            if rule.left:
                begin = text[: head - 1]
                lefts[begin] = lefts.get(begin, 0) | rule.left
        # each with the length of the shortest pattern that begins so
        self._exact = _beginnings(exact)
        self._loose = _beginnings(loose)
        self._lefts: dict[bytes, int] = {}  # what may stand before it and belong to it, see `Rule.left`
        for begin, left in lefts.items():
            for size in range(len(begin) + 1):
                self._lefts[begin[:size]] = self._lefts.get(begin[:size], 0) | left
        left = self._lefts.get(b"", 0)
        self._any_left = left | left >> 128  # at either place
        self._sizes = range(1, max(map(len, self._exact), default=0) + 1)
        self._enough = max(len(self._sizes) + 1, 2 * head)  # bytes that nearly always tell

    def waiting(self, text: bytes, before: tuple[int, int]) -> tuple[int, int, int] | None:
        """How many of the last bytes wait, are needed, and how many of the needed ones a pause may show.

        None where that takes more than a few bytes to tell: `find` does. `before` as for a `View`.
        """
        last = text[-self._enough :]
        loose = self._loose
        if loose:
            squeezed = last.translate(None, SPACE)
            if len(squeezed) < len(last):
                if len(squeezed) < self.head and len(last) < len(text):
                    return None  # the bytes before them count too
                for size in range(1, self.head):
                    if squeezed[-size:] in loose and not last.endswith(squeezed[-size:]):
                        return self._look_closely(last, after(text, len(text) - len(last), before))
        wait, hidden = self._ending(text, before)
        return wait, wait, wait - hidden

    def _look_closely(self, last: bytes, before: tuple[int, int]) -> tuple[int, int, int]:
        lives: list[Live] = []
        self.find(View(last, before, bytes), lives)
        size = len(last)
        keep = min([live.keep for live in lives], default=size)
        limit = min([live.limit for live in lives if live.hold < size], default=keep)
        return size - min([live.hold for live in lives], default=size), size - keep, limit - keep

    def _ending(self, text: bytes, before: tuple[int, int]) -> tuple[int, int]:
        """How many bytes at the end of `text` begin a pattern, and how many of them a pause must not show."""
        exact, lefts = self._exact, self._lefts
        wait = hidden = 0
        if text and self._any_left >> text[-1] & 1 and self._belongs(b"", text, len(text) - 1, before):
            wait = 1
        for size in self._sizes:
            part = text[-size:]
            if part in exact and len(part) == size:
                wait = size
                if part in lefts and self._belongs(part, text, len(text) - size - 1, before):
                    wait += 1
                hidden = max(hidden, wait - shown(exact[part]))
        return wait, hidden

    def _belongs(self, part: bytes, text: bytes, index: int, before: tuple[int, int]) -> bool:
        """Whether byte `index` belongs to what begins with `part` after it."""
        if index < 0:
            return False
        left, byte = self._lefts[part], text[index]
        return belongs(left, byte, after(text, index, before)[1])

    def find(self, view: View, lives: list[Live]) -> None:
        """Find the unfinished occurrences of less than `head` bytes at the end of the view."""
        text = view.text
        wait, hidden = self._ending(text, view.before)
        if wait:
            start = view.raw(len(text) - wait)
            lives.append(Live(start, start, view.raw(len(text) - hidden), view.end))
        if self._loose and text and not _SPACES.isdisjoint(text[-RUN * self.head :]):
            self._find_broken(view, lives)

    def _find_broken(self, view: View, lives: list[Live]) -> None:
        text = view.text
        places: list[int] = []
        key = b""
        index = len(text)
        while index and len(places) < SHOWN:
            stripped = text[max(0, index - RUN - 1) : index].rstrip(SPACE)
            if not stripped:
                break
            index = index - min(index, RUN + 1) + len(stripped) - 1
            places.insert(0, index)
            key = text[index : index + 1] + key
            length = self._loose.get(key)
            if length is None:
                continue
            matched = len(places)
            trailing = len(text) - 1 - places[-1]
            if not trailing and places[-1] - places[0] == matched - 1:
                continue
            begin = matched if trailing else mask_start(places) or 0
            hold = view.raw(places[begin]) if begin < matched else view.end
            limit = begin + max(0, shown(length) - begin)
            lives.append(
                Live(
                    view.raw(places[0]),
                    hold,
                    view.raw(places[limit]) if limit < matched else view.end,
                    view.raw_end(places[-1] + 1),
                    length=length,
                )
            )


def _head_end(text: bytes, head: int) -> int:
    """How many bytes of the text hold the head of its key."""
    seen = 0
    for index, byte in enumerate(text):
        seen += byte not in _SPACES
        if seen == head:
            return index + 1
    return len(text)


def _note(shortest: dict[bytes, int], begin: bytes, length: int) -> None:
    known = shortest.get(begin)
    if known is None or length < known:
        shortest[begin] = length


def _beginnings(shortest: dict[bytes, int]) -> dict[bytes, int]:
    """The same for every beginning of each."""
    every: dict[bytes, int] = {}
    for begin, length in shortest.items():
        for size in range(1, len(begin) + 1):
            _note(every, begin[:size], length)
    return every
