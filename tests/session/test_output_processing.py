"""What the inner terminal does to the output, undone or followed."""

import os
import pty
import termios

from hypothesis import given
from hypothesis import strategies as st

from secretrun.posix import terminal
from secretrun.session.output_processing import OutputProcessing

CHUNKS = st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"\r\r\n", b"xyz"]), max_size=12)


@given(st.lists(CHUNKS, max_size=6))
def test_undoing_is_the_inverse_of_the_terminals_newlines(chunks):
    """Whatever is printed in whatever pieces: what our terminal shows is what the inner one would."""
    master, slave = pty.openpty()
    outer_master, outer = pty.openpty()
    try:
        modes = OutputProcessing(master, outer)
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
    assert OutputProcessing(master, outer).undo(b"a\r\n\r") == b"a\r\n\r"
    os.close(outer_master)
    os.close(outer)


def test_a_newline_printed_before_the_modes_changed_back_is_shown_as_it_was(pair, monkeypatch):
    """The modes are seen when the text is read, which is later: a lone newline is none of ONLCR's."""
    outer_master, outer = pty.openpty()
    try:
        monkeypatch.setattr(terminal, "in_foreground", lambda _: True)
        terminal.set_attributes(outer, terminal.raw(terminal.attributes(outer)))
        modes = OutputProcessing(pair[0], outer)
        assert modes.bypass(modes.undo(b"one\r\ntwo\nthree\r\n")) == b"one\r\ntwo\nthree\r\n"
        assert not processes(outer)
        assert modes.bypass(modes.undo(b"four\r\n")) == b"four\n"
        assert processes(outer)
    finally:
        os.close(outer_master)
        os.close(outer)


def test_newlines_alone_are_followed_too(pair, monkeypatch):
    """vim switches ONLCR off and leaves OPOST: ours may add nothing either."""
    master, slave = pair
    outer_master, outer = pty.openpty()
    try:
        monkeypatch.setattr(terminal, "in_foreground", lambda _: True)
        terminal.set_attributes(outer, terminal.raw(terminal.attributes(outer)))
        modes = OutputProcessing(master, outer)
        for on, printed, written in ((False, b"a\nb\r\n", b"a\nb\r\n"), (True, b"a\r\n", b"a\n")) * 2:
            attributes = termios.tcgetattr(slave)
            attributes[1] = attributes[1] | termios.ONLCR if on else attributes[1] & ~termios.ONLCR
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
            assert modes.bypass(modes.undo(printed)) == written
            assert processes(outer) == on
    finally:
        os.close(outer_master)
        os.close(outer)


def test_who_reads_keys_shows_in_the_modes(pair):
    """Echo or lines off where they were on; on a terminal that had them off, nobody can tell."""
    master, slave = pair
    modes = OutputProcessing(master, slave)
    as_it_was = termios.tcgetattr(slave)
    for flag in (termios.ECHO, termios.ICANON):
        changed = [*as_it_was[:3], as_it_was[3] & ~flag, *as_it_was[4:]]
        termios.tcsetattr(slave, termios.TCSANOW, changed)
        modes.undo(b"password: ")
        assert modes.keys_wanted
        quiet = OutputProcessing(master, slave)
        quiet.undo(b"password: ")
        assert not quiet.keys_wanted
        termios.tcsetattr(slave, termios.TCSANOW, as_it_was)
        modes.undo(b"\r\n")
        assert not modes.keys_wanted


def test_a_flood_is_written_past_our_terminals_output_processing_and_no_longer(pair, monkeypatch):
    """It is off from the first large chunk to the first small one, or as long as the command has it off."""
    master, slave = pair
    outer_master, outer = pty.openpty()
    try:
        monkeypatch.setattr(terminal, "in_foreground", lambda _: True)
        terminal.set_attributes(outer, terminal.raw(terminal.attributes(outer)))
        modes = OutputProcessing(master, outer)

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
