"""What going through the broker costs, beside mitmproxy with an add-on that does the same, HAProxy and Envoy.

    python benchmarks/broker.py [--mitmdump PROGRAM] [--envoy PROGRAM] [--rounds N] [--json]

One upstream for all (HAProxy for small answers, a plain TLS server for long ones), one client (in Go), everything on
loopback. The contestants take turns in each round, and what is said is the median; a contestant that is not
installed is left out. HAProxy and Envoy end TLS themselves with a static header, look at no answer, and know no
placeholder: they are there as what C and C++ can do.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import trustme
from contestants import KEY, PEERS, envoy, free_port, haproxy, mitmproxy, wait_for
from rows import finish, row, say

BODY = 64 << 20


def option(name, default=None):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def memory(pid):
    """KiB of a process, shared pages included."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


class Bench:
    def __init__(self, directory):
        self.directory = directory
        self.processes = []
        ca = trustme.CA()
        ca.cert_pem.write_to_path(directory / "root.pem")
        made = ca.issue_cert("localhost")
        pem = made.private_key_pem.bytes() + b"".join(one.bytes() for one in made.cert_chain_pems)
        (directory / "server.pem").write_bytes(pem)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "SSL_CERT_FILE": str(directory / "root.pem"),
        }
        subprocess.run(
            ["go", "build", "-o", str(directory / "load"), str(PEERS / "load.go")], check=True,
            env=os.environ | {"GO111MODULE": "off", "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"},
        )  # fmt: skip
        self.upstream = free_port()
        self.haproxy(
            "upstream",
            f"""
frontend up
  bind 127.0.0.1:{self.upstream} ssl crt {directory}/server.pem alpn http/1.1
  http-request return status 200 content-type text/plain string "{"x" * 256}"
""",
        )
        wait_for(self.upstream)
        self.long = self.serve_long()

    def haproxy(self, name, text):
        file = self.directory / f"{name}.cfg"
        file.write_text(
            f"global\n  maxconn 4000\n  nbthread 1\ndefaults\n  mode http\n  timeout client 30s\n  timeout server 30s\n  timeout connect 5s\n{text}"
        )
        return self.start(["haproxy", "-db", "-f", str(file)])

    def start(self, command, **more):
        process = subprocess.Popen(
            command, stdout=more.pop("stdout", subprocess.DEVNULL), stderr=subprocess.DEVNULL, **more
        )
        self.processes.append(process)
        return process

    def serve_long(self):
        """Long answers, from a process of their own."""
        port = free_port()
        self.start([sys.executable, __file__, "--long", str(port), str(self.directory)])
        wait_for(port)
        return port

    def load(self, contestant, target, *words):
        command = [
            str(self.directory / "load"),
            "-roots",
            contestant["roots"],
            "-key",
            contestant["key"],
            "-target",
            target,
            *words,
        ]
        if contestant.get("proxy"):
            command += ["-proxy", contestant["proxy"]]
        return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


