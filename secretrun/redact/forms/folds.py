"""A double-quoted YAML scalar over several lines, as PyYAML folds it.

A line ends in a backslash, and the next begins, after its indent, with another when it begins with a blank.
Where it first breaks depends on the column the scalar begins at, so there is a text for each place where it
may. What stands between the backslashes is white space, which matching leaves out, as it does where libyaml
breaks.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 80  # columns, the default
_LONGEST = 2048  # bytes of a value
_ESCAPES = {"x": 4, "u": 6, "U": 10}  # characters


def folded(written: bytes) -> Iterator[bytes]:
    """Yield a scalar's text with its folds, for every place of the first.

    Args:
        written: the inside of the quotes on one line, UTF-8.
    """
    if 0x20 not in written or len(written) > _LONGEST:
        return
    text = written.decode("utf-8", "replace")
    places = _places(text)
    known: set[str] = set()
    for first, place in enumerate(places):
        if first and places[first - 1] > _WIDTH:
            break
        for indent in (0, 2, 4, 6, 8) if len(text) - place > _WIDTH - 8 else (2,):
            known.add(_folded(text, places[first:], indent))
    yield from (one.encode() for one in known)


def _places(text: str) -> list[int]:
    """Where a line may break: before a blank, and after an escape; neither at the ends."""
    places = []
    at = 0
    while at < len(text):
        if text[at] == "\\":
            size = _ESCAPES.get(text[at + 1 : at + 2], 2)
            if at and at + size < len(text):
                places.append(at + size)
            at += size
            continue
        if text[at] == " " and 0 < at < len(text) - 1 and at not in places[-1:]:
            places.append(at)
        at += 1
    return places


def _folded(text: str, places: list[int], indent: int) -> str:
    """`text` with a break at the first place, and then wherever a line is full."""
    out = []
    begin = 0
    column = _WIDTH + 1
    for place in places:
        if column + place - begin > _WIDTH:
            blank = text[place] == " "
            out.append(text[begin:place] + ("\\\n\\" if blank else "\\\n"))
            begin, column = place, indent + blank
    out.append(text[begin:])
    return "".join(out)
