"""One template over many stores: every store is asked once, in one run."""

import base64
import json
import os
import pathlib
import stat
import sys

import boto3
import pytest
from moto.server import ThreadedMotoServer
from support.store import Store, secretrun

# The stand-in for 1Password's `op`, which needs an account; it counts its calls.
OP = '#!/bin/sh\nexec "{python}" "{stand_in}" "$@"\n'
STAND_IN = pathlib.Path(__file__).parents[1] / "backends" / "op_stand_in.py"

# A recorder in front of the real sops.
SOPS = """#!/bin/sh
echo "$@" >> {calls!r}
exec {real!r} "$@"
"""


@pytest.fixture(scope="module")
def aws():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_one_template_mixes_stores_and_asks_each_once(tmp_path, aws):
    from secretrun.backend.sops import find_sops

    store = Store(tmp_path, {"one": "sops-first-value-1", "two": "sops-second-value-2"})
    client = boto3.client(
        "secretsmanager",
        endpoint_url=aws,
        region_name="eu-central-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    client.create_secret(
        Name="prod/db", SecretString=json.dumps({"user": "app", "password": "aws-p@ssword-99"})
    )
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program(bin_ / "op", OP.format(python=sys.executable, stand_in=STAND_IN))
    vault = tmp_path / "op-store"
    vault.mkdir()
    token = base64.b64encode(b"op-token-value-1234567").decode()
    (vault / "values.json").write_text(json.dumps({"op://dev/api/token": token}))
    program(bin_ / "sops", SOPS.format(calls=str(tmp_path / "sops-calls"), real=find_sops(os.environ)))
    (tmp_path / "mixed.env").write_text(
        "LITERAL=plain\n"
        "ONE=sops://secrets.enc.yaml#/one\n"
        "TWO=ref+sops://secrets.enc.yaml#/two\n"
        "TOKEN=op://dev/api/token\n"
        "DATABASE_URL=postgres://{{ aws-sm://prod/db#/user }}:{{ aws-sm://prod/db#/password }}@db/app\n"
    )
    env = store.environ | {
        "PATH": f"{bin_}{os.pathsep}{store.environ['PATH']}",
        "OP_STORE": str(vault),
        "AWS_ENDPOINT_URL": aws,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    code = (
        "import json, os; json.dump({n: os.environ[n] for n in "
        "('LITERAL', 'ONE', 'TWO', 'TOKEN', 'DATABASE_URL')}, open('seen.json', 'w')); "
        "print(os.environ['DATABASE_URL'], os.environ['ONE'], os.environ['TOKEN'])"
    )
    done = secretrun("-e", "mixed.env", "--", sys.executable, "-c", code, env=env, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "seen.json").read_text()) == {
        "LITERAL": "plain",
        "ONE": "sops-first-value-1",
        "TWO": "sops-second-value-2",
        "TOKEN": "op-token-value-1234567",
        "DATABASE_URL": "postgres://app:aws-p@ssword-99@db/app",
    }
    for value in (b"aws-p@ssword-99", b"sops-first-value-1", b"op-token-value-1234567"):
        assert value not in done.stdout + done.stderr
    calls = [json.loads(line)[0] for line in (vault / "calls").read_text().splitlines()]
    assert len(calls) == 1, calls
    assert len((tmp_path / "sops-calls").read_text().splitlines()) == 1
