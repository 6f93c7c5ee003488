"""vault:// against a real OpenBao server; only the answers no server gives on request come from a stand-in."""

from __future__ import annotations

import http.server
import json
import threading
import traceback

import pytest
from backends.vault_servers import ROOT, wait_until

from backends import vault_servers
from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
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
from secretrun_backends.vault import Vault

TEXTS = {name: value for name, value in DIFFICULT_VALUES.items() if name != "binary"}
PASSWORD = "a password of the sign-in"


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


class TestVersion2(BackendContract):
    prefix = "secret/app"

    @pytest.fixture(autouse=True)
    def store(self, context):
        self.backend = Vault()
        self.context = context
        self.known = {parse(f"vault://{self.prefix}#/{name}"): value for name, value in TEXTS.items()}
        self.missing = [
            parse(f"vault://{self.prefix}#/no-such-key"), parse(f"vault://{self.prefix.rpartition('/')[0]}/no-such-path#/x"),
        ]  # fmt: skip
        self.listing = (parse(f"vault://{self.prefix}"), TEXTS)


class TestVersion1(TestVersion2):
    """The same of a store of version 1, mounted two levels deep."""

    prefix = "kv1/deep/app"


def test_without_a_pointer_the_whole_secret_is_given_as_json_with_its_numbers_as_written(context):
    assert fetch("vault://secret/numbers#/n", context) == b"1234567890"
    assert fetch("vault://secret/numbers#/list/0/x", context) == b"y"
    assert json.loads(fetch("vault://secret/app", context)) == {n: v.decode() for n, v in TEXTS.items()}
    assert isinstance(fetch("vault://secret/numbers#/no", context), NotFound)


def test_the_last_part_of_a_vals_reference_without_pointer_is_the_key(context):
    assert fetch("ref+vault://secret/app/plain", context) == TEXTS["plain"]
    assert fetch("ref+vault://secret/app#/plain", context) == TEXTS["plain"]


def test_versions_are_chosen_and_those_deleted_or_destroyed_say_so(context):
    assert fetch("vault://secret/versions?version=3#/v", context) == b"three"
    assert fetch("vault://secret/versions#/v", context) == b"three"
    for version, word in (("2", "deleted"), ("1", "destroyed")):
        error = fetch(f"vault://secret/versions?version={version}#/v", context)
        assert isinstance(error, NotFound)
        assert error.message == f"version {version} of Vault's secret/versions was {word}"
    assert "in version 9" in fetch("vault://secret/versions?version=9#/v", context).message
    assert "was deleted" in fetch("vault://secret/gone#/v", context).message


def test_names_with_blanks_and_percent_signs_reach_the_server_as_they_are(context):
    assert fetch("vault://secret/odd name/ü%252F#/v", context) == b"odd"


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("vault://secret/app?version=x#/plain", BadReference, "not a number"),
        ("vault://secret/app?version_kv=3#/plain", BadReference, "neither 1 nor 2"),
        ("vault://kv1/deep/app?version=1#/plain", BadReference, "no versions"),
        ("vault://secret#/plain", BadReference, "names a mount"),
        ("vault://secret/app?verison=1#/plain", BadReference, "no option 'verison'"),
        ("vault://secret/app?secret_id=hush-hush#/plain", BadReference, "must not hold the secret option"),
        ("vault://secret/app?auth_method=magic#/plain", BadReference, "sign-in method 'magic'"),
        ("vault://nomount/app#/plain", Denied, "no permission to read nomount/app"),
        ("vault://secret/app?namespace=nowhere#/plain", NotFound, "no namespace 'nowhere'"),
        ("vault://secret/data/app#/plain", NotFound, "nothing at secret/data/app"),
        ("vault://secret/app?address=https://elsewhere.example#/plain", BadReference, "names the server"),
    ],
)
def test_what_a_reference_gets_wrong_is_named(context, text, kind, words):
    error = fetch(text, context)
    assert type(error) is kind, error
    assert words in error.message
    assert error.hint
    assert "hush-hush" not in error.message + error.hint


