"""One request and its answer, through a tunnel whose other end the policy has chosen.

The order of the steps is the promise: nothing is dialled before the head is allowed, nothing is written
before the certificate is verified, nothing of an answer is shown before it is masked.
"""

from __future__ import annotations

import asyncio

import h11

from secretrun.broker import answers, bodies, paths, places, relay, wire
from secretrun.broker.refusal import Refused
from secretrun.broker.request import Request, without_leaks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from secretrun.broker.session import Session
    from secretrun.broker.wire import RequestHead

PIECE = 1 << 18
_AT_ONCE = 1 << 18  # bytes of a body that is taken in whole, so that its refusal sends nothing
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


class Leg:
    """One side of the broker: a connection and what was read of it and not used."""

    __slots__ = ("fresh", "pending", "reader", "writer")

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.pending = bytearray()
        self.fresh = True

    async def head(self) -> bytes | None:
        """The next head with its blank line, or None when the other side has nothing more to say.

        Raises:
            Refused: it is malformed already.
        """
        while True:
            if self.pending:
                end = wire.head_end(self.pending)
                if end >= 0:
                    raw = bytes(self.pending[:end])
                    del self.pending[:end]
                    return raw
            data = await self.reader.read(PIECE)
            if not data:
                return None
            self.pending += data

    @property
    def usable(self) -> bool:
        """Whether another message may be sent on it."""
        return not (
            self.reader.at_eof() or self.writer.is_closing() or self.pending or self.reader.exception()
        )

    def abort(self) -> None:
        self.writer.transport.abort()


