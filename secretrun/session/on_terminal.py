"""A command on an inner terminal: keys in, modes and sizes across, stops and continues."""

from __future__ import annotations

import os
import sys
import termios

from secretrun.child import monitor
from secretrun.child import start as child
from secretrun.posix import descriptors, poll, signals, terminal
from secretrun.posix.shared_terminal import SharedTerminal
from secretrun.session import beforehand, relay
from secretrun.session.loop import Loop
from secretrun.session.signal_keys import SignalKeys
from secretrun.session.witness import Witness

# macOS discards what is unread when the last slave is closed; Linux keeps it.
DISCARDS = sys.platform == "darwin"
_KEYS = 8192  # bytes typed ahead that we hold; the rest waits in the terminal's own queue


class OnTerminal(Loop):
    """The command has an inner terminal, with a monitor as its session leader.

    Attributes:
        early: the processes, where they are there already.
    """

    early: beforehand.Beforehand | None = None
    _child: child.Monitored | None = None
    _witness: Witness | None = None
    _tty = -1
    _raw: terminal.RawMode

    def _start(self) -> None:
        self._tty = self._open()
        self._raw = terminal.RawMode(self._tty, SharedTerminal(self._tty))
        self._keys = b""
        self._scanner = SignalKeys()
        self._gone = False
        self._perform.update({
            relay.RAW.name: lambda _: self._take(),
            relay.COOKED.name: lambda _: self._raw.leave(),
            relay.RESIZE.name: lambda _: self._resize(),
            relay.FOREGROUND.name: lambda _: self._tell(monitor.FOREGROUND),
            relay.BACKGROUND.name: lambda _: self._tell(monitor.BACKGROUND),
            relay.FORWARD_GROUP.name: lambda number: self._tell(monitor.SEND, number),
            relay.MIRROR.name: self._mirror,
            relay.STOP_GROUP.name: self._stop,
            relay.HANG_UP.name: lambda _: self._hang_up(),
            relay.CLOSE_TERMINAL.name: lambda _: self._close_terminal(),
            relay.CHECK_READ.name: lambda _: self._check_read(),
        })  # fmt: skip
        foreground = self._streams.layout.foreground
        self._child = spawned = self._processes()
        self._streams.inner(spawned.master, self._tty)
        os.set_blocking(spawned.master, False)
        spawned.go(self._argv, self._environment, foreground=foreground)
        self._streams.release()
        spawned.started(self._argv)
        if foreground:
            self._take()

    def _open(self) -> int:
        early = self.early
        if early is not None and self._streams.sources != list(beforehand.STREAMS):
            early.dismiss()
            early = self.early = None
        return early.tty if early is not None else terminal.open_ours(self._streams.inner_number)

    def _processes(self) -> child.Monitored:
        if self.early is not None:
            self._witness = self.early.witness
            return self.early.child
        self._witness = Witness(self._tty)
        return child.spawn(
            self._signals, streams=self._streams.sources, outer=terminal.name(self._streams.inner_number)
        )

    def _wanted(self) -> tuple[list[int], list[int]]:
        readers = [self._spawned.replies] if not self.relay.ending else []
        if self.relay.state == relay.HELD and len(self._keys) < _KEYS and not self._gone:
            readers.append(self._tty)
        return readers, [self._spawned.master] if self._keys else []

    def _happened(self, readable: set[int], writable: set[int]) -> None:
        if self._streams.terminal_lost:
            self._lost()
        if self._streams.keys_wanted and terminal.in_foreground(self._tty):
            self._on(relay.KEYS_WANTED)
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
        self._tell(monitor.SEND_ALONE, number)

    def _hear(self) -> None:
        message = self._spawned.answer()
        if not message:  # somebody killed the monitor, so nobody can tell what becomes of the command
            self._spawned.kill()
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
        if number == signals.SIGCHLD:
            if os.getpid() == 1:
                _reap()
            return
        if number == signals.SIGWINCH and terminal.size(self._tty) != terminal.size(self._spawned.master):
            self._on(relay.RESIZED)  # else somebody has sent it, and it is for the command
        elif number == signals.SIGCONT:
            ours = terminal.in_foreground(self._tty)
            self._on(relay.CONTINUE_FOREGROUND if ours else relay.CONTINUE_BACKGROUND, number)
        elif number == signals.SIGHUP and terminal.is_gone(self._tty):
            self._lost()
        elif self._together(number):
            if number == signals.SIGTTOU:
                return  # the kernel's answer to our own change of modes, a moment too late for it
            fatal = self._signals.is_fatal(number)
            self._on(relay.FATAL_GROUP_SIGNAL if fatal else relay.GROUP_SIGNAL, number)
        else:
            self._on(relay.FATAL_SIGNAL if self._signals.is_fatal(number) else relay.SIGNAL, number)

    def _together(self, number: int) -> bool:
        return self._witness is not None and self._witness.saw(number)

    def _mirror(self, number: int) -> None:
        self._signals.to_neighbours(number)
        self._together(number)  # or it would think so of the next one

    def _stop(self, number: int) -> None:
        background = number in (signals.SIGTTIN, signals.SIGTTOU)
        # A shell's `fg` may have come since the command stopped, and it comes once only.
        if not (background and terminal.in_foreground(self._tty)):
            self._signals.stop_by(number, group=True)
            self._together(number)
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
            data = self._signals.read_terminal(self._tty, 4096)
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
        try:
            modes = terminal.attributes(self._spawned.master)
        except termios.error:
            modes = None  # the inner terminal is at its end
        # Asked before the keys get there, and change who has it. A shell's job has a group that without us
        # would not be our neighbours' either.
        shared = self._spawned.holds_terminal
        self._type()
        for number in self._scanner.signals(data, modes) if modes is not None else ():
            if shared:
                self._on(relay.INTERRUPT_KEY, number)

    def _type(self) -> None:
        self._streams.typed()
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
        self._streams.close_inner(self._spawned.master)

    # ---- the end

    def _check_read(self) -> None:
        unread = DISCARDS and poll.wait((self._spawned.master,), timeout=0)[0]
        self._on(relay.UNREAD if unread else relay.READ)

    def _settle(self) -> None:
        self._keys = b""
        self._tell(monitor.RELEASE)
        self._streams.settle()

    def _private(self) -> tuple[int, ...]:
        return (self._tty, *self._spawned.private, *(self._witness.descriptors if self._witness else ()))

    def _close(self) -> None:
        if self._tty >= 0:
            self._raw.leave()
        if self._child is not None:
            self._child.dismiss()
        if self._witness is not None:
            self._witness.dismiss()
        descriptors.close(self._tty)


def _reap() -> None:
    """As the first process of a container: see off what others have left behind, and our own helpers."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass  # nobody is left
