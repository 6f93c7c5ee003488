"""What a request leaves behind in the broker's process: nothing, however it ended."""

import asyncio
import base64
import collections
import gc
import re
import socket
import ssl
import subprocess
import sys

import trustme

from secretrun.broker import ca, journal, serve
from secretrun.broker.opening import Opening
from secretrun.broker.policy import grant
from secretrun.broker.roots import Roots
from secretrun.broker.run import Run
from secretrun.broker.server import Server
from secretrun.posix import memory

KEY = b"sRk9x2Qw7LmT4vB8nZc1YdE6fGh3JpUa5HsXoIqR"
PLACEHOLDER = "sPlaceholder2Qw7LmT4vB8nZc1YdE6fGh3JpUa5"
OURS = ("secretrun", "h11", "asyncio", "_asyncio", "ssl", "_ssl", "coroutine")
ENDINGS = ("/echo", "/reset", "/half", "/refused", "/abort", "/tls")


async def upstream(reader, writer):
    """Echoes its head, or goes in the middle of an answer."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1]
            if path == b"/reset":
                writer.transport.abort()
                return
            size = 1000 if path == b"/half" else len(head)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + head)
            if path == b"/half":
                writer.transport.abort()
                return
    except (OSError, EOFError):
        pass
    finally:
        writer.close()


async def request(address, password, port, context, path):
    """One connection through the proxy, and what the path says on it."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        credentials = base64.b64encode(b"sr:" + password)
        host = b"localhost:%d" % port
        writer.write(
            b"CONNECT %s HTTP/1.1\r\nHost: %s\r\nProxy-Authorization: Basic %s\r\n\r\n"
            % (host, host, credentials)
        )
        await reader.readuntil(b"\r\n\r\n")
        if path == "/tls":
            writer.write(b"this is no TLS at all\r\n")
            await reader.read()
            return b""
        await writer.start_tls(context, server_hostname="localhost")
        place = KEY.decode() if path == "/refused" else PLACEHOLDER
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nX-Api-Key: {place}\r\n\r\n".encode())
        if path == "/abort":
            await writer.drain()
            return b""
        said = await reader.readuntil(b"\r\n\r\n")
        return said + await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", said)[1]))
    except (OSError, EOFError):
        return b""
    finally:
        writer.transport.abort()


def kept():
    """How many objects of the broker's making there are, by their type."""
    gc.collect()
    counted = collections.Counter(
        f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.get_objects()
    )
    return {name: count for name, count in counted.items() if name.startswith((*OURS, "builtins.coroutine"))}


async def settled(server):
    """What is kept once the last connection is gone; asked again until it is the same twice."""
    await asyncio.gather(*server._tasks, return_exceptions=True)
    before = {}
    while (now := kept()) != before:  # what was closed is told so in the next turns of the loop
        before = now
        await asyncio.sleep(0.02)
    return now


def test_no_object_and_no_task_is_left_of_a_request(tmp_path, monkeypatch):
    """A leak of one object a connection shows as twelve; bytes would say nothing for the first megabyte."""
    monkeypatch.setattr("secretrun.broker.server._LINGER", 0.05)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "root.pem"))
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(served)
    environ = {"SSL_CERT_FILE": str(tmp_path / "root.pem"), "TMPDIR": str(tmp_path)}

    async def main():
        far = await asyncio.start_server(upstream, "127.0.0.1", 0, ssl=served)
        port = far.sockets[0].getsockname()[1]
        run = Run({
            "rules": [grant(f"KEY@localhost:{port}").said()], "egress": "deny", "inspect": [], "masked": [],
            "addresses": "any", "others": [], "environ": environ, "audit": str(tmp_path / "audit"),
            "secrets": [{"name": "KEY", "text": PLACEHOLDER, "value": base64.b64encode(KEY).decode()}],
            "sandboxed": False, "kill": False, "assurance": "cooperative", "session": "s",
        })  # fmt: skip
        opening = Opening(run, Roots(environ), ca.Key())
        book = journal.Journal(run.audit, run.session)
        server = Server(serve.session_of(run, book, opening, lambda: None))
        listener = socket.create_server(("127.0.0.1", 0))
        await server.listen(listener)
        context = ssl.create_default_context(cadata=opening.authority.pem.decode())
        found = []
        for _ in range(3):  # the first makes what stays: a host's certificate, a search for values
            for path in ENDINGS * 2:
                said = await request(listener.getsockname(), opening.password, port, context, path)
                assert KEY not in said
                assert (PLACEHOLDER.encode() in said) == (path == "/echo"), path
            found.append(await settled(server))
        await server.close()
        far.close()
        opening.close()
        book.close()
        return found

    _, before, after = asyncio.run(main())
    assert {
        name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)
    } == {}


def test_garbage_is_looked_for_as_often_as_in_any_program_that_lives_long():
    """A run looks seldom, for it ends soon, and the broker is forked from one."""
    code = (
        "import asyncio, gc; from secretrun import __main__; from secretrun.broker import serve\n"
        "gc.disable()\nasync def main(): serve.settle()\nasyncio.run(main()); print(gc.isenabled(), *gc.get_threshold())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout.split() == ["True", "700", "10", *done.stdout.split()[3:]]
    memory.give_back()  # whatever the C library is
