"""What comes back: every way in which a server can echo a secret, and everything else as it was."""

import base64
import hashlib
import html
import json
import subprocess
import sys
import time
import urllib.parse

import pytest
from support.broker_world import HARD, KEY, Answer, eventually, everything, read, until


def spellings(value):
    """What nobody on the command's side may read, in any answer."""
    raw = value.encode()
    yield from (
        value,
        raw.hex(),
        raw.hex().upper(),
        urllib.parse.quote(value, safe=""),
        json.dumps(value)[1:-1],
        html.escape(value),
    )
    for lead in (b"", b"x", b"xx", b"user:", b"Bearer "):
        coded = base64.b64encode(lead + raw + b"yy").decode()
        yield coded[(len(lead) + 2) // 3 * 4 : -8]
        yield coded[(len(lead) + 2) // 3 * 4 : -8].replace("+", "-").replace("/", "_")


def clean(answer, value=KEY):
    text = answer.raw.decode("latin-1")
    for spelling in spellings(value):
        assert spelling not in text, spelling


@pytest.mark.parametrize(
    "route", ["echo", "reason", "cookie", "redir?https%3A//evil.test", "trailer", "status?103"]
)
def test_36_an_echo_in_any_part_of_an_answer(world, waiting, route):
    answer = waiting.get(f"/v1/{route}", f"Authorization: Bearer {waiting['KEY']}")
    assert KEY in world.up.requests()[0]["head"]
    assert answer.status in (200, 302)
    clean(answer)
    assert waiting["KEY"] in answer.raw.decode("latin-1")
    eventually(lambda: world.events(event="echo_masked", secrets=["KEY"]))


@pytest.mark.parametrize("value", [KEY, HARD])
@pytest.mark.parametrize("route", ["b64", "forms"])
def test_37_an_echo_in_another_spelling(world, value, route):
    (world.path / "key").write_text(value)
    with world.session() as client:
        answer = client.get(f"/v1/{route}", f"Authorization: {client['KEY']}")
    assert answer.status == 200
    assert value in world.up.requests()[0]["head"]
    clean(answer, value)
    for line in answer.body.decode().split():
        for padding in ("", "="):
            try:
                decoded = base64.b64decode(line.replace("-", "+").replace("_", "/") + padding)
            except ValueError:
                continue
            assert value.encode() not in decoded


def test_38_an_echo_that_comes_in_pieces(waiting):
    said = f"Bearer {waiting['KEY']}"
    whole = b"before " + said.encode() + b" after"
    assert waiting.get("/v1/split", f"Authorization: {said}").body == whole
    for at in range(len(whole) + 1):
        assert waiting.get(f"/v1/split?{at}", f"Authorization: {said}").body == whole


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "odd"])
def test_39_an_encoding_that_was_not_asked_for(world, waiting, coding):
    answer = waiting.get(f"/v1/{coding}", f"Authorization: {waiting['KEY']}", "Accept-Encoding: gzip, br")
    assert "Accept-Encoding: identity" in world.up.requests()[0]["head"]
    assert "gzip, br" not in world.up.requests()[0]["head"]
    clean(answer)
    if coding == "gzip":
        assert answer.body == b"it is " + waiting["KEY"].encode()
        assert "content-encoding" not in answer.headers
    else:
        assert (answer.status, answer.reason) == (502, "response_not_inspectable")


def test_40_ranges_that_would_put_a_secret_together(waiting):
    parts = b""
    for first in (0, 20):
        answer = waiting.get(
            "/v1/range", f"Authorization: {waiting['KEY']}", f"Range: bytes={first}-{first + 19}"
        )
        assert answer.status == 200
        clean(answer)
        parts += answer.body
    assert KEY.encode() not in parts
    assert waiting.get("/v1/partial", f"Authorization: {waiting['KEY']}").reason == "response_not_inspectable"


