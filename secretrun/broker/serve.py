"""The loop of the broker's process: a run's data to a session, served until we are told to end."""

from __future__ import annotations

import asyncio
import asyncio.log
import asyncio.sslproto
import contextlib
import gc
import os
import signal
import socket

from secretrun.broker import hosts, journal, proxy, upstream
from secretrun.broker.known import Known
from secretrun.broker.opening import Opening
from secretrun.broker.refusal import Refused
from secretrun.broker.roots import Roots
from secretrun.broker.server import Server
from secretrun.broker.session import Session
from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from secretrun.broker.run import Run

_COLLECTION = (700, 10, 10)  # Python's own, before 3.13


def settle() -> None:
    """Make this loop a broker's.

    asyncio says nothing of its own: what it would print of an error may quote a request. Each TLS leg takes
    a buffer of 64 KiB instead of 256, zeroed and so resident: 64 connections have 128 legs. A connection that
    breaks off leaves circles, with its buffers, to the collector: it looks as often as Python has it look,
    not as seldom as in a run, which ends soon; that came to 20 MiB. What was loaded is left out.
    """
    gc.freeze()
    gc.set_threshold(*_COLLECTION)
    gc.enable()
    asyncio.log.logger.disabled = True
    asyncio.sslproto.SSLProtocol.max_size = 1 << 16
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


def session_of(run: Run, book: journal.Journal, opening: Opening, misused: Callable[[], None]) -> Session:
    """Everything that the run's connections share."""
    return Session(
        run.policy,
        Known(run.placeholders),
        opening.authority,
        upstream.Dialer(opening.roots.context, run.networks, upstream.own_addresses(), proxy.of(run.environ)),
        book,
        opening.password,
        run.outgoing(),
        run.incoming(),
        lambda: run.incoming(solid=True),
        misused,
    )


def end_on_misuse(run: Run) -> Callable[[], None]:
    """What is done in a process of the wrapper's when a placeholder was where it may not be."""
    parent = os.getppid()

    def misused() -> None:
        if run.kill and os.getppid() == parent:
            os.kill(parent, signal.SIGTERM)  # it ends the command as if somebody had asked for it

    return misused


def serve(
    control: socket.socket, run: Run, book: journal.Journal, session: Session, listener: socket.socket
) -> None:
    """Serve one run until the other end of `control` closes, or a signal ends it."""
    asyncio.run(_serve(control, run, book, session, listener))


async def _serve(
    control: socket.socket, run: Run, book: journal.Journal, session: Session, listener: socket.socket
) -> None:
    settle()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    server = Server(session)
    reader, writer = await asyncio.open_connection(sock=control)
    tasks = [asyncio.ensure_future(_told(reader, book, ended))]
    if run.sandboxed:
        tasks.append(asyncio.ensure_future(_inside(server, listener)))
    else:
        await server.listen(listener)
    await ended.wait()
    for task in tasks:
        task.cancel()
    writer.close()
    await server.close()


async def _inside(server: Server, waiting: socket.socket) -> None:
    """Serve the listening socket that comes out of the sandbox, when it comes."""
    waiting.setblocking(False)
    arrived = asyncio.Event()
    asyncio.get_running_loop().add_reader(waiting, arrived.set)
    try:
        await arrived.wait()
    finally:
        asyncio.get_running_loop().remove_reader(waiting)
    with waiting:
        _, descriptors, _, _ = socket.recv_fds(waiting, 1, 1)
    if descriptors:  # none: the sandbox ended before it listened
        await server.listen(socket.socket(fileno=descriptors[0]))


def stand(run: Run, listen: str, announce: Callable[[str, str, dict[str, str]], None]) -> int:
    """Serve one run in this process until a signal ends it; returns the exit status.

    Args:
        run: whose.
        listen: "HOST:PORT" or "unix:PATH".
        announce: told address, password and bundles, once it listens.

    Raises:
        ConfigError: it can't listen there, or the audit can't be written.
    """
    book = journal.Journal(run.audit, run.session)
    listener = _bound(listen)
    opening = Opening(run, Roots(run.environ))
    try:
        asyncio.run(_stand(run, book, opening, listener, announce))
    finally:
        opening.close()
        if listen.startswith("unix:"):
            with contextlib.suppress(OSError):
                os.unlink(listen.removeprefix("unix:"))
        book.write("ended")
    return 0


async def _stand(
    run: Run,
    book: journal.Journal,
    opening: Opening,
    listener: socket.socket,
    announce: Callable[[str, str, dict[str, str]], None],
) -> None:
    settle()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    session = session_of(run, book, opening, ended.set if run.kill else _nothing)
    server = Server(session)
    os.chmod(opening.directory, 0o755)  # noqa: S103  certificates are for everybody, and its name is random
    for path in set(opening.bundles.values()):
        os.chmod(path, 0o644)
    await server.listen(listener)
    book.write("started", assurance=run.assurance, secrets=[one.name for one in run.placeholders])
    if listener.family == socket.AF_UNIX:
        address = "127.0.0.1:3128"  # where whoever bridges the socket is expected to listen
    else:
        host, port = listener.getsockname()[:2]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    announce(address, opening.password.decode("ascii"), opening.bundles)
    await ended.wait()
    await server.close()


def _nothing() -> None:
    pass


def _bound(listen: str) -> socket.socket:
    try:
        if listen.startswith("unix:"):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(
                0o117
            )  # owner and group: who may come in is the directory's and the group's affair
            try:
                listener.bind(listen.removeprefix("unix:"))
            finally:
                os.umask(before)
            listener.listen(128)
            return listener
        host, _, port = listen.rpartition(":")
        literal = hosts.canonical(host)
        family = socket.AF_INET6 if ":" in literal else socket.AF_INET
        return socket.create_server((literal, int(port)), family=family, backlog=128)
    except OSError as error:
        raise ConfigError(f"--listen {listen}: {(error.strerror or 'unusable').lower()}") from None
    except (Refused, ValueError, OverflowError):
        raise ConfigError(f"--listen {listen}: not HOST:PORT or unix:PATH") from None


async def _told(reader: asyncio.StreamReader, book: journal.Journal, ended: asyncio.Event) -> None:
    """What the supervisor still says: placeholders that were printed; its silence is the end."""
    import json

    try:
        while True:
            size = int.from_bytes(await reader.readexactly(4), "big")
            said = json.loads(await reader.readexactly(size))
            if "printed" in said:
                book.write("printed", secrets=said["printed"])
    except (asyncio.IncompleteReadError, OSError):
        ended.set()
