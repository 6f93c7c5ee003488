"""The broker's process: forked before any store is asked, given the values by a socket, gone with us.

It has no terminal and no descriptor of ours but that socket, is not dumpable, dumps no core, and ends when
the socket's other end closes, whatever closed it. All it writes is the audit, and the bundles in a directory
of its own that it removes.
"""

from __future__ import annotations

import os

from secretrun.errors import ConfigError, SecretrunError
from secretrun.posix import dumpable, signals, sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket
    from typing import NoReturn

NEEDED = ("h11", "cryptography")  # the packages of the extra `broker`
READY = 20.0  # seconds it may take
_GONE = 1.0  # seconds it has to clean up


class BrokerError(SecretrunError):
    """The broker could not be started, or ended by itself."""

    code = "broker.failed"


class Remote:
    """Our end: starts the process, gives it the run, and ends it."""

    def __init__(self) -> None:
        """Fork it; it loads what it needs while we do other things, so the sooner the better."""
        ours, theirs = sockets.pair()
        self._parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            ours.close()
            _child(theirs, self._parent)
        theirs.close()
        self._control = ours
        self._directory = ""
        self._begun = False
        self._ended = False

    def begin(self, run: Mapping[str, object]) -> tuple[dict[str, object], list[int]]:
        """Give it the run; returns what it says when it is ready, and descriptors it hands over.

        Args:
            run: see `run.Run`.

        Raises:
            ConfigError, BrokerError: with what it says is wrong.
        """
        from secretrun.broker import control

        self._control.settimeout(READY)
        self._begun = True
        handed: list[int] = []
        try:
            control.send(self._control, run)
            said, handed = control.receive(self._control)
        except OSError:
            said = None
        if said is None:
            raise BrokerError("the broker did not start", hint="pip install 'secretrun[broker]'")
        if "error" in said:
            hint = said.get("hint")
            raise ConfigError(str(said["error"]), hint=str(hint) if hint else None)
        self._directory = str(said["directory"])
        return said, handed

    def say(self, message: Mapping[str, object]) -> None:
        """One more message; lost when the broker is gone."""
        from secretrun.broker import control

        try:
            control.send(self._control, message)
        except OSError:
            pass

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        if not self._ended:
            try:
                self._ended = os.waitpid(self._pid, os.WNOHANG)[0] != 0
            except ChildProcessError:
                self._ended = True
        return not self._ended

    def end(self) -> None:
        """Ask it to end and wait until it has cleaned up; kill it if it takes too long or was not begun."""
        if os.getpid() != self._parent:
            return  # a fork of ours: the run goes on
        self._control.close()
        import time

        deadline = time.monotonic() + (_GONE if self._begun else 0)
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.002)
        if self.alive:
            os.kill(self._pid, signals.SIGKILL)
            os.waitpid(self._pid, 0)
            self._ended = True
        if self._directory:
            remove(self._directory)  # it has, unless it was killed


def remove(directory: str) -> None:
    """Remove the bundles; what is gone is gone."""
    try:
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
    except OSError:
        pass


def _child(given: socket, parent: int) -> NoReturn:
    """All of the forked process's life."""
    status = 1
    try:
        os.setsid()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        _alone(given)
        signals.as_a_program_of_its_own()
        dumpable.forbid()
        dumpable.die_with_parent(parent)
        status = _serve()
    except BaseException:  # noqa: BLE001, S110  whatever it is, this process must not go on as the wrapper
        pass
    finally:
        os._exit(status)


def _alone(control: socket) -> None:
    """Close every descriptor but the socket's, which becomes 3: a pipe we kept would never end."""
    os.dup2(control.fileno(), 3)
    control.detach()
    os.closerange(4, max(os.sysconf("SC_OPEN_MAX"), 1024))


def _serve() -> int:
    from socket import socket

    from secretrun.broker import control

    wrapper = socket(fileno=3)
    try:
        from secretrun.broker import opening

        return opening.main(wrapper)
    except BaseException as error:  # noqa: BLE001  as above
        try:
            control.send(wrapper, {"error": f"the broker failed: {type(error).__name__}"})
        except OSError:
            pass
    return 1
