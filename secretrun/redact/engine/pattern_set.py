"""Patterns compiled for searching: what to look for in each reading, and how a clear text is passed by."""

from __future__ import annotations

from secretrun.redact.engine.base64_edge import START, after
from secretrun.redact.engine.ellipsis import Ends, ellipses, has_ellipsis
from secretrun.redact.engine.endings import LEAST, WINDOW, first_shown, shown_by_sequences, start_of_end
from secretrun.redact.engine.keys import Keys
from secretrun.redact.engine.occurrence import BLANKS, Unfinished
from secretrun.redact.engine.prefilter import TAIL, Prefilter
from secretrun.redact.engine.public_head import UNFINISHED
from secretrun.redact.engine.readings import Bare, Screen, as_it_is, is_shown, shown, special
from secretrun.redact.engine.search import Search
from secretrun.redact.engine.tail import Tail
from secretrun.redact.engine.terminal_escapes import colours, may_go_home
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.redact.engine.carried import Carried
    from secretrun.redact.engine.keys import Beginning
    from secretrun.redact.pattern import PatternTable

_ELLIPSES = 8  # that have to be asked one by one: with more a text is looked at closely
_NEAR_EACH_OTHER = 256
_ROUND = 24  # bytes round a key: what follows may belong to it


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
        "_ends",
        "_exact",
        "_loose",
        "_prefilter",
        "_shown",
        "_tail",
        "left",
        "patterns",
        "screen",
        "shortened",
        "words",
    )

    def __init__(self, patterns: PatternTable, *, screen: bool, shortened: bool = True) -> None:
        self.patterns = patterns
        self.screen = screen
        self.shortened = shortened
        exact, loose = patterns.keys()
        self._exact = Keys(exact, patterns, shortened=shortened)
        self._loose = Keys(loose, patterns, shortened=shortened)
        self._shown: tuple[Keys, Keys] | None = None
        self._ends: Ends | None = None
        rules = frozenset(patterns.rules)
        self.words = any(rule.word for rule in rules)
        self.left = 0
        for rule in rules:
            self.left |= rule.left
        heads = {
            text[:least].translate(None, SPACE)[: TAIL + 1]
            for text, least in zip(self._exact.texts, self._exact.least, strict=True)
        }
        for text, least in zip(self._loose.texts, self._loose.least, strict=True):
            heads.add(text[:least][: TAIL + 1])
        self._prefilter = Prefilter(heads, screen=screen)
        self._tail = Tail(
            heads,
            self._keys,
            left=self.left,
            screen=screen,
            shortened=shortened,
        )

    def clear(self, text: bytes) -> bool:
        """Whether `text` surely holds no occurrence in any reading, nor `TAIL` bytes of one at its end."""
        return self._prefilter.clear(text) and (
            not self.shortened or not has_ellipsis(text) or self._no_part(text)
        )

    def suspect(self, text: bytes) -> tuple[int, int] | None:
        """The one place of a text that is not clear where a key seems to stand, with the word round it."""
        starts = self._loose.starts(text, len(text)) or self._exact.starts(text, len(text))
        if not starts:
            return None
        begin, end = starts[0], starts[-1]
        if end - begin > _NEAR_EACH_OTHER:
            return None
        spaces = text.translate(BLANKS)
        begin = max(begin - _ROUND, spaces.rfind(b" ", 0, begin) + 1)
        word = spaces.find(b" ", end)
        end = (len(text) if word < 0 else word) + _ROUND
        sequence = colours().match(text, max(begin, text.rfind(b"\x1b", begin, end))) if self.screen else None
        return begin, end if sequence is None else max(end, sequence.end())

    def _no_part(self, text: bytes) -> bool:
        """Whether nothing begins before, and nothing ends after, the ellipses in a text.

        A few are asked one by one. Of many most are told by a few bytes round them, in the text and in what a
        terminal shows of it.
        """
        places = [match.span() for match in ellipses(text)]
        if len(places) <= _ELLIPSES:
            return all(self._no_end(text, stop) and self._no_beginning(text, start) for start, stop in places)
        readings = [(text, places)]
        if self.screen and special(text):
            seen = shown_by_sequences(text)
            readings.append((seen, [match.span() for match in ellipses(seen)]))
        paired = all(len(found) == len(places) for _, found in readings)
        asked = 0
        for index, (start, stop) in enumerate(places):
            ended = paired and all(
                self.ends.none_at(one[at[index][1] : at[index][1] + UNFINISHED]) for one, at in readings
            )
            begun = paired and all(self._tail.quiet_in_line(one, at[index][0]) for one, at in readings)
            asked += not (ended and begun)
            if (
                asked > _ELLIPSES
                or not (ended or self._no_end(text, stop))
                or not (begun or self._no_beginning(text, start))
            ):
                return False
        return True

    def _no_beginning(self, text: bytes, stop: int) -> bool:
        """Whether surely no beginning that counts before an ellipsis ends at `stop`."""
        return stop < UNFINISHED or self._tail.quiet_before(text, stop)

    def _no_end(self, text: bytes, start: int) -> bool:
        """Whether no end of a pattern stands at `start`; nor begins there, but at the end of the text."""
        ends = self.ends
        part = text[start : start + LEAST]
        plain = not self.screen or not special(part)
        if ends.none_at(part) and (plain or ends.none_at(first_shown(part))):
            return True
        if start + LEAST < len(text) or ends.found(part, [0]):
            return False
        return plain or (may_go_home().search(part) is None and not ends.found(shown(part), [0]))

    @property
    def ends(self) -> Ends:
        """Made when the first ellipsis is seen."""
        if self._ends is None:
            self._ends = Ends(self.patterns)
        return self._ends

    def _keys(self, shown: bool) -> tuple[Keys, Keys]:
        """What is looked for as it is, and without whitespace; of a text that a terminal shows otherwise."""
        if not shown:
            return self._exact, self._loose
        if self._shown is None:  # told when the first such text comes
            self._shown = self._seen(self._exact), self._seen(self._loose)
        return self._shown

    def beginning_shown(self, part: bytes, *, exact: bool) -> Beginning | None:
        """What is known of the keys that begin with `part` and that a terminal shows as they are."""
        return self._keys(True)[not exact].beginning(part)

    def _seen(self, keys: Keys) -> Keys:
        left = {text: order for text, order in zip(keys.texts, keys.orders, strict=True) if is_shown(text)}
        return keys if len(left) == len(keys.texts) else Keys(left, self.patterns, shortened=self.shortened)

    def tail(self, text: bytes, before: tuple[int, int], last_shown: int) -> tuple[int, Sequence[Unfinished]]:
        """What may begin at the end of a clear text; places in it count from the index given with it."""
        waiting = self._tail.waiting(text, before)
        if waiting is not None:
            return len(text), waiting
        size = WINDOW if self.shortened and has_ellipsis(text[-WINDOW:]) else LEAST
        begin = start_of_end(text, screen=self.screen, size=size)
        search, _ = self.look(text[begin:], after(text, begin, before), last_shown, final=False)
        return begin, search.waiting

    def carried(self, buffer: bytes, before: tuple[int, int]) -> Carried | None:
        """What a buffer is the beginning of, if it is one; `before` is what stands before it."""
        from secretrun.redact.engine.carried import carried

        return carried(buffer, before, self._exact, self._loose)

    def look(
        self,
        buffer: bytes,
        before: tuple[int, int],
        last_shown: int,
        *,
        final: bool,
        every: bool = False,
    ) -> tuple[Search, Screen | None]:
        """Everything that is found in any reading of a buffer, and how a terminal shows it."""
        search = Search(buffer, before, self, final=final, every=every)
        plain = self.screen and not special(buffer)
        for reading in as_it_is(buffer, self._exact, self._loose, plain=plain):
            if plain and not reading.solid:  # between margins only what is shown is looked for
                reading.keys = self._keys(True)[1]
            search.look(reading, before[0])
            if plain and self.words and last_shown != before[0]:
                search.look(reading, last_shown)
        screen = None
        if self.screen and not plain:
            bare = Bare(buffer)
            screen = self._look_as_shown(search, bare, last_shown)
            known = self._keys(True)[0].beginning(b"\r") if bare.text.endswith(b"\r") else None
            if known is not None and not final:
                # a blank before it is only written over where no LF follows
                place = bare.places[-1]
                limit = len(buffer) if known.early else place
                search.waiting.append(Unfinished(place, place, limit, known.order))
            sure = bare.cut
            while bare.cut < len(buffer) and not final:
                # it may be text, in which there may be another one
                search.waiting.append(Unfinished(bare.cut, len(buffer), len(buffer), -1))
                bare = Bare(buffer, cut=bare)
                self._look_as_shown(search, bare, last_shown, sure)
        if buffer and not final and self._tail.left_edge(buffer, before):
            last = len(buffer) - 1
            search.waiting.append(Unfinished(last, last, len(buffer), -1))
        return search, screen

    def _look_as_shown(self, search: Search, bare: Bare, last_shown: int, sure: int | None = None) -> Screen:
        """Add what is found in what a terminal shows, in both ways that it may; see `Screen`."""
        screen = Screen(bare)
        ways = [screen, Screen(bare, rewritten=False)] if screen.doubled else [screen]
        for way in ways:
            for reading in way.readings(*self._keys(True), sure=sure):
                search.look(reading, last_shown)
        return screen

    def holds(self, text: bytes) -> bool:
        """Whether anything stands in `text`."""
        return not self.clear(text) and bool(self.look(text, START, -1, final=True)[0].found)

    def last_shown(self, buffer: bytes, end: int, screen: Screen | None, known: int) -> int:
        """The last byte before `end` that a terminal shows, or `known`; where it matters."""
        if not self.words:
            return -1
        if screen is not None:
            return screen.before(end, known)
        begin = start_of_end(buffer[:end], screen=self.screen, size=LEAST, enough=1)
        # with what follows, which may be written over the last bytes
        return Screen(Bare(buffer[begin:])).before(end - begin, known)

    def __repr__(self) -> str:
        return f"<PatternSet of {len(self.patterns)}>"
