"""The monitor: leads the inner terminal's session, so that the command can have a group of its own.

The simpler thing, the command itself as session leader, fails: its process group is orphaned, and the
kernel drops SIGTSTP, SIGTTIN and SIGTTOU for an orphaned group, so that Ctrl-Z does nothing. It also
ends the command when the wrapper is killed: a parent-death signal would fire when the thread that
forked ends, and is lost over a setuid exec.

It may be born before it is known what it is to start. It talks to the wrapper in messages of two bytes, an
operation and a number; behind the first one stands the command.
"""

from __future__ import annotations

import marshal
import os

from secretrun.child import execute
from secretrun.posix import descriptors, poll, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

# wrapper to monitor
GO = b"G"  # the terminal's modes and size are set: start the command; 1: in the terminal's foreground
SEND = b"S"  # a signal to the command's group
SEND_ALONE = b"A"  # a signal to the command
FOREGROUND = b"F"
BACKGROUND = b"B"
RELEASE = b"R"  # the command's output is read: let go of the terminal
# monitor to wrapper
STOPPED = b"T"  # by which signal
EXITED = b"E"  # with which status
DIED = b"D"  # of which signal

GRACE = 0.5  # seconds between SIGHUP and SIGKILL when the wrapper is gone


class Orders:
    """What a monitor is born with.

    Args:
        given: the dispositions of the command.
        commands: the pipe the wrapper's messages come from.
        replies: the pipe to the wrapper.
        errors: the close-on-exec pipe for errno, for the command only.
        streams: as `execute.become` takes them; None is the inner terminal.
        leader: without us the command would lead a process group; else it is not to lead its own here.
        outer: the name of our terminal, which in the command's environment gives way to the inner one's.
    """

    def __init__(
        self,
        given: signals.Signals,
        *,
        commands: int,
        replies: int,
        errors: int,
        streams: Sequence[int | None],
        leader: bool = True,
        outer: bytes = b"",
    ) -> None:
        self.given = given
        self.commands = commands
        self.replies = replies
        self.errors = errors
        self.streams = streams
        self.leader = leader
        self.outer = outer


class Command:
    """What it is told to start.

    Attributes:
        argv: the command.
        environment: all of its environment.
        foreground: it starts in the inner terminal's foreground.
    """

    __slots__ = ("argv", "environment", "foreground")

    def __init__(
        self, argv: Sequence[bytes], environment: Mapping[bytes, bytes], *, foreground: bool
    ) -> None:
        self.argv = list(argv)
        self.environment = dict(environment)
        self.foreground = foreground

    def __repr__(self) -> str:
        return f"<Command of {len(self.argv)} words>"

    def message(self) -> bytes:
        """What is written to the monitor."""
        said = marshal.dumps((self.argv, self.environment))
        return GO + bytes((self.foreground,)) + len(said).to_bytes(8, "big") + said


def _told(commands: int) -> Command | None:
    """The command, when the wrapper says what it is; None when it is gone before that."""

    def read(most: int) -> bytes:
        return os.read(commands, most)

    head = descriptors.read_exactly(read, 10)
    if head[:1] != GO:
        return None
    size = int.from_bytes(head[2:], "big")
    said = descriptors.read_exactly(read, size)
    if len(said) < size:
        return None
    argv, environment = marshal.loads(said)  # noqa: S302  by the process that forked this one
    return Command(argv, environment, foreground=bool(head[1]))


def main(orders: Orders, kept: set[int]) -> NoReturn:
    """Be the monitor, in a forked process with the inner terminal on 0, 1 and 2; never returns.

    Args:
        orders: what to run and how.
        kept: the descriptors from 3 on that are ours or the command's; all others are closed.
    """
    try:
        descriptors.keep_only(kept)
        chld = orders.given.deafen()
        command = _told(orders.commands)
        if command is not None:
            Monitor(orders, chld, _start(orders, command)).run()
    finally:
        os._exit(0)  # whatever happened: the wrapper sees the end of the pipe


def _start(orders: Orders, command: Command) -> int:
    """Start the command; returns its process id."""
    environment = _inner_names(command.environment, orders.outer)
    mask = signals.block_all()
    group = 0 if orders.leader else _empty_group()
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            _join(0, group)
            # By itself, for what it executes may have left the group before we could look: a shell does.
            os.write(tell, os.getpgrp().to_bytes(8, "big"))
            if command.foreground:
                os.tcsetpgrp(0, os.getpgrp())
        finally:
            execute.become(command.argv, environment, orders.streams, orders.given, orders.errors)
    os.close(tell)
    born = os.read(told, 8) or (group or pid).to_bytes(8, "big")
    os.close(told)
    signals.set_mask(mask)
    # For the wrapper, which compares the one with who has the terminal, and kills both should we be killed.
    os.write(orders.replies, pid.to_bytes(8, "big") + born)
    return pid


