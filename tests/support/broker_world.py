"""What a test of the broker needs: upstreams with names of their own, a home, the command line as a process.

The names are in an /etc/hosts that only the wrapper and what it starts see (bubblewrap binds it), everything else is
as it is on the machine: real TLS, real clients, real processes on loopback.
"""

import base64
import contextlib
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import trustme

HERE = Path(__file__).parent
KEY = "sRk9x2Qw7LmT4vB8nZc1YdE6fGh3JpUa5HsXoIqR"  # 40 characters
HARD = 'aB3+/=%&"\\xyzPq9sT5uVwX7yZa2bC4dE6fG8hJ0kL'


class Upstream:
    """The echoing server as a process."""

    def __init__(self, directory, ca, *names, certificate=None):
        self.directory = directory
        directory.mkdir()
        made = certificate or ca.issue_cert(*names)
        chain = made.private_key_pem.bytes() + b"".join(pem.bytes() for pem in made.cert_chain_pems)
        (directory / "chain.pem").write_bytes(chain)
        (directory / "password").write_text(KEY)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "broker_upstream.py"), str(directory), "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        word, port = self.process.stdout.readline().split()
        assert word == "ready"
        self.port = int(port)

    def log(self):
        """All that reached it, a record an event."""
        return [json.loads(line) for line in (self.directory / "log").read_text().splitlines()]

    def requests(self):
        return [record for record in self.log() if record["event"] == "request"]

    def forget(self):
        os.truncate(self.directory / "log", 0)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, tmp_path):
        self.path = tmp_path
        self.ca = trustme.CA()
        self.root = tmp_path / "root.pem"
        self.ca.cert_pem.write_to_path(self.root)
        self.up = Upstream(
            tmp_path / "up", self.ca, "api.test", "other.test", "*.wild.test", "xn--bcher-kva.test"
        )
        self.evil = Upstream(
            tmp_path / "evil", self.ca, "evil.test", "api.test.evil.test", "xapi.test", "test"
        )
        self.home = tmp_path / "home"
        self.project = tmp_path / "project"
        self.project.mkdir()
        (self.home / ".config" / "secretrun").mkdir(parents=True)
        self.config('[broker]\naddresses = ["127.0.0.0/8"]\n')
        self.hosts = tmp_path / "hosts"
        names = (
            "api.test other.test evil.test api.test.evil.test xapi.test test one.wild.test xn--bcher-kva.test"
        )
        self.hosts.write_text(f"127.0.0.1 localhost {names}\n")
        (tmp_path / "key").write_text(KEY)
        (tmp_path / "key").chmod(0o600)
        self.environ = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "SSL_CERT_FILE": str(self.root), "TERM": "dumb",
            "TMPDIR": str(tmp_path / "tmp"), "LANG": "C.UTF-8",
        }  # fmt: skip
        (tmp_path / "tmp").mkdir()
        self.audit = self.home / ".local" / "state" / "secretrun" / "broker.jsonl"

    def config(self, text):
        (self.home / ".config" / "secretrun" / "config.toml").write_text(text)

    def command(self, *arguments):
        inside = [
            "bwrap",
            "--dev-bind",
            "/",
            "/",
            "--bind",
            str(self.hosts),
            "/etc/hosts",
            "--cap-drop",
            "ALL",
            # root without powers, but for the one that a user namespace's map of root needs
            *(("--cap-add", "CAP_SETFCAP") if os.getuid() == 0 else ()),
            "--die-with-parent",
            "--",
        ]
        return [*inside, sys.executable, "-m", "secretrun", *arguments]

    def rule(self, tail=":GET,POST:/v1/**", *, host="api.test", name="KEY", port=None):
        return f"{name}@{host}:{port or self.up.port}{tail}"

    def options(self, *grants, key=True, name="KEY", file="key"):
        said = ["--set", f"{name}=file://{self.path / file}"] if key else []
        for one in grants or (self.rule(),):
            said += ["--grant", one]
        return said

    def run(self, *words, grants=(), options=(), env=None, timeout=60, **more):
        """Run a command to its end."""
        more.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            self.command(*self.options(*grants), *options, "--", *words), env=self.environ | (env or {}),
            cwd=self.project, capture_output=True, text=True, timeout=timeout, check=False, **more,
        )  # fmt: skip

    def template(self, text):
        """A secretrun.toml of the user's own: what is named by hand is trusted."""
        config = self.home / ".config" / "secretrun" / "config.toml"
        config.write_text('[broker]\naddresses = ["127.0.0.0/8"]\n' + text)

    @contextlib.contextmanager
    def session(self, *grants, options=(), env=None, plain=False):
        """A run whose command only waits, for a test that talks to the broker itself."""
        program = "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"
        said = list(options) if plain else [*self.options(*grants), *options]
        process = subprocess.Popen(
            self.command(*said, "--", sys.executable, "-c", program), env=self.environ | (env or {}),
            cwd=self.project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            line = process.stdout.readline()
            if not line:
                raise AssertionError(process.communicate()[1])
            yield Client(self, process, json.loads(line))
        finally:
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(20)
            finally:
                process.kill()
                process.stdout.close()
                process.stderr.close()

    def events(self, **wanted):
        """The audit's records that have what is wanted."""
        if not self.audit.exists():
            return []
        records = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [
            record for record in records if all(record.get(key) == value for key, value in wanted.items())
        ]

    def close(self):
        self.up.close()
        self.evil.close()


class Client:
    """A client of the broker, with what the command was given."""

    def __init__(self, world, process, environ):
        self.world = world
        self.process = process
        self.environ = environ
        proxy = urllib.parse.urlsplit(environ["HTTPS_PROXY"])
        self.address = (proxy.hostname, proxy.port)
        self.password = proxy.password
        self.credentials = base64.b64encode(f"sr:{proxy.password}".encode()).decode()

    def __getitem__(self, name):
        return self.environ[name]

    def connect(self):
        return socket.create_connection(self.address, timeout=20)

    def ask(self, raw):
        """One exchange in clear text with the proxy itself."""
        with self.connect() as connection:
            connection.sendall(raw)
            return everything(connection)

    def proxied(self, target, *headers, method="GET", host=None):
        lines = [
            f"{method} {target} HTTP/1.1",
            f"Host: {host or 'x'}",
            f"Proxy-Authorization: Basic {self.credentials}",
        ]
        return self.ask("\r\n".join([*lines, *headers, "Connection: close", "", ""]).encode())

    def tunnel(self, authority):
        """CONNECT; returns the connection and the answer's head."""
        connection = self.connect()
        connection.sendall(
            f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: Basic {self.credentials}\r\n\r\n".encode()
        )
        return connection, until(connection, b"\r\n\r\n")

    def open(self, host="api.test", port=None, sni=None):
        """A TLS connection through a tunnel; its certificate verified with the command's bundle."""
        connection, head = self.tunnel(f"{host}:{port or self.world.up.port}")
        assert head.startswith(b"HTTP/1.1 200"), head
        context = ssl.create_default_context(cafile=self.environ["SSL_CERT_FILE"])
        if sni is not None:
            context.check_hostname = False
        name = (sni or host).removesuffix(".").encode("idna").decode().lower()
        return context.wrap_socket(connection, server_hostname=name)

    def request(self, text, *, host="api.test", port=None, body=b""):
        """Send a raw request through a tunnel; `text` has \\n for CRLF. Returns an Answer."""
        with self.open(host, port) as connection:
            connection.sendall(text.replace("\n", "\r\n").encode() + body)
            return Answer(read(connection, head_only=text.startswith("HEAD")))

    def get(self, path, *headers, host="api.test", method="GET", body=b"", port=None):
        """A request as a client would write it."""
        port = port or self.world.up.port
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}:{port}", *headers]
        if body and not any(
            line.lower().startswith(("content-length", "transfer-encoding")) for line in headers
        ):
            lines.append(f"Content-Length: {len(body)}")
        return self.request("\n".join([*lines, "", ""]), host=host, port=port, body=body)


