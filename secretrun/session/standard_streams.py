"""The command's streams: what our own are, what it gets for them, and the pumps between."""

from __future__ import annotations

import fcntl
import os
import stat
import sys
import time

from secretrun.errors import SecretrunError
from secretrun.posix import descriptors, poll
from secretrun.session import layout
from secretrun.session.linger import linger
from secretrun.session.pump import Plain, Pump, Turns, keep_memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.posix.signals import Signals
    from secretrun.redact.masker import Masker
    from secretrun.session.late_masks import LateMasks
    from secretrun.session.output_processing import OutputProcessing
    from secretrun.session.pump import Filter

_PIPE_SIZE = 1 << 20  # bytes; with the kernel's 64 KiB a pipe is half as fast
_FLUSH = 0.3  # seconds that a stop waits for a slow terminal
_SILENCE = 0.1  # seconds after which whoever still holds a stream is taken for a background process
_TALK = 1.0  # seconds after which it is, though it goes on talking


class StandardStreams:
    """All streams of one command.

    Attributes:
        layout: what the command gets.
        sources: for 0, 1 and 2 the descriptor it gets, None for what is there.
        notified: becomes readable when a pump has ended, or when keys are wanted.
        late: what takes values while the command runs, or None.
        next_look: the monotonic time at which `quiet` is to be asked again.
    """

    def __init__(
        self,
        environment: Mapping[bytes, bytes],
        *,
        redactor: Masker | None,
        tty: str = "auto",
        stdio: bool = False,
        interruptible: bool = True,
    ) -> None:
        self._redactor = redactor
        self._stdio = stdio
        if redactor is None and tty != "always":
            # Nothing to look at: the command has our own streams, and our own terminal.
            self.layout = layout.Layout((layout.INHERITED, layout.INHERITED, layout.INHERITED))
        else:
            self.layout = layout.plan(
                (kind(0), kind(1), kind(2)),
                same=_same_file(1, 2),
                tty=tty,
                foreground=_foreground(),
                leader=os.getpgrp() == os.getpid(),
                interruptible=interruptible,
            )
        self.late: LateMasks | None = None
        self.notified, self._notify = os.pipe()
        os.set_blocking(self.notified, False)
        self._pumps: dict[int, Pump] = {}  # by the first stream they serve
        self._given: list[int] = []  # our copies of what the command gets
        self._told: set[int] = set()
        self.next_look = float("inf")
        self._silent_since: list[int] = []
        self._settled = 0.0
        self._due: dict[int, int] = {}
        self.sources = [self._source(number, environment) for number in range(3)]

    def _source(self, number: int, environment: Mapping[bytes, bytes]) -> int | None:
        given = self.layout.streams[number]
        if given == layout.INNER:
            return None
        if given == layout.SHARED:
            return None if self.layout.streams[1] == layout.INNER else 1
        if given == layout.INHERITED:
            if not self.layout.monitored:
                return None
            return self._give(os.dup(number))  # the inner terminal is going to be in its place
        if given == layout.SIDE:
            ours, theirs = _side_terminal(number, environment)
        else:
            ours, theirs = os.pipe()
            _enlarge(ours)
        self._pump(ours, number)
        return self._give(theirs)

    def _give(self, descriptor: int) -> int:
        self._given.append(descriptor)
        return descriptor

    def _pump(self, source: int, number: int, modes: OutputProcessing | None = None) -> None:
        masker: Filter = Plain()
        release = None
        if self._redactor is not None and self._stdio and number == 1:
            from secretrun.redact.json_lines import JsonLines

            masker = JsonLines(self._redactor)
        elif self._redactor is not None:
            masker = twin = self._redactor.twin()
            release = twin.release if os.isatty(number) else None
        self._pumps[number] = Pump(source, number, masker, self._notify, modes=modes, release=release)

    @property
    def inner_number(self) -> int:
        """One of our descriptors of the terminal that becomes the inner one."""
        return self.layout.streams.index(layout.INNER, 1)

    def inner(self, master: int, tty: int) -> None:
        """Set the inner terminal up as ours is and pump from it; before the command starts.

        Raises:
            SecretrunError: our terminal is gone.
        """
        import termios  # here, as all that is about terminals: with pipes nobody needs it

        from secretrun.posix import terminal

        try:
            terminal.set_attributes(master, terminal.attributes(tty))
        except termios.error:
            raise SecretrunError("the terminal is gone") from None
        terminal.set_size(master, terminal.size(tty))
        number = self.inner_number
        # Our own stream, not `tty`: a helper that lingers has no other.
        from secretrun.session.output_processing import OutputProcessing

        self._pump(master, number, OutputProcessing(master, number))

    def close_inner(self, master: int) -> None:
        """Hang the inner terminal up, ours being gone: the command's next read of it is the end.

        While a pump waits for it in poll(2), the kernel keeps it open whatever becomes of the descriptor.
        """
        live = [pump for pump in self._pumps.values() if pump.source == master and not pump.ended]
        for pump in live:
            pump.stop()
        descriptors.to_null(master)
        for pump in live:
            pump.start()

    def release(self) -> None:
        """Let go of what the command holds now, so that its end is the end."""
        descriptors.close(*self._given, *descriptors.inherited())
        descriptors.to_null(*((0, 1) if self.layout.streams[1] == layout.INHERITED else (0,)))

    def start(self) -> None:
        """Start pumping; nothing may be forked from now on, but by `linger`."""
        keep_memory()
        if len(self._pumps) > 1 and not any(os.isatty(number) for number in self._pumps):
            turns = Turns()
            for pump in self._pumps.values():
                turns.add(pump)
        for pump in self._pumps.values():
            pump.start()

    # ---- while the command runs

    def ended(self) -> list[int]:
        """The streams whose pumps have ended since the last call."""
        try:
            os.read(self.notified, 512)
        except BlockingIOError:
            pass
        fresh = [number for number, pump in self._pumps.items() if pump.ended and number not in self._told]
        for number in fresh:
            self._told.add(number)
            pump = self._pumps[number]
            if pump.broken and not self._is_inner(number):
                pump.let_go()
        return fresh

    def _is_inner(self, number: int) -> bool:
        return self.layout.streams[number] == layout.INNER

    @property
    def terminal_lost(self) -> bool:
        """Whether the inner terminal's output can't be shown any more."""
        return any(pump.broken and self._is_inner(number) for number, pump in self._pumps.items())

    @property
    def keys_wanted(self) -> bool:
        """Whether somebody is going to read keys from the inner terminal, without having been stopped for it.

        What has another session is not (pinentry, for a command that has its output in a pipe).
        """
        return any(pump.keys_wanted for pump in self._pumps.values())

    def close_sink(self, number: int) -> None:
        """The command has closed a stream: close ours, for its reader to see."""
        if not self._is_inner(number):
            shared = number == 1 and self.layout.streams[2] == layout.SHARED
            descriptors.to_null(*((1, 2) if shared else (number,)))

    def typed(self) -> None:
        """A key is being passed on to the command: what the inner terminal shows next may be its echo."""
        for number, pump in self._pumps.items():
            if self._is_inner(number):
                pump.typed()

    def flush(self) -> None:
        """Wait until all that the command printed so far is shown, as far as it may, but not for ever."""
        deadline = time.monotonic() + _FLUSH
        live = [pump for pump in self._pumps.values() if not pump.ended]
        while time.monotonic() < deadline:
            readable, _ = poll.wait([pump.source for pump in live], timeout=0)
            if not readable and not any(pump.busy or pump.due for pump in live):
                return
            time.sleep(0.001)

    # ---- after it

    def settle(self) -> None:
        """The command has ended: from now on the streams may be drained, or quiet."""
        self._settled = time.monotonic()
        self.next_look = self._settled + _SILENCE
        self._silent_since = self._totals()
        for number, pump in self._pumps.items():
            self._due[number] = pump.total + (0 if pump.ended else _waiting(pump.source))

    @property
    def drained(self) -> bool:
        """Whether every stream is at its end."""
        return all(pump.ended for pump in self._pumps.values())

    def quiet(self, now: float) -> bool:
        """Whether all that the command wrote is shown, and who else holds a stream is silent."""
        if now < self.next_look:
            return False
        self.next_look = now + _SILENCE
        before, self._silent_since = self._silent_since, self._totals()
        if any(pump.busy for pump in self._pumps.values()):
            return False  # the reader is slow, so the command's own output may still be on its way
        if not all(pump.ended or pump.total >= self._due[number] for number, pump in self._pumps.items()):
            return False  # on a busy machine a pump may not have had its turn for as long as silence takes
        return before == self._silent_since or now > self._settled + _TALK

    def _totals(self) -> list[int]:
        return [pump.total for pump in self._pumps.values()]

    def linger(self, given: Signals, private: Sequence[int]) -> None:
        """Leave a helper that pumps on."""
        live = [pump for pump in self._pumps.values() if not pump.ended]
        for pump in live:
            pump.stop()
        linger([pump for pump in live if not pump.ended], given, private)

    def close(self) -> None:
        """Let go of what is not needed after the command's end."""
        if self.late is not None:
            self.late.close()

    def check(self) -> None:
        """Raise what went wrong in the pumps.

        Raises:
            SecretrunError: output was withheld, because it could not be masked or written.
        """
        for number, pump in self._pumps.items():
            name = "stdout" if number == 1 else "stderr"
            if pump.failed is not None:
                from secretrun.shortage import Shortage, shortage

                short = shortage(pump.failed)
                if short is not None:
                    raise Shortage(
                        f"{short.message} to mask with, so the rest of the command's {name} was withheld",
                        hint=short.hint,
                    )
                raise SecretrunError(
                    f"masking failed, so the rest of the command's {name} was withheld",
                    hint="this is a bug in secretrun; please report it",
                )
            if pump.error:
                raise SecretrunError(f"can't write the command's {name}: {os.strerror(pump.error).lower()}")


