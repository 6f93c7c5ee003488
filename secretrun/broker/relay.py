"""A WebSocket through the broker, from the 101 to either side's end."""

from __future__ import annotations

import asyncio
import os

from secretrun.broker import answers, websocket
from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    import h11

    from secretrun.broker.exchange import Leg
    from secretrun.broker.session import Session

_PIECE = 1 << 18


async def relay(
    session: Session,
    client: Leg,
    upstream: Leg,
    server: h11.Connection,
    up: h11.Connection,
    facts: dict[str, object],
) -> None:
    """Pass messages on: the server's masked, the client's only when they hold nothing of ours.

    Args:
        session: the run.
        client: the leg to the command's program.
        upstream: the other.
        server: the client's side of HTTP, for what came with the request.
        up: the other.
        facts: of the request, for the audit.
    """
    host, port = str(facts["host"]), int(str(facts["port"]))

    def heard(message: bytes) -> bytes:
        probe = session.incoming.probe()
        clean = probe.feed(message) + probe.flush()
        if clean != message:
            session.journal.write("echo_masked", secrets=answers.secrets(session, probe), **facts)
        return clean

    def said(message: bytes) -> bytes:
        leaks = session.leaks(host, port)
        leaks.mask = False  # what is masked in one message is not what the other side expects
        leaks.whole(message)
        for mention in session.known.mentioned(message):
            raise Refused("location_not_allowed", secret=mention.secret, misuse=True)
        return message

    ways = (
        _pour(upstream, client, websocket.Messages(heard, client=False), up.trailing_data[0]),
        _pour(
            client,
            upstream,
            websocket.Messages(said, client=True, random=os.urandom),
            server.trailing_data[0],
        ),
    )
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if isinstance(error := task.exception(), Refused):
                session.refused(error, **facts)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        upstream.abort()


async def _pour(source: Leg, target: Leg, messages: websocket.Messages, early: bytes) -> None:
    data = early or await source.reader.read(_PIECE)
    while data:
        if out := messages.feed(data):
            target.writer.write(out)
            await target.writer.drain()
        data = await source.reader.read(_PIECE)
