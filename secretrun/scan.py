"""Finding occurrences in one view of a buffer: the finished ones and those that may become one.

A pattern is matched byte for byte; a loose one also with whitespace between its bytes, so that a
secret is found where `fold`, `base64`, a terminal's width or an indented YAML block has broken it.

A line end after the first few bytes of a secret must not hold the line back: a reader waiting for
that line would wait forever. So bytes before a break within the first `SHOWN` bytes of a pattern
show, and the mask begins after the last such break.

May import: patterns, views.
"""

from __future__ import annotations

from secretrun.patterns import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.patterns import Pattern, PatternSet
    from secretrun.views import View

RUN = 64  # whitespace bytes that may stand between two bytes of a broken secret
SHOWN = 3  # bytes of a secret that may show before a break, or on an idle terminal
_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_BASE64 = _WORD | frozenset(b"+/-")


class Live:
    """An occurrence that is not finished yet. Places are indexes in the buffer.

    Attributes:
        keep: from here on the bytes are needed to recognise it.
        hold: from here on they must not be shown; the buffer's end when they may.
        limit: the same on an idle terminal.
        end: just after the last byte of it.
        matched: bytes of the pattern seen.
        length: bytes the pattern has.
        order: of the pattern, or -1 when several share these bytes.
    """

    __slots__ = ("end", "hold", "keep", "length", "limit", "matched", "order")

    def __init__(
        self,
        keep: int,
        hold: int,
        limit: int,
        end: int,
        *,
        matched: int = 0,
        length: int = 0,
        order: int = -1,
    ) -> None:
        self.keep = keep
        self.hold = hold
        self.limit = limit
        self.end = end
        self.matched = matched
        self.length = length
        self.order = order


class Span:
    """An occurrence. Places are indexes in the buffer.

    Attributes:
        start: where its mask begins; `end`: just after its last byte.
        keep: from here on the bytes are needed to recognise it again.
        solid: it was found in the bytes as they are, escapes and all.
    """

    __slots__ = ("end", "keep", "pattern", "solid", "start")

    def __init__(self, start: int, end: int, keep: int, pattern: Pattern, *, solid: bool) -> None:
        self.start = start
        self.end = end
        self.keep = keep
        self.pattern = pattern
        self.solid = solid

    def rank(self) -> tuple[int, int, int]:
        """Sorted by this, the span that gives the mask its name comes first."""
        return self.start, -self.end, self.pattern.order


