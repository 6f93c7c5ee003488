"""A local HTTP or HTTPS server that speaks a store's wire format, for tests of what talks to stores.

    with Server(answer) as server: ... server.url, server.requests

`answer(request)` gives (status, JSON-able object or bytes), or one of the misbehaviours below.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import trustme

HANG = "hang"  # take the request, never answer
GARBAGE = "garbage"  # answer with what is not HTTP
BREAK_OFF = "break off"  # announce more than is sent
DRIP = "drip"  # one byte at a time, without an end
MISBEHAVIOURS = (HANG, GARBAGE, BREAK_OFF, DRIP)


class Request(NamedTuple):
    """What the server was asked; `query` has the last value of each name."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A server on a free port of 127.0.0.1; as "localhost" it has the certificate `ca` signs."""

    def __init__(self, answer, *, directory=None, names=("localhost",)):
        self.answer = answer
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                parts = urlsplit(self.path)
                length = int(self.headers.get("Content-Length") or 0)
                query = {
                    name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()
                }
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, parts.path, query, headers, self.rfile.read(length))
                outer.requests.append(request)
                said = outer.answer(request)
                if said in MISBEHAVIOURS:
                    self.close_connection = True
                    outer.misbehave(said, self)
                    return
                status, content, *extra = said
                body = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                kind = "text/plain" if isinstance(content, bytes) else "application/json"
                sent = {"Content-Type": kind, "Content-Length": str(len(body)), **(extra[0] if extra else {})}
                for name, value in sent.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any

            def log_message(self, *arguments):
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that leaves early is what some tests are about

        self.httpd = Quiet(("127.0.0.1", 0), Handler)
        self.port = self.httpd.server_address[1]
        self.ca = None
        self.url = f"http://127.0.0.1:{self.port}"
        if directory is not None:
            authority = trustme.CA()
            self.ca = str(directory / "ca.pem")
            authority.cert_pem.write_to_path(self.ca)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(*names).configure_cert(context)
            self.httpd.socket = context.wrap_socket(
                self.httpd.socket, server_side=True, do_handshake_on_connect=False
            )
            self.url = f"https://localhost:{self.port}"
        self.thread = threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.05})

    def misbehave(self, how, handler):
        if how == HANG:
            self.stopping.wait(120)
        elif how == GARBAGE:
            handler.wfile.write(b"SSH-2.0-NotAWebServer\r\n\r\n")
        elif how == BREAK_OFF:
            handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"value": "half-')
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            give_up = time.monotonic() + 60
            while not self.stopping.wait(0.05) and time.monotonic() < give_up:
                handler.wfile.write(b" ")
                handler.wfile.flush()

    def paths(self):
        return [request.path for request in self.requests]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.httpd.shutdown()
        self.httpd.server_close()
        self.thread.join()
