"""A CI job signs in by who it is: the runner's token, an issuer of our own in GitHub's place, moto and OpenBao."""

import base64
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from support.store import clean_environ

CI = pathlib.Path(__file__).resolve().parents[2] / "examples" / "ci"
SECRET = "oidc-deploy-token-41c7"
ASKS = "what-asks-for-the-token-9d2f"


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """What GitHub is to a job: gives a signed token to who has the job's own, and shows its public key."""

    def __init__(self):
        self.key = rsa.generate_private_key(65537, 2048)
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                if path == "/jwks":
                    self.answer(200, issuer.jwks())
                elif path == "/token" and self.headers["Authorization"] == f"bearer {ASKS}":
                    self.answer(200, {"value": issuer.token(query.rpartition("audience=")[2])})
                else:
                    self.answer(401, {})

            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def jwks(self):
        numbers = self.key.public_key().public_numbers()
        n, e = (url64(i.to_bytes((i.bit_length() + 7) // 8, "big")) for i in (numbers.n, numbers.e))
        return {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": n, "e": e}]}

    def token(self, audience):
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": audience,
            "sub": "repo:o/r:ref:refs/heads/main",
            "iat": now - 60,
            "exp": now + 600,
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": "1"}
        body = ".".join(url64(json.dumps(part).encode()) for part in (head, claims))
        return f"{body}.{url64(self.key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@pytest.fixture
def issuer():
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def job(tmp_path, issuer):
    """A job's directory and environment, as `permissions: id-token: write` makes them; runs one of the steps."""
    place = tmp_path / "ci"
    shutil.copytree(CI, place)
    (place / "deploy.sh").write_text(
        '#!/bin/sh\necho "got $DEPLOY_TOKEN"\nenv\ncat ${AWS_WEB_IDENTITY_TOKEN_FILE-}\n'
    )
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "secretrun"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m secretrun "$@"\n')
    script.chmod(0o755)
    environ = clean_environ(tmp_path)
    environ |= {
        "PATH": f"{tmp_path}/bin:{environ['PATH']}", "TMPDIR": str(tmp_path),
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/token?api-version=2",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": ASKS,
    }  # fmt: skip

    def run(step, **more):
        return subprocess.run(
            [str(place / step)], env=environ | more, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=100,
        )  # fmt: skip

    return run


def shown_by(done, issuer):
    """What of the job's identity is in the output: nothing must be."""
    head = url64(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "1"}).encode())
    return [text for text in (SECRET, ASKS, f"{head}.") if text in done.stdout + done.stderr]


def test_aws_trusts_who_the_job_is(aws, job, issuer, tmp_path):
    aws.secrets.create_secret(Name="ci/deploy", SecretString=json.dumps({"token": SECRET}))
    role = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci", "AWS_REGION": "eu-central-1"}
    endpoint = {"AWS_ENDPOINT_URL": aws.environ["AWS_ENDPOINT_URL"], "AWS_EC2_METADATA_DISABLED": "true"}
    done = job("oidc-aws.sh", **role, **endpoint)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("got [REDACTED:DEPLOY_TOKEN]\n")
    assert shown_by(done, issuer) == []
    assert list(tmp_path.glob("tmp.*")) == []
    without = job("oidc-aws.sh", **role, **endpoint, ACTIONS_ID_TOKEN_REQUEST_TOKEN="no-job-of-theirs")
    assert without.returncode != 0
    assert "got " not in without.stdout


def test_vault_trusts_who_the_job_is(bao, job, issuer):
    bao.api("POST", "sys/auth/jwt-of-github", {"type": "jwt"})
    bao.api(
        "POST", "auth/jwt-of-github/config", {"jwks_url": f"{issuer.url}/jwks", "bound_issuer": issuer.url}
    )
    bao.api(
        "POST", "auth/jwt-of-github/role/deploy",
        {
            "role_type": "jwt", "bound_audiences": ["vault"], "user_claim": "sub", "token_policies": ["ci-reader"],
            "bound_claims": {"sub": "repo:o/r:ref:refs/heads/main"},
        },
    )  # fmt: skip
    bao.api(
        "PUT", "sys/policies/acl/ci-reader", {"policy": 'path "secret/data/ci" { capabilities = ["read"] }'}
    )
    bao.api("POST", "secret/data/ci", {"data": {"token": SECRET}})
    where = {"VAULT_ADDR": bao.address, "VAULT_ROLE": "deploy", "VAULT_JWT_MOUNT_POINT": "jwt-of-github"}
    try:
        done = job("oidc-vault.sh", **where)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("got [REDACTED:DEPLOY_TOKEN]\n")
        assert "VAULT_JWT=" not in done.stdout
        assert shown_by(done, issuer) == []
        other = job("oidc-vault.sh", **where | {"VAULT_ROLE": "no-such-role"})
        assert other.returncode == 125
        assert "got " not in other.stdout
        assert shown_by(other, issuer) == []
    finally:
        bao.api("DELETE", "sys/auth/jwt-of-github")


def test_nothing_starts_without_an_identity(job):
    done = job(
        "oidc-vault.sh", ACTIONS_ID_TOKEN_REQUEST_TOKEN="", VAULT_ADDR="http://127.0.0.1:9", VAULT_ROLE="x"
    )
    assert done.returncode != 0
    assert "id-token: write" in done.stderr
    assert os.path.exists(CI / "oidc-token.sh")