def test_an_address_in_a_reference_works_when_the_user_knows_it_or_wrote_it(bao, tmp_path):
    text = f"vault://secret/app?address={bao.address}/#/plain"
    elsewhere = {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": ROOT}
    listed = in_environment(bao, tmp_path, options={"addresses": [bao.address]}, **elsewhere)
    assert fetch(text, listed) == TEXTS["plain"]
    assert fetch(text, in_environment(bao, tmp_path, **elsewhere), trusted=True) == TEXTS["plain"]
    assert isinstance(fetch(text, in_environment(bao, tmp_path, **elsewhere)), BadReference)


def test_openbaos_own_variables_come_first(bao, tmp_path):
    context = in_environment(
        bao,
        tmp_path,
        VAULT_ADDR="http://127.0.0.1:1",
        BAO_ADDR=bao.address,
        VAULT_TOKEN="wrong",
        BAO_TOKEN=ROOT,
    )
    assert fetch("vault://secret/app#/plain", context) == TEXTS["plain"]


def test_a_namespace_is_asked_for(bao, context, tmp_path):
    bao.api("POST", "sys/namespaces/team", {})
    request_in_namespace(bao, "team", "sys/mounts/own", {"type": "kv", "options": {"version": "1"}})
    request_in_namespace(bao, "team", "own/app", {"v": "of the team"})
    assert fetch("vault://own/app?namespace=team#/v", context) == b"of the team"
    by_variable = in_environment(bao, tmp_path, VAULT_TOKEN=ROOT, VAULT_NAMESPACE="team/")
    assert fetch("vault://own/app#/v", by_variable) == b"of the team"


def request_in_namespace(bao, namespace, path, body):
    import urllib.request

    request = urllib.request.Request(
        f"{bao.address}/v1/{path}", method="POST", data=json.dumps(body).encode(),
        headers={"X-Vault-Token": ROOT, "X-Vault-Namespace": namespace},
    )  # fmt: skip
    urllib.request.urlopen(request, timeout=30).close()


def test_a_token_is_taken_from_where_vault_and_vals_look_for_it(bao, tmp_path):
    (tmp_path / ".vault-token").write_text(ROOT + "\n")
    (tmp_path / "token").write_text(ROOT)
    (tmp_path / "bad").write_text("no-such-token")
    assert fetch("vault://secret/app#/plain", in_environment(bao, tmp_path)) == TEXTS["plain"]
    by_variable = in_environment(bao, tmp_path, MINE=ROOT, VAULT_TOKEN="wrong")
    assert fetch("vault://secret/app?token_env=MINE#/plain", by_variable) == TEXTS["plain"]
    assert (
        fetch("vault://secret/app?token_file=token#/plain", by_variable, base=str(tmp_path)) == TEXTS["plain"]
    )
    wrong = fetch("vault://secret/app?token_file=bad#/plain", by_variable, base=str(tmp_path))
    assert isinstance(wrong, NotSignedIn)
    assert (
        "token_env names the variable NONE"
        in fetch("vault://secret/app?token_env=NONE#/plain", by_variable).message
    )


@pytest.mark.parametrize("token", [None, "no-such-token", "two\nlines", "pässword"])
def test_no_token_or_one_that_is_none_asks_for_a_sign_in_and_is_not_shown(bao, tmp_path, token):
    error = fetch("vault://secret/app#/plain", in_environment(bao, tmp_path, VAULT_TOKEN=token))
    assert type(error) is NotSignedIn
    assert "vault login" in error.hint
    assert token is None or token not in "".join(traceback.format_exception(error)) + str(error.hint)


def test_an_expired_token_is_told_from_a_policy_that_does_not_allow(bao, tmp_path):
    reader = bao.token(policies=["reader"])
    context = in_environment(bao, tmp_path, VAULT_TOKEN=reader)
    assert fetch("vault://secret/app#/plain", context) == TEXTS["plain"]
    assert type(fetch("vault://secret/numbers#/n", context)) is Denied
    bao.api("POST", "auth/token/revoke", {"token": reader})
    error = fetch("vault://secret/app#/plain", context)
    assert type(error) is NotSignedIn
    assert "no longer" in error.message
    assert reader not in error.message + error.hint


def test_a_token_that_may_not_ask_for_mounts_reads_with_version_kv(bao, tmp_path):
    context = in_environment(bao, tmp_path, VAULT_TOKEN=ROOT)
    assert fetch("vault://secret/app?version_kv=2#/plain", context) == TEXTS["plain"]


@pytest.fixture(scope="session")
def sign_ins(bao):
    """Every way to sign in that the server has, open to whoever knows the right words."""
    for method in ("approle", "userpass", "jwt"):
        bao.api("POST", f"sys/auth/{method}", {"type": method})
    bao.api("POST", "sys/auth/people", {"type": "userpass"})
    bao.api("POST", "auth/approle/role/app", {"token_policies": ["reader"]})
    role = bao.api("GET", "auth/approle/role/app/role-id")["data"]["role_id"]
    secret = bao.api("POST", "auth/approle/role/app/secret-id", {})["data"]["secret_id"]
    for mount in ("userpass", "people"):
        bao.api("POST", f"auth/{mount}/users/bob", {"password": PASSWORD, "token_policies": ["reader"]})
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    bao.api("POST", "auth/jwt/config", {"jwt_validation_pubkeys": [public.decode()], "bound_issuer": "tests"})
    bao.api(
        "POST", "auth/jwt/role/ci",
        {"role_type": "jwt", "bound_audiences": ["bao"], "user_claim": "sub", "token_policies": ["reader"]},
    )  # fmt: skip
    return {"role_id": role, "secret_id": secret, "jwt": signed_jwt(key)}


def signed_jwt(key):
    import base64
    import time

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    def part(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")

    now = int(time.time())
    claims = {"iss": "tests", "aud": "bao", "sub": "job", "iat": now - 60, "exp": now + 3600}
    body = b".".join(part(json.dumps(one).encode()) for one in ({"alg": "ES256", "typ": "JWT"}, claims))
    r, s = utils.decode_dss_signature(key.sign(body, ec.ECDSA(hashes.SHA256())))
    return (body + b"." + part(r.to_bytes(32, "big") + s.to_bytes(32, "big"))).decode()


def test_approle_signs_in_by_variables_options_and_files(bao, tmp_path, sign_ins):
    (tmp_path / "secret-id").write_text(sign_ins["secret_id"] + "\n")
    variables = {"VAULT_AUTH_METHOD": "approle", "VAULT_ROLE_ID": sign_ins["role_id"]}
    by_variables = in_environment(bao, tmp_path, VAULT_SECRET_ID=sign_ins["secret_id"], **variables)
    assert fetch("vault://secret/app#/plain", by_variables) == TEXTS["plain"]
    text = f"vault://secret/app?auth_method=approle&role_id={sign_ins['role_id']}&secret_id_file=secret-id#/plain"
    assert fetch(text, in_environment(bao, tmp_path), base=str(tmp_path)) == TEXTS["plain"]
    missing = fetch("vault://secret/app#/plain", in_environment(bao, tmp_path, **variables))
    assert type(missing) is NotSignedIn
    assert "VAULT_SECRET_ID" in missing.hint
    wrong = in_environment(bao, tmp_path, VAULT_SECRET_ID="not-the-secret-id", **variables)
    error = fetch("vault://secret/app#/plain", wrong)
    assert type(error) is NotSignedIn
    assert "auth/approle/login" in error.message
    assert "not-the-secret-id" not in error.message + error.hint


def test_userpass_signs_in_also_at_a_mount_of_another_name(bao, tmp_path, sign_ins):
    context = in_environment(
        bao, tmp_path, VAULT_AUTH_METHOD="userpass", VAULT_USERNAME="bob", VAULT_PASSWORD=PASSWORD
    )
    assert fetch("vault://secret/app#/plain", context) == TEXTS["plain"]
    assert fetch("vault://secret/app?auth_mount=people#/plain", context) == TEXTS["plain"]
    assert type(fetch("vault://secret/app?auth_mount=nowhere#/plain", context)) is NotSignedIn
    by_name = in_environment(bao, tmp_path, PW=PASSWORD)
    text = "vault://secret/app?auth_method=userpass&username=bob&password_env=PW#/plain"
    assert fetch(text, by_name) == TEXTS["plain"]
    nobody = fetch("vault://secret/app?auth_method=userpass&password_env=PW#/plain", by_name)
    assert "?username=" in nobody.hint


def test_a_jwt_signs_in(bao, tmp_path, sign_ins):
    context = in_environment(bao, tmp_path, VAULT_JWT=sign_ins["jwt"])
    assert fetch("vault://secret/app?auth_method=jwt&role=ci#/plain", context) == TEXTS["plain"]
    forged = in_environment(bao, tmp_path, VAULT_JWT=sign_ins["jwt"][:-8] + "AAAAAAAA")
    error = fetch("vault://secret/app?auth_method=jwt&role=ci#/plain", forged)
    assert type(error) is NotSignedIn
    assert sign_ins["jwt"][:40] not in error.message


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


KUBERNETES_ANSWER = {
    "kind": "TokenReview",
    "status": {
        "authenticated": True,
        "user": {"username": "system:serviceaccount:default:app", "uid": "u-1", "groups": []},
    },
}


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


def test_kubernetes_signs_in_when_the_cluster_vouches_for_the_service_account(bao, tmp_path, says, sign_ins):
    """The server is real, the cluster's TokenReview comes from a stand-in."""
    import base64

    says.answers[""] = (201, {"Content-Type": "application/json"}, json.dumps(KUBERNETES_ANSWER).encode())
    bao.api("POST", "sys/auth/kubernetes", {"type": "kubernetes"})
    bao.api(
        "POST", "auth/kubernetes/config",
        {"kubernetes_host": says.address, "disable_local_ca_jwt": True, "token_reviewer_jwt": sign_ins["jwt"],
         "kubernetes_ca_cert": certificate(), "disable_iss_validation": True},
    )  # fmt: skip
    bao.api(
        "POST", "auth/kubernetes/role/app",
        {"bound_service_account_names": ["app"], "bound_service_account_namespaces": ["default"],
         "token_policies": ["reader"]},
    )  # fmt: skip
    claims = {
        "iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:default:app",
        "kubernetes.io/serviceaccount/namespace": "default", "kubernetes.io/serviceaccount/service-account.name": "app",
        "kubernetes.io/serviceaccount/service-account.uid": "u-1",
    }  # fmt: skip
    parts = [json.dumps({"alg": "RS256", "typ": "JWT"}).encode(), json.dumps(claims).encode(), b"x" * 64]
    account = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode()
    (tmp_path / "account").write_text(account)
    context = in_environment(bao, tmp_path, VAULT_KUBERNETES_JWT_TOKEN_PATH=str(tmp_path / "account"))
    text = "vault://secret/app?auth_method=kubernetes&role_id=app#/plain"
    assert fetch(text, context) == TEXTS["plain"]
    absent = fetch(text, in_environment(bao, tmp_path, VAULT_KUBERNETES_JWT_TOKEN_PATH="/no/such/file"))
    assert type(absent) is NotSignedIn


def test_two_references_to_one_path_are_one_read(says, tmp_path):
    mount = {"data": {"path": "kv/", "type": "kv", "options": {"version": "1"}}}
    says.answers["/v1/sys/internal/ui/mounts/kv/a"] = (200, {}, json.dumps(mount).encode())
    says.answers["/v1/kv/a"] = (200, {}, b'{"data": {"x": "1", "y": "2"}}')
    says.answers["/v1/kv/b"] = (200, {}, b'{"data": {"x": "3"}}')
    context = in_environment(says, tmp_path, VAULT_TOKEN=ROOT)
    references = [parse(f"vault://kv/{name}") for name in ("a#/x", "a#/y", "a", "b#/x")]
    answers = Vault().fetch(references, context)
    assert [answers[one] for one in references] == [b"1", b"2", b'{"x":"1","y":"2"}', b"3"]
    paths = sorted(path for _, path, _, _ in says.seen)
    assert paths == ["/v1/kv/a", "/v1/kv/b", "/v1/sys/internal/ui/mounts/kv/a"]


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (429, b'{"errors": ["rate limit"]}', RateLimited, "fewer requests"),
        (503, b'{"errors": ["Vault is sealed"]}', Unavailable, "is sealed"),
        (500, b'{"errors": ["internal error of root-token-of-the-test"]}', Unavailable, "it gave no reason"),
        (502, b"<html>bad gateway</html>", Unavailable, "status 502"),
        (400, b'{"errors": ["missing thing"]}', BackendError, "missing thing"),
        (200, b"<html>a login page</html>", BadAnswer, "does not answer as Vault does"),
        (200, b'{"data": []}', BadAnswer, "does not answer as Vault does"),
        (400, b"Client sent an HTTP request to an HTTPS server.\n", Unavailable, "speaks HTTPS"),
    ],
)
def test_a_server_in_trouble_gives_an_error_of_its_own_kind(says, tmp_path, status, body, kind, words):
    says.answers[""] = (status, {}, body)
    error = fetch("vault://secret/app#/plain", in_environment(says, tmp_path, VAULT_TOKEN=ROOT))
    assert type(error) is kind
    assert words in error.message
    assert ROOT not in error.message + str(error.hint)


