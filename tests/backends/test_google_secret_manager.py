"""Google Secret Manager: the real SDK, signing in for real, against a local server with the REST wire format."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from support.wire import GARBAGE, HANG, Server

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.google_secret_manager import GoogleSecretManager

VERSIONS = {(name, "latest"): value for name, value in DIFFICULT_VALUES.items()}
VERSIONS[("json", "latest")] = b'{"password": "in-json-2"}'
VERSIONS[("json", "1")] = b'{"password": "in-json-1"}'


def status(code, word):
    return code, {"error": {"code": code, "message": "said so", "status": word}}


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


class Google:
    """Google's side; a service account signs its own token (RFC 7523), which is checked for real."""

    failure = None

    def __init__(self, public_key):
        self.public_key = public_key

    def signed_in(self, request):
        signed, _, signature = (
            request.headers.get("authorization", "").removeprefix("Bearer ").rpartition(".")
        )
        try:
            self.public_key.verify(decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return json.loads(decode(signed.split(".")[1]))["iss"] == "t@shop.iam.gserviceaccount.com"

    def __call__(self, request):
        if self.failure:
            return self.failure
        if not self.signed_in(request):
            return status(401, "UNAUTHENTICATED")
        _, _, _, project, _, name, _, version = request.path.removesuffix(":access").split("/")
        value = VERSIONS.get((name, version)) if project == "shop" else None
        if value is None:
            return status(404, "NOT_FOUND")
        found = f"projects/1/secrets/{name}/versions/1"
        return 200, {"name": found, "payload": {"data": base64.b64encode(value).decode()}}


def pem(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture(scope="module")
def key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def google(key):
    return Google(key.public_key())


@pytest.fixture
def server(google, key, tmp_path, monkeypatch):
    # The SDK also asks Google, in the background, in which regions the account may be used. Not from here.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with Server(google) as running:
        running.account = tmp_path / "account.json"
        write_account(running, key)
        yield running


def write_account(server, key):
    account = {
        "type": "service_account", "project_id": "shop", "private_key_id": "1", "private_key": pem(key),
        "client_email": "t@shop.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{server.url}/token",
    }  # fmt: skip
    server.account.write_text(json.dumps(account))


def context(server, timeout=60, **more):
    environ = {"GOOGLE_APPLICATION_CREDENTIALS": str(server.account), **more}
    return Context(environ, timeout=timeout, options={"endpoint": server.url})


def ask(server, text, **options):
    reference = parse(text)
    return GoogleSecretManager().fetch([reference], context(server, **options))[reference]


class TestGoogleSecretManager(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, server):
        self.backend = GoogleSecretManager()
        self.context = context(server)
        self.known = {parse(f"gcp-sm://shop/{name}"): value for name, value in DIFFICULT_VALUES.items()}
        self.known[parse("gcp-sm://shop/json#/password")] = b"in-json-2"
        self.known[parse("gcp-sm://shop/json?version=1#/password")] = b"in-json-1"
        self.missing = [
            parse("gcp-sm://shop/none"),
            parse("gcp-sm://shop/json?version=9"),
            parse("gcp-sm://shop/json#/none"),
            parse("gcp-sm://no-such-project/json"),
        ]


def test_a_version_is_asked_for_once_whatever_is_wanted_of_it(server):
    references = [
        parse(text) for text in ("gcp-sm://shop/json", "gcp-sm://shop/json#/password", "gcp-sm://shop/plain")
    ]
    GoogleSecretManager().fetch(references, context(server))
    assert sorted(server.paths()) == [
        "/v1/projects/shop/secrets/json/versions/latest:access",
        "/v1/projects/shop/secrets/plain/versions/latest:access",
    ]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (status(401, "UNAUTHENTICATED"), NotSignedIn),
        (status(403, "PERMISSION_DENIED"), Denied),
        (status(400, "FAILED_PRECONDITION"), NotFound),
        (status(500, "INTERNAL"), Unavailable),
        ((200, b"<html>a proxy's page</html>"), BackendError),
        ((200, {"payload": {"data": 7}}), BackendError),
        (GARBAGE, BackendError),
    ],
)
def test_each_failure_of_the_server_has_its_own_error(server, google, failure, expected):
    google.failure = failure
    error = ask(server, "gcp-sm://shop/plain")
    assert isinstance(error, expected)
    assert type(error) is expected or expected is BackendError
    token = server.requests[-1].headers["authorization"].removeprefix("Bearer ")
    assert token not in f"{error.message}{error.hint}"


def test_throttling_is_tried_again_and_then_said(server, google):
    google.failure = status(429, "RESOURCE_EXHAUSTED")
    assert type(ask(server, "gcp-sm://shop/plain", timeout=4)) is RateLimited
    assert len(server.requests) > 2


def test_a_server_that_hangs_is_given_up_at_the_time_limit(server, google):
    google.failure = HANG
    assert type(ask(server, "gcp-sm://shop/plain", timeout=2)) is TimedOut


def test_a_key_that_was_revoked_asks_for_a_new_sign_in(server):
    write_account(server, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    error = ask(server, "gcp-sm://shop/plain")
    assert type(error) is NotSignedIn
    assert "gcloud auth" in error.hint


def test_a_file_of_credentials_that_is_no_such_thing_is_named(server, tmp_path):
    (tmp_path / "empty.json").write_text("{}")
    with pytest.raises(NotSignedIn, match=r"empty\.json"):
        ask(server, "gcp-sm://shop/plain", GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "empty.json"))


def test_without_any_credentials_the_hint_says_how_to_sign_in(monkeypatch):
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    with pytest.raises(NotSignedIn) as caught:
        GoogleSecretManager().fetch([parse("gcp-sm://shop/plain")], Context({}, timeout=60))
    assert "gcloud auth application-default login" in caught.value.hint


def test_a_server_that_is_down_can_not_be_reached(server):
    there = Context(context(server).environ, timeout=5, options={"endpoint": "http://127.0.0.1:9"})
    reference = parse("gcp-sm://shop/plain")
    assert type(GoogleSecretManager().fetch([reference], there)[reference]) is Unavailable


def test_a_certificate_of_an_unknown_ca_is_refused(server, google, tmp_path):
    with Server(google, directory=tmp_path) as secure:
        there = Context(context(server).environ, timeout=20, options={"endpoint": secure.url})
        reference = parse("gcp-sm://shop/plain")
        error = GoogleSecretManager().fetch([reference], there)[reference]
    assert type(error) is Unavailable
    assert "certificate" in error.message


@pytest.mark.parametrize(
    "text",
    [
        "gcp-sm://shop",
        "gcp-sm://a/b/c",
        "gcp-sm://shop/a%2Fb",
        "gcp-sm://shop/a?version=1/../2",
        "gcp-sm://shop/a?x=1",
    ],
)
def test_a_reference_that_is_no_project_and_name_is_refused_before_any_call(text):
    reference = parse(text)
    assert type(GoogleSecretManager().fetch([reference], Context({}))[reference]) is BadReference
