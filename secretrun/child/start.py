"""Start the command: below a monitor on an inner terminal, or in our own group with pipes.

The only importer of ptyprocess, which serves as fork, new session and controlling terminal; it is
imported when there is an inner terminal. Its read, wait and close are not used: close sleeps, wait knows
no stops, and its repr shows an environment it is given.
"""

from __future__ import annotations

import errno
import os
import sys

from secretrun.child import execute
from secretrun.child.execute import replace
from secretrun.errors import SecretrunError
from secretrun.posix import descriptors, dumpable, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from secretrun.posix.signals import Signals

__all__ = ["Monitored", "fork", "replace", "spawn"]


class Monitored:
    """A command on an inner terminal, seen from the wrapper.

    Attributes:
        master: the inner terminal's master.
    """

    def __init__(self, pid: int, master: int, commands: int, replies: int, errors: int) -> None:
        self.master = master
        self.replies = replies
        self._pid = pid
        self._commands = commands
        self._errors = errors
        self._command = 0
        self._group = 0

    @property
    def private(self) -> tuple[int, ...]:
        """Our ends of the pipes to it."""
        return (self._commands, self.replies)

    def tell(self, operation: bytes, number: int = 0) -> None:
        """Send the monitor a message of `secretrun.child.monitor`."""
        try:
            os.write(self._commands, operation + bytes((number,)))
        except OSError:
            pass  # it is gone, which the end of its replies says

    def go(self, argv: Sequence[bytes], environment: Mapping[bytes, bytes], *, foreground: bool) -> None:
        """Have it start the command: the inner terminal is set up.

        Args:
            argv: the command.
            environment: its environment.
            foreground: it starts in the inner terminal's foreground.
        """
        from secretrun.child import monitor

        try:
            descriptors.write_all(
                self._commands, monitor.Command(argv, environment, foreground=foreground).message()
            )
        except OSError:
            pass  # as above

    def started(self, argv: Sequence[bytes]) -> None:
        """Wait until the command has been executed.

        Raises:
            CommandError: it could not be.
        """
        born = os.read(self.replies, 16)
        self._command, self._group = int.from_bytes(born[:8], "big"), int.from_bytes(born[8:], "big")
        _check(self._errors, argv)

    @property
    def holds_terminal(self) -> bool:
        """Whether the group the command was born in has the inner terminal: no job of a shell in it has."""
        try:
            return os.tcgetpgrp(self.master) == self._group
        except OSError:
            return False

    def kill(self) -> None:
        """Kill the command's process group, where the monitor can't any more."""
        for kill, number in ((os.killpg, self._group), (os.kill, self._command)):
            if number:
                try:
                    kill(number, signals.SIGKILL)
                except OSError:
                    pass  # nobody is left

    def answer(self) -> bytes:
        """The monitor's next message; empty when it is gone."""
        return os.read(self.replies, 2)

    def dismiss(self) -> None:
        """Let the monitor go and see it off."""
        descriptors.close(self._commands, self.replies)
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:
            pass  # reaped with others by a caller of waitpid(-1)


def spawn(given: Signals, *, streams: Sequence[int | None], outer: bytes = b"") -> Monitored:
    """Fork a monitor on a new terminal; it starts the command when told to.

    Args:
        given: the dispositions that the command gets.
        streams: for 0, 1 and 2 the descriptor to put there, None for the inner terminal.
        outer: the name of our terminal, where it has one.

    Raises:
        SecretrunError: there is no terminal or no process to be had.
    """
    from secretrun.child import monitor

    commands, tell = os.pipe()
    replies, reply = os.pipe()
    errors, report = os.pipe()
    orders = monitor.Orders(
        given, commands=commands, replies=reply, errors=report, streams=streams,
        leader=os.getpgrp() == os.getpid(), outer=outer,
    )  # fmt: skip
    # ptyprocess closes the rest before our code in the child runs.
    kept = {commands, reply, report, *descriptors.inherited()}
    kept.update(source for source in streams if source is not None and source > 2)
    mask = signals.block_all()
    try:
        process = pty_process().spawn(
            [sys.executable or "/bin/sh"],  # never executed, but it has to exist
            preexec_fn=lambda: monitor.main(orders, kept),
            pass_fds=sorted(kept),
        )
    except OSError as error:
        raise SecretrunError(
            f"no terminal for the command: {error.strerror or error}", hint="--tty never runs it with pipes"
        ) from None
    finally:
        signals.set_mask(mask)
    process.closed = True  # or its finaliser would close, sleep and kill
    master = os.dup(process.fd)
    process.fileobj.close()
    descriptors.close(commands, reply, report)
    return Monitored(process.pid, master, tell, replies, errors)


