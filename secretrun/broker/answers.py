"""An answer on its way to the command: decoded, masked in every part, framed anew.

Length-preserving where it can be known before: a small body is masked as a whole and its `Content-Length` is
that of what is sent; a long one goes in chunks, since nobody knows what its masks will do to it.
"""

from __future__ import annotations

import asyncio

import h11

from secretrun.broker import bodies, wire
from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Decode = Callable[[bytes], Iterable[bytes]]
    Headers = list[tuple[bytes, bytes]]

    from secretrun.broker.exchange import Leg
    from secretrun.broker.session import Session
    from secretrun.redact import Redactor

_PIECE = 1 << 18
_AT_ONCE = 1 << 16  # bytes of an answer that is taken in whole
# What is no text is not searched for values that whitespace breaks: that costs half of the speed.
_BINARY = frozenset(
    (
        b"application/octet-stream", b"application/zip", b"application/gzip", b"application/x-gzip",
        b"application/x-tar", b"application/pdf", b"application/wasm", b"binary/octet-stream",
        b"application/vnd.docker.image.rootfs.diff.tar.gzip", b"application/vnd.oci.image.layer.v1.tar+gzip",
    )
)  # fmt: skip
_QUIET = 0.02  # seconds after which an event stream shows the few bytes that might begin a secret


def names(probe: Redactor) -> list[str]:
    """The names under which masks were counted."""
    return list(probe.report().masks)


def secrets(session: Session, probe: Redactor) -> list[str]:
    """The same as the secrets' own names: what is brokered is hidden under its placeholder's."""
    found = []
    for name in names(probe):
        mentions = session.known.mentioned(name.encode())
        found.append(mentions[0].secret if mentions else name.removeprefix("REDACTED."))
    return found


