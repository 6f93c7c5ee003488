"""`--watch`: run the command again when a store's value has changed.

A supervisor stays in front of the session: it forks the process that runs the session as any run does,
asks the stores again every interval, and on a real change ends that process and forks the next with the
new values. A change counts when two readings in a row, `DEBOUNCE` seconds apart, give the same new values:
a rotation that is half done is not one. A store that fails meanwhile is warned about once, and the command
goes on with the values it has. The stores are read in a thread: one that hangs keeps neither a signal nor
the end of the command waiting.
"""

from __future__ import annotations

import os
import time

from secretrun.errors import SecretrunError
from secretrun.posix import descriptors, poll, signals, threads
from secretrun.session.witness import Witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

    from secretrun.model import Resolved

DEBOUNCE = 1.0  # seconds


class Watch:
    """One watched command.

    Args:
        start: runs the command with these values, in a forked process, and never returns.
        read: asks the stores; raises SecretrunError when they fail.
        interval: seconds between two readings.
        stop_signal: what the command gets to end.
        grace: seconds it has to do so, before SIGKILL.
        warn, note: say something to the user.
    """

    def __init__(
        self,
        start: Callable[[Resolved], NoReturn],
        read: Callable[[], Resolved],
        *,
        interval: float,
        stop_signal: int,
        grace: float,
        warn: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self._start = start
        self._read = read
        self._interval = interval
        self._stop_signal = stop_signal
        self._grace = grace
        self._warn = warn
        self._note = note
        self._signals = signals.Signals()
        self._pid = 0
        self._failing = False
        self._witness = Witness()

    def run(self, values: Resolved) -> int:
        """Supervise until the command ends by itself; returns its code (-n for a death by signal n)."""
        self._signals.catch()
        try:
            return self._run(values)
        finally:
            self._witness.dismiss()

    def _run(self, values: Resolved) -> int:
        self._fork(values)
        candidate: Resolved | None = None
        due = time.monotonic() + self._interval
        while True:
            code = self._wait(due)
            if code is None:
                code, found = self._ask()
            if code is not None:
                return code
            if found is None or found.environment == values.environment:
                candidate = None
            elif candidate is not None and found.environment == candidate.environment:
                new, old = found.environment, values.environment
                changed = sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))
                self._note(f"{', '.join(changed)} changed: starting the command again")
                code = self._end()
                values, candidate = found, None
                if code is not None:
                    return code
                self._fork(values)
            else:
                candidate = found
            due = time.monotonic() + (self._interval if candidate is None else min(DEBOUNCE, self._interval))

    def _fork(self, values: Resolved) -> None:
        self._pid = os.fork()
        if self._pid == 0:
            try:
                descriptors.close(*self._witness.descriptors)  # it waits for our end, not for this one's
                self._signals.give_back()
                self._start(values)
            finally:
                os._exit(125)
        self._witness.guard(self._pid)

    def _ask(self) -> tuple[int | None, Resolved | None]:
        """The command's code when it ends first, and what the stores say, or None when they fail."""
        said: list[Resolved | SecretrunError] = []
        done, finish = os.pipe()

        def read() -> None:
            try:
                said.append(self._read())
            except SecretrunError as error:
                said.append(error)
            except Exception as error:  # noqa: BLE001  the command must not suffer from a bug in a store
                said.append(SecretrunError(f"reading failed with {type(error).__name__}"))
            finally:
                os.close(finish)

        mask = signals.block_all()
        threads.start(read)
        signals.set_mask(mask)
        code = self._wait(None, done)
        if code is not None:
            from secretrun.backend import programs

            programs.kill_running()  # we end now, and nobody waits for its answer any more
            return code, None
        os.close(done)
        found = said[0] if said else SecretrunError("reading was interrupted")
        if isinstance(found, SecretrunError):
            if not self._failing:
                for fault in getattr(found, "faults", ()) or (found,):
                    self._warn(f"--watch: {fault.message}")
                self._note("the command goes on with the values it has")
            self._failing = True
            return None, None
        self._failing = False
        return None, found

    def _wait(self, due: float | None, done: int | None = None) -> int | None:
        """Wait until `due` (of the monotonic clock) or `done` is readable; the code when it ended before."""
        while True:
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            left = None if due is None else due - time.monotonic()
            if left is not None and left <= 0:
                return None
            awaited = [self._signals.reader] + ([] if done is None else [done])
            readable, _ = poll.wait(awaited, timeout=left)
            for number in self._signals.taken():
                self._pass_on(number)
            if done in readable:
                return None

    def _pass_on(self, number: int) -> None:
        """Give a signal to the session's process, which is of our group and has had a group's itself."""
        if number == signals.SIGCHLD and os.getpid() == 1:
            self._reap()
        if number not in signals.FORWARDED:
            return
        if not self._witness.saw(number):
            os.kill(self._pid, number)
        if number == signals.SIGTSTP:
            self._signals.stop_by(number, group=False)

    def _reap(self) -> None:
        """As the first process of a container: see off what others have left behind.

        The kernel gives them to this thread. What a store's thread has started is listed at that one, and is
        its own to wait for.
        """
        try:
            with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
                left = set(map(int, file.read().split())) - {self._pid, self._witness.pid}
        except OSError:  # a kernel without that list
            return
        for pid in left:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass  # it has been waited for

    def _end(self) -> int | None:
        """End the running command; its code if it had just ended by itself."""
        code = self._wait(time.monotonic())
        if code is not None:
            return code
        os.kill(self._pid, self._stop_signal)
        if self._wait(time.monotonic() + self._grace) is None:
            # Killing the session's process kills the command: its witness or monitor sees to that.
            os.kill(self._pid, signals.SIGKILL)
            os.waitpid(self._pid, 0)
        return None
