"""Running a program that is not trusted to behave: bounded in time and output, killed as a whole.

`subprocess.communicate` would take whatever the program writes into memory.

May import: nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from subprocess import Popen

COMPLAINT = 64 << 10  # bytes of standard error that are kept; the rest is read and dropped
PIECE = 1 << 16


class Captured:
    """How a program ended.

    Attributes:
        status: its exit status; -n when signal n killed it; None when it was killed for `excess`.
        output: its standard output, at most the limit; may hold secrets.
        complaint: the beginning of its standard error.
        excess: "" when it ended by itself, else "time" or "output", the limit it went over.
    """

    __slots__ = ("complaint", "excess", "output", "status")

    def __init__(self, status: int | None, output: bytes, complaint: bytes, excess: str) -> None:
        self.status = status
        self.output = output
        self.complaint = complaint
        self.excess = excess

    def __repr__(self) -> str:
        return f"<Captured {self.excess or self.status}>"


def capture(
    command: Sequence[str],
    text: bytes,
    *,
    environ: Mapping[str, str],
    directory: str,
    seconds: float | None,
    limit: int,
) -> Captured:
    """Run a program in a session of its own, give it `text` on standard input, collect what it says.

    It has ended when it has exited and nothing holds its output open any more; when `seconds` pass or
    it writes more than `limit` bytes first, it and all it started are killed.

    Raises:
        OSError: it can't be started.
    """
    import subprocess
    import time

    end = None if seconds is None else time.monotonic() + seconds
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environ),
        cwd=directory,
        start_new_session=True,
    )
    try:
        output, complaint, excess = _exchange(process, text, end, limit)
        if not excess:
            try:
                process.wait(None if end is None else max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                excess = "time"
    finally:
        _end(process)
    return Captured(None if excess else process.returncode, output, complaint, excess)


def _exchange(process: Popen[bytes], text: bytes, end: float | None, limit: int) -> tuple[bytes, bytes, str]:
    """Write and read at once, so that neither side waits for the other for ever."""
    import selectors
    import time

    assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018  all three are pipes
    source, out, err = process.stdin.fileno(), process.stdout.fileno(), process.stderr.fileno()
    os.set_blocking(source, False)
    output, complaint = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        selector.register(err, selectors.EVENT_READ)
        if text:
            selector.register(source, selectors.EVENT_WRITE)
        else:
            process.stdin.close()
        left = memoryview(text)
        open_ends = 2
        while open_ends:
            pause = None if end is None else end - time.monotonic()
            if pause is not None and pause <= 0:
                return bytes(output), bytes(complaint), "time"
            for key, _ in selector.select(pause):
                if key.fd == source:
                    try:
                        left = left[os.write(source, left[:PIECE]) :]
                    except BlockingIOError:
                        continue
                    except BrokenPipeError:  # it reads no more; what it answers will tell
                        left = left[:0]
                    if not left:
                        selector.unregister(source)
                        process.stdin.close()
                    continue
                piece = os.read(key.fd, PIECE)
                if not piece:
                    selector.unregister(key.fd)
                    open_ends -= 1
                elif key.fd == out:
                    output += piece
                    if len(output) > limit:
                        return b"", bytes(complaint), "output"
                else:
                    complaint += piece[: COMPLAINT - len(complaint)]
    return bytes(output), bytes(complaint), ""


def _end(process: Popen[bytes]) -> None:
    """Leave nothing of it behind: no process of its session, no zombie, no pipe."""
    import signal

    try:
        # Also after a good end: what it left running has no business beside secrets.
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS: EPERM when only a zombie is left
        pass
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()
