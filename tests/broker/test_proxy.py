"""The proxy of our own environment: hosts are reached through it, or the run is told why not."""

import base64
import contextlib
import select
import socket
import socketserver
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.broker_world import KEY, until

from secretrun.broker.proxy import Proxy, of
from secretrun.errors import ConfigError


@contextlib.contextmanager
def proxy(world, asked, answer=b"HTTP/1.1 200 ok\r\n\r\n"):
    """A proxy as a company has one: it alone knows where hosts are; what it was asked is in `asked`."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            head = until(self.connection, b"\r\n\r\n")
            asked.append(head)
            self.connection.sendall(answer)
            if b" 200 " not in answer:
                return
            with socket.create_connection(
                ("127.0.0.1", int(head.split(b" ")[1].rpartition(b":")[2]))
            ) as other:
                while True:
                    for source in select.select([self.connection, other], [], [])[0]:
                        data = source.recv(1 << 16)
                        if not data:
                            return
                        (other if source is self.connection else self.connection).sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://me:se%40cret@127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_hosts_are_reached_through_the_proxy_of_the_environment(world):
    """It is asked by name, with its own password; the certificate is the host's, and the value is for it alone."""
    asked = []
    with proxy(world, asked) as url:
        done = world.run("sh", "-c", f'curl -sS -H "Authorization: Bearer $KEY" https://api.test:{world.up.port}/v1/x',
                         env={"HTTPS_PROXY": url})  # fmt: skip
    assert done.returncode == 0, done.stderr
    (head,) = asked
    assert head.startswith(f"CONNECT api.test:{world.up.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"me:se@cret") in head
    assert [KEY in request["head"] for request in world.up.requests()] == [True]


def test_what_no_proxy_names_is_reached_directly(world):
    asked = []
    with proxy(world, asked) as url:
        done = world.run("sh", "-c", f"curl -sS -o /dev/null -w %{{http_code}} https://api.test:{world.up.port}/v1/x",
                         env={"https_proxy": url, "NO_PROXY": ".test"})  # fmt: skip
    assert (done.stdout, asked) == ("200", [])


def test_a_proxy_that_lets_nothing_through_is_named(world):
    asked = []
    with proxy(world, asked, b"HTTP/1.1 407 no\r\n\r\n") as url:
        done = world.run(
            "sh", "-c", f"curl -sS https://api.test:{world.up.port}/v1/x", env={"HTTPS_PROXY": url}
        )
    assert "the proxy of your environment answers 407" in done.stdout + done.stderr
    assert len(asked) == 1


@pytest.mark.parametrize("url", ["socks5://localhost:1080", "https://me:hidden@proxy:3128", "http://[bad"])
def test_a_proxy_of_another_kind_starts_nothing(world, url):
    done = world.run("echo", "started", env={"HTTPS_PROXY": url})
    assert (done.returncode, done.stdout) == (125, "")
    assert "HTTPS_PROXY: the broker goes out through http:// proxies alone" in done.stderr
    assert "hidden" not in done.stderr


@pytest.mark.parametrize(
    ("exempt", "host", "served"),
    [
        ("", "api.test", True),
        ("*", "api.test", False),
        ("test", "api.test", False),
        (".test", "api.test", False),
        ("*.test", "api.test", False),
        ("api.test:8443", "api.test", False),
        ("i.test", "api.test", True),
        ("internal, API.TEST", "api.test", False),
        ("10.0.0.0/8", "10.1.2.3", False),
        ("10.0.0.0/8", "11.1.2.3", True),
        ("[::1]", "::1", False),
    ],
)
def test_what_is_exempt(exempt, host, served):
    assert Proxy("p", 80, b"", exempt).serves(host) is served


@given(st.text(max_size=20).map(lambda text: f"{text}://me:hidden@{text}") | st.text(max_size=40))
def test_no_text_breaks_the_reading_or_shows_a_password(text):
    said = ""
    try:
        found = of({"HTTPS_PROXY": text})
        assert found is None or found.host
    except ConfigError as error:
        said = f"{error} {error.hint}"
    assert "hidden" not in said
