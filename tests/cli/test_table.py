"""Tables in a narrow and a wide terminal: nothing is cut off, and one long cell costs its own row alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.cli.table import Row, lines

ROWS = [
    Row(("ok", "DATABASE_URL", "sops://secrets.yaml#/db/url", ".env.secretrun:1"), "32"),
    Row(
        ("error", "A", "op://dev/app/token", "secretrun.toml: [secrets] A"),
        "31;1",
        ["no such item", "hint: look"],
    ),
    Row(
        ("ok", "A_NAME_THAT_IS_FAR_LONGER_THAN_ALL_THE_OTHERS_OF_THIS_PLAN", "env://A", ".env.secretrun:3"),
        "32",
    ),
]


def test_without_a_terminal_columns_are_as_wide_as_they_like():
    shown = lines(ROWS, None, coloured=False)
    assert len(shown) == 5
    assert {line.index("env") for line in shown if "env://" in line} == {shown[2 - 2].index("sops://")}
    assert shown[2:4] == ["       no such item", "       hint: look"]


def test_one_long_name_does_not_break_the_other_rows():
    shown = lines(ROWS, 80, coloured=False)
    assert shown[0].startswith("ok     DATABASE_URL  sops://secrets.yaml#/db/url")
    assert sum("DATABASE_URL" in line or "db/url" in line for line in shown) == 1


@pytest.mark.parametrize("width", [20, 40])
def test_a_narrow_terminal_has_one_cell_a_line(width):
    shown = lines(ROWS[:1], width, coloured=False)
    assert shown == ["ok  DATABASE_URL", "    sops://secrets.yaml#/db/url", "    .env.secretrun:1"]


def test_the_status_alone_is_coloured():
    assert lines(ROWS[:1], 120, coloured=True)[0].startswith("\x1b[32mok\x1b[m  DATABASE_URL")


@given(
    st.lists(st.lists(st.text("abc-./", max_size=40), min_size=4, max_size=4), min_size=1, max_size=6),
    st.one_of(st.none(), st.integers(1, 200)),
)
def test_nothing_is_cut_off(cells, width):
    """Every cell stands whole in the lines of its row, in order, whatever the width."""
    rows = [Row(row) for row in cells]
    text = " ".join(lines(rows, width, coloured=False))
    place = 0
    for row in cells:
        for number, cell in enumerate(row):
            if cell in ("", "-") and number > 1:
                continue
            found = text.find(cell, place)
            assert found >= 0
            place = found + len(cell)
    assert (
        re.search(r"\s$", "\n".join(lines(rows, width, coloured=False))) is None
        or not "".join(cells[-1]).strip()
    )