def long_answers(port, directory):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{directory}/server.pem")
    block = os.urandom(1 << 18)
    listener = socket.create_server(("127.0.0.1", port), backlog=64)

    def one(connection):
        try:
            with context.wrap_socket(connection, server_side=True) as inside:
                while inside.recv(65536):
                    inside.sendall(
                        b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n"
                        % BODY
                    )
                    for _ in range(BODY // len(block)):
                        inside.sendall(block)
        except OSError:
            pass

    while True:
        threading.Thread(target=one, args=(listener.accept()[0],), daemon=True).start()


def ours(bench):
    config = bench.directory / ".config" / "secretrun"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[broker]\naddresses = ["127.0.0.0/8"]\n')
    (bench.directory / "key").write_text(KEY)
    grants = [word for port in (bench.upstream, bench.long) for word in ("--grant", f"KEY@localhost:{port}")]
    process = bench.start(
        [sys.executable, "-m", "secretrun", "broker", "serve", "--set", f"KEY=file://{bench.directory}/key", *grants],
        env=bench.environ, stdout=subprocess.PIPE, cwd=bench.directory,
    )  # fmt: skip
    said = {}
    while "GIT_CONFIG_PARAMETERS" not in said:
        line = process.stdout.readline().decode().rstrip("\n").removeprefix("export ")
        name, _, value = line.partition("=")
        said[name] = value.strip("'")
    return {
        "proxy": said["HTTPS_PROXY"],
        "key": said["KEY"],
        "roots": said["SSL_CERT_FILE"],
        "pid": process.pid,
    }


def ready(bench):
    """Milliseconds that --broker adds to a run."""
    grants = ["--set", f"KEY=file://{bench.directory}/key"]
    plain = [sys.executable, "-m", "secretrun", *grants, "--", "true"]
    brokered = [
        sys.executable,
        "-m",
        "secretrun",
        *grants,
        "--grant",
        f"KEY@localhost:{bench.upstream}",
        "--",
        "true",
    ]
    times = {"plain": [], "brokered": []}
    for _ in range(7):
        for name, command in (("plain", plain), ("brokered", brokered)):
            start = time.perf_counter()
            subprocess.run(
                command, env=bench.environ, cwd=bench.directory, check=True, stdout=subprocess.DEVNULL
            )
            times[name].append((time.perf_counter() - start) * 1000)
    return min(times["brokered"]) - min(times["plain"])


def targets(bench, contestant):
    ports = contestant.get("ports", {"small": bench.upstream, "long": bench.long})
    return {name: f"https://localhost:{port}/v1/x" for name, port in ports.items()}


MEASURES = (
    ("p50, 1 connection, ms", "small", ("-c", "1"), "p50"),
    ("p99, 1 connection, ms", "small", ("-c", "1"), "p99"),
    ("requests/s, 1 connection", "small", ("-c", "1"), "rate"),
    ("requests/s, 16 connections", "small", ("-c", "16"), "rate"),
    ("requests/s, 64 connections", "small", ("-c", "64"), "rate"),
    ("new TLS connections/s", "small", ("-c", "4", "-fresh"), "rate"),
    ("MB/s, one long answer", "long", ("-c", "1"), "megabytes"),
)


def main():
    if "--long" in sys.argv:
        long_answers(int(option("--long")), sys.argv[-1])
    rounds = int(option("--rounds", "5"))
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(pathlib.Path(name))
        try:
            measure(bench, rounds)
        finally:
            bench.close()
    finish()


def measure(bench, rounds):
    contestants = {"direct": {"key": "x", "roots": str(bench.directory / "root.pem")}, "broker": ours(bench)}
    mitmdump = option("--mitmdump") or shutil.which("mitmdump")
    program = option("--envoy") or shutil.which("envoy")
    if mitmdump:
        contestants["mitmproxy"] = mitmproxy(bench, mitmdump)
    contestants["HAProxy"] = haproxy(bench)
    if program:
        contestants["Envoy"] = envoy(bench, program)
    contestants["broker"]["ready"] = ready(bench)
    found = {contestant: {what: [] for what, *_ in MEASURES} for contestant in contestants}
    for _ in range(rounds):
        done = {}
        for what, target, words, key in MEASURES:
            for contestant, facts in contestants.items():
                once = (contestant, target, words)
                if once not in done:
                    done[once] = bench.load(facts, targets(bench, facts)[target], "-seconds", "0.8", *words)
                    if done[once]["failed"]:
                        say(f"{contestant}: {done[once]['failed']:.0f} requests failed")
                found[contestant][what].append(done[once][key])
    say(f"{'':28}" + "".join(f"{name:>12}" for name in contestants))
    for what, *_ in MEASURES:
        say(f"{what:28}" + "".join(f"{statistics.median(found[name][what]):12.2f}" for name in contestants))
    say(
        f"{'memory after it, MiB':28}"
        + "".join(
            f"{memory(facts['pid']) / 1024 if 'pid' in facts else 0:12.0f}" for facts in contestants.values()
        )
    )
    say(f"{'ready, ms':28}" + "".join(f"{facts.get('ready', 0):12.0f}" for facts in contestants.values()))
    if "mitmproxy" in contestants:
        tell(found, contestants)


def tell(found, contestants):
    """The rows with aims, as medians of the ratios of each round."""

    def ratio(what, other="mitmproxy", base=None):
        pairs = zip(found["broker"][what], found[other][what], found["direct"][what], strict=True)
        return statistics.median((a - c) / max(b - c, 1e-6) if base else a / b for a, b, c in pairs)

    def text(name, what):
        return f"{statistics.median(found[name][what]):.2f}"

    latency = ratio("p50, 1 connection, ms", base=True)
    row("the broker's added latency, p50 ms", text("broker", "p50, 1 connection, ms"), f"mitmproxy {text('mitmproxy', 'p50, 1 connection, ms')}",
        latency, "0.5x", met=latency <= 0.5)  # fmt: skip
    for what in ("requests/s, 1 connection", "requests/s, 16 connections", "requests/s, 64 connections"):
        rate = ratio(what)
        row(
            f"the broker, {what}",
            text("broker", what),
            f"mitmproxy {text('mitmproxy', what)}",
            rate,
            "2.5x",
            met=rate >= 2.5,
        )
    speed = ratio("MB/s, one long answer")
    row("the broker, MB/s with masking", text("broker", "MB/s, one long answer"), f"mitmproxy {text('mitmproxy', 'MB/s, one long answer')}",
        speed, "0.9x", met=speed >= 0.9)  # fmt: skip
    row("the broker, ready, ms added to a run", f"{contestants['broker']['ready']:.0f}", f"mitmproxy {contestants['mitmproxy']['ready']:.0f}",
        None, "150 ms", met=contestants["broker"]["ready"] < 150)  # fmt: skip
    used = memory(contestants["broker"]["pid"]) / 1024
    row(
        "the broker, MiB after the load",
        f"{used:.0f}",
        f"mitmproxy {memory(contestants['mitmproxy']['pid']) / 1024:.0f}",
        None,
        "70 MiB",
        met=used < 70,
    )


if __name__ == "__main__":
    main()
