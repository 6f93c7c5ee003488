"""Waiting for descriptors, the way of Linux and the way of macOS."""

import os

import pytest

from secretrun.posix import poll


@pytest.mark.parametrize("use_select", [False, True], ids=["poll", "select"])
def test_waiting_with_poll_and_with_select(monkeypatch, use_select):
    """macOS can't poll a terminal; both ways say the same of data, of room, of an end and of nothing."""
    monkeypatch.setattr(poll, "USE_SELECT", use_select)
    read, write = os.pipe()
    assert poll.wait([read], [write], 0) == (set(), {write})
    assert poll.wait([read], timeout=0) == (set(), set())
    os.write(write, b"x")
    assert poll.wait([read], timeout=5) == ({read}, set())
    os.read(read, 1)
    os.close(write)
    assert poll.wait([read]) == ({read}, set())
    os.close(read)


@pytest.mark.parametrize("use_select", [False, True], ids=["poll", "select"])
def test_watching_the_same_descriptors(monkeypatch, use_select):
    """Data, nothing and an end, of any of them, time and again."""
    monkeypatch.setattr(poll, "USE_SELECT", use_select)
    pipes = [os.pipe() for _ in range(2)]
    watch = poll.Poller(*(read for read, _ in pipes))
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
    monkeypatch.setattr(poll, "USE_SELECT", use_select)
    master, slave = pair
    os.write(slave, b"x")
    assert poll.wait([master], timeout=5) == ({master}, set())