def _inner_names(environment: dict[bytes, bytes], outer: bytes) -> dict[bytes, bytes]:
    """The command's environment, with the inner terminal where a variable names ours (GPG_TTY, SSH_TTY).

    Whoever opens the terminal of that name, pinentry for one, would read the same keyboard as we do.
    """
    try:
        inner = os.fsencode(os.ttyname(0))
    except OSError:  # no name: a chroot without /dev/pts
        return environment
    return {name: inner if outer and value == outer else value for name, value in environment.items()}


def _empty_group() -> int:
    """A process group of this session whose leader has ended; it lasts as long as we do.

    An interactive shell that leads its group stays in it, one that does not makes a group of its own. So
    by the terminal's group one can tell its keys from those of what shares our own group, as without us.
    """
    leader = os.fork()
    if leader == 0:
        try:
            os.setpgid(0, 0)
        finally:
            os._exit(0)
    _join(leader, leader)  # never reaped, for a group of nobody has no number
    return leader


def _join(pid: int, group: int) -> None:
    """Put a process (0: this one) into a group, or where that can't be had into one of its own."""
    for number in (group, 0):
        try:
            os.setpgid(pid, number)
        except OSError:  # it has done this itself, and ended; or there is no such group
            continue
        return


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return pid  # it has ended


class Monitor:
    """Carries signals in and the command's changes of state out."""

    def __init__(self, orders: Orders, chld: int, pid: int) -> None:
        self._commands = orders.commands
        self._replies = orders.replies
        self._chld = chld
        self._pid = pid
        self._alive = True
        self._before: int | None = None  # the inner foreground group before it was taken away
        descriptors.keep_only({self._commands, self._replies, self._chld, orders.given.writer})

    def run(self) -> None:
        """Work until the wrapper closes its end."""
        while True:
            readable, _ = poll.wait((self._commands, self._chld))
            if self._chld in readable:
                os.read(self._chld, 512)
                self._look()
            if self._commands in readable:
                message = os.read(self._commands, 2)
                if not message:
                    break
                self._obey(message[:1], message[1])
        if self._alive:
            self._end()

    def _look(self) -> None:
        """Tell what became of the command."""
        while self._alive:
            pid, status = os.waitpid(self._pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if os.WIFSTOPPED(status):
                self._tell(STOPPED, os.WSTOPSIG(status))
                continue
            self._alive = False
            # Our end, as session leader, sends SIGHUP to the foreground group: let that be us.
            self._take_terminal(os.getpgrp())
            if os.WIFSIGNALED(status):
                self._tell(DIED, os.WTERMSIG(status))
            else:
                self._tell(EXITED, os.WEXITSTATUS(status))

    def _obey(self, operation: bytes, number: int) -> None:
        if operation == RELEASE:
            descriptors.to_null(0, 1, 2)
        elif not self._alive:
            pass
        elif operation == SEND:
            self._send(number)
        elif operation == SEND_ALONE:
            try:
                os.kill(self._pid, number)
            except OSError:
                pass  # it is another user's
        elif operation == FOREGROUND:
            # A shell in the command may have given the terminal to one of its jobs.
            if self._before is None or not self._take_terminal(self._before):
                self._take_terminal(_group_of(self._pid))
            self._before = None
            self._send(signals.SIGCONT)
        elif operation == BACKGROUND:
            try:
                before = os.tcgetpgrp(0)
            except OSError:
                before = os.getpgrp()
            if before != os.getpgrp():
                self._before = before
                self._take_terminal(os.getpgrp())
            self._send(signals.SIGCONT)

    def _take_terminal(self, group: int) -> bool:
        try:
            os.tcsetpgrp(0, group)
        except OSError:
            return False  # hung up, or there is no such group any more
        return True

    def _send(self, number: int) -> None:
        try:
            os.killpg(_group_of(self._pid), number)
        except OSError:
            pass  # it ended meanwhile, or is another user's

    def _tell(self, kind: bytes, number: int) -> None:
        try:
            os.write(self._replies, kind + bytes((number,)))
        except OSError:
            pass  # the wrapper is gone, which the other pipe says too

    def _end(self) -> None:
        """The wrapper is gone: end the command, politely first."""
        self._send(signals.SIGHUP)
        self._send(signals.SIGCONT)
        import time

        deadline = time.monotonic() + GRACE
        while self._alive and (left := deadline - time.monotonic()) > 0:
            readable, _ = poll.wait((self._chld,), timeout=left)
            if readable:
                os.read(self._chld, 512)
                self._look()
        if self._alive:
            self._send(signals.SIGKILL)
