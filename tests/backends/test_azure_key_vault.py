"""Azure Key Vault: the real SDKs, signing in for real, against a local HTTPS server with their wire format."""

from __future__ import annotations

import pytest
from support.wire import GARBAGE, HANG, Server

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadReference,
    Denied,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.azure_key_vault import AzureKeyVault

ISSUED = "issued-azure-token"
CLIENT_SECRET = "client-secret-for-tests"
VALUES = {name: value for name, value in DIFFICULT_VALUES.items() if name != "binary"}
VERSIONS = {(name, ""): value for name, value in VALUES.items()}
VERSIONS[("json", "")] = b'{"password": "in-json-2"}'
VERSIONS[("json", "0123abcd")] = b'{"password": "in-json-1"}'


def status(code, word, **headers):
    return code, {"error": {"code": word, "message": "said so"}}, headers


class Azure:
    """A vault and the authority that issues its tokens; `failure` overrides what the vault says."""

    failure = None

    def __call__(self, request):
        base = f"https://{request.headers['host']}"
        if request.path.endswith("/.well-known/openid-configuration"):
            tenant = f"{base}/tenant-1"
            return 200, {
                "token_endpoint": f"{tenant}/oauth2/v2.0/token",
                "authorization_endpoint": f"{tenant}/oauth2/v2.0/authorize",
                "issuer": f"{tenant}/v2.0",
            }
        if request.path == "/tenant-1/oauth2/v2.0/token":
            if CLIENT_SECRET.encode() not in request.body:
                return 401, {
                    "error": "invalid_client",
                    "error_description": "AADSTS7000215: Invalid client secret",
                }
            return 200, {"access_token": ISSUED, "expires_in": 3600, "token_type": "Bearer"}
        if request.headers.get("authorization") != f"Bearer {ISSUED}":
            challenge = f'Bearer authorization="{base}/tenant-1", resource="https://vault.azure.net"'
            return status(401, "Unauthorized", **{"WWW-Authenticate": challenge})
        if self.failure:
            return self.failure
        _, _, name, version = request.path.split("/")
        value = VERSIONS.get((name, version))
        if value is None:
            return status(404, "SecretNotFound")
        return 200, {
            "value": value.decode(),
            "id": f"{base}/secrets/{name}/1",
            "attributes": {"enabled": True},
        }


@pytest.fixture
def azure():
    return Azure()


@pytest.fixture
def server(azure, tmp_path):
    with Server(azure, directory=tmp_path) as running:
        yield running


def context(server, timeout=60, secret=CLIENT_SECRET, **options):
    environ = {
        "AZURE_TENANT_ID": "tenant-1", "AZURE_CLIENT_ID": "client-1", "AZURE_CLIENT_SECRET": secret,
        "AZURE_AUTHORITY_HOST": server.url,
    }  # fmt: skip
    return Context(environ, timeout=timeout, options={"endpoint": server.url, "ca": server.ca, **options})


def ask(server, text, **options):
    reference = parse(text)
    return AzureKeyVault().fetch([reference], context(server, **options))[reference]


class TestAzureKeyVault(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, server):
        self.backend = AzureKeyVault()
        self.context = context(server)
        self.known = {parse(f"azure-kv://shop/{name}"): value for name, value in VALUES.items()}
        self.known[parse("azure-kv://shop/json#/password")] = b"in-json-2"
        self.known[parse("azure-kv://shop/json/0123abcd#/password")] = b"in-json-1"
        self.missing = [
            parse("azure-kv://shop/none"),
            parse("azure-kv://shop/json/9999"),
            parse("azure-kv://shop/json#/none"),
        ]


def test_a_secret_is_asked_for_once_whatever_is_wanted_of_it(server):
    references = [parse(text) for text in ("azure-kv://shop/json", "azure-kv://shop/json#/password")]
    AzureKeyVault().fetch(references, context(server))
    signed = [r.path for r in server.requests if "authorization" in r.headers]
    assert signed == ["/secrets/json/"]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (status(403, "Forbidden"), Denied),
        (status(500, "InternalServerError"), Unavailable),
        ((200, b"<html>a proxy's page</html>"), BackendError),
        ((200, {"id": "https://x.vault.azure.net/secrets/plain/1"}), BackendError),
        (GARBAGE, BackendError),
    ],
)
def test_each_failure_of_the_vault_has_its_own_error(server, azure, failure, expected):
    azure.failure = failure
    error = ask(server, "azure-kv://shop/plain")
    assert isinstance(error, expected)
    assert type(error) is expected or expected is BackendError
    for secret in (ISSUED, CLIENT_SECRET):
        assert secret not in f"{error.message}{error.hint}"


def test_throttling_is_tried_again_and_then_said(server, azure):
    azure.failure = status(429, "Throttled", **{"Retry-After": "0"})
    assert type(ask(server, "azure-kv://shop/plain")) is RateLimited
    assert len([path for path in server.paths() if path.startswith("/secrets/")]) > 2


def test_a_vault_that_hangs_is_given_up_at_the_time_limit(server, azure):
    azure.failure = HANG
    assert type(ask(server, "azure-kv://shop/plain", timeout=2)) is TimedOut


def test_a_client_secret_that_is_refused_is_not_shown(server):
    error = ask(server, "azure-kv://shop/plain", secret="not-the-secret")
    assert type(error) is NotSignedIn
    assert "az login" in error.hint
    assert "not-the-secret" not in f"{error.message}{error.hint}"


def test_a_certificate_of_an_unknown_ca_is_refused(server):
    error = ask(server, "azure-kv://shop/plain", ca="")
    assert type(error) in (Unavailable, NotSignedIn)
    assert server.requests == []


@pytest.mark.parametrize(
    "text",
    [
        "azure-kv://shop",
        "azure-kv://evil.example/name",
        "azure-kv://shop/a/b/c",
        "azure-kv://shop/a%3Fb",
        "azure-kv://shop/a?x=1",
    ],
)
def test_a_reference_that_could_name_another_host_or_path_is_refused_before_any_call(text):
    reference = parse(text)
    assert type(AzureKeyVault().fetch([reference], Context({}))[reference]) is BadReference


def test_the_vaults_name_makes_the_host():
    from secretrun_backends.azure_key_vault import _client

    class Credential:
        def get_token(self, *scopes, **options):
            raise AssertionError("no token is needed to make a client")

    made = _client("shop", Credential(), Context({}, options={"suffix": "vault.azure.cn"}))
    assert made.vault_url == "https://shop.vault.azure.cn"
