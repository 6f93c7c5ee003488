"""A driver at the other end of the terminal, as pexpect and expect are: what it sets there, and when it counts."""

import termios

import pytest
from support.terminal import Terminal, Wrapper, until


def without_echo(attributes):
    attributes[3] &= ~termios.ECHO


def without_signals(attributes):
    attributes[3] &= ~termios.ISIG


def no_newline_added(attributes):
    attributes[1] &= ~termios.ONLCR


SETS = {
    "setecho(False)": (without_echo, 3, termios.ECHO),
    "no signals": (without_signals, 3, termios.ISIG),
    "a bare newline": (no_newline_added, 1, termios.ONLCR),
}


@pytest.mark.parametrize("what", SETS)
def test_what_is_set_before_the_start_is_the_commands(probe, cleanup, what):
    """The modes that the command finds are the terminal's, and the terminal has them again when it is over."""
    setup, field, flag = SETS[what]
    job = Terminal(Wrapper("secretrun")(probe.command), setup=setup)
    cleanup.append(job)
    probe.ready()
    assert probe.do("modes(0)")[field] & flag == 0
    assert probe.do("modes(1)")[field] & flag == 0
    probe.leave()
    job.end()
    assert job.modes_after == job.modes_before


def test_what_is_set_later_stays_outside(probe, cleanup):
    """`setecho(False)` after the start: the command's own terminal echoes on, and nothing else changes for it."""
    job = Terminal(Wrapper("secretrun")(probe.command))
    cleanup.append(job)
    probe.ready()
    until(job.is_raw, "the terminal to be the command's")
    assert not job.modes()[3] & termios.ECHO  # so `getecho()` is False whatever the command does
    before = probe.do("modes(0)")
    attributes = termios.tcgetattr(job.master)
    without_echo(attributes)
    termios.tcsetattr(job.master, termios.TCSANOW, attributes)
    job.type(b"typed\n")
    job.expect(b"typed\r\n")
    assert probe.do("modes(0)") == before
    assert probe.do("sys.stdin.readline()") == "typed\n"
    probe.leave()
    job.end()
    assert job.modes_after == job.modes_before


def test_what_the_command_sets_is_not_told_outside(probe, cleanup):
    """A password prompt turns its own echo off: what is typed is not shown, and the driver's terminal stays raw."""
    job = Terminal(Wrapper("secretrun")(probe.command))
    cleanup.append(job)
    probe.ready()
    until(job.is_raw, "the terminal to be the command's")
    raw = job.modes()
    probe.do("a = termios.tcgetattr(0)")
    probe.do("a[3] &= ~termios.ECHO")
    probe.do("termios.tcsetattr(0, termios.TCSANOW, a)")
    assert job.modes() == raw
    job.type(b"hidden\n")
    assert probe.do("sys.stdin.readline()") == "hidden\n"
    probe.do("print('asked', flush=True)")
    assert job.expect(b"asked") == b""
    probe.leave()
    job.end()
