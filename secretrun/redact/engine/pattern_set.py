"""Patterns compiled for searching: what to look for in each reading, and how a clear text is passed by."""

from __future__ import annotations

from secretrun.redact.engine.base64_edge import START, after, belongs, leftmost
from secretrun.redact.engine.ellipsis import LONGEST_END, Ends, ellipses, has_ellipsis, may_be_ellipsis
from secretrun.redact.engine.keys import HEAD, Keys
from secretrun.redact.engine.occurrence import Unfinished
from secretrun.redact.engine.prefilter import TAIL, Heads, Prefilter
from secretrun.redact.engine.readings import (
    AT_MARGIN,
    Screen,
    as_it_is,
    has_margin,
    is_open,
    needs_care,
    shown,
    special,
    without_margins,
)
from secretrun.redact.engine.search import Search
from secretrun.redact.engine.terminal_escapes import SPECIAL
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.redact.pattern import Pattern

_WINDOW = LONGEST_END + 16  # bytes that nearly always hold `TAIL` that are shown
_NEAR = 48  # the same of bytes that hold a few
_ELLIPSES = 8  # in one text: with more it is looked at closely
_UNSURE = frozenset(bytes([byte]) for byte in b"\b\r\\|" + SPECIAL)  # it may turn out to be nothing
_SPACES = frozenset(bytes([byte]) for byte in SPACE)
_UNSURE_BARE = _UNSURE | frozenset(bytes([byte]) for byte in AT_MARGIN + b"._")


