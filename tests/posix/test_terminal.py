"""Modes and sizes."""

import sys
import termios

import pytest

from secretrun.posix import terminal


def test_raw_mode_keeps_the_output_processing(pair):
    before = termios.tcgetattr(pair[1])
    raw = terminal.raw(before)
    assert raw[terminal.OFLAG] == before[terminal.OFLAG]
    assert not raw[terminal.LFLAG] & (termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    assert not raw[terminal.IFLAG] & (termios.ICRNL | termios.IXON | termios.ISTRIP)
    assert before == termios.tcgetattr(pair[1])


@pytest.mark.parametrize(
    ("environment", "rows", "columns"),
    [
        ({}, 24, 80),
        ({b"LINES": b"50", b"COLUMNS": b"200"}, 50, 200),
        ({b"LINES": b"many", b"COLUMNS": b"-1"}, 24, 80),
        ({b"LINES": b"0", b"COLUMNS": b"99999"}, 24, 80),
    ],
)
def test_the_size_where_there_is_no_terminal(environment, rows, columns):
    size = terminal.default_size(environment)
    words = [int.from_bytes(size[i : i + 2], sys.byteorder) for i in range(0, 8, 2)]
    assert words == [rows, columns, 0, 0]
