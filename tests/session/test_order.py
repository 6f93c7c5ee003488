"""stdout and stderr in two pipes that one reader watches, as coding agents do: their order."""

import os
import subprocess
import sys
import threading

import pytest
from support.terminal import Wrapper
from support.until import until

from secretrun.session import pump as pump_module
from secretrun.session.pump import Plain, Pump, Turns


class Slow(Plain):
    """A masker that is at work until it is let go: the redactor is being made, or has much to look at."""

    def __init__(self):
        self.go = threading.Event()

    def feed(self, data):
        self.go.wait(60)
        return data


def test_what_is_read_first_is_written_first(cleanup):
    """However long it takes to mask: the second stream waits for the first, and then writes at once."""
    masker, turns = Slow(), Turns()
    notify = os.pipe()
    sources, sinks, pumps = [], [], []
    for filtered in (masker, Plain()):
        sources.append(os.pipe())
        sinks.append(os.pipe())
        os.set_blocking(sinks[-1][0], False)
        pumps.append(Pump(sources[-1][0], sinks[-1][1], filtered, notify[1]))
        turns.add(pumps[-1])
    for pump in pumps:
        pump.start()
    os.write(sources[0][1], b"first\n")
    until(lambda: pumps[0].busy, "it to be read")
    os.write(sources[1][1], b"second\n")
    for _ in range(20):
        try:
            raise AssertionError(os.read(sinks[1][0], 99))
        except BlockingIOError:
            threading.Event().wait(0.005)
    masker.go.set()
    until(lambda: _arrived(sinks[1][0]) == b"second\n", "the second")
    assert _arrived(sinks[0][0]) == b"first\n"
    for _, end in sources:
        os.close(end)
    for pump in pumps:
        pump.join()
    for descriptor in (*notify, *(end for pair in sinks for end in pair), *(source for source, _ in sources)):
        os.close(descriptor)


class Noted(Plain):
    """A masker that notes what it gets, with the other's."""

    def __init__(self, noted):
        self.noted = noted

    def feed(self, data):
        self.noted.append(data)
        return data


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel says what came first on Linux")
@pytest.mark.parametrize("first", [0, 1])
def test_what_is_written_first_is_read_first_whichever_thread_wakes_first(first, monkeypatch):
    monkeypatch.setattr(pump_module, "_PATIENCE", 60.0)
    noted, turns, notify, sink = [], Turns(), os.pipe(), os.pipe()
    sources = [os.pipe() for _ in range(2)]
    pumps = [Pump(source[0], sink[1], Noted(noted), notify[1]) for source in sources]
    for pump in pumps:
        turns.add(pump)
    for number in (first, 1 - first):
        os.write(sources[number][1], b"%d" % number)
    for number in (1 - first, first):  # the one that has to wait is awake alone at first
        pumps[number].start()
    until(lambda: len(noted) == 2, "both to be read")
    assert noted == [b"%d" % first, b"%d" % (1 - first)]
    for _, end in sources:
        os.close(end)
    for pump in pumps:
        pump.join()
    for descriptor in (*notify, *sink, *(source for source, _ in sources)):
        os.close(descriptor)


def _arrived(descriptor):
    try:
        return os.read(descriptor, 99)
    except BlockingIOError:
        return b""


def test_a_stream_that_nobody_reads_does_not_hold_up_the_other(masked):
    """stdout fills up and blocks; what goes to stderr still arrives, all of it, before it is read."""
    code = (
        "import os, threading\n"
        "t = threading.Thread(target=os.write, args=(1, b'o' * (4 << 20)), daemon=True); t.start()\n"
        "for n in range(2000): os.write(2, b'line %d\\n' % n)\n"
        "os.write(2, b'last\\n'); t.join()"
    )
    pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(Wrapper("secretrun")([sys.executable, "-c", code]), **pipes) as process:
        seen = b""
        while not seen.endswith(b"last\n"):
            data = os.read(process.stderr.fileno(), 9999)
            assert data
            seen += data
        assert seen.splitlines()[:-1] == [b"line %d" % n for n in range(2000)]
        assert len(process.stdout.read()) == 4 << 20
        assert process.wait(60) == 0