class Exchange:
    """Requests that come through one tunnel, one after the other.

    Args:
        session: the run.
        client: the leg to the command's program.
        host, port: where the tunnel leads, canonical: the only authority there is.
        tls: the other end is reached by TLS; without, no placeholder goes anywhere.
    """

    def __init__(self, session: Session, client: Leg, host: str, port: int, *, tls: bool) -> None:
        self._session = session
        self._client = client
        self._host = host
        self._port = port
        self._tls = tls
        self._upstream: Leg | None = None
        self._default_port = 443 if tls else 80
        self.begun = False  # something of an answer is out
        self.open_body = False  # the client may still be sending
        self.facts: dict[str, object] = {}  # of the request at hand, for the audit

    def close(self) -> None:
        if self._upstream is not None:
            self._upstream.abort()

    async def run(self, raw: bytes, target: bytes | None = None) -> bool:
        """One request; returns whether another may follow.

        Args:
            raw: its head.
            target: the origin-form target of an absolute one.

        Raises:
            Refused: nothing went out that may not, and nothing is answered yet unless `begun`.
        """
        session, client = self._session, self._client
        self.begun = False
        head = wire.read_head(raw)
        self.open_body = head.has_body
        self.facts = {"host": self._host, "port": self._port, "method": head.method}
        path, query = paths.split(head.target if target is None else target)
        self.facts["path"] = session.quoted(path.decode("latin-1"))
        if target is None:
            wire.same_authority(head, self._host, self._port, self._default_port)
        found = places.Head(session.known, path, query, head.headers)
        try:
            clean = paths.canonical(path, raw=session.policy.raw_paths(self._host, self._port))
        except Refused as refused:
            for occurrence in found.occurrences:
                raise Refused(refused.reason, secret=occurrence.secret, misuse=True) from None
            raise
        request = Request(session, self._host, self._port, head, clean, found.occurrences)
        if not self._tls and found.occurrences:
            raise Refused("cleartext", secret=found.occurrences[0].secret, misuse=True)
        request.judge([])
        leaks = session.leaks(self._host, self._port)
        headers = without_leaks(leaks, head, path, query)
        if headers is not None:
            found = places.Head(session.known, path, query, headers)
        if head.websocket and "ws" not in session.policy.places_of(
            host=self._host, port=self._port, method=head.method, path=clean
        ):
            raise Refused("upgrade_not_allowed")
        filled_target, filled = found.filled(session.known)
        session.learn(found.credentials)
        server = h11.Connection(h11.SERVER, max_incomplete_event_size=wire.LONGEST_HEAD)
        body = request.body(leaks) if head.has_body else None
        try:
            server.receive_data(raw)
            server.next_event()
            if client.pending:
                server.receive_data(bytes(client.pending))
                client.pending.clear()
            status = await self._both_ways(request, server, head, filled_target, filled, body)
        except h11.RemoteProtocolError:
            raise Refused("bad_request", detail="the body's framing is broken") from None
        finally:
            request.note(self.facts)
        if request.decision.rules or leaks.found():
            self._tell(request, status, leaks)
        rest, closed = server.trailing_data
        client.pending += rest
        return not closed and server.our_state is h11.DONE and server.their_state is h11.DONE

    def _tell(self, request: Request, status: int, leaks: bodies.Leaks) -> None:
        journal = self._session.journal
        if leaks.found():
            journal.write("leak_masked", secrets=leaks.found(), **self.facts)
        if request.decision.rules:
            journal.write(
                "allowed", secrets=list(request.decision.rules), decision="allow",
                rule=[str(rule) for rule in request.decision.rules.values()], status=status, **self.facts,
            )  # fmt: skip

    async def _both_ways(
        self,
        request: Request,
        server: h11.Connection,
        head: RequestHead,
        target: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        body: bodies.Plain | None,
    ) -> int:
        """Send the request and the answer; returns the answer's status."""
        session = self._session
        response = session.policy.response(self._host, self._port)
        sent = wire.forwarded(
            headers, head, self._host, self._port, self._default_port,
            whole=response != "trust", keep_coding=response == "trust",
        )  # fmt: skip
        if head.websocket:
            sent += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
            sent = [pair for pair in sent if pair[0].lower() != b"sec-websocket-extensions"]
        ready: bytes | None = b""
        if body is not None:
            if server.they_are_waiting_for_100_continue:
                self._client.writer.write(
                    server.send(h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue"))
                )
            whole = isinstance(body, bodies.Fields) or (head.length is not None and head.length <= _AT_ONCE)
            ready = await self._gathered(server, body) if whole else None
            self.open_body = ready is None
            if ready is not None:
                sent.append((b"Content-Length", b"%d" % len(ready)))
            elif head.length is None or request.resized:
                sent.append((b"Transfer-Encoding", b"chunked"))
            else:
                sent.append((b"Content-Length", b"%d" % head.length))
        elif head.length is not None:
            sent.append((b"Content-Length", b"0"))
            server.next_event()
        else:
            server.next_event()
        retry = ready is not None and head.method in _SAFE and not head.has_body
        while True:
            upstream = await self._connected()
            fresh, upstream.fresh = upstream.fresh, False
            up = h11.Connection(h11.CLIENT, max_incomplete_event_size=wire.LONGEST_HEAD)
            out = up.send(h11.Request(method=head.method, target=target, headers=sent)) or b""
            answer = answers.Answer(
                session, server, up, self._client, upstream, response, head.method, self._note_echo
            )
            pump = None
            if ready is not None:
                if ready:
                    out += up.send(h11.Data(data=ready)) or b""
                upstream.writer.write(out + (up.send(h11.EndOfMessage()) or b""))
            else:
                assert body is not None  # noqa: S101  only a body is not ready
                upstream.writer.write(out)
                pump = asyncio.ensure_future(self._pump(server, body, up, upstream))
            try:
                status = await self._answered(answer, pump)
            except Refused as refused:
                upstream.abort()
                self._upstream = None
                self.begun = answer.begun
                if retry and not fresh and not answer.begun and refused.reason == "upstream_failed":
                    retry = False  # it was closed while nobody used it: that is no answer to this request
                    continue
                raise
            self.begun = True
            request.echoes = answer.echoes
            request.received = answer.received
            if status == 101:
                await relay.relay(session, self._client, upstream, server, up, self.facts)
                self._upstream = None
            if not answer.reusable:
                upstream.abort()
                self._upstream = None
            return status

    async def _answered(self, answer: answers.Answer, pump: asyncio.Future[None] | None) -> int:
        if pump is None:
            return await answer.run()
        task = asyncio.ensure_future(answer.run())
        try:
            await asyncio.wait((pump, task), return_when=asyncio.FIRST_COMPLETED)
            if pump.done() and pump.exception() is not None:
                await pump
            status = await task
            if not pump.done():
                answer.reusable = False
            else:
                await pump
                self.open_body = False
            return status
        finally:
            for one in (task, pump):
                if not one.done():
                    one.cancel()
            await asyncio.gather(task, pump, return_exceptions=True)

    def _note_echo(self, names: Sequence[str], *, blocked: bool) -> None:
        self._session.journal.write(
            "echo_blocked" if blocked else "echo_masked", secrets=list(names), **self.facts
        )

    async def _connected(self) -> Leg:
        if self._upstream is not None and self._upstream.usable:
            return self._upstream
        if self._upstream is not None:
            self._upstream.abort()
        self._upstream = Leg(*await self._session.dialer.open(self._host, self._port, tls=self._tls))
        return self._upstream

    async def _gathered(self, server: h11.Connection, body: bodies.Plain) -> bytes:
        parts = [body.feed(data) async for data in _events(server, self._client)]
        parts.append(body.finish())
        return b"".join(parts)

    async def _pump(
        self, server: h11.Connection, body: bodies.Plain, up: h11.Connection, upstream: Leg
    ) -> None:
        """The body's rest, while the answer may begin already."""
        writer = upstream.writer
        try:
            async for data in _events(server, self._client):
                if out := body.feed(data):
                    writer.write(up.send(h11.Data(data=out)) or b"")
                    await writer.drain()
            out = body.finish()
            last = (up.send(h11.Data(data=out)) or b"") if out else b""
            writer.write(last + (up.send(h11.EndOfMessage()) or b""))
        except h11.LocalProtocolError:
            raise Refused("bad_request", detail="the body's length is not what it said") from None
        except OSError:
            return  # the server has heard enough; its answer says why


async def _events(conn: h11.Connection, leg: Leg) -> AsyncIterator[bytes]:
    """The data of a body until its end.

    Raises:
        Refused: the other side left before.
    """
    while True:
        event = conn.next_event()
        if event is h11.NEED_DATA:
            conn.receive_data(await leg.reader.read(PIECE))
        elif type(event) is h11.Data:
            yield bytes(event.data)
        elif type(event) is h11.EndOfMessage:
            return
        else:
            raise ConnectionResetError
