"""The end of a text in each reading, without the readings of all of it."""

from __future__ import annotations

from secretrun.redact.engine.ellipsis import LONGEST_END, LONGEST_MARK
from secretrun.redact.engine.margins import has_margin, without_margins
from secretrun.redact.engine.prefilter import TAIL
from secretrun.redact.engine.public_head import UNFINISHED
from secretrun.redact.engine.readings import is_open, lone_returns, needs_care, shown, special
from secretrun.redact.engine.terminal_escapes import LONGEST_CSI, colours, controls, homes, may_go_home
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from re import Pattern as Expression

WINDOW = LONGEST_END + 16  # bytes that nearly always hold `TAIL` that are shown
LEAST = 128  # the same of bytes that hold a few
NEAR = 192  # the same of bytes that hold a few, or only whitespace after which nothing goes on


class Ending:
    """The last bytes of one reading of a text.

    Attributes:
        text: the bytes.
        whole: nothing stands before them.
        places: gives where they are in the text, from an index on, counted from the text's end.
        shown: a terminal shows it so.
        coloured: it shows the text without its sequences so.
        opened: it ends in a sequence that is cut, as text.
    """

    __slots__ = ("coloured", "opened", "places", "shown", "text", "whole")

    def __init__(
        self,
        text: bytes,
        places: Callable[[int], Sequence[int]],
        *,
        whole: bool,
        shown: bool,
        coloured: bool = False,
        opened: bool = False,
    ) -> None:
        self.text = text
        self.places = places
        self.whole = whole
        self.shown = shown
        self.coloured = coloured
        self.opened = opened


def start_of_end(text: bytes, *, screen: bool, size: int = WINDOW, enough: int = TAIL) -> int:
    """Where the end of a text begins that has `enough` bytes but whitespace in each reading, or all."""
    begin = len(text)
    while True:
        begin = max(0, begin - size)
        if begin and screen and is_open(text[:begin]):
            begin = max(0, text.rfind(b"\x1b", 0, begin))  # not within a sequence
        if not begin:
            return 0
        end = text[begin:]
        ways = [end.translate(None, SPACE)]
        if screen:
            if special(end):
                end = shown(end)
                ways.append(end.translate(None, SPACE))
            if 0x0A in end and has_margin(end):
                # before the first line end it may begin within a margin
                ways.append(without_margins(end[end.index(b"\n") :]))
        if min(map(len, ways)) >= enough:
            return begin
        size *= 2


def endings(text: bytes, *, screen: bool, enough: int) -> tuple[int, list[Ending]] | None:
    """How many bytes of a sequence the end of a text cuts, and the last bytes of each reading.

    These have `enough` bytes but whitespace nearly always. None where its sequences don't tell what is shown.
    """
    size = len(text)
    near = text[-NEAR:]
    plain = not screen or not special(near)
    opened = screen and is_open(text)
    raw = Ending(near, counted(len(near)), whole=size <= NEAR, shown=screen and plain, opened=opened)
    if plain:
        return None if opened else (0, [raw])
    rest = _since_sequence(near)
    if not opened and len(rest.translate(None, SPACE)) >= max(enough, LONGEST_MARK) and not _is_changed(rest):
        # both readings end in it
        return 0, [Ending(rest, counted(len(rest)), whole=False, shown=True)]
    cut = size
    if opened:
        cut = text.rfind(b"\x1b")
        match = controls(True, False).match(text, cut) if cut >= 0 else None
        if match is None or match.lastindex is None or 0x9B in text[-LONGEST_CSI:]:
            return None
        cut = _cut_string(text, cut)
    sequences, stop = colours(), cut
    for most in (NEAR, 4 * NEAR, size):
        begin = max(0, cut - most)
        if begin:
            first = text.find(b"\x1b", begin, cut)
            if first < 0 and opened and is_open(text[:begin]):
                return None  # it begins within a string, which what the end cuts has ended
            begin = max(begin, first)
        seen = sequences.sub(b"", text[begin:stop])
        if 0x1B in seen:
            sequences, stop = controls(True, False), size  # how one of these ends is told by what follows it
            seen = sequences.sub(b"", text[begin:])
        if not begin or len(seen.translate(None, SPACE)) >= enough:
            break
    part = text[begin:stop]
    if sequences is not colours() and homes().search(part) is not None:
        return None
    if _is_changed(seen if seen.isascii() else sequences.sub(b" ", part)):
        return None
    whole = not begin
    places = _left(part, len(seen), sequences, size - begin)
    found = [raw, Ending(seen, places, whole=whole, shown=True, coloured=True)]
    if opened:
        rest = text[cut + 1 :].removesuffix(b"\x1b")  # if no sequence comes of it all but ESC is text
        if len(rest) > NEAR or special(rest):
            return None
        places = _with_rest(places, len(seen), range(cut + 1 - size, cut + 1 - size + len(rest)))
        found.append(Ending(seen + rest, places, whole=whole, shown=True, coloured=True, opened=True))
    return size - cut, found


