"""Starting a store's program and talking with it.

Without `subprocess`: importing it takes longer than some stores do to answer. By posix_spawn(3), so that
nothing runs between fork and exec, whichever threads there are. The program gets its three pipes, nothing
else that is open with us, and default signals.
"""

from __future__ import annotations

import os
import select
import time

from secretrun.backend.programs import ended, started, starting
from secretrun.posix import descriptors, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PIECE = 1 << 16
MOST = 3600.0  # seconds; poll(2) can't count those of a month
LIMIT = 64 << 20  # bytes of output; what writes more is not sending secrets
COMPLAINT = 64 << 10  # bytes of standard error that are kept; the rest is read and dropped
TELLING = 4  # bytes of a line that can be told from any other words
REAP = 5.0  # seconds to collect a killed program that the kernel does not let go of
SHORTEST, LONGEST = 0.0001, 0.05  # seconds between looks whether a program has ended


class Program:
    """A program that runs.

    Args:
        command: its absolute path, and its arguments.
        environ: the environment it starts with.
        directory: its working directory, or None for ours.
        leader: it leads a session of its own, which can be killed as a whole; else it stays in ours, with
            our terminal.
        reads: its standard input is a pipe, else `/dev/null`.
        keep: descriptors it gets under the same numbers.

    Raises:
        OSError: it can't be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        directory: str | None = None,
        leader: bool = True,
        reads: bool = True,
        keep: Sequence[int] = (),
    ) -> None:
        self._leader = leader
        self._status: int | None = None
        theirs: list[int] = []
        self._pipes: list[int] = []
        try:
            if reads:
                source, self._input = os.pipe()
                self._pipes.append(self._input)
            else:
                source, self._input = os.open(os.devnull, os.O_RDONLY), -1
            theirs.append(source)
            for _ in ("output", "complaint"):
                ours, end = os.pipe()
                self._pipes.append(ours)
                theirs.append(end)
            self._output, self._complaint = self._pipes[-2:]
            start = _spawn if directory is None or directory == os.getcwd() else _start_in
            with starting:
                self._pid = start(command, environ, theirs, leader, directory, keep)
                started(self._pid, leader=leader)
        except BaseException:
            self.close()
            raise
        finally:
            descriptors.close(*theirs)

    def __repr__(self) -> str:
        return f"<Program {self._pid}>"

    def exchange(
        self, text: bytes, end: float | None, *, limit: int | None = None, complaint_limit: int | None = None
    ) -> tuple[bytes, bytes, str]:
        """Write `text` and read until nobody holds its outputs open, both at once.

        Args:
            text: what it gets on standard input.
            end: the monotonic time at which it must be over, or None.
            limit: bytes of output after which it is over.
            complaint_limit: bytes of standard error that are kept; the rest is read and dropped.

        Returns:
            output, complaint, and what was exceeded: "", "time" or "output".
        """
        found = {self._output: bytearray(), self._complaint: bytearray()}
        left = memoryview(text)
        poll = select.poll()
        for descriptor in found:
            poll.register(descriptor, select.POLLIN)
        if left:
            os.set_blocking(self._input, False)
            poll.register(self._input, select.POLLOUT)
        else:
            self._close_input()
        excess, waiting = "", set(found)
        while waiting and not excess:
            pause = None if end is None else end - time.monotonic()
            ready = poll.poll(None if pause is None else max(0.0, min(pause, MOST)) * 1000)
            if not ready and pause is not None and pause <= 0:
                excess = "time"
            for descriptor, _ in ready:
                if descriptor == self._input:
                    left = self._write(left)
                    if not left:
                        poll.unregister(descriptor)
                        self._close_input()
                    continue
                piece = os.read(descriptor, PIECE)
                if not piece:
                    poll.unregister(descriptor)
                    waiting.discard(descriptor)
                kept = found[descriptor]
                if descriptor == self._complaint and complaint_limit is not None:
                    piece = piece[: complaint_limit - len(kept)]
                kept += piece
            if limit is not None and len(found[self._output]) > limit:
                found[self._output].clear()
                excess = "output"
        return bytes(found[self._output]), bytes(found[self._complaint]), excess

    def _write(self, left: memoryview) -> memoryview:
        try:
            return left[os.write(self._input, left[:PIECE]) :]
        except BlockingIOError:
            return left
        except BrokenPipeError:  # it reads no more; what it answers will tell
            return left[:0]

    def _close_input(self) -> None:
        if self._input >= 0:
            self._pipes.remove(self._input)
            os.close(self._input)
            self._input = -1

    def wait(self, end: float | None) -> int | None:
        """Its exit status, -n when signal n killed it; None when the monotonic time `end` comes first."""
        delay = SHORTEST
        while self._status is None:
            pid, status = os.waitpid(self._pid, 0 if end is None else os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
                ended(self._pid)
            elif end is not None:
                pause = min(delay, end - time.monotonic())
                if pause <= 0:
                    return None
                time.sleep(pause)
                delay = min(2 * delay, LONGEST)
        return self._status

    def kill(self) -> None:
        """Kill it, with its whole session where it leads one, however it has ended."""
        try:
            if self._leader:
                os.killpg(self._pid, signals.SIGKILL)
            elif self._status is None:
                os.kill(self._pid, signals.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS: EPERM when only a zombie is left
            pass

    def close(self) -> None:
        """Let go of its pipes."""
        descriptors.close(*self._pipes)
        self._pipes.clear()


class Completed:
    """What a program left behind.

    Attributes:
        status: its exit status; -n when signal n killed it, which is ours when there is an `excess`.
        output: its standard output, at most the limit; may hold secrets.
        complaint: its standard error as text, without the lines of its output; may hold whatever the
            program quotes.
        excess: "" when it ended by itself, else "time" or "output", the limit it went over.
    """

    __slots__ = ("complaint", "excess", "output", "status")

    def __init__(self, status: int, output: bytes, complaint: str, excess: str) -> None:
        self.status = status
        self.output = output
        self.complaint = complaint
        self.excess = excess

    def __repr__(self) -> str:
        return f"<Completed {self.excess or self.status}>"


def run(
    command: Sequence[str],
    text: bytes | None = None,
    *,
    environ: Mapping[str, str],
    end: float | None,
    directory: str | None = None,
    leader: bool = True,
    sweep: bool = False,
    limit: int = LIMIT,
    keep: Sequence[int] = (),
    meanwhile: Callable[[], object] = lambda: None,
) -> Completed:
    """Run a program to its end: it has exited, and nothing holds its output open any more.

    Args:
        command: its absolute path, and its arguments; never a secret.
        text: what it reads on standard input, or None for `/dev/null`.
        environ: the environment it starts with.
        end: the monotonic time at which it is killed, or None.
        directory: its working directory, or None for ours.
        leader: see `Program`.
        sweep: what it leaves running in its session is killed too.
        limit: bytes of output at which it is killed.
        keep: see `Program`.
        meanwhile: called once it has been started: what can be made ready for its answer.

    Raises:
        OSError: it can't be started.
    """
    program = Program(
        command, environ=environ, directory=directory, leader=leader, reads=text is not None, keep=keep
    )
    status = None
    try:
        meanwhile()
        output, complaint, excess = program.exchange(text or b"", end, limit=limit, complaint_limit=COMPLAINT)
        if not excess:
            status = program.wait(end)
            excess = "time" if status is None else ""
    finally:
        if status is None or sweep:  # too late, or we are being interrupted
            program.kill()
        program.close()
        killed = program.wait(time.monotonic() + REAP)
    status = killed if status is None else status
    status = -signals.SIGKILL if status is None else status  # the kernel does not let go of it
    return Completed(status, output, _without(output, complaint).decode("utf-8", "replace"), excess)


def _without(output: bytes, complaint: bytes) -> bytes:
    """A complaint without the lines of the output, should the program quote the value it failed on."""
    if complaint:
        for line in {line.strip() for line in output.splitlines()}:
            if len(line) >= TELLING:
                complaint = complaint.replace(line, b"[withheld]")
    return complaint


def _spawn(
    command: Sequence[str],
    environ: Mapping[str, str],
    streams: Sequence[int],
    leader: bool,
    _directory: str | None,
    keep: Sequence[int],
) -> int:
    actions: list[tuple[int, ...]] = [
        (os.POSIX_SPAWN_DUP2, stream, number) for number, stream in enumerate(streams)
    ]
    actions += [(os.POSIX_SPAWN_CLOSE, number) for number in descriptors.inherited()]
    actions += [(os.POSIX_SPAWN_DUP2, number, number) for number in keep]  # which makes it stay open
    try:
        return os.posix_spawn(
            command[0], list(command), environ,
            file_actions=actions,
            setsid=leader,
            setsigdef=(signals.SIGPIPE, signals.SIGXFSZ),  # Python ignores these two
        )  # fmt: skip
    except NotImplementedError:  # a C library that can't start a session here
        return _start_in(command, environ, streams, leader, None, keep)


def _start_in(
    command: Sequence[str],
    environ: Mapping[str, str],
    streams: Sequence[int],
    leader: bool,
    directory: str | None,
    keep: Sequence[int],
) -> int:
    """posix_spawn has no portable way to say the directory."""
    import subprocess

    source, output, complaint = streams
    process = subprocess.Popen(
        command,
        stdin=source,
        stdout=output,
        stderr=complaint,
        env=dict(environ),
        cwd=directory,
        start_new_session=leader,
        pass_fds=tuple(keep),
    )
    process.returncode = 0  # it is ours to wait for, and not its finaliser's
    return process.pid
