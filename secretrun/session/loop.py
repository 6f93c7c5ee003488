"""The loop: what happens becomes events for the relay, and what the relay says is done."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from secretrun.posix import poll
from secretrun.posix.signals import Signals
from secretrun.session import relay
from secretrun.session.standard_streams import StandardStreams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_DELAYS = {
    relay.WAIT_HANGUP.name: (0.3, relay.HANGUP_DUE),
    relay.WAIT_STREAM.name: (0.05, relay.STREAM_DUE),
    relay.WAIT_READ.name: (0.002, relay.READ_DUE),
}


class Loop(ABC):
    """What a command with pipes and one on a terminal share: the loop, timers, streams and the end.

    Args:
        argv: the command.
        environment: its environment.
        given: our signals, caught.
        streams: its streams, laid out.
        machine: the relay's state at the start.
    """

    def __init__(
        self,
        argv: Sequence[bytes],
        environment: Mapping[bytes, bytes],
        given: Signals,
        streams: StandardStreams,
        machine: relay.Relay,
    ) -> None:
        self.relay = machine
        self._argv = argv
        self._environment = environment
        self._signals = given
        self._streams = streams
        self._code = 0
        self._timers: list[tuple[float, str, int]] = []
        self._perform: dict[str, Callable[[int], None]] = {
            relay.FORWARD.name: self._forward,
            relay.FLUSH.name: lambda _: self._streams.flush(),
            relay.CLOSE_STREAM.name: self._streams.close_sink,
            relay.SETTLE.name: lambda _: self._settle(),
            relay.LINGER.name: lambda _: self._linger(),
        }

    # ---- the parts that differ

    @abstractmethod
    def _start(self) -> None:
        """Start the command."""

    @abstractmethod
    def _wanted(self) -> tuple[list[int], list[int]]:
        """Descriptors to wait for, besides the signals' and the streams'."""

    @abstractmethod
    def _happened(self, readable: set[int], writable: set[int]) -> None:
        """Look at those."""

    @abstractmethod
    def _signalled(self, number: int) -> None:
        """We got a signal."""

    @abstractmethod
    def _forward(self, number: int) -> None:
        """Send the command a signal."""

    @abstractmethod
    def _private(self) -> tuple[int, ...]:
        """Descriptors whose end somebody waits for, which a helper must not hold."""

    @abstractmethod
    def _close(self) -> None:
        """Undo what `_start` did, whatever happened."""

    def _settle(self) -> None:
        """The command has ended."""
        self._streams.settle()

    # ---- the loop

    def run(self) -> int:
        """Start, loop, close.

        Returns:
            the command's exit status, or minus the signal it died of.
        """
        try:
            self._start()
            self._streams.start()
            while not self.relay.done:
                self._turn()
        finally:
            self._close()
            self._streams.close()
        self._streams.check()
        return self._code

    def _turn(self) -> None:
        readers, writers = self._wanted()
        readers += [self._signals.reader, self._streams.notified]
        late = self._streams.late
        if late is not None and late.asked is not None:
            readers.append(late.asked)
        readable, writable = poll.wait(readers, writers, self._patience())
        if self._signals.reader in readable:
            for number in self._signals.taken():
                self._signalled(number)
        if self._streams.notified in readable:
            for number in self._streams.ended():
                self._on(relay.STREAM_ENDED, number)
        if late is not None and late.asked in readable:
            late.start()  # now: most commands never ask, and a thread costs a start what it costs
        self._happened(readable, writable)
        now = time.monotonic()
        for timer in [timer for timer in self._timers if timer[0] <= now]:
            self._timers.remove(timer)
            self._on(timer[1], timer[2])
        if self.relay.ending and not self.relay.done:
            if self._streams.drained:
                self._on(relay.DRAINED)
            elif self._streams.quiet(now):
                self._on(relay.QUIET)

    def _patience(self) -> float | None:
        deadlines = [timer[0] for timer in self._timers]
        if self.relay.ending:
            if self._streams.drained:
                return 0
            deadlines.append(self._streams.next_look)
        return max(0, min(deadlines) - time.monotonic()) if deadlines else None

    def _on(self, event: str, number: int = 0) -> None:
        """Give the relay an event and do what it says."""
        for command in self.relay.on(event, number):
            if command.name in _DELAYS:
                delay, due = _DELAYS[command.name]
                self._timers.append((time.monotonic() + delay, due, command.number))
            else:
                self._perform[command.name](command.number)

    def _ended(self, code: int) -> None:
        self._code = code
        self._on(relay.ENDED, code)

    def _linger(self) -> None:
        self._streams.linger(self._signals, self._private())