class PatternSet:
    """Every pattern of a redactor. Immutable but for caches, shared between threads.

    Args:
        patterns: with distinct texts, none empty or of whitespace only.
        screen: text is read as a terminal shows it too.
        shortened: a beginning that breaks off is masked too when it is long enough.

    Attributes:
        words: any of them counts as a whole word only.
    """

    __slots__ = (
        "_begins",
        "_ends",
        "_exact",
        "_heads",
        "_loose",
        "_most_spaced",
        "_prefilter",
        "_shown",
        "_spaced",
        "left",
        "patterns",
        "screen",
        "shortened",
        "spaced",
        "words",
    )

    def __init__(self, patterns: Sequence[Pattern], *, screen: bool, shortened: bool = True) -> None:
        self.patterns = patterns
        self.screen = screen
        self.shortened = shortened
        exact: dict[bytes, Pattern] = {}
        loose: dict[bytes, Pattern] = {}
        for pattern in patterns:
            if not pattern.loose or pattern.text is not pattern.key:
                exact[pattern.text] = pattern
            if pattern.loose:
                loose.setdefault(pattern.key, pattern)
        self._exact = Keys(exact, shortened=shortened)
        self._loose = Keys(loose, shortened=shortened)
        self._shown: tuple[Keys, Keys] | None = None
        self._ends: Ends | None = None
        self.words = any(pattern.rule.word for pattern in patterns)
        self.left = 0
        for pattern in patterns:
            self.left |= pattern.rule.left
        heads = {
            text[:least].translate(None, SPACE)[: TAIL + 1]
            for keys in (self._exact, self._loose)
            for text, least in zip(keys.texts, keys.least, strict=True)
        }
        self._prefilter = Prefilter(heads, screen=screen)
        self._heads = Heads(heads)
        # beginnings of at most three bytes besides whitespace, with whitespace
        self._spaced = frozenset([part for text in exact for part in _spaced(text)])
        self.spaced = bool(self._spaced)
        self._most_spaced = max(map(len, self._spaced), default=0)
        self._begins = frozenset([head[:size] for head in heads for size in range(1, HEAD)])

    def clear(self, text: bytes) -> bool:
        """Whether `text` surely holds no occurrence in any reading, nor `TAIL` bytes of one at its end."""
        return self._prefilter.clear(text) and (
            not self.shortened or not has_ellipsis(text) or self._no_part(text)
        )

    def _no_part(self, text: bytes) -> bool:
        """Whether nothing begins before, and nothing ends after, the ellipses in a text; they are few."""
        for number, match in enumerate(ellipses().finditer(text)):
            start, stop = match.span()
            if number > _ELLIPSES or not all(map(self._heads.absent, self._ending(text[:start])[1])):
                return False
            if not text[stop : stop + 1].isspace() and stop < len(text):
                part = text[stop : stop + _WINDOW]
                if not self.ends.absent(part) or (self.screen and not self.ends.absent(shown(part))):
                    return False
        return True

    def _ending(self, text: bytes, size: int = _WINDOW, enough: int = TAIL) -> tuple[int, set[bytes]]:
        """Where it begins, and the end of a text in each reading, squeezed: `enough` bytes or all."""
        begin = len(text)
        while True:
            begin = max(0, begin - size)
            if begin and self.screen and is_open(text[:begin]):
                begin = max(0, text.rfind(b"\x1b", 0, begin))  # not within a sequence
            end = text[begin:]
            endings = {end.translate(None, SPACE)}
            if self.screen:
                if special(end):
                    end = shown(end)
                    endings.add(end.translate(None, SPACE))
                if 0x0A in end and has_margin(end):
                    # before the first line end it may begin within a margin
                    endings.add(without_margins(end[end.index(b"\n") if begin else 0 :]))
            if not begin or min(map(len, endings)) >= enough:
                return begin, {ending[-enough:] for ending in endings}
            size *= 2

    @property
    def ends(self) -> Ends:
        """Made when the first ellipsis is seen."""
        if self._ends is None:
            self._ends = Ends(self.patterns)
        return self._ends

    def _shown_keys(self) -> tuple[Keys, Keys]:
        """What a terminal may show as it is: told when the first text comes that it does not."""
        if self._shown is None:
            self._shown = self._seen(self._exact), self._seen(self._loose)
        return self._shown

    def _seen(self, keys: Keys) -> Keys:
        left = {
            text: pattern
            for text, pattern in zip(keys.texts, keys.patterns, strict=True)
            if not special(text) or shown(text) == text
        }
        return keys if len(left) == len(keys.texts) else Keys(left, shortened=self.shortened)

    def tail(self, text: bytes, before: tuple[int, int], last_shown: int) -> tuple[int, Sequence[Unfinished]]:
        """What may begin at the end of a clear text; places in it count from the index given with it."""
        begin, endings = self._ending(text)
        short = (
            all(map(self._heads.absent, endings))
            and not (self.screen and is_open(text))
            and not (self.shortened and (has_ellipsis(text[begin:]) or may_be_ellipsis(text)))
        )
        if short:
            if all(map(self._nothing, endings)) and not (self.left and self._left_edge(text, before)):
                return len(text), ()
            few = self._few(text, before)
            if few is not None:
                return len(text), few
            begin, _ = self._ending(text, _NEAR, 2 * HEAD)
        search, _ = self.look(text[begin:], after(text, begin, before), last_shown, final=False, few=short)
        return begin, search.waiting

    def _nothing(self, ending: bytes) -> bool:
        """Whether surely no pattern begins at the end of a text without whitespace."""
        last = ending[-1:]
        begins = self._begins
        return (
            last not in begins
            and last not in _UNSURE_BARE
            and ending[-2:] not in begins
            and ending[-3:] not in begins
            and last != ending[-2:-1]
            and not self.spaced
        )

    def _few(self, text: bytes, before: tuple[int, int]) -> Sequence[Unfinished] | None:
        """The same where no more than three bytes begin anything; else None.

        Places count from the end of the text.
        """
        end = text[-_NEAR:]
        waiting: list[Unfinished] = []
        if self.screen and special(end):
            begin, _ = self._ending(text, _NEAR, 2 * HEAD)
            end = text[begin:]
            if needs_care(end):
                return None
            seen = Screen(end)
            if not self._beginnings(
                seen.text, [place - len(end) for place in seen.places], text, before, waiting, shown=True
            ):
                return None
        if not self._beginnings(
            end, range(-len(end), 0), text, before, waiting, shown=self.screen and not waiting
        ):
            return None
        if self.left and self._left_edge(text, before):
            waiting.append(Unfinished(-1, -1, 0, -1))
        return waiting

    def _beginnings(
        self,
        end: bytes,
        places: Sequence[int],
        text: bytes,
        before: tuple[int, int],
        waiting: list[Unfinished],
        *,
        shown: bool,
    ) -> bool:
        """Add the beginnings of at most three bytes at a reading's end; False where they can't be told."""
        size = len(end)
        bare = end.rstrip(SPACE)
        last = bare[-1:]
        if size - len(bare) > _NEAR // 2 or len(bare) < 2 * HEAD < len(text):
            return False
        if self._spaced:
            # the last byte shown, a blank too, may be written over by what comes
            for stop in (size, size - 1) if shown else (size,):
                parts = [end[max(0, stop - n) : stop] for n in range(1, self._most_spaced + 1)]
                if not self._spaced.isdisjoint(parts):
                    return False
        if shown:
            line = end[end.rfind(b"\n") + 1 :]
            if last in _UNSURE or not line.strip(AT_MARGIN):
                return False
            line = bare[bare.rfind(b"\n") + 1 :]
            if len(line) < len(bare) and len(line.translate(None, AT_MARGIN)) < HEAD and has_margin(end):
                return False
            if last and (bare[-2:-1] == last or last == b"_"):  # it may be written over
                self._at(bare, len(bare) - 1, places, text, before, waiting, trailing=True)
        if last == b"." and self.shortened:  # an ellipsis may come, and an end after it
            waiting.append(Unfinished(places[len(bare.rstrip(b"."))], 0, 0, -1))
        self._at(bare, len(bare), places, text, before, waiting, trailing=len(bare) < size)
        return True

    def _at(
        self,
        end: bytes,
        stop: int,
        places: Sequence[int],
        text: bytes,
        before: tuple[int, int],
        waiting: list[Unfinished],
        *,
        trailing: bool,
    ) -> None:
        part = b""
        index = stop
        found: list[int] = []
        broken = 0  # bytes before the last break
        while index > 0 and len(part) < HEAD - 1:
            index -= 1
            byte = end[index : index + 1]
            if byte in _SPACES:
                continue
            if found and found[0] > index + 1 and not broken:
                broken = len(part)
            part = byte + part
            found.insert(0, index)
            if part not in self._begins:
                continue
            count = len(part)
            shown = count if trailing else (count - broken if broken else 0)
            for keys in (self._exact, self._loose) if not broken else (self._loose,):
                known = keys.beginning(part)
                if known is None:
                    continue
                first = places[found[0]]
                if shown:
                    limit = max(shown, known.early)
                    waiting.append(
                        Unfinished(
                            first,
                            places[found[shown]] if shown < count else 0,
                            places[found[limit]] if limit < count else 0,
                            known.order,
                        )
                    )
                    continue
                start = leftmost(text, len(text) + first, known.left, before) - len(text)
                limit = places[found[known.early]] if known.early < count else 0
                waiting.append(Unfinished(start, start, limit - (first - start), known.order))

    def _left_edge(self, text: bytes, before: tuple[int, int]) -> bool:
        """Whether the last byte may belong to base64 that begins with the next."""
        last = len(text) - 1
        byte = text[last]
        return (self.left | self.left >> 128) >> byte & 1 == 1 and belongs(
            self.left, byte, after(text, last, before)[1]
        )

    def look(
        self,
        buffer: bytes,
        before: tuple[int, int],
        last_shown: int,
        *,
        final: bool,
        few: bool = False,
        every: bool = False,
    ) -> tuple[Search, Screen | None]:
        """Everything that is found in any reading of a buffer, and how a terminal shows it.

        With `few` only beginnings of at most three bytes: it is known that there is nothing else.
        """
        search = Search(buffer, before, self, final=final, every=every)
        plain = self.screen and not special(buffer)
        for reading in as_it_is(buffer, self._exact, self._loose, plain=plain):
            search.look(reading, before[0], few=few)
            if plain and self.words and last_shown != before[0]:
                search.look(reading, last_shown, few=few)
        screen = None
        if self.screen and not plain:
            screen = Screen(buffer)
            for reading in screen.readings(*self._shown_keys()):
                search.look(reading, last_shown, few=few)
            if screen.cut < len(buffer) and not final:
                search.waiting.append(Unfinished(screen.cut, len(buffer), len(buffer), -1))
                other = Screen(buffer, cut=False)
                for reading in other.readings(*self._shown_keys(), sure=screen.cut):
                    search.look(reading, last_shown, few=few)
        if buffer and not final and self._left_edge(buffer, before):
            last = len(buffer) - 1
            search.waiting.append(Unfinished(last, last, len(buffer), -1))
        return search, screen

    def holds(self, text: bytes) -> bool:
        """Whether anything stands in `text`."""
        return not self.clear(text) and bool(self.look(text, START, -1, final=True)[0].found)

    def last_shown(self, buffer: bytes, end: int, screen: Screen | None, known: int) -> int:
        """The last byte before `end` that a terminal shows, or `known`; where it matters."""
        if not self.words:
            return -1
        if screen is not None:
            return screen.before(end, known)
        begin, _ = self._ending(buffer[:end], _NEAR, 1)
        # with what follows, which may be written over the last bytes
        return Screen(buffer[begin:]).before(end - begin, known)

    def __repr__(self) -> str:
        return f"<PatternSet of {len(self.patterns)}>"


def _spaced(text: bytes) -> list[bytes]:
    """Every beginning of a pattern in which less than `HEAD` bytes are no whitespace, if some are."""
    head = text[: 4 * HEAD]
    if len(head[:HEAD].translate(None, SPACE)) == len(head[:HEAD]):
        return []
    sizes = [size for size in range(1, len(head) + 1) if len(head[:size].translate(None, SPACE)) <= HEAD]
    return [head[:size] for size in sizes]