def _since_sequence(text: bytes) -> bytes:
    """What stands after the last sequence of a text, if that is one of CSI; else nothing."""
    begin = text.rfind(b"\x1b")
    match = colours().match(text, begin) if begin >= 0 else None
    return b"" if match is None else text[match.end() :]


def counted(size: int) -> Callable[[int], Sequence[int]]:
    """The places of the last `size` bytes of a text."""
    return lambda first: range(first - size, 0)


def _left(part: bytes, size: int, sequences: Expression[bytes], back: int) -> Callable[[int], Sequence[int]]:
    """The places of the `size` bytes that a part has besides sequences, `back` bytes before a text's end."""

    def places(first: int) -> list[int]:
        left: list[int] = []
        start = len(part)
        while len(left) < size - first:  # from one more sequence on, for nearly always few are asked for
            last = start = max(0, part.rfind(b"\x1b", 0, start))
            left = []
            for match in sequences.finditer(part, start):
                left.extend(range(last - back, match.start() - back))
                last = match.end()
            left.extend(range(last - back, len(part) - back))
        return left[len(left) - size + first :]

    return places


def _with_rest(
    places: Callable[[int], Sequence[int]], size: int, rest: range
) -> Callable[[int], Sequence[int]]:
    """The same of `size` bytes, and the rest of a text, with its places."""
    return lambda first: rest[first - size :] if first >= size else [*places(first), *rest]


def _cut_string(text: bytes, cut: int) -> int:
    """Where the sequence begins that the end of a text cuts: one at `cut`, or a string that it may end."""
    begin = text.rfind(b"\x1b", 0, cut) if cut == len(text) - 1 else -1
    match = controls(True, False).match(text, begin) if begin >= 0 else None
    return begin if match is not None and match.end() == len(text) else cut


def shown_by_sequences(text: bytes) -> bytes:
    """What a terminal shows of a text, where sequences alone tell, none with an ellipsis; else nothing."""
    if needs_care(text) or 0x9B in text or text.count(b"\x1b[") < text.count(b"\x1b"):
        return b""
    if may_go_home().search(text) is not None:
        return b""  # a blank before a move to column 1 is nothing
    seen = shown(text)
    return seen if all(seen.count(part) == text.count(part) for part in (b".", b"chars]")) else b""


def first_shown(text: bytes) -> bytes:
    """The first bytes that are shown of a short text, where its sequences alone tell them; else none."""
    seen = colours().sub(b"", text)[: UNFINISHED + 1]
    return b"" if special(seen) else seen[:UNFINISHED]


def _is_changed(text: bytes) -> bool:
    """Whether a text without sequences may be shown otherwise."""
    return special(text) and (0x08 in text or lone_returns(text) or controls().search(text) is not None)