def test_a_redirect_is_not_followed_with_the_token(says, tmp_path):
    says.answers[""] = (307, {"Location": says.address + "/stolen"}, b"")
    error = fetch("vault://secret/app#/plain", in_environment(says, tmp_path, VAULT_TOKEN=ROOT))
    assert isinstance(error, BackendError)
    assert "redirects" in error.message
    assert "VAULT_ADDR" in error.hint
    assert [path for _, path, _, _ in says.seen] == ["/v1/sys/internal/ui/mounts/secret/app"]


def test_a_server_that_never_answers_is_given_up(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        environ = {"VAULT_ADDR": f"http://127.0.0.1:{silent.getsockname()[1]}", "VAULT_TOKEN": ROOT}
        error = fetch("vault://secret/app#/plain", Context({"HOME": str(tmp_path), **environ}, timeout=0.5))
    assert type(error) is TimedOut
    assert "--timeout" in error.hint


def test_a_server_that_is_not_there_and_an_address_that_is_not_set_say_what_to_do(tmp_path):
    port = vault_servers.free_port()
    environ = {"HOME": str(tmp_path), "VAULT_TOKEN": ROOT}
    error = fetch("vault://secret/app#/plain", Context({**environ, "VAULT_ADDR": f"http://127.0.0.1:{port}"}))
    assert type(error) is Unavailable
    assert "VAULT_ADDR" in error.hint
    assert "VAULT_ADDR=" in fetch("vault://secret/app#/plain", Context(environ)).hint


def test_a_certificate_of_an_unknown_authority_is_refused_until_vault_cacert_names_it(tmp_path):
    server = vault_servers.start(
        tmp_path, "-dev-tls", f"-dev-tls-cert-dir={tmp_path}",
        answers=lambda place: "server started" in (place / "bao.log").read_text(),
    )  # fmt: skip
    try:
        address = server.address.replace("http:", "https:")
        variables = {"HOME": str(tmp_path), "VAULT_ADDR": address, "VAULT_TOKEN": ROOT}
        error = fetch("vault://secret/app#/plain", Context(variables, timeout=60))
        assert type(error) is Unavailable
        assert "certificate" in error.message
        assert "VAULT_CACERT" in error.hint
        (authority,) = tmp_path.glob("*ca.pem")
        trusting = Context({**variables, "VAULT_CACERT": str(authority)}, timeout=60)
        assert type(fetch("vault://secret/app#/plain", trusting)) is NotFound
        plain = Context({**variables, "VAULT_ADDR": server.address}, timeout=60)
        assert "speaks HTTPS" in fetch("vault://secret/app#/plain", plain).message
    finally:
        server.stop()


def test_a_sealed_server_says_so_to_check_and_to_fetch(tmp_path):
    server = vault_servers.start(tmp_path)
    try:
        context = in_environment(server, tmp_path, VAULT_TOKEN=ROOT)
        assert "signed in" in Vault().check(context)
        server.api("PUT", "sys/seal", {})
        with pytest.raises(Unavailable, match="is sealed"):
            Vault().check(context)
        error = fetch("vault://secret/app#/plain", context)
        assert type(error) is Unavailable
        assert error.hint == "vault operator unseal"
    finally:
        server.stop()
