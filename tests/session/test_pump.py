"""One stream: its end, its failure, its pauses."""

import os

import pytest
from support.pumped import Notified
from support.terminal import SECRET, until

from secretrun.posix import poll
from secretrun.redact import Redactor
from secretrun.session.pump import Plain


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
    assert poll.wait([pumped.out], timeout=0) == (set(), set())
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
