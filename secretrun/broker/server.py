"""The proxy: connections in, one run's session behind them. CONNECT and absolute `http://`, nothing else."""

from __future__ import annotations

import asyncio
import ssl

from secretrun.broker import exchange, hosts, refusal, wire
from secretrun.broker.exchange import PIECE, Exchange, Leg
from secretrun.broker.refusal import Refused
from secretrun.posix import memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

    from secretrun.broker.session import Session

HANDSHAKE = 30.0  # seconds for a client's side of TLS
_LINGER = 1.0  # seconds for which a refused client may go on sending, so that it reads why
_ENDED = 256  # connections after whose end the memory they freed is given back
_STATUS = {
    400: b"Bad Request", 403: b"Forbidden", 407: b"Proxy Authentication Required", 413: b"Content Too Large",
    502: b"Bad Gateway",
}  # fmt: skip


class Server:
    """Accepts the command's connections.

    Args:
        session: the run.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = 0

    async def listen(self, listener: socket.socket) -> None:
        """Serve a bound socket, TCP or UNIX."""
        import socket

        start = asyncio.start_unix_server if listener.family == socket.AF_UNIX else asyncio.start_server
        self._server = await start(self._accepted, sock=listener, limit=exchange.PIECE)

    async def close(self) -> None:
        """Take no more connections and end those there are."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  a coroutine runs in one
        self._tasks.add(task)
        try:
            await _Connection(self._session, Leg(reader, writer)).run()
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # either side left, or the run is over
        finally:
            self._tasks.discard(task)
            writer.close()
            self._ended += 1
            if self._ended % _ENDED == 0:
                memory.give_back()


class _Connection:
    """One connection to the proxy."""

    def __init__(self, session: Session, client: Leg) -> None:
        self._session = session
        self._client = client
        self._exchange: Exchange | None = None

    async def run(self) -> None:
        facts: dict[str, object] = {}
        try:
            raw = await self._client.head()
            while raw is not None:
                raw = await self._asked(raw, facts)
        except Refused as refused:
            await self._say(refused, facts)
        finally:
            if self._exchange is not None:
                self._exchange.close()

    async def _asked(self, raw: bytes, facts: dict[str, object]) -> bytes | None:
        """One request to the proxy; returns the head of the next."""
        head = wire.read_head(raw)
        facts["method"] = head.method
        if not self._session.admits(head.get(b"proxy-authorization")):
            raise Refused("proxy_authentication")
        host, port, target = wire.proxy_target(head)
        facts.update(host=host, port=port)
        route = self._route(host, port, cleartext=target is not None)
        if target is not None:
            return await self._cleartext(raw, host, port, target)
        if self._client.pending:
            raise Refused("bad_request", detail="something follows CONNECT before its answer")
        if route == "tunnel":
            await self._tunnel(host, port)
            return None
        writer = self._client.writer
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        try:
            await writer.start_tls(self._session.authority.context(host), ssl_handshake_timeout=HANDSHAKE)
        except (ssl.SSLError, OSError):
            self._session.journal.write("refused", reason="tls", detail="no TLS with the client", **facts)
            return None
        self._exchange = Exchange(self._session, self._client, host, port, tls=True)
        await self._exchanges(self._exchange)
        return None

    def _route(self, host: str, port: int, *, cleartext: bool) -> str:
        policy = self._session.policy
        try:
            return policy.route(host, port)
        except Refused as refused:
            if cleartext and (refused.reason == "port_not_allowed"):
                return "cleartext"  # looked into, for what to say about it
            literal = hosts.address(host)
            if literal is not None and not hosts.is_public(literal):
                raise Refused("address_not_allowed") from None
            if not cleartext:
                raise
            return "refused"

    async def _cleartext(self, raw: bytes, host: str, port: int, target: str) -> bytes | None:
        """A request in clear text: only to hosts without rules, and never with a secret or a placeholder."""
        session = self._session
        one = self._exchange = Exchange(session, self._client, host, port, tls=False)
        head = wire.read_head(raw)
        one.facts = {"host": host, "port": port, "method": head.method}
        ruled = any(hosts.matches(host, wanted) for wanted in session.policy.hosts())
        reason = "cleartext" if ruled or session.policy.egress == "tunnel" else "host_not_allowed"
        for name, value in [*head.headers, (b"", head.target)]:
            if name.lower() != b"proxy-authorization":
                for mention in session.known.mentioned(value):
                    raise Refused(reason, secret=mention.secret, misuse=True)
        if ruled or session.policy.egress != "tunnel":
            raise Refused(reason)
        more = await one.run(raw, target.encode("ascii"))
        one.close()
        return await self._client.head() if more else None

    async def _exchanges(self, one: Exchange) -> None:
        closed = asyncio.ensure_future(self._client.writer.wait_closed())
        closed.add_done_callback(lambda done: _left(done, one))
        try:
            while (raw := await self._client.head()) is not None:
                if not await one.run(raw):
                    break
        finally:
            closed.cancel()

    async def _tunnel(self, host: str, port: int) -> None:
        """Bytes both ways, unread: a host without rules."""
        upstream = Leg(*await self._session.dialer.open(host, port, tls=False))
        self._session.journal.write("tunnel", host=host, port=port)
        try:
            self._client.writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await asyncio.gather(_copy(self._client, upstream), _copy(upstream, self._client))
        finally:
            upstream.abort()

    async def _say(self, refused: Refused, facts: dict[str, object]) -> None:
        """Tell the client and the audit why not."""
        one = self._exchange
        if one is not None and one.facts:
            facts = one.facts
        facts = {key: value for key, value in facts.items() if key != "bytes"}
        self._session.refused(refused, **facts)
        if one is not None and one.begun:
            self._client.abort()  # a part of an answer is out: what follows can't be told from it
            return
        path = facts.get("path")
        text = refusal.body(refused, path if isinstance(path, str) else None)
        lines = [
            b"HTTP/1.1 %d %s" % (refused.status, _STATUS[refused.status]),
            b"Content-Type: application/json",
            b"X-Secretrun-Decision: " + refused.reason.encode("ascii"),
            b"Content-Length: %d" % len(text),
            b"Connection: close",
        ]
        if refused.status == 407:
            lines.append(b'Proxy-Authenticate: Basic realm="secretrun"')
        method = facts.get("method")
        self._client.writer.write(b"\r\n".join([*lines, b"", b"" if method == "HEAD" else text]))
        await self._client.writer.drain()
        await self._drain_client()

    async def _drain_client(self) -> None:
        """Read what a client still sends: closing on it would reset the connection too soon."""
        writer = self._client.writer
        if writer.can_write_eof():
            writer.write_eof()
        if self._exchange is None or not self._exchange.open_body:
            return
        try:
            async with asyncio.timeout(_LINGER):
                while await self._client.reader.read(PIECE):
                    pass
        except TimeoutError:
            pass


async def _copy(source: Leg, target: Leg) -> None:
    while data := await source.reader.read(PIECE):
        target.writer.write(data)
        await target.writer.drain()
    if target.writer.can_write_eof():
        target.writer.write_eof()


def _left(done: asyncio.Future[None], one: Exchange) -> None:
    """The client is gone: nobody waits for the other side any more."""
    if not done.cancelled():
        done.exception()  # why it went is its own affair
    one.close()
