"""The monitor: what it tells of the command it starts."""

import os
import signal

import pytest

from secretrun.child import monitor
from secretrun.posix import signals


@pytest.mark.parametrize("leader", [True, False])
def test_the_group_it_was_born_in_is_told_even_when_the_command_has_left_it(monkeypatch, leader):
    """A shell that leads no group makes one of its own, before a busy monitor has looked."""
    left, leave = os.pipe()
    replies, reply = os.pipe()

    def become(*_):
        os.setpgid(0, 0)
        os.write(leave, b"x")
        signal.pause()

    monkeypatch.setattr(monitor.execute, "become", become)
    monkeypatch.setattr(monitor.signals, "set_mask", lambda _: os.read(left, 1))  # slow, until it has left
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    orders = monitor.Orders(
        signals.Signals(), commands=-1, replies=reply, errors=-1, streams=(None, None, None),
        leader=leader,
    )  # fmt: skip
    pid = monitor._start(orders, monitor.Command([b"sh"], {}, foreground=False))
    try:
        told = os.read(replies, 16)
        born = int.from_bytes(told[8:], "big")
        assert int.from_bytes(told[:8], "big") == pid
        assert os.getpgid(pid) == pid
        assert (born == pid) == leader
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        for descriptor in (left, leave, replies, reply):
            os.close(descriptor)
        if born != pid:
            os.waitpid(born, 0)
