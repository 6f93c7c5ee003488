"""The monitor: leads the inner terminal's session, so that the command can have a group of its own.

The simpler thing, the command itself as session leader, fails: its process group is orphaned, and the
kernel drops SIGTSTP, SIGTTIN and SIGTTOU for an orphaned group, so that Ctrl-Z does nothing. It also
ends the command when the wrapper is killed: a parent-death signal would fire when the thread that
forked ends, and is lost over a setuid exec.

It talks to the wrapper in messages of two bytes, an operation and a number.
"""

from __future__ import annotations

import os

from secretrun.child import execute
from secretrun.posix import descriptors, poll, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

# wrapper to monitor
GO = b"G"  # the terminal's modes and size are set: start the command
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
        commands: the pipe the wrapper's messages come from.
        replies: the pipe to the wrapper.
        errors: the close-on-exec pipe for errno, for the command only.
        streams: as `execute.become` takes them; None is the inner terminal.
        foreground: the command starts in the inner terminal's foreground.
    """

    def __init__(
        self,
        argv: Sequence[bytes],
        environment: Mapping[bytes, bytes],
        given: signals.Signals,
        *,
        commands: int,
        replies: int,
        errors: int,
        streams: Sequence[int | None],
        foreground: bool,
    ) -> None:
        self.argv = argv
        self.environment = environment
        self.given = given
        self.commands = commands
        self.replies = replies
        self.errors = errors
        self.streams = streams
        self.foreground = foreground


def main(orders: Orders, kept: set[int]) -> NoReturn:
    """Be the monitor, in a forked process with the inner terminal on 0, 1 and 2; never returns.

    Args:
        orders: what to run and how.
        kept: the descriptors from 3 on that are ours or the command's; all others are closed.
    """
    try:
        descriptors.keep_only(kept)
        chld = orders.given.deafen()
        if os.read(orders.commands, 2)[:1] == GO:
            Monitor(orders, chld, _start(orders)).run()
    finally:
        os._exit(0)  # whatever happened: the wrapper sees the end of the pipe


def _start(orders: Orders) -> int:
    mask = signals.block_all()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            if orders.foreground:
                os.tcsetpgrp(0, os.getpid())
        finally:
            execute.become(orders.argv, orders.environment, orders.streams, orders.given, orders.errors)
    try:
        os.setpgid(pid, pid)  # the command does it too: whoever comes first
    except OSError:
        pass
    signals.set_mask(mask)
    os.write(orders.replies, pid.to_bytes(8, "big"))  # for the wrapper to kill, should we be killed
    return pid


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
                self._take_terminal(self._pid)
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
            os.killpg(self._pid, number)
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
