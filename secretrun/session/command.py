"""Run a command to its end and leave as it left: the way in to everything below."""

from __future__ import annotations

import os
import sys

from secretrun.posix import descriptors, dumpable, signals
from secretrun.posix.signals import Signals
from secretrun.session import relay
from secretrun.session.late_masks import VARIABLE as LATE
from secretrun.session.late_masks import LateMasks
from secretrun.session.standard_streams import StandardStreams

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

    from secretrun.redact.masker import Masker
    from secretrun.session.beforehand import Aside, Beforehand


class Ending:
    """How a command ended.

    Attributes:
        status: the exit status a shell shows: its own, or 128 + n when signal n killed it.
        signal: that signal, or None.
    """

    __slots__ = ("signal", "status")

    def __init__(self, code: int) -> None:
        self.signal = -code if code < 0 else None
        self.status = 128 - code if code < 0 else code

    def __repr__(self) -> str:
        return f"<Ending status={self.status} signal={self.signal}>"


def run(
    argv: Sequence[bytes],
    environment: Mapping[bytes, bytes],
    *,
    redactor: Masker | None,
    tty: str = "auto",
    stdio: bool = False,
    early: Aside | Beforehand | None = None,
) -> Ending:
    """Run a command to its end, as if we were not there but for the masks.

    Args:
        argv: the command, bytes as the OS has them.
        environment: all of its environment.
        redactor: masks its output; None masks nothing.
        tty: "auto", "always" or "never".
        stdio: pipes only, stdout in JSON lines that stay valid when masked.
        early: its processes, where they are there already.

    Raises:
        CommandError: it could not be executed.
        SecretrunError: no process to be had, or its output could not be masked or written.
    """
    dumpable.forbid()
    descriptors.plug()
    given = Signals() if early is None else early.given
    if early is not None:
        early.witness.begin()  # what came until now was for us: it ends us, or has stopped us
    given.catch()
    late = LateMasks(redactor, _texts(environment)) if redactor is not None else None
    if late is not None and late.address:
        environment = {**environment, LATE.encode(): late.address.encode()}
    streams = StandardStreams(
        environment,
        redactor=redactor,
        tty="never" if stdio else tty,
        stdio=stdio,
        interruptible=signals.SIGINT not in given.ignored,
    )
    streams.late = late
    if streams.layout.monitored:
        from secretrun.session.on_terminal import OnTerminal

        machine = relay.on_terminal(foreground=streams.layout.foreground)
        session = OnTerminal(argv, environment, given, streams, machine)
        session.early = early.for_terminal() if early is not None else None
        return Ending(session.run())
    from secretrun.session.with_pipes import WithPipes

    piped = WithPipes(argv, environment, given, streams, relay.with_pipes())
    piped.witness = early.for_pipes() if early is not None else None
    return Ending(piped.run())


def _texts(environment: Mapping[bytes, bytes]) -> dict[str, str]:
    return {os.fsdecode(name): os.fsdecode(value) for name, value in environment.items()}


def leave(ending: Ending) -> NoReturn:
    """End as the command ended: by the same signal, without a core of ours, or with its status."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                pass  # its reader is gone
    if ending.signal is not None:
        dumpable.forbid()
        signals.default_action(ending.signal)
    os._exit(ending.status)
