"""Rows for people: columns as wide as the terminal allows, the first one coloured. Nothing is cut off.

A cell too long for its column has the rest of its row on the next line; where a terminal is too narrow for
columns at all, each cell has a line. Into a pipe or a file columns are as wide as they like.
"""

from __future__ import annotations

import os
import sys

from secretrun.messages import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "
NARROW = 60  # columns below which a table has one cell a line


def write(rows: Sequence[Row]) -> None:
    """Print rows to stdout."""
    for line in lines(rows, terminal_width(), coloured=has_colour()):
        sys.stdout.write(f"{line}\n")


def say(text: str, indent: str = "") -> None:
    """Print a sentence to stdout, in as many lines as the terminal makes of it."""
    for line in _wrapped(printable(text), terminal_width(), len(indent)):
        sys.stdout.write(f"{indent}{line}\n")


def terminal_width() -> int | None:
    """The columns of the terminal that stdout is, or None when it is none."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


def has_colour() -> bool:
    """Whether stdout is a terminal that shows colour, and nobody asked for none (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Row:
    """One row.

    Args:
        cells: its texts, the status first.
        colour: of the status, as in SGR ("31;1"), or "".
        below: lines that belong under it.
    """

    __slots__ = ("below", "cells", "colour")

    def __init__(self, cells: Sequence[str], colour: str = "", below: Sequence[str] = ()) -> None:
        self.cells = [printable(cell) for cell in cells]
        self.colour = colour
        self.below = [printable(line) for line in below]


def lines(rows: Sequence[Row], width: int | None, *, coloured: bool) -> list[str]:
    """The lines of a table. Pure.

    Args:
        rows: all of the same number of cells.
        width: columns of the terminal, or None where there is none.
        coloured: whether the first cell is.
    """
    if not rows:
        return []
    widths = _widths([row.cells for row in rows], width)
    shown: list[str] = []
    for row in rows:
        placed = _stacked(row.cells, widths[0]) if len(widths) == 1 else _aligned(row.cells, widths)
        if coloured and row.colour:
            placed[0] = f"\x1b[{row.colour}m{row.cells[0]}\x1b[m{placed[0][len(row.cells[0]) :]}"
        indent = " " * widths[0] + GAP
        shown += [line.rstrip() for line in placed]
        shown += [f"{indent}{line}" for text in row.below for line in _wrapped(text, width, len(indent))]
    return shown


def _wrapped(text: str, width: int | None, indent: int) -> list[str]:
    """A text in lines that fit beside the indent; a word (a path, a reference) is never broken."""
    if width is None or indent + len(text) <= width:
        return [text]
    import textwrap

    room = max(20, width - indent)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [text]


def _widths(cells: list[list[str]], width: int | None) -> list[int]:
    """The width of each column, or of the first alone where there is no room for columns."""
    natural = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    if width is None or sum(natural) + len(GAP) * (len(natural) - 1) <= width:
        return natural
    if width < NARROW:
        return natural[:1]
    # A few rows that are too long get more lines, the others stand as if those were not there.
    kept = sorted(cells, key=lambda row: sum(map(len, row)))
    while len(kept) > len(cells) // 2:
        natural = [max(len(row[column]) for row in kept) for column in range(len(cells[0]))]
        natural[0] = max(len(row[0]) for row in cells)
        if sum(natural) + len(GAP) * (len(natural) - 1) <= width:
            return natural
        kept.pop()
    natural = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    # The middle columns share what the first leaves; what is longer than its share goes on a line below.
    share = max(12, (width - natural[0] - len(GAP) * len(natural)) // max(1, len(natural) - 1))
    return [
        natural[0],
        *(
            max((len(row[c]) for row in cells if len(row[c]) <= share), default=1)
            for c in range(1, len(natural))
        ),
    ]


def _stacked(cells: list[str], first: int) -> list[str]:
    """The first two cells side by side, each other one below the second."""
    head = f"{cells[0]:{first}}{GAP}{cells[1]}" if len(cells) > 1 else cells[0]
    return [head, *(f"{'':{first}}{GAP}{cell}" for cell in cells[2:] if cell not in ("", "-"))]


def _aligned(cells: list[str], widths: list[int]) -> list[str]:
    placed, line, column = [], "", 0
    for number, cell in enumerate(cells):
        if len(line) > column:  # the cell before was longer than its column
            placed.append(line)
            line = ""
        line = f"{line:{column}}{cell}"
        column += widths[number]
        if number < len(cells) - 1:
            column += len(GAP)
            if len(line) <= column - len(GAP):
                line = f"{line:{column}}"
    placed.append(line)
    return placed
