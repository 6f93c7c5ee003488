"""The parts by themselves, among them what only macOS does."""

import os
import pty
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pty_driver import SECRET, until

from secretrun import execute, ready, signals, terminal
from secretrun.errors import CommandError, CommandNotFound
from secretrun.output_modes import OutputModes
from secretrun.pump import Plain, Pump
from secretrun.redact import Redactor


@pytest.fixture
def pair(cleanup):
    """A new terminal: (master, slave)."""
    master, slave = pty.openpty()
    yield master, slave
    for descriptor in (master, slave):
        try:
            os.close(descriptor)
        except OSError:
            pass  # the test closed it


@pytest.mark.parametrize("use_select", [False, True], ids=["poll", "select"])
def test_waiting_with_poll_and_with_select(monkeypatch, use_select):
    """macOS can't poll a terminal; both ways say the same of data, of room, of an end and of nothing."""
    monkeypatch.setattr(ready, "USE_SELECT", use_select)
    read, write = os.pipe()
    assert ready.wait([read], [write], 0) == (set(), {write})
    assert ready.wait([read], timeout=0) == (set(), set())
    os.write(write, b"x")
    assert ready.wait([read], timeout=5) == ({read}, set())
    os.read(read, 1)
    os.close(write)
    assert ready.wait([read]) == ({read}, set())
    os.close(read)


@pytest.mark.parametrize("use_select", [False, True], ids=["poll", "select"])
def test_watching_the_same_descriptors(monkeypatch, use_select):
    """Data, nothing and an end, of any of them, time and again."""
    monkeypatch.setattr(ready, "USE_SELECT", use_select)
    pipes = [os.pipe() for _ in range(2)]
    watch = ready.Watch(*(read for read, _ in pipes))
    assert not watch.wait(0)
    for read, write in (*pipes, *pipes):
        os.write(write, b"x")
        assert watch.wait()
        os.read(read, 1)
        assert not watch.wait(0.001)
    os.close(pipes[0][1])
    assert watch.wait()
    for descriptor in (*pipes[1], pipes[0][0]):
        os.close(descriptor)


@pytest.mark.parametrize("use_select", [False, True], ids=["poll", "select"])
def test_waiting_for_a_terminal(monkeypatch, pair, use_select):
    monkeypatch.setattr(ready, "USE_SELECT", use_select)
    master, slave = pair
    os.write(slave, b"x")
    assert ready.wait([master], timeout=5) == ({master}, set())


class Notified:
    """A pump into a pipe, and its end."""

    def __init__(self, source, masker, **options):
        self.out, sink = os.pipe()
        self.notify, notify = os.pipe()
        self.pump = Pump(source, sink, masker, notify, **options)
        self.ends = [self.out, sink, self.notify, notify]
        self.pump.start()

    def close(self):
        for descriptor in self.ends:
            os.close(descriptor)


@pytest.mark.parametrize("how", ["empty read", "EIO"])
def test_the_end_of_a_terminal_is_an_end(cleanup, pair, how):
    """Linux says EIO when the last slave is closed, macOS reads nothing; a pipe's end stands for the latter."""
    if how == "EIO":
        source, other = pair
    else:
        source, other = os.pipe()
    pumped = Notified(source, Plain())
    cleanup.append(pumped)
    os.write(other, b"last words")
    os.close(other)
    assert os.read(pumped.notify, 1) == b"x"
    pumped.pump.join()
    assert pumped.pump.ended
    assert not pumped.pump.broken
    assert os.read(pumped.out, 99) == b"last words"


class Failing(Plain):
    def feed(self, data):
        if b"fatal" in data:
            raise MemoryError
        return data


def test_a_masker_that_fails_stops_the_stream(cleanup):
    """Nothing is passed on, not then and not later."""
    source, write = os.pipe()
    pumped = Notified(source, Failing())
    cleanup.append(pumped)
    os.write(write, b"good ")
    assert os.read(pumped.out, 99) == b"good "
    os.write(write, f"fatal {SECRET}".encode())
    assert os.read(pumped.notify, 1) == b"x"
    pumped.pump.join()
    assert pumped.pump.failed
    assert pumped.pump.broken
    assert ready.wait([pumped.out], timeout=0) == (set(), set())
    os.close(write)


def test_a_pump_stops_between_chunks_and_goes_on(cleanup):
    """What was held when it stopped is still held, so a secret over the gap is masked."""
    source, write = os.pipe()
    pumped = Notified(source, Redactor({"S": SECRET}).twin())
    cleanup.append(pumped)
    os.write(write, b"a" + SECRET[:7].encode())
    assert os.read(pumped.out, 99) == b"a"
    pumped.pump.stop()
    assert not pumped.pump.ended
    pumped.pump.start()
    os.write(write, SECRET[7:].encode() + b"b")
    os.close(write)
    until(lambda: pumped.pump.ended, "the end")
    pumped.pump.join()
    assert os.read(pumped.out, 99) == b"[REDACTED:S]b"


