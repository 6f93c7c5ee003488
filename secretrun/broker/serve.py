"""The loop of the broker's process: a run's data to a session, served until we are told to end."""

from __future__ import annotations

import asyncio
import asyncio.log
import asyncio.sslproto
import base64
import contextlib
import ipaddress
import os
import signal
import socket

from secretrun.broker import ca, hosts, journal, process, trust, upstream
from secretrun.broker.known import Known
from secretrun.broker.placeholders import Placeholder
from secretrun.broker.policy import Policy, from_said
from secretrun.broker.refusal import Refused
from secretrun.broker.server import Server
from secretrun.broker.session import Session
from secretrun.errors import ConfigError, SecretrunError
from secretrun.model import Secret
from secretrun.posix import directories
from secretrun.redact import DEFAULT_FORMS, Redactor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# All forms but those with terminal escapes: HTTP has no terminal, and bytes are cleared 20 times as fast.
FORMS = tuple(form for form in DEFAULT_FORMS if form != "terminal")
SOLID = tuple(form for form in FORMS if form != "wrapped")


class Run:
    """What a run says, as it came through the socket.

    Attributes:
        policy: rules, egress, hosts that are looked through or masked.
        placeholders: of the brokered secrets.
        others: secrets that the command does not get, or gets as they are; they are kept from going out too.
        networks: what names may lead to besides public addresses; None for any.
        audit: the journal's path.
        environ: of the supervisor.
        sandboxed: the listener comes from inside a sandbox.
        kill: end the run when a placeholder is misused.
        assurance: for the audit.
        session: its name there.
    """

    def __init__(self, said: dict[str, object]) -> None:
        rules = said["rules"]
        secrets, others = said["secrets"], said["others"]
        assert isinstance(rules, list)  # noqa: S101  `launch.broker` made it
        assert isinstance(secrets, list)  # noqa: S101
        assert isinstance(others, list)  # noqa: S101
        self.policy = Policy(
            [from_said(rule) for rule in rules],
            egress=str(said["egress"]),
            inspect=said["inspect"],  # type: ignore[arg-type]
            masked=said["masked"],  # type: ignore[arg-type]
        )
        self.placeholders = [
            Placeholder(one["name"], one["text"], base64.b64decode(one["value"])) for one in secrets
        ]
        self.others = [(str(one["name"]), base64.b64decode(one["value"])) for one in others]
        addresses = said["addresses"]
        self.networks = (
            None if addresses == "any" else [ipaddress.ip_network(text) for text in addresses]  # type: ignore[attr-defined]
        )
        self.audit = str(said["audit"])
        self.environ: dict[str, str] = said["environ"]  # type: ignore[assignment]
        self.sandboxed = bool(said["sandboxed"])
        self.kill = bool(said["kill"])
        self.assurance = str(said["assurance"])
        self.session = str(said["session"])

    def __repr__(self) -> str:
        return f"<Run {self.session} of {len(self.placeholders)} placeholders>"

    def outgoing(self) -> Redactor:
        """What finds real values in requests: all of the run's, by their names."""
        brokered = [Secret(one.reveal(), (one.name,), mask="always") for one in self.placeholders]
        return Redactor([*brokered, *(Secret(value, (name,)) for name, value in self.others)], forms=FORMS)

    def incoming(self, forms: tuple[str, ...] = FORMS) -> Redactor:
        """What hides them in answers: a brokered value behind its placeholder, so an echo still works."""
        brokered = [Secret(one.reveal(), (one.text,), mask="always") for one in self.placeholders]
        others = [Secret(value, (f"REDACTED.{name}",)) for name, value in self.others]
        return Redactor([*brokered, *others], mask="{name}", forms=forms)


def main(control: socket.socket) -> int:
    """Serve one run, then clean up; returns the exit status."""
    said, _ = process.receive(control)
    if said is None:
        return 0
    try:
        run = Run(said)
        book = journal.Journal(run.audit, run.session)
    except SecretrunError as error:
        process.send(control, {"error": error.message, "hint": error.hint})
        return 1
    directory = directories.private(run.environ)
    try:
        asyncio.run(_serve(control, run, book, directory))
    finally:
        remove(directory)
        with contextlib.suppress(OSError):
            book.write("ended")
    return 0


def settle() -> None:
    """Make this loop a broker's.

    asyncio says nothing of its own: what it would print of an error may quote a request. And each TLS leg
    takes a buffer of 64 KiB instead of 256, zeroed and so resident: 64 connections have 128 legs.
    """
    asyncio.log.logger.disabled = True
    asyncio.sslproto.SSLProtocol.max_size = 1 << 16
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)


def session_of(run: Run, book: journal.Journal, misused: Callable[[], None]) -> Session:
    """Everything that the run's connections share."""
    outgoing = run.outgoing()
    context = ca.upstream_context(trust.named_roots(run.environ))
    return Session(
        run.policy,
        Known(run.placeholders),
        ca.Authority(run.policy.hosts()),
        upstream.Dialer(context, run.networks, upstream.own_addresses()),
        book,
        outgoing,
        run.incoming(),
        lambda: run.incoming(SOLID),
        misused,
    )


async def _serve(control: socket.socket, run: Run, book: journal.Journal, directory: str) -> None:
    settle()
    parent = os.getppid()

    def misused() -> None:
        if run.kill and os.getppid() == parent:
            os.kill(parent, signal.SIGTERM)  # it ends the command as if somebody had asked for it

    session = session_of(run, book, misused)
    server = Server(session)
    handed: tuple[int, ...] = ()
    ready: dict[str, object] = {
        "bundles": trust.write_bundles(directory, run.environ, session.authority.pem),
        "directory": directory,
        "password": session.password.decode("ascii"),
    }
    waiting = None
    if run.sandboxed:
        inside, outside = socket.socketpair()
        handed = (outside.fileno(),)
        waiting = inside
        ready["port"] = 0
    else:
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        ready["port"] = listener.getsockname()[1]
        await server.listen(listener)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    book.write("started", assurance=run.assurance, secrets=[one.name for one in run.placeholders])
    process.send(control, ready, handed)
    reader, writer = await asyncio.open_connection(sock=control)
    tasks = [asyncio.ensure_future(_told(reader, book, ended))]
    if waiting is not None:
        outside.close()
        tasks.append(asyncio.ensure_future(_inside(server, waiting)))
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
    directory = directories.private(run.environ)
    try:
        asyncio.run(_stand(run, book, directory, _bound(listen), announce))
    finally:
        remove(directory)
        if listen.startswith("unix:"):
            with contextlib.suppress(OSError):
                os.unlink(listen.removeprefix("unix:"))
        book.write("ended")
    return 0


async def _stand(
    run: Run,
    book: journal.Journal,
    directory: str,
    listener: socket.socket,
    announce: Callable[[str, str, dict[str, str]], None],
) -> None:
    settle()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    session = session_of(run, book, ended.set if run.kill else _nothing)
    server = Server(session)
    os.chmod(directory, 0o755)  # noqa: S103  certificates are for everybody, and its name is random
    bundles = trust.write_bundles(directory, run.environ, session.authority.pem)
    for path in set(bundles.values()):
        os.chmod(path, 0o644)
    await server.listen(listener)
    book.write("started", assurance=run.assurance, secrets=[one.name for one in run.placeholders])
    if listener.family == socket.AF_UNIX:
        address = "127.0.0.1:3128"  # where whoever bridges the socket is expected to listen
    else:
        host, port = listener.getsockname()[:2]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    announce(address, session.password.decode("ascii"), bundles)
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


def remove(directory: str) -> None:
    """Remove the bundles."""
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
