"""Which of the command's streams is a terminal, which a pipe, and who has the keyboard at first.

Pure: kinds of descriptors in, a layout out. The rule is by stream: a stream that is our terminal
becomes the inner terminal, a pipe or file gets a pipe of its own, `/dev/null` and everything on stdin
that is not the terminal are inherited as they are.
"""

from __future__ import annotations

# What a descriptor is.
TERMINAL = "terminal"  # our controlling terminal
OTHER_TERMINAL = "other terminal"
PIPE = "pipe"  # or a socket: somebody reads it while we run
FILE = "file"
NULL = "null"
CLOSED = "closed"

# What the command gets for it.
INNER = "inner terminal"
SIDE = "side terminal"  # a terminal that controls nothing, with no output processing of its own
PIPED = "piped"
SHARED = "shared"  # the same as its stdout
INHERITED = "inherited"


class Layout:
    """What the command gets on 0, 1 and 2, and whether it starts in the terminal's foreground."""

    __slots__ = ("foreground", "streams")

    def __init__(self, streams: tuple[str, str, str], *, foreground: bool = False) -> None:
        self.streams = streams
        self.foreground = foreground

    @property
    def monitored(self) -> bool:
        """Whether there is an inner terminal, and so a session of its own with a monitor."""
        return INNER in self.streams

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layout):
            return NotImplemented
        return (self.streams, self.foreground) == (other.streams, other.foreground)

    def __hash__(self) -> int:
        return hash((self.streams, self.foreground))

    def __repr__(self) -> str:
        return f"<Layout {self.streams} foreground={self.foreground}>"


def plan(
    kinds: tuple[str, str, str],
    *,
    same: bool,
    tty: str = "auto",
    foreground: bool = True,
    leader: bool = True,
    interruptible: bool = True,
) -> Layout:
    """Lay out the command's streams.

    Args:
        kinds: what our own 0, 1 and 2 are.
        same: 1 and 2 are one open file, whose order of writes one pipe keeps.
        tty: "auto"; "always": what is no terminal gets a side terminal; "never": pipes only.
        foreground: our process group is in the foreground of our terminal.
        leader: we lead our process group, as what a shell with job control starts.
        interruptible: SIGINT is not ignored.
    """
    stdout = _output(kinds[1], tty)
    stderr = _output(kinds[2], tty)
    if stdout == stderr and (stdout == INNER or (same and stdout in (PIPED, SIDE))):
        stderr = SHARED
    inner = INNER in (stdout, stderr)
    stdin = INNER if kinds[0] == TERMINAL and inner else INHERITED
    # Where stdin or stdout is a pipe, somebody else in the pipeline may own the keyboard (a pager below,
    # ssh above): the command gets it when it asks.
    waits = PIPE in kinds[:2] or not foreground
    # And where whoever started us may go on using the keyboard: a shell without job control has what it puts
    # into the background ignore SIGINT; and what has another stdin, in a group that somebody else leads, was
    # started by a script, xargs or make, which may have several of us at once.
    waits = waits or not interruptible or (kinds[0] != TERMINAL and not leader)
    return Layout((stdin, stdout, stderr), foreground=inner and not waits)


def _output(kind: str, tty: str) -> str:
    if kind in (NULL, CLOSED):
        return INHERITED
    if tty == "never":
        return PIPED
    if kind == TERMINAL:
        return INNER
    return SIDE if kind == OTHER_TERMINAL or tty == "always" else PIPED
