"""A TLS server that echoes what it is sent in every way there is, as a process of its own.

    python upstream.py DIRECTORY NAME...    writes port and log there; the log has all bytes of each request

It speaks HTTP by hand: half of what it does no library would.
"""

import base64
import gzip
import hashlib
import html
import json
import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.parse

BIG = 100 << 20
BLOCK = hashlib.sha512(b"seed").digest() * (1 << 12)  # 256 KiB, without any secret in it


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            connection = self.server.context.wrap_socket(self.request, server_side=True)
        except (ssl.SSLError, OSError):
            self.server.note({"event": "handshake failed"})
            return
        with connection:
            self.rfile = connection.makefile("rb")
            self.send = connection.sendall
            try:
                while self.one():
                    pass
            except OSError:
                pass

    def one(self):
        line = self.rfile.readline(1 << 16)
        if not line:
            return False
        head = [line]
        while (line := self.rfile.readline(1 << 16)) not in (b"\r\n", b"\n", b""):
            head.append(line)
        headers = {}
        for line in head[1:]:
            name, _, value = line.partition(b":")
            headers[name.strip().lower().decode("latin-1")] = value.strip()
        body = self.body(headers)
        raw = b"".join(head)
        self.server.note(
            {
                "event": "request",
                "head": raw.decode("latin-1"),
                "body": body[:4096].decode("latin-1"),
                "length": len(body),
                "digest": hashlib.sha256(body).hexdigest(),
            }
        )
        method, target, _ = head[0].decode("latin-1").split(" ", 2)
        path, _, query = target.partition("?")
        said = headers.get("authorization", headers.get("x-api-key", b""))
        if path.startswith("/v1/repo.git/"):
            return self.git(method, path.removeprefix("/v1/repo.git"), query, headers, body)
        name = path.rsplit("/", 1)[-1]
        answer = getattr(self, f"do_{name}", None)
        if answer is None or not name.isidentifier():
            answer = self.do_echo
        return answer(method, query, headers, body, said, raw)

    def body(self, headers):
        if headers.get("transfer-encoding", b"").lower() == b"chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            return b"".join(parts)
        return self.rfile.read(int(headers.get("content-length", b"0")))

    def answer(self, body, *, status=b"200 OK", headers=(), method="GET"):
        lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", b""]
        self.send(b"\r\n".join(lines) + (b"" if method == "HEAD" else body))
        return True

    def chunks(self, parts, *, headers=(), trailers=()):
        self.send(b"\r\n".join([b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked", *headers, b"", b""]))
        for part in parts:
            if part:
                self.send(b"%x\r\n%s\r\n" % (len(part), part))
        self.send(b"\r\n".join([b"0", *trailers, b"", b""]))
        return True

    def do_echo(self, method, query, headers, body, said, raw):
        kind = headers.get("content-type", b"text/plain")
        return self.answer(
            raw + b"\r\n" + body, headers=[b"X-Echo: " + said, b"Content-Type: " + kind], method=method
        )

    def do_reason(self, method, query, headers, body, said, raw):
        return self.answer(b"ok", status=b"200 " + said, headers=[b"X-" + said.split()[-1] + b": 1"])

    def do_b64(self, method, query, headers, body, said, raw):
        key = said.split(b" ")[-1]
        pair = base64.b64encode(b"user:" + key)
        shifted = [base64.b64encode(b"x" * n + key + b"yy") for n in range(3)]
        return self.answer(
            b"\n".join(
                [base64.b64encode(key), base64.urlsafe_b64encode(key), pair, *shifted, base64.b64encode(said)]
            )
        )

    def do_forms(self, method, query, headers, body, said, raw):
        key = said.split(b" ")[-1]
        text = key.decode()
        forms = [
            key.hex().encode(),
            key.hex().upper().encode(),
            urllib.parse.quote(text, safe="").encode(),
            urllib.parse.quote_plus(text).encode(),
            json.dumps(text).encode(),
            json.dumps(text).replace("/", "\\/").encode(),
            html.escape(text).encode(),
        ]
        return self.answer(b"\n".join(forms))

    def do_split(self, method, query, headers, body, said, raw):
        text = b"before " + said + b" after"
        if query:
            at = int(query)
            return self.chunks([text[:at], text[at:]])
        return self.chunks([text[n : n + 1] for n in range(len(text))])

    def do_gzip(self, method, query, headers, body, said, raw):
        return self.answer(gzip.compress(b"it is " + said), headers=[b"Content-Encoding: gzip"])

    def do_br(self, method, query, headers, body, said, raw):
        return self.answer(b"\x0b\x02\x80" + said[:5] + b"\x03", headers=[b"Content-Encoding: br"])

    def do_zstd(self, method, query, headers, body, said, raw):
        return self.answer(b"\x28\xb5\x2f\xfd" + said, headers=[b"Content-Encoding: zstd"])

    def do_odd(self, method, query, headers, body, said, raw):
        return self.answer(said, headers=[b"Content-Encoding: rot13"])

    def do_range(self, method, query, headers, body, said, raw):
        text = b"it is " + said
        wanted = headers.get("range")
        if wanted:
            first, _, last = wanted.removeprefix(b"bytes=").partition(b"-")
            part = text[int(first) : int(last) + 1]
            return self.answer(
                part,
                status=b"206 Partial Content",
                headers=[b"Content-Range: bytes %s/%d" % (wanted[6:], len(text))],
            )
        return self.answer(text)

    def do_partial(self, method, query, headers, body, said, raw):
        return self.answer(
            said[: len(said) // 2], status=b"206 Partial Content", headers=[b"Content-Range: bytes 0-9/20"]
        )

    def do_redir(self, method, query, headers, body, said, raw):
        where = urllib.parse.unquote(query).encode()
        return self.answer(
            b"", status=b"302 Found", headers=[b"Location: " + where + b"?token=" + said.split(b" ")[-1]]
        )

    def do_cookie(self, method, query, headers, body, said, raw):
        return self.answer(b"ok", headers=[b"Set-Cookie: session=" + said.split(b" ")[-1] + b"; Path=/"])

    def do_trailer(self, method, query, headers, body, said, raw):
        return self.chunks([b"ok"], headers=[b"Trailer: X-Last"], trailers=[b"X-Last: " + said])

    def do_sse(self, method, query, headers, body, said, raw):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        first = said.split(b" ")[-1][:2]
        for number in range(5):
            text = b"data: %d %.6f %s\n\n" % (
                number,
                time.time(),
                said if number == 2 else b"x" + (first if number == 3 else b""),
            )
            self.send(b"%x\r\n%s\r\n" % (len(text), text))
            time.sleep(0.15)
        self.send(b"0\r\n\r\n")
        return True

    def do_big(self, method, query, headers, body, said, raw):
        size = int(query or BIG)
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(BLOCK)):
            self.send(BLOCK)
        return True

    def do_slow(self, method, query, headers, body, said, raw):
        time.sleep(float(query or "0.3"))
        return self.answer(b"slow")

    def do_status(self, method, query, headers, body, said, raw):
        number = int(query)
        if number in (204, 304):
            self.send(b"HTTP/1.1 %d Nothing\r\nX-Kept: yes\r\n\r\n" % number)
            return True
        if number == 103:
            self.send(b"HTTP/1.1 103 Early Hints\r\nLink: </" + said.split(b" ")[-1] + b">\r\n\r\n")
        return self.answer(b"body", method=method)

    def do_die(self, method, query, headers, body, said, raw):
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf")
        return False

    def do_reset(self, method, query, headers, body, said, raw):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def do_once(self, method, query, headers, body, said, raw):
        self.answer(b"and gone")
        return False

    def do_ws(self, method, query, headers, body, said, raw):
        accept = base64.b64encode(
            hashlib.sha1(headers["sec-websocket-key"] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        )
        self.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        text = b"you sent " + said
        self.send(bytes((0x01, 5)) + text[:5])
        self.send(bytes((0x80, len(text) - 5)) + text[5:])
        while True:
            first = self.rfile.read(2)
            if len(first) < 2 or first[0] & 15 == 8:
                return False
            size = first[1] & 127
            if size == 126:
                size = int.from_bytes(self.rfile.read(2), "big")
            key = self.rfile.read(4)
            payload = bytes(b ^ key[n % 4] for n, b in enumerate(self.rfile.read(size)))
            self.server.note({"event": "frame", "payload": payload.decode("latin-1")})
            self.send(bytes((first[0], len(payload))) + payload)

    def git(self, method, path, query, headers, body):
        """git's smart HTTP, by the real git-http-backend."""
        import subprocess

        user, _, password = base64.b64decode(
            headers.get("authorization", b"Basic Og==").split(b" ")[-1]
        ).partition(b":")
        if password.decode() != self.server.password():
            return self.answer(
                b"who are you", status=b"401 Unauthorized", headers=[b'WWW-Authenticate: Basic realm="git"']
            )
        environ = os.environ | {
            "GIT_PROJECT_ROOT": os.path.join(self.server.directory, "repo.git"),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": method,
            "CONTENT_TYPE": headers.get("content-type", b"").decode(),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", b"").decode(),
            "GIT_PROTOCOL": headers.get("git-protocol", b"").decode(),
            "REMOTE_USER": user.decode(),
        }
        out = subprocess.run(
            ["git", "http-backend"], input=body, env=environ, capture_output=True, check=True
        ).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        status = next((line.partition(b": ")[2] for line in lines if line.startswith(b"Status:")), b"200 OK")
        return self.answer(
            rest, status=status, headers=[line for line in lines if not line.startswith(b"Status:")]
        )


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, directory, context, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.directory = directory
        self.context = context
        self.lock = threading.Lock()
        self.log = open(os.path.join(directory, "log"), "a", encoding="utf-8")  # noqa: SIM115  as long as we live

    def note(self, record):
        with self.lock:
            self.log.write(json.dumps(record) + "\n")
            self.log.flush()

    def password(self):
        with open(os.path.join(self.directory, "password"), encoding="utf-8") as file:
            return file.read()

    def handle_error(self, request, client_address):
        self.note({"event": "error", "kind": str(sys.exc_info()[1])})


def main():
    directory, port = sys.argv[1], int(sys.argv[2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(directory, "chain.pem"))
    server = Server(directory, context, port)
    print("ready", server.server_address[1], flush=True)
    server.serve_forever(poll_interval=5)


if __name__ == "__main__":
    main()
