"""What a command needs and no value of it: its processes, while the stores are asked.

Nobody sees them. The terminal is opened and left as it is; the monitor waits on a terminal of its own, and
the witness with every signal blocked. Both end when the pipes to them close, whatever closes them.
With pipes there is the witness alone.
"""

from __future__ import annotations

import os

from secretrun.child import start as child
from secretrun.errors import SecretrunError
from secretrun.posix import descriptors, terminal
from secretrun.posix.signals import Signals
from secretrun.session.witness import Witness

STREAMS = (None, None, None)  # all of the command's are the inner terminal


class Aside:
    """The process of a command with pipes.

    Attributes:
        given: our signals, not caught yet.
        witness: of the command to come.
    """

    def __init__(self) -> None:
        """Fork it.

        Raises:
            OSError: it can't be had.
        """
        self.given = Signals()
        self.witness = Witness(early=True)

    def for_terminal(self) -> Beforehand | None:
        """What of it serves a command on our terminal; the rest is seen off."""
        self.dismiss()
        return None

    def for_pipes(self) -> Witness | None:
        """What of it serves a command with pipes; the rest is seen off."""
        return self.witness

    def dismiss(self) -> None:
        """There is to be no command: see it off."""
        self.witness.dismiss()

    def __repr__(self) -> str:
        return f"<Aside {self.witness.pid}>"


class Beforehand:
    """The processes of a command on our terminal, and what they were made with.

    Attributes:
        given: our signals, not caught yet.
        tty: our terminal.
        witness: of the command to come.
        child: its monitor.
    """

    def __init__(self) -> None:
        """Fork them.

        Raises:
            OSError, SecretrunError: they can't be had.
        """
        self.given = Signals()
        self.tty = terminal.open_ours(1)
        self._witness: Witness | None = None
        try:
            self.witness = self._witness = Witness(self.tty, early=True)
            self.child = child.spawn(self.given, streams=STREAMS, outer=terminal.name(1))
        except BaseException:
            self._let_go()
            raise

    def for_terminal(self) -> Beforehand | None:
        """As `Aside.for_terminal`."""
        return self

    def for_pipes(self) -> Witness | None:
        """As `Aside.for_pipes`."""
        self.dismiss()
        return None

    def dismiss(self) -> None:
        """There is to be no command of this kind, or none at all: see them off."""
        self.child.dismiss()
        descriptors.close(self.child.master)
        self._let_go()

    def _let_go(self) -> None:
        if self._witness is not None:
            self._witness.dismiss()
        descriptors.close(self.tty)

    def __repr__(self) -> str:
        return f"<Beforehand {self.child.master}>"


def make_aside() -> Aside | None:
    """The witness of a command with pipes, or None where there is no room."""
    try:
        return Aside()
    except OSError:
        return None  # as below


def make() -> Beforehand | None:
    """Them, where all three of our streams are our terminal; None where they are not, or there is no room."""
    if not all(os.isatty(number) and terminal.is_ours(number) for number in range(3)):
        return None
    try:
        return Beforehand()
    except (OSError, SecretrunError):
        return None  # said when the command is to start
