"""The session: the one loop that turns what happens into events for the relay and does what it says.

May import: canary, child, descriptors, hygiene, layout, linger, monitor, pump, ready, relay, signals,
streams, terminal.
"""

from __future__ import annotations

import os
import sys
import termios
import time

from secretrun import child, descriptors, hygiene, layout, monitor, ready, relay, signals, terminal
from secretrun.canary import Canary
from secretrun.errors import SecretrunError
from secretrun.signals import Signals
from secretrun.streams import Streams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import NoReturn

    from secretrun.redact import Redactor

_KEYS = 8192  # bytes typed ahead that we hold; the rest waits in the terminal's own queue
_DELAYS = {
    relay.WAIT_HANGUP[0]: (0.3, relay.HANGUP_DUE),
    relay.WAIT_STREAM[0]: (0.05, relay.STREAM_DUE),
}


class Ending:
    """How a command ended.

    Attributes:
        status: the exit status a shell shows: its own, or 128 + n when signal n killed it.
        signal: that signal, or None.
    """

    __slots__ = ("signal", "status")

    def __init__(self, code: int) -> None:
        self.signal = -code if code < 0 else None
        self.status = 128 - code if code < 0 else code

    def __repr__(self) -> str:
        return f"<Ending status={self.status} signal={self.signal}>"


def run(
    argv: Sequence[bytes],
    environment: Mapping[bytes, bytes],
    *,
    redactor: Redactor | None,
    tty: str = "auto",
    stdio: bool = False,
) -> Ending:
    """Run a command to its end, as if we were not there but for the masks.

    Args:
        argv: the command, bytes as the OS has them.
        environment: all of its environment.
        redactor: masks its output; None masks nothing.
        tty: "auto", "always" or "never".
        stdio: pipes only, stdout in JSON lines that stay valid when masked.

    Raises:
        CommandError: it could not be executed.
        SecretrunError: no process to be had, or its output could not be masked or written.
    """
    hygiene.protect()
    descriptors.plug()
    given = Signals()
    given.catch()
    streams = Streams(environment, redactor=redactor, tty="never" if stdio else tty, stdio=stdio)
    session = _OnTerminal if streams.layout.monitored else _WithPipes
    return session(argv, environment, given, streams).run()