def kind(number: int) -> str:
    """What one of our own descriptors is, in the words of `secretrun.session.layout`."""
    if number in descriptors.closed():
        return layout.CLOSED
    if os.isatty(number):
        from secretrun.posix import terminal

        return layout.TERMINAL if terminal.is_ours(number) else layout.OTHER_TERMINAL
    status = os.fstat(number)
    if stat.S_ISFIFO(status.st_mode) or stat.S_ISSOCK(status.st_mode):
        return layout.PIPE
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == os.stat(os.devnull).st_rdev:
        return layout.NULL
    return layout.FILE


def _same_file(one: int, other: int) -> bool:
    a, b = os.fstat(one), os.fstat(other)
    return (a.st_dev, a.st_ino, a.st_rdev) == (b.st_dev, b.st_ino, b.st_rdev)


def _foreground() -> bool:
    terminals = [number for number in range(3) if os.isatty(number)]
    if not terminals:
        return False
    from secretrun.posix import terminal

    return any(map(terminal.in_foreground, terminals))


def _side_terminal(number: int, environment: Mapping[bytes, bytes]) -> tuple[int, int]:
    """A terminal that controls nothing: (master, slave); newlines pass through it as they are."""
    try:
        master, slave = os.openpty()
    except OSError as error:
        raise SecretrunError(f"no terminal for the command: {error.strerror}") from None
    import termios

    from secretrun.posix import terminal

    ours = os.isatty(number)
    modes = terminal.attributes(number if ours else slave)
    modes[terminal.OFLAG] = terminal.flags(modes, terminal.OFLAG) & ~termios.OPOST
    terminal.set_attributes(slave, modes)
    terminal.set_size(master, terminal.size(number) if ours else terminal.default_size(environment))
    return master, slave


def _enlarge(pipe: int) -> None:
    if sys.platform == "linux":
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)
        except OSError:
            pass  # the user's share of pipe memory is used up: slower, no more


def _waiting(source: int) -> int:
    """Bytes in a pipe or terminal that nobody has read yet; 0 where it has been closed since."""
    if not poll.holds(source):
        return 0
    import termios

    try:
        return int.from_bytes(fcntl.ioctl(source, termios.FIONREAD, bytes(4)), sys.byteorder)
    except OSError:  # ENOTTY: our terminal went away, and the inner one with it
        return 0
