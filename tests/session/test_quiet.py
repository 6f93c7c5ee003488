"""When a command has ended and its streams have not: nobody goes before all that it wrote is shown."""

import os
import time

from secretrun.redact import Redactor
from secretrun.session.standard_streams import StandardStreams


def test_what_is_written_is_waited_for_though_its_pump_has_not_had_its_turn():
    """On a busy machine a thread may not run for longer than silence takes: here it is not even started."""
    streams = StandardStreams({}, redactor=Redactor({"A": "Kq8Zt2LmWv5x9Rb3"}), tty="never")
    out = next(source for number, source in enumerate(streams.sources) if number and source is not None)
    os.write(out, b"the last words\n")  # and somebody still holds the stream
    streams.settle()
    begun = time.monotonic()
    assert [streams.quiet(begun + later) for later in (0.2, 0.4, 0.6, 1.5)] == [False] * 4


def test_silence_is_enough_when_nothing_waits():
    streams = StandardStreams({}, redactor=Redactor({"A": "Kq8Zt2LmWv5x9Rb3"}), tty="never")
    streams.settle()
    assert streams.quiet(time.monotonic() + 0.2)
