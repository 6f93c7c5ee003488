"""vault:// against a real OpenBao server; only the answers no server gives on request come from a stand-in."""

from __future__ import annotations

import json

import pytest
from backends.openbao import TEXTS, fetch, in_environment
from backends.vault_servers import ROOT

from backends import vault_servers
from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import BackendContract
from secretrun_backends.vault import Vault


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
