"""A pump: one stream of the command, through a masker, to one of our descriptors.

A thread each, with reads that wait and writes that block: back-pressure and independence for nothing,
and nobody's descriptor is made non-blocking but our own. Threads are started after all forks and
stopped before the one that lingers.
"""

from __future__ import annotations

import errno
import os
import time

from secretrun.posix import descriptors, poll, signals, threads
from secretrun.session.key_echo import PAUSE, KeyEcho

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Lock
    from typing import Protocol

    from secretrun.session.output_processing import OutputProcessing

    class Filter(Protocol):
        """What a pump needs of a redactor."""

        @property
        def held(self) -> int:
            """How many bytes are withheld, because they may be the beginning of a secret."""

        def feed(self, data: bytes) -> bytes:
            """Bytes in, what can be shown of them and of those held out."""

        def flush(self) -> bytes:
            """What is to be shown at the end of the stream."""


CHUNK = 1 << 17  # bytes read at once
BATCH = 1 << 13  # bytes taken together from a terminal; with more, reading and writing overlap less
_MORE = 1 << 10  # bytes; after a read of fewer there is hardly more to be had at once
_TURN = 0.005  # seconds that a stream waits for what another read before it
_PATIENCE = 0.05  # seconds that it waits for another to read what came before
_LARGE = 1 << 23  # bytes, more than a chunk and all that is made of it on its way
# The reader went away, which is its right and the command's to know; all else is a failure to be told.
_LEFT = (errno.EPIPE, errno.ECONNRESET, errno.EIO, errno.ENXIO)


def keep_memory() -> None:
    """Have the C library keep the memory of one chunk for the next; to be called before pumping.

    glibc gives freed memory back to the kernel at once, and gets it anew for each chunk, page by page: a
    sixth of all time. How much it keeps follows the largest block freed so far (mallopt(3)), so one is freed;
    nobody touches it, so it never takes memory.
    """
    try:
        bytes(_LARGE)
    except MemoryError:
        pass  # slower, then