class Answer:
    def __init__(self, raw):
        self.raw = raw
        head, _, body = raw.partition(b"\r\n\r\n")
        while head.startswith(b"HTTP/1.1 1") and not head.startswith(b"HTTP/1.1 101"):
            head, _, body = body.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        self.status = int(head.split(b" ")[1])
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in self.head.split("\r\n")[1:])
        }
        self.chunked = self.headers.get("transfer-encoding") == "chunked"
        self.body = unchunked(body) if self.chunked else body

    @property
    def said(self):
        return json.loads(self.body)

    @property
    def reason(self):
        return self.said["reason"] if self.headers.get("x-secretrun-decision") else None


def unchunked(body):
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size, 16)
        if not count:
            break
        out, body = out + body[:count], body[count + 2 :]
    return out


def until(connection, end):
    data = b""
    while end not in data:
        more = connection.recv(1)
        if not more:
            break
        data += more
    return data


def everything(connection):
    data = b""
    with contextlib.suppress(OSError):
        while more := connection.recv(1 << 16):
            data += more
    return data


def read(connection, *, head_only=False):
    """One answer, by its own framing."""
    data = b""
    while True:
        head = until(connection, b"\r\n\r\n")
        data += head
        if not (head.startswith(b"HTTP/1.1 1") and not head.startswith(b"HTTP/1.1 101")):
            break
    lower = head.lower()
    if head_only or not head or head.split(b" ")[1] in (b"101", b"204", b"304"):
        return data
    length = re.search(rb"content-length: *(\d+)", lower)
    if length:
        left = int(length.group(1))
        while left and (more := connection.recv(min(left, 1 << 18))):
            data += more
            left -= len(more)
        return data
    if b"transfer-encoding: chunked" in lower:
        while True:
            line = until(connection, b"\r\n")
            data += line
            size = int(line or b"0", 16)
            if not size:
                while (line := until(connection, b"\r\n")) not in (b"\r\n", b""):
                    data += line
                return data + line
            left = size + 2
            while left and (more := connection.recv(left)):
                data += more
                left -= len(more)
    return data + everything(connection)


def eventually(condition, seconds=10):
    """Poll until it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        select.select([], [], [], 0.01)
    return found


def running(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid):
    """The processes below one."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in task.read_text().split():
                found += [int(child), *descendants(int(child))]
    return found


def kill(pid, number=signal.SIGKILL):
    os.kill(pid, number)
