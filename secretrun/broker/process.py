"""The broker's process: forked before any store is asked, given the values by a socket, gone with us.

It has no terminal and no descriptor of ours but that socket, is not dumpable, dumps no core, and ends when
the socket's other end closes, whatever closed it. All it writes is the audit, and the bundles in a directory
of its own that it removes.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct

from secretrun.errors import ConfigError, SecretrunError
from secretrun.posix import dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

READY = 20.0  # seconds it may take
_GONE = 1.0  # seconds it has to clean up
_LENGTH = struct.Struct("!I")


class BrokerError(SecretrunError):
    """The broker could not be started, or ended by itself."""

    code = "broker.failed"


class Remote:
    """Our end: starts the process, gives it the run, and ends it."""

    def __init__(self) -> None:
        """Fork it; it loads what it needs while we do other things."""
        ours, theirs = socket.socketpair()
        self._parent = os.getpid()
        self._pid = os.fork()
        if self._pid == 0:
            ours.close()
            _child(theirs, self._parent)
        theirs.close()
        self._control = ours
        self._directory = ""
        self._ended = False

    def begin(self, run: Mapping[str, object]) -> tuple[dict[str, object], list[int]]:
        """Give it the run; returns what it says when it is ready, and descriptors it hands over.

        Args:
            run: see `run.Run`.

        Raises:
            ConfigError, BrokerError: with what it says is wrong.
        """
        self._control.settimeout(READY)
        handed: list[int] = []
        try:
            send(self._control, run)
            said, handed = receive(self._control)
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
        try:
            send(self._control, message)
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
        """Ask it to end and wait until it has cleaned up; kill it if it takes too long."""
        if os.getpid() != self._parent:
            return  # a fork of ours: the run goes on
        self._control.close()
        import time

        deadline = time.monotonic() + _GONE
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.002)
        if self.alive:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._ended = True
        if self._directory:
            remove(self._directory)  # it has, unless it was killed


def remove(directory: str) -> None:
    """Remove the bundles; what is gone is gone."""
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)


def send(control: socket.socket, message: Mapping[str, object], descriptors: tuple[int, ...] = ()) -> None:
    """One message, its length before it; descriptors travel with the length."""
    raw = json.dumps(message).encode()
    head = _LENGTH.pack(len(raw))
    if descriptors:
        socket.send_fds(control, [head], list(descriptors))
    else:
        control.sendall(head)
    control.sendall(raw)


def receive(control: socket.socket) -> tuple[dict[str, object] | None, list[int]]:
    """The next message and its descriptors; None at the end."""
    head, handed, _, _ = socket.recv_fds(control, _LENGTH.size, 4)
    head += _exactly(control, _LENGTH.size - len(head)) if head else b""
    if not head:
        return None, handed
    raw = _exactly(control, _LENGTH.unpack(head)[0])
    return json.loads(raw), handed


def _exactly(control: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = control.recv(min(size, 1 << 20))
        if not part:
            raise ConnectionResetError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _child(control: socket.socket, parent: int) -> NoReturn:
    """All of the forked process's life."""
    status = 1
    try:
        os.setsid()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        control = _alone(control)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL if number != signal.SIGPIPE else signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        dumpable.forbid()
        dumpable.die_with_parent(parent)
        from secretrun.broker import opening

        status = opening.main(control)
    except BaseException as error:  # noqa: BLE001  whatever it is, this process must not go on as the wrapper
        try:
            send(control, {"error": f"the broker failed: {type(error).__name__}"})
        except OSError:
            pass
    finally:
        os._exit(status)


def _alone(control: socket.socket) -> socket.socket:
    """Close every descriptor but the socket's, which becomes 3: a pipe we kept would never end."""
    os.dup2(control.fileno(), 3)
    control.detach()
    os.closerange(4, max(os.sysconf("SC_OPEN_MAX"), 1024))
    return socket.socket(fileno=3)
