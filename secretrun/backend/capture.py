"""Running a program that is not trusted to behave: bounded in time and output, killed as a whole.

`subprocess.communicate` would take whatever the program writes into memory.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPLAINT = 64 << 10  # bytes of standard error that are kept; the rest is read and dropped


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
    import time

    from secretrun.backend.process import Program

    end = None if seconds is None else time.monotonic() + seconds
    program = Program(command, environ=environ, directory=directory)
    status = None
    try:
        output, complaint, excess = program.exchange(text, end, limit=limit, complaint_limit=COMPLAINT)
        if not excess:
            status = program.wait(end)
            excess = "time" if status is None else ""
    finally:
        program.kill()  # also after a good end: what it left running has no business beside secrets
        program.close()
        program.wait(None)
    return Captured(status, output, complaint, excess)
