"""A command with pipes, in our own session and process group.

Signals are the point: see `secretrun.session.witness`.
"""

from __future__ import annotations

import os

from secretrun.child import start as child
from secretrun.posix import signals
from secretrun.session import relay
from secretrun.session.loop import Loop
from secretrun.session.witness import Witness


class WithPipes(Loop):
    """The command lives in our own session and process group.

    Attributes:
        witness: its witness; where it is not there already, one is made.
    """

    witness: Witness | None = None
    _pid = 0

    def _start(self) -> None:
        self._perform[relay.STOP_SELF.name] = lambda number: self._signals.stop_by(number, group=False)
        child.fork_exec()  # before there is a process beside us
        self.witness = self.witness or Witness()
        self._pid = child.fork(self._argv, self._environment, self._signals, self._streams.sources)
        self.witness.guard(self._pid)
        self._streams.release()

    def _wanted(self) -> tuple[list[int], list[int]]:
        return [], []

    def _happened(self, readable: set[int], writable: set[int]) -> None:
        pass

    def _settle(self) -> None:
        if self.witness is not None:
            self.witness.let_go()  # to the relay all signals are alike from now on
        super()._settle()

    def _signalled(self, number: int) -> None:
        if number == signals.SIGCHLD:
            self._look()
            return
        fatal = self._signals.is_fatal(number)
        if self.relay.ending or self.witness is None or not self.witness.saw(number):
            self._on(relay.FATAL_SIGNAL if fatal else relay.SIGNAL, number)
        else:
            self._on(relay.FATAL_GROUP_SIGNAL if fatal else relay.GROUP_SIGNAL, number)

    def _look(self) -> None:
        while not self.relay.ending:
            # The first process of a container is the parent of whatever is left behind by others.
            pid, status = os.waitpid(-1 if os.getpid() == 1 else self._pid, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                return
            if pid != self._pid:
                continue
            if not os.WIFSTOPPED(status):
                self._ended(os.waitstatus_to_exitcode(status))
            elif os.WSTOPSIG(status) != signals.SIGSTOP:
                self._on(relay.STOP, os.WSTOPSIG(status))

    def _forward(self, number: int) -> None:
        try:
            os.kill(self._pid, number)
        except OSError:
            pass  # it ended a moment ago, or is another user's

    def _private(self) -> tuple[int, ...]:
        return self.witness.descriptors if self.witness is not None else ()

    def _close(self) -> None:
        if self.witness is not None:
            self.witness.dismiss()