class Answer:
    """One answer.

    Attributes:
        begun: some of it is out.
        reusable: the upstream connection may carry another request.
        echoes: the placeholders or names of what was hidden in it.
        received: bytes of its body, as they came.
    """

    def __init__(
        self,
        session: Session,
        server: h11.Connection,
        up: h11.Connection,
        client: Leg,
        upstream: Leg,
        mode: str,
        method: str,
        echoed: Callable[..., None],
    ) -> None:
        self._server = server
        self._up = up
        self._client = client
        self._upstream = upstream
        self._mode = mode
        self._method = method
        self._echoed = echoed
        self._probe = session.incoming.probe()
        self._session = session
        self._chunked = False  # towards the client
        self._close = False  # the server ends the connection with this answer
        self.begun = False
        self.reusable = False
        self.echoes: list[str] = []
        self.received = 0

    async def run(self) -> int:
        """Pass the answer on; returns its status.

        Raises:
            Refused: upstream_failed, response_not_inspectable.
        """
        try:
            while True:
                event = await self._next()
                if isinstance(event, h11.InformationalResponse):
                    if event.status_code == 101:
                        return await self._switched(event)
                    if event.status_code != 100:  # that one was ours to say
                        self._client.writer.write(
                            self._server.send(
                                h11.InformationalResponse(
                                    status_code=event.status_code,
                                    headers=self._clean(event)[1],
                                    reason=event.reason,
                                )
                            )
                        )
                    continue
                if not isinstance(event, h11.Response):
                    raise Refused("upstream_failed")
                await self._response(event)
                return int(event.status_code)
        except (h11.RemoteProtocolError, OSError):
            raise Refused("upstream_failed") from None

    async def _next(self) -> object:
        up = self._up
        while True:
            event = up.next_event()
            if event is not h11.NEED_DATA:
                return event
            up.receive_data(await self._upstream.reader.read(_PIECE))

    async def _switched(self, event: h11.InformationalResponse) -> int:
        reason, headers = self._clean(event)
        headers = [pair for pair in headers if pair[0].lower() != b"sec-websocket-extensions"]
        headers += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
        if any(name.lower() == b"sec-websocket-extensions" for name, _ in event.headers):
            raise Refused("response_not_inspectable", detail="a WebSocket extension that was not asked for")
        self._client.writer.write(
            self._server.send(h11.InformationalResponse(status_code=101, headers=headers, reason=reason))
        )
        self.begun = True
        return 101

    def _clean(self, event: h11.Response | h11.InformationalResponse) -> tuple[bytes, Headers]:
        """Reason and headers, masked."""
        headers = wire.answered(event.headers.raw_items())
        reason = bytes(event.reason)
        if self._mode == "trust":
            return reason, headers
        block = b"\0".join([reason, *(part for pair in headers for part in pair)])
        if self._masked(block) != block:
            reason = self._masked(reason)
            headers = [(name, value) for name, value in headers if self._masked(name) == name]
            headers = [(name, self._masked(value)) for name, value in headers]
        return reason, headers

    def _masked(self, data: bytes) -> bytes:
        """`data` as a stream of its own."""
        out = self._probe.feed(data) + self._probe.flush()
        if out != data and self._mode == "block-on-echo":
            self._block()
        return out

    def _block(self) -> None:
        self.echoes = names(self._probe)
        self._echoed(secrets(self._session, self._probe), blocked=True)
        raise Refused("upstream_failed", detail="the answer held a secret, and its rule says block-on-echo")

    async def _response(self, event: h11.Response) -> None:
        values = {name.lower(): value for name, value in event.headers}
        kind = values.get(b"content-type", b"").partition(b";")[0].strip().lower()
        streams = kind == b"text/event-stream"
        if kind in _BINARY or kind.startswith((b"image/", b"video/", b"audio/", b"font/")):
            self._probe = self._session.solid().probe()
        reason, headers = self._clean(event)
        said = values.get(b"connection", b"").lower()
        self._close = b"close" in said or (event.http_version == b"1.0" and b"keep-alive" not in said)
        empty = self._method == "HEAD" or event.status_code in (204, 304)
        coding = values.get(b"content-encoding", b"")
        trust = self._mode == "trust"
        if empty:
            if b"content-length" in values:
                headers.append((b"Content-Length", values[b"content-length"]))
            self._start(event, reason, headers)
            self._trailers(await self._next())
            await self._end(b"", [])
            return
        if event.status_code == 206 and not trust:
            raise Refused("response_not_inspectable", detail="a part of an answer, which was not asked for")
        length = int(values[b"content-length"]) if b"content-length" in values else None
        if not trust and coding.strip().lower() not in (b"", b"identity"):
            headers = [pair for pair in headers if pair[0].lower() != b"content-encoding"]
        decode = (
            (lambda data: (data,) if data else ())
            if trust
            else bodies.decoder(coding, "response_not_inspectable")
        )
        if length is not None and length <= _AT_ONCE:
            out, trailers = await self._whole(decode)
            headers.append((b"Content-Length", b"%d" % len(out)))
            self._start(event, reason, headers, out)
            await self._end(b"", trailers)
            return
        if trust and length is not None:
            headers.append((b"Content-Length", b"%d" % length))
        elif self._server.their_http_version != b"1.0":
            self._chunked = True
            headers.append((b"Transfer-Encoding", b"chunked"))
        self._start(event, reason, headers)
        if length is not None and (trust or coding.strip().lower() in (b"", b"identity")):
            await self._long(length)
            return
        await self._stream(decode, streams=streams)

    def _start(self, event: h11.Response, reason: bytes, headers: Headers, body: bytes = b"") -> None:
        out = (
            self._server.send(h11.Response(status_code=event.status_code, headers=headers, reason=reason))
            or b""
        )
        if body:
            out += self._server.send(h11.Data(data=body)) or b""
        self._client.writer.write(out)
        self.begun = True

    async def _end(self, rest: bytes, trailers: Headers) -> None:
        """The last bytes to the client."""
        out = (self._server.send(h11.Data(data=rest)) or b"") if rest else b""
        out += self._server.send(h11.EndOfMessage(headers=trailers if self._chunked else [])) or b""
        if out:
            self._client.writer.write(out)
        await self._client.writer.drain()
        if self._probe.report().total:
            self.echoes = names(self._probe)
            self._echoed(secrets(self._session, self._probe), blocked=False)
        self.reusable = (
            self._up.our_state is h11.DONE
            and self._up.their_state is h11.DONE
            and not self._up.trailing_data[0]
        )

    async def _whole(self, decode: Decode) -> tuple[bytes, Headers]:
        parts: list[bytes] = []
        while isinstance(event := await self._next(), h11.Data):
            self.received += len(event.data)
            parts += decode(bytes(event.data))
        parts += decode(b"")
        body = b"".join(parts)
        return (body if self._mode == "trust" else self._masked(body)), self._trailers(event)

    async def _long(self, length: int) -> None:
        """A body of known length, past h11: it has nothing to add but copies."""
        probe, writer, server = self._probe, self._client.writer, self._server
        left = length
        first = self._up.next_event()  # what came with the head
        data = bytes(first.data) if isinstance(first, h11.Data) else b""
        while left:
            data = data or await self._upstream.reader.read(min(left, _PIECE))
            if not data:
                raise Refused("upstream_failed")
            left -= len(data)
            self.received += len(data)
            out = data if self._mode == "trust" else probe.feed(data)
            if self._mode == "block-on-echo" and probe.report().total:
                self._block()
            if out:
                writer.write(server.send(h11.Data(data=out)) or b"")
                await writer.drain()
            data = b""
        rest = b"" if self._mode == "trust" else probe.flush()
        if self._mode == "block-on-echo" and probe.report().total:
            self._block()
        await self._end(rest, [])
        self.reusable = not self._close and not self._up.trailing_data[0]

    async def _stream(self, decode: Decode, *, streams: bool) -> None:
        probe, writer, server = self._probe, self._client.writer, self._server
        trust, blocking = self._mode == "trust", self._mode == "block-on-echo"
        while True:
            event = self._up.next_event()
            if event is h11.NEED_DATA:
                patient = streams and probe.held
                self._up.receive_data(
                    await (self._patiently() if patient else self._upstream.reader.read(_PIECE))
                )
                continue
            data = bytes(event.data) if isinstance(event, h11.Data) else b""
            last = not isinstance(event, h11.Data)
            self.received += len(data)
            for piece in decode(data):
                out = piece if trust else probe.feed(piece)
                if blocking and probe.report().total:
                    self._block()
                if out:
                    writer.write(server.send(h11.Data(data=out)) or b"")
                    await writer.drain()
            if last:
                if not isinstance(event, h11.EndOfMessage):
                    raise Refused("upstream_failed")
                rest = b"" if trust else probe.flush()
                if blocking and probe.report().total:
                    self._block()
                await self._end(rest, self._trailers(event))
                return

    async def _patiently(self) -> bytes:
        """The next bytes of an event stream; when they don't come soon, what is held shows."""
        reading = asyncio.ensure_future(self._upstream.reader.read(_PIECE))
        try:
            done, _ = await asyncio.wait((reading,), timeout=_QUIET)
            if not done and (out := self._probe.release()):
                self._client.writer.write(self._server.send(h11.Data(data=out)) or b"")
            return await reading
        finally:
            reading.cancel()

    def _trailers(self, event: object) -> Headers:
        if not isinstance(event, h11.EndOfMessage):
            raise Refused("upstream_failed")
        trailers = list(event.headers.raw_items())
        if self._mode == "trust":
            return trailers
        return [(name, self._masked(value)) for name, value in trailers if self._masked(name) == name]
