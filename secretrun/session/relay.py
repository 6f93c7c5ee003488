"""The session as a state machine: events in, commands out, no I/O, no clock, no signal numbers.

Two tables: ON_TERMINAL, where the command has an inner terminal and a monitor, and WITH_PIPES, where it
lives in our own session and process group. A row says what to do when an event comes in a state, and the
state after it; an event without a row changes nothing. In a command, IT stands for the number that came
with the event (a signal, a stream). `secretrun.session` makes the events and performs the commands.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Row = tuple[str, tuple["Command", ...]]
    Table = Mapping[tuple[str, str], Row]

IT = -1


class Command:
    """One thing for the session to do.

    Attributes:
        name: which, in words.
        number: the signal or stream it is about, 0 where it is about none; in a table, IT is the event's.
    """

    __slots__ = ("name", "number")

    def __init__(self, name: str, number: int = 0) -> None:
        self.name = name
        self.number = number

    def about(self, number: int) -> Command:
        """The same command with the number of an event in the place of IT."""
        return Command(self.name, number) if self.number == IT else self

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Command):
            return NotImplemented
        return (self.name, self.number) == (other.name, other.number)

    def __hash__(self) -> int:
        return hash((self.name, self.number))

    def __repr__(self) -> str:
        return f"<{self.name} {self.number}>" if self.number else f"<{self.name}>"


# ---- states
WAITING = "waiting"  # the command runs in the background of the inner terminal and never asked for it
HELD = "held"  # it has the inner terminal's foreground; ours is in raw mode, keys go through
AWAY = "away"  # it had, but our process group went to the background
STOPPED = "stopped"  # it stopped, and so do we; it gets the terminal when we come back to the foreground
STOPPED_WAITING = "stopped, waiting"  # the same for one that never asked
RUNNING = "running"  # with pipes: it runs
ENDING = "ending"  # it has ended; its last output is on the way
DONE = "done"

# ---- events
STOP = "the command stopped"  # number: the signal
STOP_FOREGROUND = "the command stopped for the terminal, which is ours to give"
STOP_BACKGROUND = "the command stopped for the terminal, which is not ours now"
RESUME_FOREGROUND = "we go on, in the foreground"
RESUME_BACKGROUND = "we go on, in the background"
CONTINUE_FOREGROUND = "we were sent SIGCONT, in the foreground"
CONTINUE_BACKGROUND = "we were sent SIGCONT, in the background"
KEYS_WANTED = "another session's program is going to read keys, and our terminal is ours to take"
REFUSED = "the keyboard may not be read from the background"
RESIZED = "the terminal was resized"
SIGNAL = "a signal for the command"  # number: the signal
GROUP_SIGNAL = "a signal for our whole group"  # number: the signal
FATAL_SIGNAL = "a signal that ends programs, for the command"  # number: the signal
FATAL_GROUP_SIGNAL = "a signal that ends programs, for our whole group"  # number: the signal
INTERRUPT_KEY = "a key that signals the foreground group"  # number: the signal
HANGUP = "our terminal is gone"
HANGUP_DUE = "the command had its time to see the hang-up"
STREAM_ENDED = "the command closed a stream"  # number: the stream
STREAM_DUE = "the command still runs without that stream"  # number: the stream
ENDED = "the command ended"  # number: its wait status
UNREAD = "not all that it printed is read yet"
READ_DUE = "it is time to look again"
READ = "all that it printed is read"
DRAINED = "every stream is at its end"
QUIET = "somebody else still holds a stream, and is silent"

EVENTS = frozenset({
    STOP, STOP_FOREGROUND, STOP_BACKGROUND, RESUME_FOREGROUND, RESUME_BACKGROUND, CONTINUE_FOREGROUND,
    CONTINUE_BACKGROUND, KEYS_WANTED, REFUSED, RESIZED, SIGNAL, GROUP_SIGNAL, FATAL_SIGNAL,
    FATAL_GROUP_SIGNAL, INTERRUPT_KEY, HANGUP, HANGUP_DUE, STREAM_ENDED, STREAM_DUE, ENDED, UNREAD, READ_DUE,
    READ, DRAINED, QUIET,
})  # fmt: skip

# ---- commands
RAW = Command("take the terminal in raw mode")
COOKED = Command("give the terminal its modes back")
RESIZE = Command("copy the window size")
FOREGROUND = Command("continue the command in the foreground")
BACKGROUND = Command("continue the command in the background")
FORWARD = Command("send the command a signal", IT)
FORWARD_GROUP = Command("send the command's group a signal", IT)
MIRROR = Command("send our neighbours the signal", IT)
FLUSH = Command("show what the command printed before it stopped")
STOP_GROUP = Command("stop our group by the same signal", IT)
STOP_SELF = Command("stop ourselves by the same signal", IT)
HANG_UP = Command("send the command SIGHUP and SIGCONT")
WAIT_HANGUP = Command("wait before the inner terminal goes")
CLOSE_TERMINAL = Command("close the inner terminal")
WAIT_STREAM = Command("wait before the stream goes", IT)
CLOSE_STREAM = Command("close our end of the stream too", IT)
CHECK_READ = Command("see whether all that the command printed is read")
WAIT_READ = Command("wait before looking again")
SETTLE = Command("let the monitor go and wait for the end of the streams")
LINGER = Command("leave a helper that goes on masking")

_STOPS: tuple[Command, ...] = (FLUSH, STOP_GROUP)

ON_TERMINAL: dict[tuple[str, str], Row] = {
    # It touches the terminal for the first time: that is when it gets it.
    (WAITING, STOP_FOREGROUND): (HELD, (RAW, FOREGROUND)),
    (WAITING, KEYS_WANTED): (HELD, (RAW, FOREGROUND)),
    (WAITING, STOP_BACKGROUND): (STOPPED, _STOPS),
    (WAITING, STOP): (STOPPED_WAITING, _STOPS),
    (WAITING, CONTINUE_FOREGROUND): (WAITING, (RESIZE, FORWARD_GROUP)),
    (WAITING, CONTINUE_BACKGROUND): (WAITING, (FORWARD_GROUP,)),
    (STOPPED_WAITING, RESUME_FOREGROUND): (WAITING, (RESIZE, BACKGROUND)),
    (STOPPED_WAITING, RESUME_BACKGROUND): (WAITING, (BACKGROUND,)),
    (HELD, STOP): (STOPPED, (FLUSH, COOKED, STOP_GROUP)),
    (HELD, STOP_FOREGROUND): (HELD, (FOREGROUND,)),
    (HELD, STOP_BACKGROUND): (STOPPED, (FLUSH, COOKED, STOP_GROUP)),
    (STOPPED, RESUME_FOREGROUND): (HELD, (RESIZE, RAW, FOREGROUND)),
    (STOPPED, RESUME_BACKGROUND): (AWAY, (BACKGROUND,)),
    # SIGCONT after a SIGSTOP that the command has not seen.
    (HELD, CONTINUE_FOREGROUND): (HELD, (RESIZE, RAW, FORWARD_GROUP)),
    (HELD, CONTINUE_BACKGROUND): (AWAY, (COOKED, BACKGROUND)),
    (HELD, REFUSED): (AWAY, (COOKED, BACKGROUND)),
    (HELD, INTERRUPT_KEY): (HELD, (MIRROR,)),
    (AWAY, STOP_FOREGROUND): (HELD, (RESIZE, RAW, FOREGROUND)),
    (AWAY, STOP_BACKGROUND): (STOPPED, _STOPS),
    (AWAY, STOP): (STOPPED, _STOPS),
    (AWAY, CONTINUE_FOREGROUND): (HELD, (RESIZE, RAW, FOREGROUND)),
    (AWAY, CONTINUE_BACKGROUND): (AWAY, (FORWARD_GROUP,)),
    (ENDING, UNREAD): (ENDING, (WAIT_READ,)),
    (ENDING, READ_DUE): (ENDING, (CHECK_READ,)),
    (ENDING, READ): (ENDING, (SETTLE,)),
    (ENDING, RESIZED): (ENDING, (RESIZE,)),
    (ENDING, DRAINED): (DONE, (COOKED,)),
    (ENDING, QUIET): (DONE, (COOKED, LINGER)),
    (ENDING, FATAL_SIGNAL): (DONE, (COOKED,)),  # the command is gone, so it is ours to obey
    (ENDING, FATAL_GROUP_SIGNAL): (DONE, (COOKED,)),
    (ENDING, HANGUP): (DONE, (COOKED,)),
}
for _state in (WAITING, HELD, AWAY):
    ON_TERMINAL[_state, RESIZED] = (_state, (RESIZE,))
    ON_TERMINAL[_state, HANGUP_DUE] = (_state, (CLOSE_TERMINAL,))
    ON_TERMINAL[_state, STREAM_ENDED] = (_state, (WAIT_STREAM,))
    ON_TERMINAL[_state, STREAM_DUE] = (_state, (CLOSE_STREAM,))
    ON_TERMINAL[_state, ENDED] = (ENDING, (CHECK_READ,))
# While we are stopped too: what came meanwhile is taken when we go on, before the command does.
for _state in (WAITING, HELD, AWAY, STOPPED, STOPPED_WAITING):
    ON_TERMINAL[_state, SIGNAL] = (_state, (FORWARD,))
    ON_TERMINAL[_state, FATAL_SIGNAL] = (_state, (FORWARD,))
    # The command has a group of its own, which had no part in a signal to ours.
    ON_TERMINAL[_state, GROUP_SIGNAL] = (_state, (FORWARD_GROUP,))
    ON_TERMINAL[_state, FATAL_GROUP_SIGNAL] = (_state, (FORWARD_GROUP,))
    ON_TERMINAL[_state, HANGUP] = (WAITING, (COOKED, HANG_UP, WAIT_HANGUP))

WITH_PIPES: dict[tuple[str, str], Row] = {
    # It may have stopped with the whole group, or alone; a SIGSTOP for it alone does not come here.
    (RUNNING, STOP): (RUNNING, (FLUSH, STOP_SELF)),
    (RUNNING, SIGNAL): (RUNNING, (FORWARD,)),
    (RUNNING, FATAL_SIGNAL): (RUNNING, (FORWARD,)),
    (RUNNING, STREAM_ENDED): (RUNNING, (WAIT_STREAM,)),
    (RUNNING, STREAM_DUE): (RUNNING, (CLOSE_STREAM,)),
    (RUNNING, ENDED): (ENDING, (SETTLE,)),
    (ENDING, DRAINED): (DONE, ()),
    (ENDING, QUIET): (DONE, (LINGER,)),
    (ENDING, FATAL_SIGNAL): (DONE, ()),
    (ENDING, FATAL_GROUP_SIGNAL): (DONE, ()),
}


class Relay:
    """A session's state; `on` is the whole of it."""

    __slots__ = ("_table", "state")

    def __init__(self, table: Table, state: str) -> None:
        self._table = table
        self.state = state

    def on(self, event: str, number: int = 0) -> list[Command]:
        """Take one event; returns the commands to perform, in order, numbers filled in.

        Raises:
            ValueError: there is no such event.
        """
        if event not in EVENTS:
            raise ValueError(f"no event {event!r}")
        row = self._table.get((self.state, event))
        if row is None:
            return []
        self.state, commands = row
        return [command.about(number) for command in commands]

    @property
    def done(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.state == DONE

    @property
    def ending(self) -> bool:
        """Whether the command has ended."""
        return self.state in (ENDING, DONE)


def on_terminal(*, foreground: bool) -> Relay:
    """The relay of a command with an inner terminal, which it holds at first or has to ask for."""
    return Relay(ON_TERMINAL, HELD if foreground else WAITING)


def with_pipes() -> Relay:
    """The relay of a command in our own session and process group."""
    return Relay(WITH_PIPES, RUNNING)
