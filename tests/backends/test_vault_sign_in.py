"""Signing in to a Vault: tokens, AppRole, passwords, JWTs, Kubernetes."""

from __future__ import annotations

import json
import traceback

import pytest
from backends.openbao import TEXTS, certificate, fetch, in_environment
from backends.vault_servers import ROOT

from secretrun.errors import (
    Denied,
    NotSignedIn,
)

PASSWORD = "a password of the sign-in"


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


KUBERNETES_ANSWER = {
    "kind": "TokenReview",
    "status": {
        "authenticated": True,
        "user": {"username": "system:serviceaccount:default:app", "uid": "u-1", "groups": []},
    },
}


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