def pty_process() -> Any:
    """The class `ptyprocess.PtyProcess`, imported without two modules of which it hardly uses anything.

    `signal` brings enum and 5 ms with it, for numbers that `_signal` has too; `shutil` brings four ways of
    compression and 6 ms, for `which`, of which ptyprocess has its own for Pythons without it. Only while no
    other thread runs, which might import either.
    """
    lent = {"signal": signals.module, "shutil": None} if "ptyprocess" not in sys.modules else {}
    lent = {name: module for name, module in lent.items() if name not in sys.modules}
    sys.modules.update(lent)  # type: ignore[arg-type]  # None is what says that a module can't be had
    try:
        from ptyprocess import PtyProcess
    except Exception:  # noqa: BLE001  a ptyprocess that does use them
        for name in [name for name in sys.modules if name.partition(".")[0] == "ptyprocess"]:
            del sys.modules[name]
        _take_back(lent)
        from ptyprocess import PtyProcess
    finally:
        _take_back(lent)
    return PtyProcess


def _take_back(lent: Mapping[str, object]) -> None:
    for name, module in lent.items():
        if name in sys.modules and sys.modules[name] is module:
            del sys.modules[name]


def fork(
    argv: Sequence[bytes],
    environment: Mapping[bytes, bytes],
    given: Signals,
    streams: Sequence[int | None],
) -> int:
    """Start the command in our own session and process group; returns its process id.

    Args:
        argv: the command.
        environment: its environment.
        given: the dispositions it gets.
        streams: for 0, 1 and 2 the descriptor to put there, None for ours.

    Raises:
        CommandError: it could not be executed.
        SecretrunError: there is no process to be had.
    """
    if (started := _at_once(argv, environment, given, streams)) is not None:
        return started
    errors, report = os.pipe()
    mask = signals.block_all()
    try:
        pid = os.fork()
        if pid == 0:
            execute.become(argv, environment, streams, given, report)
    except OSError as error:
        raise SecretrunError(f"no process for the command: {error.strerror}") from None
    finally:
        signals.set_mask(mask)
    descriptors.close(report)
    try:
        _check(errors, argv)
    except SecretrunError:
        os.waitpid(pid, 0)
        raise
    return pid


def fork_exec() -> Callable[..., int] | None:
    """What `subprocess` is made of, without the 8 ms that importing it takes; None where there is none.

    To be asked for before anything is forked: what we write to after that, the kernel copies first.
    """
    try:
        from _posixsubprocess import fork_exec
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        return None
    return fork_exec if sys.platform == "linux" else None


def _at_once(
    argv: Sequence[bytes],
    environment: Mapping[bytes, bytes],
    given: Signals,
    streams: Sequence[int | None],
) -> int | None:
    """The same by vfork(2), which copies nothing of us and takes a tenth of the time (Linux).

    Only what is plain, and None for all else, whatever does not go well among it: a fork does it, and has the
    words. posix_spawn(3) would do, but glibc's leaves two signals of its own ignored in the command.
    """
    spawn = fork_exec()
    if spawn is None or descriptors.closed():
        return None
    command = execute.find(argv[0], environment)
    if command is None or any(0x3D in name for name in environment):  # no name with "="
        return None
    stdin, stdout, stderr = (-1 if source is None else source for source in streams)
    if stderr == 1 and stdout >= 0:
        stderr = stdout  # what 1 is going to be
    variables = [b"%b=%b" % (name, value) for name, value in environment.items() if name]
    errors, report = os.pipe()
    ours, handlers = signals.set_mask(given.mask), given.ignore()
    try:
        dumpable.give_back()  # shortly in us too, who are not dumpable whatever the limit
        pid: int = spawn(
            argv, (command,), False, (), None, variables, stdin, -1, -1, stdout, -1, stderr, errors, report,
            True, False, -1, None, None, None, -1, None, *((True,) if sys.version_info < (3, 14) else ()),
        )  # fmt: skip
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        descriptors.close(errors)
        return None
    finally:
        dumpable.take_again()
        signals.handle(handlers)
        signals.set_mask(ours)
        descriptors.close(report)
    failed = os.read(errors, 1)
    descriptors.close(errors)
    if failed:
        os.waitpid(pid, 0)
        return None
    return pid


def _check(errors: int, argv: Sequence[bytes]) -> None:
    code = os.read(errors, 16)
    descriptors.close(errors)
    if code:
        raise execute.failure(int(code) or errno.EIO, argv)