def shown(length: int) -> int:
    """How many bytes of a pattern of `length` bytes an idle terminal may show."""
    return min(SHOWN, length // 8)


def scan(patterns: PatternSet, view: View, spans: list[Span], lives: list[Live], *, final: bool) -> None:
    """Find every occurrence, and every unfinished one of at least `HEAD` bytes."""
    text, squeezed = view.text, view.squeezed
    size = len(squeezed)
    places: Sequence[int] | None = None
    for last, bucket in patterns.hits(squeezed):
        start = last - bucket.size + 1
        if places is None:
            places = view.places()
        place = places[start]
        for lead, length, texts in bucket.exact:
            begin = place - lead
            if begin < 0:
                continue
            stop = begin + length
            if stop <= len(text):
                pattern = texts.get(text[begin:stop])
                if pattern is not None and (view.solid or not pattern.escaped):
                    _found(view, begin, stop, pattern, spans, lives, final=final)
            else:
                _unfinished(view, begin, texts, lives)
        for length, keys in bucket.loose:
            stop = start + length
            if stop <= size:
                pattern = keys.get(squeezed[start:stop])
                if (
                    pattern is not None
                    and places[stop - 1] - place != length - 1
                    and (view.solid or not pattern.escaped)
                ):
                    _found_broken(view, places[start:stop], pattern, spans, lives, final=final)
            else:
                _unfinished_broken(view, places[start:], squeezed[start:], keys, lives)


def _found(
    view: View, begin: int, stop: int, pattern: Pattern, spans: list[Span], lives: list[Live], *, final: bool
) -> None:
    text = view.text
    if pattern.rule == "word":
        if (text[begin - 1] if begin else view.before) in _WORD:
            return
        if stop == len(text) and not final:
            _wait(view, begin, stop, pattern, lives)  # the next byte decides
            return
        if stop < len(text) and text[stop] in _WORD:
            return
    elif pattern.rule == "base64":
        stop = _edge(view, begin, stop, lives, final=final)
    start = view.raw(begin)
    spans.append(Span(start, view.raw_end(stop), start, pattern, solid=view.solid))


def _wait(view: View, begin: int, stop: int, pattern: Pattern, lives: list[Live]) -> None:
    start = view.raw(begin)
    lives.append(Live(start, start, start, view.raw_end(stop), length=len(pattern.text), order=pattern.order))


def _edge(view: View, begin: int, stop: int, lives: list[Live], *, final: bool) -> int:
    """Take in the last character of base64, which a secret determines in part, and its padding."""
    text = view.text
    limit = stop + 3
    if stop < len(text) and text[stop] in _BASE64 and view.raw(stop) == view.raw_end(stop):
        stop += 1
        while (
            stop < len(text) and stop < limit and text[stop] == 0x3D and view.raw(stop) == view.raw_end(stop)
        ):
            stop += 1
    if stop == len(text) and stop < limit and view.raw_end(stop) == view.end and not final:
        # the mask is out; the rest of the edge is recognised when it comes
        lives.append(Live(view.raw(begin), view.end, view.end, view.end))
    return stop


def _unfinished(view: View, begin: int, texts: dict[bytes, Pattern], lives: list[Live]) -> None:
    part = view.text[begin:]
    for text, pattern in texts.items():
        if text.startswith(part) and (view.solid or not pattern.escaped):
            lives.append(
                Live(
                    view.raw(begin),
                    view.raw(begin),
                    view.raw(begin + shown(len(text))),
                    view.raw_end(len(view.text)),
                    matched=len(part),
                    length=len(text),
                    order=pattern.order,
                )
            )
            return  # one stands for all: they share the bytes and the length


def _mask_start(places: Sequence[int]) -> int | None:
    """The index in `places` where the mask begins, or None when a run of whitespace is too long."""
    begin = 0
    previous = places[0]
    for index, place in enumerate(places):
        if place - previous > 1:
            if place - previous > RUN + 1:
                return None
            if index <= SHOWN:
                begin = index
        previous = place
    return begin


def _found_broken(
    view: View, places: Sequence[int], pattern: Pattern, spans: list[Span], lives: list[Live], *, final: bool
) -> None:
    begin = _mask_start(places)
    if begin is None:
        return
    stop = places[-1] + 1
    if pattern.rule == "base64":
        stop = _edge(view, places[0], stop, lives, final=final)
    spans.append(
        Span(view.raw(places[begin]), view.raw_end(stop), view.raw(places[0]), pattern, solid=view.solid)
    )


def _unfinished_broken(
    view: View, places: Sequence[int], part: bytes, keys: dict[bytes, Pattern], lives: list[Live]
) -> None:
    trailing = len(view.text) - 1 - places[-1]
    if trailing > RUN or (not trailing and places[-1] - places[0] == len(places) - 1):
        return  # too long a gap, or no gap at all: then it is an exact one
    begin = _mask_start(places)
    if begin is None:
        return
    for key, pattern in keys.items():
        if key.startswith(part) and (view.solid or not pattern.escaped):
            size = len(part)
            if trailing and size <= SHOWN:
                begin = size
            hold = view.raw(places[begin]) if begin < size else view.end
            limit = begin + max(0, shown(len(key)) - begin)
            lives.append(
                Live(
                    view.raw(places[0]),
                    hold,
                    view.raw(places[limit]) if limit < size else view.end,
                    view.raw_end(places[-1] + 1),
                    matched=size,
                    length=len(key),
                    order=pattern.order,
                )
            )
            return


def short_tails(patterns: PatternSet, view: View, lives: list[Live]) -> None:
    """Find the unfinished occurrences of less than `HEAD` bytes, at the end of the view."""
    text = view.text
    size = len(text)
    tails = patterns.tails
    for matched in range(1, min(patterns.longest_tail, size) + 1):
        length = tails.get(text[size - matched :])
        if length is not None:
            start = view.raw(size - matched)
            limit = view.raw(size - matched + min(shown(length), matched))
            lives.append(Live(start, start, limit, view.end, matched=matched, length=length))
    if view.squeezed is not text and view.squeezed[-1:] and patterns.loose_tails:
        _short_broken_tails(patterns, view, lives)


def _short_broken_tails(patterns: PatternSet, view: View, lives: list[Live]) -> None:
    text, squeezed = view.text, view.squeezed
    places: list[int] = []
    index = len(text)
    while index and len(places) < SHOWN:
        stripped = text[max(0, index - RUN - 1) : index].rstrip(SPACE)
        if not stripped:
            break
        index = index - min(index, RUN + 1) + len(stripped) - 1
        places.insert(0, index)
    for matched in range(1, len(places) + 1):
        length = patterns.loose_tails.get(squeezed[-matched:])
        if length is None:
            continue
        mine = places[-matched:]
        trailing = len(text) - 1 - mine[-1]
        if not trailing and mine[-1] - mine[0] == matched - 1:
            continue
        begin = _mask_start(mine) or 0
        if trailing:
            begin = matched
        hold = view.raw(mine[begin]) if begin < matched else view.end
        limit = begin + max(0, shown(length) - begin)
        lives.append(
            Live(
                view.raw(mine[0]),
                hold,
                view.raw(mine[limit]) if limit < matched else view.end,
                view.raw_end(mine[-1] + 1),
                matched=matched,
                length=length,
            )
        )