def leave(ending: Ending) -> NoReturn:
    """End as the command ended: by the same signal, without a core of ours, or with its status."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                pass  # its reader is gone
    if ending.signal is not None:
        hygiene.protect()
        signals.default_action(ending.signal)
    os._exit(ending.status)


class _Session:
    """What both kinds of session share: the loop, the timers, the streams and the end."""

    relay: relay.Relay

    def __init__(
        self,
        argv: Sequence[bytes],
        environment: Mapping[bytes, bytes],
        given: Signals,
        streams: Streams,
    ) -> None:
        self._argv = argv
        self._environment = environment
        self._signals = given
        self._streams = streams
        self._code = 0
        self._timers: list[tuple[float, str, int]] = []
        self._perform: dict[str, Callable[[int], None]] = {
            relay.FORWARD[0]: self._forward,
            relay.FLUSH[0]: lambda _: self._streams.flush(),
            relay.CLOSE_STREAM[0]: self._streams.close_sink,
            relay.SETTLE[0]: lambda _: self._settle(),
            relay.LINGER[0]: lambda _: self._linger(),
        }

    # ---- the parts that differ

    def _start(self) -> None:
        """Start the command and set `self.relay`."""
        raise NotImplementedError

    def _wanted(self) -> tuple[list[int], list[int]]:
        """Descriptors to wait for, besides the signals' and the streams'."""
        raise NotImplementedError

    def _happened(self, readable: set[int], writable: set[int]) -> None:
        """Look at those."""
        raise NotImplementedError

    def _signalled(self, number: int) -> None:
        """We got a signal."""
        raise NotImplementedError

    def _forward(self, number: int) -> None:
        """Send the command a signal."""
        raise NotImplementedError

    def _private(self) -> tuple[int, ...]:
        """Descriptors whose end somebody waits for, which a helper must not hold."""
        raise NotImplementedError

    def _close(self) -> None:
        """Undo what `_start` did, whatever happened."""
        raise NotImplementedError

    def _settle(self) -> None:
        """The command has ended."""
        self._streams.settle()

    # ---- the loop

    def run(self) -> Ending:
        """Start, loop, close."""
        try:
            self._start()
            self._streams.start()
            while not self.relay.done:
                self._turn()
        finally:
            self._close()
        self._streams.check()
        return Ending(self._code)

    def _turn(self) -> None:
        readers, writers = self._wanted()
        readers += [self._signals.reader, self._streams.notified]
        readable, writable = ready.wait(readers, writers, self._patience())
        if self._signals.reader in readable:
            for number in self._signals.taken():
                self._signalled(number)
        if self._streams.notified in readable:
            for number in self._streams.ended():
                self._on(relay.STREAM_ENDED, number)
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
        for name, argument in self.relay.on(event, number):
            if name in _DELAYS:
                delay, due = _DELAYS[name]
                self._timers.append((time.monotonic() + delay, due, argument))
            else:
                self._perform[name](argument)

    def _ended(self, code: int) -> None:
        self._code = code
        self._on(relay.ENDED, code)

    def _linger(self) -> None:
        self._streams.linger(self._signals, self._private())


class _WithPipes(_Session):
    """The command lives in our own session and process group."""

    _canary: Canary | None = None
    _pid = 0

    def _start(self) -> None:
        self.relay = relay.with_pipes()
        self._perform[relay.STOP_SELF[0]] = lambda number: self._signals.stop_by(number, group=False)
        self._canary = Canary()
        self._pid = child.fork(self._argv, self._environment, self._signals, self._streams.sources)
        self._canary.guard(self._pid)
        self._streams.release()

    def _wanted(self) -> tuple[list[int], list[int]]:
        return [], []

    def _happened(self, readable: set[int], writable: set[int]) -> None:
        pass

    def _signalled(self, number: int) -> None:
        if number == signals.SIGCHLD:
            self._look()
            return
        fatal = number in signals.FATAL
        if self._canary is None or not self._canary.saw(number):
            self._on(relay.FATAL_SIGNAL if fatal else relay.SIGNAL, number)
        elif fatal:
            self._on(relay.FATAL_GROUP_SIGNAL, number)

    def _look(self) -> None:
        while not self.relay.ending:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if not os.WIFSTOPPED(status):
                self._ended(os.waitstatus_to_exitcode(status))
            elif os.WSTOPSIG(status) != signals.SIGSTOP:
                self._on(relay.STOP, os.WSTOPSIG(status))

    def _forward(self, number: int) -> None:
        try:
            os.kill(self._pid, number)
        except OSError:
            pass  # it ended a moment ago, or is another user's

    def _private(self) -> tuple[int, ...]:
        return self._canary.descriptors if self._canary is not None else ()

    def _close(self) -> None:
        if self._canary is not None:
            self._canary.dismiss()


class _OnTerminal(_Session):
    """The command has an inner terminal, with a monitor as its session leader."""

    _child: child.Monitored | None = None

    def _start(self) -> None:
        self._tty = os.open("/dev/tty", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        self._raw = terminal.RawMode(self._tty)
        self._keys = b""
        self._scanner = terminal.Keys()
        self._gone = False
        self._resumed = True
        self._perform.update({
            relay.RAW[0]: lambda _: self._take(),
            relay.COOKED[0]: lambda _: self._raw.leave(),
            relay.RESIZE[0]: lambda _: self._resize(),
            relay.FOREGROUND[0]: lambda _: self._tell(monitor.FOREGROUND),
            relay.BACKGROUND[0]: lambda _: self._tell(monitor.BACKGROUND),
            relay.MIRROR[0]: self._signals.to_neighbours,
            relay.STOP_GROUP[0]: self._stop,
            relay.HANG_UP[0]: lambda _: self._hang_up(),
            relay.CLOSE_TERMINAL[0]: lambda _: self._close_terminal(),
            relay.CHECK_READ[0]: lambda _: self._check_read(),
        })  # fmt: skip
        foreground = self._streams.layout.foreground
        self.relay = relay.on_terminal(foreground=foreground)
        self._child = spawned = child.spawn(
            self._argv, self._environment, self._signals,
            streams=self._streams.sources, foreground=foreground,
        )  # fmt: skip
        self._streams.inner(spawned.master, self._tty)
        os.set_blocking(spawned.master, False)
        self._tell(monitor.GO)
        self._streams.release()
        spawned.started(self._argv)
        if foreground:
            self._take()

    def _wanted(self) -> tuple[list[int], list[int]]:
        readers = [self._spawned.replies] if not self.relay.ending else []
        if self.relay.state == relay.HELD and len(self._keys) < _KEYS and not self._gone:
            readers.append(self._tty)
        return readers, [self._spawned.master] if self._keys else []

    def _happened(self, readable: set[int], writable: set[int]) -> None:
        if self._streams.terminal_lost:
            self._lost()
        if self._tty in readable:
            self._read_keys()
        if self._keys and writable:
            self._type()
        if self._spawned.replies in readable:
            self._hear()

    # ---- the monitor

    @property
    def _spawned(self) -> child.Monitored:
        assert self._child is not None  # noqa: S101  _start sets it or raises
        return self._child

    def _tell(self, operation: bytes, number: int = 0) -> None:
        self._spawned.tell(operation, number)

    def _forward(self, number: int) -> None:
        self._tell(monitor.SEND, number)

    def _hear(self) -> None:
        message = self._spawned.answer()
        if not message:  # somebody killed the monitor; the inner terminal's end ends the command
            self._ended(-signals.SIGKILL)
        elif message[:1] == monitor.EXITED:
            self._ended(message[1])
        elif message[:1] == monitor.DIED:
            self._ended(-message[1])
        elif message[1] not in (signals.SIGTTIN, signals.SIGTTOU):
            # In an orphaned group the kernel drops SIGTSTP, so nothing freezes; SIGSTOP it does not.
            self._on(relay.STOP, signals.SIGTSTP if message[1] == signals.SIGSTOP else message[1])
        else:
            ours = terminal.in_foreground(self._tty)
            self._on(relay.STOP_FOREGROUND if ours else relay.STOP_BACKGROUND, message[1])

    # ---- signals

    def _signalled(self, number: int) -> None:
        if number in (signals.SIGCHLD, signals.SIGTTOU):
            return
        if number == signals.SIGWINCH:
            self._on(relay.RESIZED)
        elif number == signals.SIGCONT:
            ours = terminal.in_foreground(self._tty)
            self._on(relay.CONTINUE_FOREGROUND if ours else relay.CONTINUE_BACKGROUND, number)
        elif number == signals.SIGHUP and terminal.is_gone(self._tty):
            self._lost()
        else:
            self._on(relay.FATAL_SIGNAL if number in signals.FATAL else relay.SIGNAL, number)

    def _stop(self, number: int) -> None:
        self._signals.stop_by(number, group=True)
        for other in self._signals.taken():
            if other != signals.SIGCONT:  # that is what woke us
                self._signalled(other)
        ours = terminal.in_foreground(self._tty)
        self._on(relay.RESUME_FOREGROUND if ours else relay.RESUME_BACKGROUND)

    # ---- the terminal

    def _take(self) -> None:
        if not self._raw.enter():
            self._on(relay.REFUSED)

    def _resize(self) -> None:
        terminal.set_size(self._spawned.master, terminal.size(self._tty))

    def _read_keys(self) -> None:
        try:
            data = os.read(self._tty, 4096)
        except BlockingIOError:
            return
        except OSError:  # EIO: it is gone, or not ours to read now
            if terminal.is_gone(self._tty):
                self._lost()
            else:
                self._on(relay.REFUSED)
            return
        if not data:
            self._lost()
            return
        self._keys += data
        self._type()
        try:
            modes = terminal.attributes(self._spawned.master)
        except termios.error:
            return  # the inner terminal is at its end
        for number in self._scanner.signals(data, modes):
            self._on(relay.INTERRUPT_KEY, number)

    def _type(self) -> None:
        try:
            written = os.write(self._spawned.master, self._keys)
        except BlockingIOError:
            return
        except OSError:
            written = len(self._keys)  # nobody there to read it
        self._keys = self._keys[written:]

    def _lost(self) -> None:
        if not self._gone:
            self._gone = True
            self._on(relay.HANGUP)

    def _hang_up(self) -> None:
        self._tell(monitor.SEND, signals.SIGHUP)
        self._tell(monitor.SEND, signals.SIGCONT)

    def _close_terminal(self) -> None:
        descriptors.to_null(self._spawned.master)

    # ---- the end

    def _check_read(self) -> None:
        # macOS discards what is unread when the last slave is closed; Linux keeps it.
        if sys.platform == "darwin" and ready.wait((self._spawned.master,), timeout=0)[0]:
            self._timers.append((time.monotonic() + 0.002, relay.UNREAD, 0))
        else:
            self._on(relay.READ)

    def _settle(self) -> None:
        self._keys = b""
        self._tell(monitor.RELEASE)
        self._streams.settle()

    def _private(self) -> tuple[int, ...]:
        return (self._tty, *self._spawned.private)

    def _close(self) -> None:
        self._raw.leave()
        if self._child is not None:
            self._child.dismiss()
        descriptors.close(self._tty)
