"""Finding occurrences in one view of a buffer: the finished ones and those that may become one.

A pattern is matched byte for byte; a loose one also with whitespace between its bytes, so that a
secret is found where `fold`, `base64`, a terminal's width or an indented YAML block has broken it.

A line end after the first few bytes of a secret must not hold the line back: a reader waiting for
that line would wait forever. So bytes before a break within the first `SHOWN` bytes of a pattern
show, and the mask begins after the last such break.
"""

from __future__ import annotations

from secretrun.redact.engine.occurrence import RUN, SHOWN, Live, Span, mask_start, shown
from secretrun.redact.engine.pattern import belongs
from secretrun.redact.engine.views import BASE64, after

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.redact.engine.pattern import Pattern
    from secretrun.redact.engine.pattern_set import PatternSet
    from secretrun.redact.engine.views import View

_WORD = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")


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
    if pattern.rule.word:
        if (text[begin - 1] if begin else view.before[0]) in _WORD:
            return
        if stop == len(text) and not final:
            _wait(view, begin, stop, pattern, lives)  # the next byte decides
            return
        if stop < len(text) and text[stop] in _WORD:
            return
    if pattern.rule.right:
        stop = _edge(view, begin, stop, lives, final=final)
    start = view.raw(_leftmost(view, begin, pattern.rule.left))
    spans.append(Span(start, view.raw_end(stop), start, pattern, solid=view.solid))


def _wait(view: View, begin: int, stop: int, pattern: Pattern, lives: list[Live]) -> None:
    start = view.raw(begin)
    lives.append(Live(start, start, start, view.raw_end(stop), length=len(pattern.text), order=pattern.order))


def _edge(view: View, begin: int, stop: int, lives: list[Live], *, final: bool) -> int:
    """Take in the last character of base64, which a secret determines in part, and its padding."""
    text = view.text
    limit = stop + 3
    if stop < len(text) and text[stop] in BASE64 and view.raw(stop) == view.raw_end(stop):
        stop += 1
        while (
            stop < len(text) and stop < limit and text[stop] == 0x3D and view.raw(stop) == view.raw_end(stop)
        ):
            stop += 1
    if stop == len(text) and stop < limit and view.raw_end(stop) == view.end and not final:
        # the mask is out; the rest of the edge is recognised when it comes
        lives.append(Live(view.raw(begin), view.end, view.end, view.end))
    return stop


def _leftmost(view: View, begin: int, left: int) -> int:
    """Where an occurrence at `begin` starts, with the byte before it that belongs to it, see `Rule.left`."""
    if begin and left and view.raw(begin) == view.raw_end(begin):
        _, place = after(view.text, begin - 1, view.before)
        if belongs(left, view.text[begin - 1], place):
            return begin - 1
    return begin


def _beginning(view: View, part: bytes, texts: dict[bytes, Pattern]) -> tuple[Pattern | None, int]:
    """One pattern that begins with `part`, for all: they share the length; and every one's `Rule.left`."""
    one: Pattern | None = None
    left = 0
    for text, pattern in texts.items():
        if text.startswith(part) and (view.solid or not pattern.escaped):
            one = one or pattern
            left |= pattern.rule.left
    return one, left


def _unfinished(view: View, begin: int, texts: dict[bytes, Pattern], lives: list[Live]) -> None:
    part = view.text[begin:]
    one, left = _beginning(view, part, texts)
    if one is not None:
        start = _leftmost(view, begin, left)
        length = len(one.text)
        lives.append(
            Live(
                view.raw(start),
                view.raw(start),
                view.raw(start + shown(length)),
                view.raw_end(len(view.text)),
                matched=len(part),
                length=length,
                order=one.order,
            )
        )


def _found_broken(
    view: View, places: Sequence[int], pattern: Pattern, spans: list[Span], lives: list[Live], *, final: bool
) -> None:
    begin = mask_start(places)
    if begin is None:
        return
    stop = places[-1] + 1
    if pattern.rule.right:
        stop = _edge(view, places[0], stop, lives, final=final)
    first = places[0] if begin else _leftmost(view, places[0], pattern.rule.left)
    start = places[begin] if begin else first
    spans.append(Span(view.raw(start), view.raw_end(stop), view.raw(first), pattern, solid=view.solid))


def _unfinished_broken(
    view: View, places: Sequence[int], part: bytes, keys: dict[bytes, Pattern], lives: list[Live]
) -> None:
    trailing = len(view.text) - 1 - places[-1]
    if trailing > RUN or (not trailing and places[-1] - places[0] == len(places) - 1):
        return  # too long a gap, or no gap at all: then it is an exact one
    begin = mask_start(places)
    if begin is None:
        return
    one, left = _beginning(view, part, keys)
    if one is None:
        return
    size = len(part)
    if trailing and size <= SHOWN:
        begin = size
    first = places[0] if begin else _leftmost(view, places[0], left)
    hold = view.raw(first)
    if begin:
        hold = view.raw(places[begin]) if begin < size else view.end
    limit = begin + max(0, shown(len(one.key)) - begin)
    lives.append(
        Live(
            view.raw(first),
            hold,
            view.raw(places[limit]) if limit < size else view.end,
            view.raw_end(places[-1] + 1),
            matched=size,
            length=len(one.key),
            order=one.order,
        )
    )
