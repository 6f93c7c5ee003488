"""What is taken out of a text in one go is what the expressions take out of it place by place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from secretrun.redact.engine import readings
from secretrun.redact.engine import terminal_escapes as escapes

# what stands far from a way back, and what stands near one
GAPS = st.builds(
    lambda one, size: one * size, st.sampled_from([b"x", b"\xe2\x94\x82", b"ab"]), st.integers(0, 30)
)
MARKS = [b"\b", b"\r", b"\x1b", b"\r\n", b" ", b"_", b"\\", b"\n", b"a", b"\xc3\xa9", b"\xa9"]
SHOWN = st.lists(GAPS | st.sampled_from(MARKS), max_size=30).map(b"".join)
PIECES = [
    b"\x1b[",
    b"\x9b",
    b"\xc2\x9b",
    b"H",
    b"G",
    b"1",
    b";",
    b"0",
    b"\x1b]",
    b"\x1bP",
    b"\x1b\\",
    b"\a",
    b" ",
    b"(",
]


@given(SHOWN, st.booleans())
def test_what_is_written_over_is_found_near_ways_back(text, rewritten):
    left = escapes.without_wraps(text, rewritten=rewritten)
    assert left == escapes.wraps(rewritten).sub(b"", text)


@given(st.lists(st.sampled_from(PIECES), max_size=20).map(b"".join))
def test_moves_to_the_first_column_stay(text):
    left = readings.without_sequences(text)
    assert left == escapes.controls().sub(escapes.only_home, text)
