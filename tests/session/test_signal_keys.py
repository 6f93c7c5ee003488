"""Which keys are signals."""

import termios

import pytest

from secretrun.posix import signals, terminal
from secretrun.session.signal_keys import SignalKeys

KEYS = [
    (b"\x03", [signals.SIGINT]),
    (b"ab\x1c", [signals.SIGQUIT]),
    (b"\x16\x03", []),  # quoted
    (b"\x16\x16\x03", [signals.SIGINT]),
    (b"\x03\x03\x1c", [signals.SIGINT, signals.SIGINT, signals.SIGQUIT]),
    (b"\x1a\x04\x7f", []),
]


@pytest.mark.parametrize(("typed", "expected"), KEYS)
def test_keys_that_signal_whole_and_byte_by_byte(pair, typed, expected):
    modes = termios.tcgetattr(pair[1])
    assert SignalKeys().signals(typed, modes) == expected
    keys = SignalKeys()
    assert [n for code in typed for n in keys.signals(bytes((code,)), modes)] == expected


def test_no_key_signals_where_the_command_wants_them_as_characters(pair):
    modes = termios.tcgetattr(pair[1])
    modes[terminal.LFLAG] &= ~termios.ISIG
    assert SignalKeys().signals(b"\x03\x1c", modes) == []
