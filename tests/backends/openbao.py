"""A real server of Vault's API (OpenBao in development mode), and how it is asked."""

from __future__ import annotations

import http.server
import threading

import pytest
from backends.vault_servers import ROOT, wait_until

from backends import vault_servers
from secretrun.backend import Context
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES
from secretrun_backends.vault import Vault

TEXTS = {name: value for name, value in DIFFICULT_VALUES.items() if name != "binary"}


@pytest.fixture(scope="session")
def bao(tmp_path_factory):
    server = vault_servers.start(tmp_path_factory.mktemp("bao"))
    texts = {name: value.decode() for name, value in TEXTS.items()}
    server.api("POST", "sys/mounts/kv1/deep", {"type": "kv", "options": {"version": "1"}})
    server.api("POST", "kv1/deep/app", texts)
    # A fresh key-value store of version 2 upgrades itself in the background before it takes anything.
    wait_until(lambda: _put(server, "secret/data/app", texts), "the key-value store takes values")
    _put(
        server,
        "secret/data/numbers",
        {"n": 1234567890, "f": 1.50, "list": [{"x": "y"}], "no": None},
    )
    for version in ("one", "two", "three"):
        _put(server, "secret/data/versions", {"v": version})
    server.api("POST", "secret/delete/versions", {"versions": [2]})
    server.api("PUT", "secret/destroy/versions", {"versions": [1]})
    _put(server, "secret/data/gone", {"v": "x"})
    server.api("DELETE", "secret/data/gone")
    _put(server, "secret/data/odd name/ü%2F", {"v": "odd"})
    policy = 'path "secret/data/app" { capabilities = ["read"] }'
    server.api("PUT", "sys/policies/acl/reader", {"policy": policy})
    yield server
    server.stop()


def _put(server, path, data):
    import urllib.error

    try:
        server.api("POST", path, {"data": data})
    except urllib.error.HTTPError:
        return False
    return True


@pytest.fixture
def context(bao, tmp_path):
    return in_environment(bao, tmp_path, VAULT_TOKEN=ROOT)


def in_environment(bao, tmp_path, *, timeout=60, options=None, **variables):
    environ = {"HOME": str(tmp_path), "VAULT_ADDR": bao.address, **variables}
    return Context(
        {name: value for name, value in environ.items() if value is not None},
        timeout=timeout,
        options=options,
    )


def fetch(text, context, **how):
    reference = parse(text, **how)
    return Vault().fetch([reference], context)[reference]


class Says(http.server.BaseHTTPRequestHandler):
    """A server whose every answer is what the test put into `server.answers` for the path, or for ""."""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body))
        status, headers, text = self.server.answers.get(
            self.path.partition("?")[0], self.server.answers.get("")
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_):
        """Silence: the test looks at `seen`."""


@pytest.fixture
def says():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Says)
    server.answers, server.seen = {}, []
    server.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def certificate():
    """A certificate that nothing checks: the server wants to be given one."""
    import datetime as dt

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    return made.public_bytes(serialization.Encoding.PEM).decode()