def test_only_a_terminal_shows_held_bytes_when_it_is_quiet(cleanup):
    source, write = os.pipe()
    masker = Redactor({"S": SECRET}).twin()
    pumped = Notified(source, masker, release=masker.release)
    cleanup.append(pumped)
    os.write(write, SECRET[:1].encode())
    assert os.read(pumped.out, 99) == SECRET[:1].encode()
    os.write(write, SECRET[1:].encode())
    os.close(write)
    until(lambda: pumped.pump.ended, "the end")
    pumped.pump.join()
    assert SECRET[1:].encode() not in os.read(pumped.out, 99)


CHUNKS = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"\r\r\n", b"xyz"]), max_size=12)


@given(st.lists(CHUNKS, max_size=6))
def test_undoing_is_the_inverse_of_the_terminals_newlines(chunks):
    """Whatever is printed in whatever pieces: what our terminal shows is what the inner one would."""
    master, slave = pty.openpty()
    outer_master, outer = pty.openpty()
    try:
        modes = OutputModes(master, outer)
        printed = [b"".join(chunk) for chunk in chunks]
        inner = [text.replace(b"\n", b"\r\n") for text in printed]  # ONLCR
        undone = b"".join(modes.undo(text) for text in inner if text) + modes.flush()
        assert undone.replace(b"\n", b"\r\n") == b"".join(inner)
    finally:
        for descriptor in (master, slave, outer_master, outer):
            os.close(descriptor)


def test_nothing_is_undone_for_a_full_screen_program(pair, cleanup):
    master, slave = pair
    attributes = termios.tcgetattr(slave)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, attributes)
    outer_master, outer = pty.openpty()
    assert OutputModes(master, outer).undo(b"a\r\n\r") == b"a\r\n\r"
    os.close(outer_master)
    os.close(outer)


def test_a_flood_is_written_past_our_terminals_output_processing_and_no_longer(pair, monkeypatch):
    """It is off from the first large chunk to the first small one, or as long as the command has it off."""
    master, slave = pair
    outer_master, outer = pty.openpty()
    try:
        monkeypatch.setattr(terminal, "in_foreground", lambda _: True)
        terminal.set_attributes(outer, terminal.raw(terminal.attributes(outer)))
        modes = OutputModes(master, outer)

        def shown(text):
            """What is written for the command's text, and whether our terminal still adds to it."""
            given = text.replace(b"\n", b"\r\n") if processes(slave) else text
            return modes.bypass(modes.undo(given)), processes(outer)

        flood = b"line\n" * 2000
        assert shown(b"small\n") == (b"small\n", True)
        assert shown(flood) == (flood.replace(b"\n", b"\r\n"), False)
        assert shown(flood) == (flood.replace(b"\n", b"\r\n"), False)
        assert shown(b"small\n") == (b"small\n", True)
        assert shown(flood)[1] is False
        modes.restore()
        assert processes(outer)
        assert shown(flood)[1] is False
        process(slave, on=False)  # the command becomes a full-screen program
        assert shown(flood) == (flood, False)
        modes.restore()
        assert not processes(outer)
        process(slave, on=True)
        assert shown(b"small\n") == (b"small\n", True)
        assert shown(flood)[1] is False
        process(outer, on=True)  # a stop and `fg` set our terminal anew
        assert shown(b"small\n") == (b"small\n", True)
    finally:
        os.close(outer_master)
        os.close(outer)


def processes(fd):
    return bool(termios.tcgetattr(fd)[1] & termios.OPOST)


def process(fd, *, on):
    attributes = termios.tcgetattr(fd)
    attributes[1] = attributes[1] | termios.OPOST if on else attributes[1] & ~termios.OPOST
    termios.tcsetattr(fd, termios.TCSANOW, attributes)


def test_raw_mode_keeps_the_output_processing(pair):
    before = termios.tcgetattr(pair[1])
    raw = terminal.raw(before)
    assert raw[terminal.OFLAG] == before[terminal.OFLAG]
    assert not raw[terminal.LFLAG] & (termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
    assert not raw[terminal.IFLAG] & (termios.ICRNL | termios.IXON | termios.ISTRIP)
    assert before == termios.tcgetattr(pair[1])


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
    assert terminal.Keys().signals(typed, modes) == expected
    keys = terminal.Keys()
    assert [n for code in typed for n in keys.signals(bytes((code,)), modes)] == expected


def test_no_key_signals_where_the_command_wants_them_as_characters(pair):
    modes = termios.tcgetattr(pair[1])
    modes[terminal.LFLAG] &= ~termios.ISIG
    assert terminal.Keys().signals(b"\x03\x1c", modes) == []


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


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (2, CommandNotFound, "tool: command not found"),
        (13, CommandError, "tool: permission denied"),
        (7, CommandError, "tool: argument list too long"),
    ],
)
def test_what_a_failed_exec_is_told_as(code, kind, text):
    """By the command's name alone: its arguments may be secret."""
    error = execute.failure(code, [b"tool", SECRET.encode()])
    assert type(error) is kind
    assert error.message == text
    assert SECRET not in str(error) + str(error.hint)


def test_a_variable_without_a_name_is_left_out_and_nul_is_an_error():
    assert execute.execute([b"no-such-command-anywhere"], {b"": b"x", b"PATH": b"/bin"}) == 2
    assert execute.execute([b"/bin/true\0"], {}) == 22
    assert execute.execute([b""], {}) == 2
