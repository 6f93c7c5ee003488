"""The cache's process: one thread, one loop, a socket only its user can talk to.

A client gets `PATIENCE` seconds for its request and is dropped after that, or when it goes away in the
middle of it; nobody waits for anybody else's slowness. The process holds no file and no terminal, dumps
no core, is not dumpable, and ends by itself when nobody has asked for a while.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time

from secretrun.cache import endpoint, wire
from secretrun.cache.memory import Memory
from secretrun.errors import ConfigError
from secretrun.posix import dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

PATIENCE = 5.0  # seconds a client gets for its whole request
CLIENTS = 64  # at once; more wait in the listen queue


class _Client:
    """One connection: the bytes of its request so far, those of its answer that are left, its deadline."""

    __slots__ = ("answer", "connection", "deadline", "request")

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.connection = connection
        self.deadline = deadline
        self.request = bytearray()
        self.answer = b""


def listen(path: str) -> socket.socket:
    """Bind the cache's socket, mode 0600; a socket that nobody answers at any more is replaced.

    Raises:
        ConfigError: when a cache runs already, or the place is not ours.
    """
    endpoint.check_directory(path, create=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        for attempt in (1, 2):
            try:
                listener.bind(path)
                break
            except OSError as error:
                if attempt == 2 or not _is_dead(path):
                    reason = "a cache runs already" if attempt == 1 else (error.strerror or "in use").lower()
                    raise ConfigError(f"{path}: {reason}", hint="secretrun cache status") from None
                os.unlink(path)
    except BaseException:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.listen(CLIENTS)
    return listener


def _is_dead(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PATIENCE)
        try:
            probe.connect(path)
        except (ConnectionRefusedError, FileNotFoundError):
            return True
        except OSError:
            return False
    return False


def serve(listener: socket.socket, path: str, idle: float) -> None:
    """Answer until told to stop, signalled, or idle for `idle` seconds; removes the socket at the end."""
    dumpable.forbid()
    memory = Memory()

    def stop(_number: int, _frame: FrameType | None) -> None:
        memory.stopping = True

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    wake, woken = socket.socketpair()  # a signal during select() ends it
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    wake.setblocking(False)
    mine = os.stat(path).st_ino
    selector = selectors.DefaultSelector()
    listener.setblocking(False)
    selector.register(listener, selectors.EVENT_READ, None)
    selector.register(wake, selectors.EVENT_READ, None)
    clients: set[_Client] = set()
    last = time.monotonic()
    try:
        while not memory.stopping or clients:
            now = time.monotonic()
            for client in [client for client in clients if now >= client.deadline]:
                _drop(client, clients, selector)
            if memory.stopping and not clients:
                break
            waits = [client.deadline - now for client in clients] + [last + idle - now]
            for key, _ in selector.select(max(0.0, min(waits))):
                if key.fileobj is wake:
                    wake.recv(64)
                elif key.fileobj is listener:
                    last = time.monotonic()
                    _accept(listener, clients, selector)
                else:
                    _advance(key.data, memory, clients, selector)
            if not clients and time.monotonic() >= last + idle:
                break
    finally:
        for client in list(clients):
            _drop(client, clients, selector)
        selector.close()
        listener.close()
        try:
            if os.stat(path).st_ino == mine:  # not the socket of a cache that came after us
                os.unlink(path)
        except OSError:
            pass


def _accept(listener: socket.socket, clients: set[_Client], selector: selectors.BaseSelector) -> None:
    try:
        connection, _ = listener.accept()
    except OSError:
        return
    if len(clients) >= CLIENTS or endpoint.peer_uid(connection) != os.getuid():
        connection.close()
        return
    connection.setblocking(False)
    client = _Client(connection, time.monotonic() + PATIENCE)
    clients.add(client)
    selector.register(connection, selectors.EVENT_READ, client)


def _advance(
    client: _Client, memory: Memory, clients: set[_Client], selector: selectors.BaseSelector
) -> None:
    """Read more of a request, or write more of its answer."""
    try:
        if client.answer:
            client.answer = client.answer[client.connection.send(client.answer) :]
            if not client.answer:
                _drop(client, clients, selector)
            return
        chunk = client.connection.recv(1 << 16)
        client.request += chunk
        if len(client.request) >= 4:
            length = wire.body_length(bytes(client.request[:4]))
            if len(client.request) >= 4 + length:
                request = wire.fields(bytes(client.request[4 : 4 + length]))
                client.answer = wire.frame(*memory.handle(request, time.monotonic()))
                selector.modify(client.connection, selectors.EVENT_WRITE, client)
                return
        if not chunk:
            _drop(client, clients, selector)
    except BlockingIOError:
        pass
    except (OSError, wire.WireError):
        _drop(client, clients, selector)


def _drop(client: _Client, clients: set[_Client], selector: selectors.BaseSelector) -> None:
    clients.discard(client)
    selector.unregister(client.connection)
    client.connection.close()


def start(path: str, idle: float) -> int:
    """Start the cache in the background; returns its process id once it answers.

    Raises:
        ConfigError: when one runs already, or the place is not ours.
    """
    listener = listen(path)
    answers, ready = os.pipe()
    pid = os.fork()
    if pid:
        listener.close()
        os.close(ready)
        os.read(answers, 1)  # closed when it can be trusted, so that whoever gets our status can ask it
        os.close(answers)
        return pid
    try:
        dumpable.forbid()
        listener.listen(CLIENTS)  # the kernel names to a client who has listened last: us
        os.close(ready)
        os.setsid()
        os.chdir("/")
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        os.closerange(3, listener.fileno())
        serve(listener, path, idle)
    finally:
        os._exit(0)
