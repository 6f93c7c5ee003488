"""Every store that is reached over HTTP, by SDK, CLI or ourselves, in front of a server that answers badly."""

import functools
import json
import os
import sys

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from faults.test_stores import HALF, Place
from support.store import secretrun
from support.wire import BREAK_OFF, DRIP, GARBAGE, HANG, Server

# Whatever is asked for, this is the answer, sign-ins included.
ANSWERS = {
    "hangs": HANG,
    "never ends its answer": DRIP,
    "is no HTTP server": GARBAGE,
    "dies mid-answer": BREAK_OFF,
    "answers a page": (200, f"<html><body>{HALF}</body></html>".encode()),
    "answers nothing": (200, b""),
    "answers an empty object": (200, {}),
    "answers a list": (200, [HALF]),
    "answers numbers": (200, {"value": [7], "data": 7, "secrets": 7, "payload": 7, "SecretString": 7}),
    "answers what is not UTF-8": (200, b'{"value": "\xff\xfe' + HALF.encode() + b'"}'),
    "answers a deep nest": (200, b"[" * 100_000),
    "redirects": (302, {}, {"Location": "http://127.0.0.1:9/elsewhere"}),
    "throttles": (429, {"message": HALF}),
    "refuses the sign-in": (401, {"message": HALF}),
    "refuses": (403, {"message": HALF}),
    "fails": (500, HALF.encode()),
    "is overloaded": (503, HALF.encode()),
}


def aws(place, server):
    place.environ |= {
        "AWS_ENDPOINT_URL": server.url, "AWS_CA_BUNDLE": server.ca, "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
    }  # fmt: skip


def configured(place, name, **options):
    """A table of the user's own configuration."""
    directory = place.work.parent / ".config" / "secretrun"
    directory.mkdir(parents=True, exist_ok=True)
    lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    (directory / "config.toml").write_text("\n".join([f"[backend.{name}]", *lines]))


def azure(place, server):
    place.environ |= {
        "AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "client", "AZURE_CLIENT_SECRET": "secret",
        "AZURE_AUTHORITY_HOST": server.url,
    }  # fmt: skip
    configured(place, "azure-kv", endpoint=server.url, ca=server.ca)


@functools.cache
def private_key():
    """One for all: making it takes longer than a test."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode()


def google(place, server):
    account = {
        "type": "service_account", "project_id": "shop", "private_key_id": "1", "private_key": private_key(),
        "client_email": "t@shop.iam.gserviceaccount.com", "client_id": "1", "token_uri": f"{server.url}/token",
    }  # fmt: skip
    file = place.work.parent / "account.json"
    file.write_text(json.dumps(account))
    # The SDK also asks Google, in the background, in which regions the account may be used. Not from here.
    place.environ |= {
        "GOOGLE_APPLICATION_CREDENTIALS": str(file), "REQUESTS_CA_BUNDLE": server.ca,
        "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost",
    }  # fmt: skip
    configured(place, "gcp-sm", endpoint=server.url)


def kubernetes(place, server):
    file = place.work.parent / "kubeconfig"
    file.write_text(
        json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": server.url, "certificate-authority": server.ca}}],
            "users": [{"name": "u", "user": {"token": "token"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        })
    )  # fmt: skip
    place.environ |= {"KUBECONFIG": str(file)}


def doppler(place, server):
    place.environ |= {"DOPPLER_API_HOST": server.url, "DOPPLER_TOKEN": "token", "SSL_CERT_FILE": server.ca}


def infisical(place, server):
    place.environ |= {"INFISICAL_API_URL": server.url, "INFISICAL_TOKEN": "token"}
    configured(place, "infisical", ca=server.ca)


def http_json(place, server):
    configured(place, "http-json", ca=server.ca)


STORES = {
    "aws-sm": (aws, "aws-sm://app"),
    "aws-ssm": (aws, "aws-ssm:///app/key"),
    "azure-kv": (azure, "azure-kv://shop/key"),
    "doppler": (doppler, "doppler://shop/dev/KEY"),
    "gcp-sm": (google, "gcp-sm://shop/key"),
    "httpjson": (http_json, "httpjson://localhost:{port}/app#/value/key"),
    "infisical": (infisical, "infisical://project/dev/KEY"),
    "k8s": (kubernetes, "k8s://shop/database#/password"),
}


# Azure's SDK makes a text of whatever the value is: what it was before can't be told.
PAIRS = [(s, a) for s in STORES for a in ANSWERS if (s, a) != ("azure-kv", "answers numbers")]


@pytest.mark.parametrize(("store", "answer"), PAIRS)
def test_a_bad_answer_is_an_error_and_shows_nothing(tmp_path, store, answer):
    prepare, reference = STORES[store]
    place = Place(tmp_path)
    beside = os.path.dirname(sys.executable)  # the CLIs that come as wheels
    place.environ["PATH"] = beside + os.pathsep + place.environ["PATH"]
    with Server(lambda _: ANSWERS[answer], directory=tmp_path) as server:
        prepare(place, server)
        before = place.files()
        done = secretrun(
            "--timeout", "2", "--set", f"BAD={reference.format(port=server.port)}", "--", "touch", "started",
            env=place.environ, cwd=place.work,
        )  # fmt: skip
        said = done.stderr.decode()
        assert (done.returncode, done.stdout) == (125, b""), said
        assert "BAD: " in said
        assert all(line.startswith(("secretrun: error: ", "secretrun: hint: ")) for line in said.splitlines())
        assert "internal error" not in said
        assert "backend failed with" not in said
        assert HALF not in said
        assert place.files() == before
        if server.requests:
            assert "not trusted" not in said