def test_41_an_event_stream_shows_each_event_when_it_comes(world, waiting):
    with waiting.open() as connection:
        connection.sendall(
            f"GET /v1/sse HTTP/1.1\r\nHost: api.test:{world.up.port}\r\nAuthorization: {waiting['KEY']}\r\n\r\n".encode()
        )
        until(connection, b"\r\n\r\n")
        lags, text = [], b""
        while b"data: 4" not in text or not text.endswith(b"\n\n\r\n"):
            more = connection.recv(4096)
            text += more
            for line in more.splitlines():
                words = line.split()
                if len(words) > 2 and words[0] == b"data:":
                    lags.append(time.time() - float(words[2]))
    assert len(lags) == 5
    assert sorted(lags)[2] < 0.05
    assert KEY.encode() not in text
    assert waiting["KEY"].encode() in text


@pytest.mark.slow
def test_42_a_hundred_megabytes(world, tmp_path):
    program = f"""
import base64, hashlib, http.client, json, os, ssl, time, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
one = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=ssl.create_default_context())
said = base64.b64encode((proxy.username + ":" + proxy.password).encode()).decode()
one.set_tunnel("api.test", {world.up.port}, headers={{"Proxy-Authorization": "Basic " + said}})
digest = hashlib.sha256()
one.request("GET", "/v1/big", headers={{"Authorization": os.environ["KEY"]}})
answer = one.getresponse()
while data := answer.read(1 << 18):
    digest.update(data)
port = one.sock.getsockname()
one.request("GET", "/v1/x", headers={{"Authorization": os.environ["KEY"]}})
print(json.dumps([digest.hexdigest(), one.getresponse().status, port == one.sock.getsockname()]), flush=True)
input()
"""
    from support.broker_upstream import BIG, BLOCK

    expected = hashlib.sha256()
    for _ in range(BIG // len(BLOCK)):
        expected.update(BLOCK)
    from support.broker_world import descendants

    process = subprocess.Popen(
        world.command(*world.options(), "--", sys.executable, "-c", program), env=world.environ, cwd=world.project,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        digest, status, same = json.loads(process.stdout.readline())
        peaks = []
        for pid in descendants(process.pid):
            with open(f"/proc/{pid}/status", encoding="ascii") as file:
                peaks += [int(line.split()[1]) for line in file if line.startswith("VmHWM")]
    finally:
        process.communicate("\n")
    assert (digest, status, same) == (expected.hexdigest(), 200, True)
    assert max(peaks) < 80 << 10


def test_43_masks_keep_a_connection_in_step(world, waiting):
    with waiting.open() as connection:
        for _ in range(3):
            for route in ("echo", "b64", "split", "gzip"):
                connection.sendall(
                    f"GET /v1/{route} HTTP/1.1\r\nHost: api.test:{world.up.port}\r\nAuthorization: {waiting['KEY']}\r\n\r\n".encode()
                )
                answer = Answer(read(connection))
                assert answer.status == 200
                clean(answer)
    assert len(world.up.requests()) == 12


def test_44_a_rule_that_blocks_echoes(world):
    world.template(
        f'[secrets.KEY]\nref = "file://{world.path / "key"}"\n[[secrets.KEY.allow]]\nhost = "api.test"\n'
        f'port = {world.up.port}\nresponse = "block-on-echo"\n'
    )
    with world.session(options=["--broker"], plain=True) as client:
        assert client.get("/v1/big?262144", f"Authorization: {client['KEY']}").status == 200
        for route in ("echo", "split", "cookie", "trailer", "b64"):
            with client.open() as connection:
                connection.sendall(
                    f"GET /v1/{route} HTTP/1.1\r\nHost: api.test:{world.up.port}\r\nAuthorization: {client['KEY']}\r\n\r\n".encode()
                )
                said = everything(connection)
            assert KEY.encode() not in said
            assert client["KEY"].encode() not in said
            assert not said.startswith(b"HTTP/1.1 200") or b"0\r\n\r\n" not in said
    assert len(world.events(event="echo_blocked", secrets=["KEY"])) == 5


def test_45_a_websocket(world):
    world.template(
        f'[secrets.KEY]\nref = "file://{world.path / "key"}"\n[[secrets.KEY.allow]]\nhost = "api.test"\n'
        f'port = {world.up.port}\nin = ["header:authorization", "ws"]\npaths = ["/v1/ws"]\n'
        f'[[secrets.KEY.allow]]\nhost = "api.test"\nport = {world.up.port}\npaths = ["/v1/other"]\n'
    )
    head = (
        "GET {path} HTTP/1.1\r\nHost: api.test:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: {key}\r\n\r\n"
    )
    with world.session(options=["--broker"], plain=True) as client:
        with client.open() as connection:
            connection.sendall(head.format(path="/v1/other", port=world.up.port, key=client["KEY"]).encode())
            assert Answer(read(connection)).reason == "upgrade_not_allowed"
        with client.open() as connection:
            connection.sendall(head.format(path="/v1/ws", port=world.up.port, key=client["KEY"]).encode())
            answer = Answer(until(connection, b"\r\n\r\n"))
            assert answer.status == 101
            assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
            assert frame(connection) == b"you sent " + client["KEY"].encode()
            connection.sendall(masked(b"hello"))
            assert frame(connection) == b"hello"
            connection.sendall(masked(b"my key is " + client["KEY"].encode()))
            assert everything(connection) == b""
        with client.open() as connection:
            connection.sendall(head.format(path="/v1/ws", port=world.up.port, key=client["KEY"]).encode())
            until(connection, b"\r\n\r\n")
            frame(connection)
            connection.sendall(masked(b"it is " + KEY.encode()))
            assert everything(connection) == b""
    heads = [record["head"] for record in world.up.requests()]
    assert all(KEY in one and "permessage-deflate" not in one for one in heads)
    assert [record["payload"] for record in world.up.log() if record["event"] == "frame"] == ["hello"]
    assert {event["reason"] for event in world.events(event="misuse")} == {"location_not_allowed", "leak"}


def frame(connection):
    head = connection.recv(2)
    size = head[1]
    if size == 126:
        size = int.from_bytes(connection.recv(2), "big")
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    return data


def masked(payload):
    from secretrun.broker.websocket import frame as made

    return made(payload, 1, key=b"abcd")


def test_46_messages_without_a_body(world, waiting):
    key = f"Authorization: {waiting['KEY']}"
    with waiting.open() as connection:
        ask = f"HTTP/1.1\r\nHost: api.test:{world.up.port}\r\n{key}\r\n"
        connection.sendall(f"GET /v1/status?204 {ask}\r\n".encode())
        assert read(connection).startswith(b"HTTP/1.1 204")
        connection.sendall(f"GET /v1/status?304 {ask}\r\n".encode())
        assert b"X-Kept: yes" in read(connection)
        connection.sendall(f"GET /v1/status?103 {ask}\r\n".encode())
        early = read(connection)
        assert early.startswith(b"HTTP/1.1 103 Early Hints")
        assert early.endswith(b"body")
        connection.sendall(f"POST /v1/echo {ask}Content-Length: 5\r\nExpect: 100-continue\r\n\r\n".encode())
        assert until(connection, b"\r\n\r\n").startswith(b"HTTP/1.1 100")
        connection.sendall(b"hello")
        assert read(connection).endswith(b"hello")


def test_46_a_method_that_is_not_allowed_is_told_so_before_the_body(waiting):
    with waiting.open() as connection:
        connection.sendall(
            f"PUT /v1/x HTTP/1.1\r\nHost: api.test:{waiting.world.up.port}\r\nAuthorization: {waiting['KEY']}\r\n"
            "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert Answer(read(connection)).reason == "method_not_allowed"


def test_46_head_has_the_headers_of_get(world):
    with world.session(world.rule(":GET,HEAD:/v1/**")) as client, client.open() as connection:
        connection.sendall(
            f"HEAD /v1/echo HTTP/1.1\r\nHost: api.test:{world.up.port}\r\nAuthorization: {client['KEY']}\r\n\r\n".encode()
        )
        answer = Answer(read(connection, head_only=True))
        assert answer.status == 200
        assert int(answer.headers["content-length"]) > 0
        connection.sendall(f"GET /v1/x HTTP/1.1\r\nHost: api.test:{world.up.port}\r\n\r\n".encode())
        assert Answer(read(connection)).status == 200


@pytest.mark.parametrize("route", ["die", "reset"])
def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(world, waiting, route):
    with waiting.open() as connection:
        connection.sendall(f"GET /v1/{route} HTTP/1.1\r\nHost: api.test:{world.up.port}\r\n\r\n".encode())
        said = everything(connection)
    assert said.startswith(b"HTTP/1.1 502") or b"\r\n0\r\n\r\n" not in said


def test_a_connection_that_was_closed_while_nobody_used_it(world, waiting):
    with waiting.open() as connection:
        for _ in range(3):
            connection.sendall(f"GET /v1/once HTTP/1.1\r\nHost: api.test:{world.up.port}\r\n\r\n".encode())
            assert Answer(read(connection)).body == b"and gone"


MODEL = """
[broker]
addresses = ["127.0.0.0/8"]
[secrets.MODEL_KEY]
ref = "file://{other}"
[[secrets.MODEL_KEY.allow]]
host = "api.test"
port = {port}
paths = ["/v1/messages"]
in = ["header:x-api-key"]
on_leak = "mask"
[secrets.KEY]
ref = "file://{key}"
[[secrets.KEY.allow]]
host = "other.test"
port = {port}
"""


def test_a_prompt_that_holds_a_value_goes_to_the_model_masked(world):
    (world.path / "other").write_text("sk-model-key-of-an-agent-0123456789")
    world.config(MODEL.format(other=world.path / "other", key=world.path / "key", port=world.up.port))
    coded = base64.b64encode(b"the key: " + KEY.encode()).decode()
    prompts = [
        {"messages": [{"role": "user", "content": f"why does {KEY} fail?"}]},
        {"messages": [{"content": coded}]},
        {"messages": [{"content": json.dumps({"token": KEY})}]},
        {"messages": [{"content": "nothing of ours, caf\u00e9"}]},
    ]
    with world.session(options=["--broker"], plain=True) as client:

        def post(body, *headers):
            return client.get(
                "/v1/messages", f"X-Api-Key: {client['MODEL_KEY']}", "Content-Type: application/json", *headers,
                method="POST", body=body,
            )  # fmt: skip

        for prompt in prompts:
            assert post(json.dumps(prompt).encode()).status == 200
        text = json.dumps(prompts[0]).encode()
        for at in range(0, len(text), 7):
            body = (
                b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (text[:at], text[at:]) if part)
                + b"0\r\n\r\n"
            )
            assert post(body, "Transfer-Encoding: chunked").status == 200
        told = post(json.dumps({"messages": [{"content": f"I hold {client['KEY']}"}]}).encode())
        assert told.status == 200
        elsewhere = client.get(
            "/v1/x", host="other.test", method="POST", body=json.dumps(prompts[0]).encode()
        )
        assert (elsewhere.status, elsewhere.reason) == (403, "leak")
    bodies = [json.loads(record["body"]) for record in world.up.requests()]
    assert KEY not in (world.up.directory / "log").read_text()
    assert coded not in (world.up.directory / "log").read_text()
    assert bodies[0]["messages"][0]["content"] == "why does [REDACTED:KEY] fail?"
    assert bodies[3] == prompts[3]
    assert all("sk-model-key-of-an-agent-0123456789" in record["head"] for record in world.up.requests())
    assert len(world.events(event="leak_masked", secrets=["KEY"])) >= 4
    assert world.events(event="canary", secrets=["KEY"])