class Plain:
    """A masker that masks nothing."""

    held = 0

    def feed(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


class Turns:
    """The order of two streams that somebody reads side by side: what came first is read, and written, first.

    Each alone has its reader's pace: one that does not read holds the other up for a moment, and once. What
    came first the kernel says (Linux): an edge-triggered epoll lists streams in the order of the writes that
    woke it. Elsewhere the first to read is the first.
    """

    def __init__(self) -> None:
        self.order = threads.lock()  # from a read to the beginning of the write that follows from it
        self._writing: dict[Pump, Lock] = {}
        self._slow: set[Pump] = set()
        self._events = poll.Arrivals()
        self._came: list[Pump] = []  # with something to read, the first first
        self._read: dict[Pump, Lock] = {}  # let go by each read

    def add(self, pump: Pump) -> None:
        self._writing[pump] = threads.lock()
        self._read[pump] = threads.lock()
        self._read[pump].acquire()
        self._events.add(pump.source)
        pump.take_turns(self)

    def take(self, pump: Pump) -> None:
        """Acquire `order`, once the other stream has read what came before, or does not come for it."""
        self.order.acquire()
        until = 0.0
        while (other := self._before(pump)) is not None:
            until = until or time.monotonic() + _PATIENCE
            self.order.release()
            came = self._read[other].acquire(timeout=max(0.0, until - time.monotonic()))
            self.order.acquire()
            if not came:
                return

    def _before(self, pump: Pump) -> Pump | None:
        """The other stream, if something came on it before."""
        self._look()
        for other in self._came:
            if other is pump:
                return None
            if not other.ended and not self._waits_for_reader(other) and poll.wait((other.source,), (), 0)[0]:
                return other
        return None

    def _look(self) -> None:
        for source in self._events.sources():
            self._came += [pump for pump in self._writing if pump.source == source and pump not in self._came]

    def has_read(self, pump: Pump) -> None:
        """All that had come on a stream was read."""
        self._look()
        if pump in self._came:
            self._came.remove(pump)
            if poll.wait((pump.source,), (), 0)[0]:
                self._came.append(pump)
        if self._read[pump].locked():
            self._read[pump].release()

    def _waits_for_reader(self, pump: Pump) -> bool:
        if pump not in self._slow:
            writing = self._writing[pump]
            if writing.acquire(timeout=_TURN):
                writing.release()
            else:
                self._slow.add(pump)
        return pump in self._slow

    def wait_for_others(self, pump: Pump) -> None:
        """Wait until the others' writes are over, or one is found to wait for its reader."""
        for other in self._writing:
            if other is not pump:
                self._waits_for_reader(other)

    def begin(self, pump: Pump) -> None:
        self._writing[pump].acquire()

    def end(self, pump: Pump) -> None:
        self._slow.discard(pump)
        self._writing[pump].release()


class Pump:
    """One stream.

    Args:
        source: our non-blocking end of the command's pipe or terminal.
        sink: where to write; blocking or not, it is left as it is.
        masker: sees every byte, in order.
        notify: a pipe that gets a byte when the pump ends, and when keys are wanted.
        modes: the output processing to undo, where source is an inner terminal.
        release: gives what of the masker's held bytes may show after a moment of quiet; None when the
            reader is no person at a terminal.

    Attributes:
        total: bytes read so far.
        busy: between a read and the end of the write that follows from it.
        due: held bytes are to show after a pause that is not over yet.
        ended: the stream is at its end, or its reader is gone.
        broken: the reader is gone, so the command should lose its stream as well.
        failed: what the masker raised, after which nothing was passed on; or None.
        error: errno of a write that failed for another reason than a reader that left, or 0.
        keys_wanted: somebody is going to read keys from the inner terminal that is pumped from.
    """

    def __init__(
        self,
        source: int,
        sink: int,
        masker: Filter,
        notify: int,
        *,
        modes: OutputProcessing | None = None,
        release: Callable[[], bytes] | None = None,
    ) -> None:
        self.source = source
        self.sink = sink
        self.total = 0
        self.busy = False
        self.due = False
        self.ended = False
        self.broken = False
        self.failed: Exception | None = None
        self.error = 0
        self.keys_wanted = False
        self._masker = masker
        self._notify = notify
        self._modes = modes
        self._release = release
        self._echo = KeyEcho()
        self._at_once = False  # what is held of the last read may show now
        self._stopping = False
        self._stop, self._stopper = os.pipe()
        self._watch = poll.Poller(source, self._stop)
        self._running = threads.lock()
        self._dry = False  # the last read took all there was
        self._turns: Turns | None = None
        os.set_blocking(source, False)

    def take_turns(self, turns: Turns) -> None:
        """Write in the order of reading beside another pump; before either is started."""
        self._turns = turns

    def start(self) -> None:
        """Pump in a thread of its own, which no signal interrupts."""
        self._stopping = False
        self._running.acquire()
        mask = signals.block_all()
        threads.start(self._run)
        signals.set_mask(mask)

    def stop(self) -> None:
        """Stop between two chunks; everything read is written, what is held stays held."""
        self._stopping = True
        os.write(self._stopper, b"x")
        self.join()
        os.read(self._stop, 1)

    def typed(self) -> None:
        """A key is being passed on to the command, so this terminal's next output may be its echo."""
        self._echo.typed()

    def join(self) -> None:
        """Wait until the thread has ended."""
        with self._running:
            pass

    def _run(self) -> None:
        try:
            self._pump()
        except Exception as error:  # noqa: BLE001  fail closed: whatever it was, nothing more is shown
            self.failed = error
            self.broken = self.ended = True
        finally:
            if self._modes is not None:
                self._modes.restore()
            self.busy = self.due = False
            os.write(self._notify, b"x")
            self._running.release()

    def _pump(self) -> None:
        if self._turns is not None:
            self._pump_in_turn(self._turns)
            return
        self.due = self._holds()
        while not self.ended:
            data = self._read()
            if data is None:
                return
            out = self._masked(data)
            self._write(out if self._modes is None else self._modes.bypass(out))
            self.ended = self.ended or not data
            self.due = self._holds()
            self.busy = False

    def _pump_in_turn(self, turns: Turns) -> None:
        """The same for one of two pipes that are read side by side."""
        while not self.ended and not self._stopping:
            self._watch.wait()
            turns.take(self)
            try:
                if self._stopping:
                    return
                data = self._gather()
                turns.has_read(self)
                if data is None:
                    continue
                out = self._masked(data)
                turns.wait_for_others(self)
                turns.begin(self)
            finally:
                turns.order.release()
            try:
                self._write(out)
            finally:
                turns.end(self)
            self.ended = self.ended or not data
            self.busy = False

    def _masked(self, data: bytes) -> bytes:
        """What is to be written for what was read; empty data is the end."""
        self.total += len(data)
        at_end = not data
        if self._modes is not None:
            data = self._modes.flush() if at_end else self._modes.undo(data)
            self._look_for_keys(self._modes)
        out = self._masker.feed(data)
        if at_end:
            return out + self._masker.flush()
        return out + self._held() if self._at_once else out

    def _look_for_keys(self, modes: OutputProcessing) -> None:
        if modes.keys_wanted != self.keys_wanted:
            self.keys_wanted = modes.keys_wanted
            if self.keys_wanted:
                os.write(self._notify, b"k")

    def _read(self) -> bytes | None:
        """All that is there, up to a chunk; empty at the end of the stream, None to stop."""
        quiet = 0.0
        while not self._stopping:
            if not self._dry:
                data = self._gather()
                if data is not None:
                    self._at_once = self._release is not None and self._echo.came(len(data), quiet)
                    return data
            # To be told costs less than to try in vain.
            self._dry = False
            if self._modes is not None:
                self._modes.restore()
            if self._release is None:
                self._watch.wait()
                continue
            began = time.monotonic()
            if not self._watch.wait(PAUSE if self.due else None):
                self._write(self._held())
                self.due = False  # what is still held stays so until more comes
            quiet += time.monotonic() - began
        return None

    def _gather(self) -> bytes | None:
        """As `_read`, but None when there is nothing now.

        A terminal gives 4 KiB a read at most, and a masker is much faster on one large piece than on
        many small ones: so in a flood, what has come meanwhile is taken along.
        """
        pieces: list[bytes] = []
        size = 0
        while size < BATCH:
            try:
                data = os.read(self.source, CHUNK)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EIO:  # Linux: the last slave is closed; macOS: an empty read
                    raise
                data = b""
            self.busy = True
            if not data:
                return b"".join(pieces)  # the next read is at the end again
            size += len(data)
            if len(data) < _MORE or self._modes is None:
                self._dry = size < _MORE
                if not pieces:
                    return data
                pieces.append(data)
                break
            pieces.append(data)
        return b"".join(pieces) if pieces else None

    def _holds(self) -> bool:
        """Whether something is held that a terminal may show after a pause."""
        if self._release is None:
            return False
        return self._masker.held > 0 or (self._modes is not None and self._modes.held != b"")

    def _held(self) -> bytes:
        """What may show now of what is held."""
        out = b""
        if self._modes is not None:
            out = self._masker.feed(self._modes.flush())
        if self._release is not None:
            out += self._release()
        return out

    def _write(self, data: bytes) -> None:
        view: bytes | memoryview = data
        while view:
            try:
                written = os.write(self.sink, view)
                if written == len(view):
                    return
                view = memoryview(view)[written:]
            except BlockingIOError:  # somebody else has made it non-blocking
                poll.wait((), (self.sink,))
            except OSError as error:
                self.ended = self.broken = True
                if error.errno not in _LEFT:
                    self.error = error.errno or errno.EIO
                return

    def let_go(self) -> None:
        """Close the source, so that the command gets EPIPE where its reader is gone."""
        descriptors.close(self.source)
        self.source = -1
