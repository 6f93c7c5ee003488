"""Many requests through the broker while everything breaks: no value gets out, nothing is left behind.

    python benchmarks/broker_soak.py [--requests 100000] [--connections 64]

The upstream echoes the key in its answers, resets, breaks off, dawdles, and refuses TLS now and then; clients abort.
Each answer is searched for the value. At the end the broker's descriptors, tasks and memory are what they were after
the first thousand requests. Exit status 1 when they are not.
"""

import asyncio
import base64
import json
import os
import pathlib
import random
import re
import ssl
import subprocess
import sys
import tempfile

import trustme

KEY = "sRk9x2Qw7LmT4vB8nZc1YdE6fGh3JpUa5HsXoIqR"


def option(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


async def upstream(reader, writer):
    """Echoes the Authorization it got, and misbehaves by the path."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1]
            said = re.search("authorization: (.*)\r\n", head, re.IGNORECASE)
            key = said.group(1).encode() if said else b"none"
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            if length:
                await reader.readexactly(int(length.group(1)))
            if path == "/reset":
                writer.transport.abort()
                return
            if path == "/half":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + key * 100)
                writer.transport.abort()
                return
            if path == "/slow":
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for part in (key[:10], key[10:25], key[25:]):
                    writer.write(b"%x\r\n%s\r\n" % (len(part), part) if part else b"")
                    await writer.drain()
                    await asyncio.sleep(0.01)
                writer.write(b"0\r\n\r\n")
            else:
                body = (
                    b"you sent "
                    + key
                    + b" and "
                    + base64.b64encode(key)
                    + b"\n"
                    + b"x" * random.randrange(2000)
                )
                writer.write(
                    b"HTTP/1.1 200 OK\r\nX-Echo: "
                    + key
                    + b"\r\nContent-Length: %d\r\n\r\n" % len(body)
                    + body
                )
            await writer.drain()
    except (OSError, EOFError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


class Soak:
    def __init__(self, requests, connections):
        self.left = requests
        self.connections = connections
        self.leaks = 0
        self.answers = 0
        self.refused = 0
        self.broken = 0

    async def client(self, said, port, roots):
        address = re.match(r"http://(sr:.*)@([\d.]+):(\d+)", said["HTTPS_PROXY"])
        credentials = base64.b64encode(address.group(1).encode()).decode()
        context = ssl.create_default_context(cafile=roots)
        while self.left > 0:
            try:
                reader, writer = await asyncio.open_connection(address.group(2), int(address.group(3)))
                wrong = random.random() < 0.01
                host = f"localhost:{port[1] if wrong else port[0]}"
                writer.write(
                    f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode()
                )
                await reader.readuntil(b"\r\n\r\n")
                await writer.start_tls(context, server_hostname="localhost")
                for _ in range(random.randrange(1, 60)):
                    if self.left <= 0:
                        break
                    self.left -= 1
                    await self.one(reader, writer, host, said["KEY"])
                writer.close()
            except (OSError, EOFError, asyncio.IncompleteReadError, ssl.SSLError):
                self.broken += 1
                writer.transport.abort()

    async def one(self, reader, writer, host, key):
        path = random.choices(["/echo", "/slow", "/reset", "/half", "/refused"], [90, 3, 2, 2, 3])[0]
        body = b"x" * random.randrange(4000) if random.random() < 0.2 else b""
        place = f"X-Elsewhere: {KEY}" if path == "/refused" else "X-A: b"
        writer.write(
            f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {key}\r\n{place}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        if random.random() < 0.01:
            writer.transport.abort()
            raise ConnectionAbortedError
        head = await reader.readuntil(b"\r\n\r\n")
        text = head
        length = re.search(rb"content-length: (\d+)", head.lower())
        if length:
            text += await reader.readexactly(int(length.group(1)))
        else:
            while True:
                size = int(await reader.readuntil(b"\r\n"), 16)
                text += (await reader.readexactly(size + 2))[:-2]
                if not size:
                    break
        self.answers += 1
        self.refused += b"X-Secretrun-Decision" in head
        if KEY.encode() in text or base64.b64encode(KEY.encode())[:-4] in text:
            self.leaks += 1
        if b"Connection: close" in head:
            raise ConnectionResetError


def state(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return len(os.listdir(f"/proc/{pid}/fd")), int(re.search(r"VmRSS:\s+(\d+)", text).group(1))


async def settled(pid, most=400):
    """The broker's state once its connections are gone."""
    before = state(pid)
    for _ in range(most):
        await asyncio.sleep(0.05)
        after = state(pid)
        if after[0] == before[0] and after[0] < 40:
            break
        before = after
    return after


async def run(directory, requests, connections):
    ca = trustme.CA()
    ca.cert_pem.write_to_path(directory / "root.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    good = await asyncio.start_server(upstream, "127.0.0.1", 0, ssl=context)
    bad = await asyncio.start_server(
        lambda _, writer: writer.transport.abort(), "127.0.0.1", 0
    )  # no TLS at all
    port = [one.sockets[0].getsockname()[1] for one in (good, bad)]
    config = directory / ".config" / "secretrun"
    config.mkdir(parents=True)
    (config / "config.toml").write_text('[broker]\naddresses = ["127.0.0.0/8"]\n')
    (directory / "key").write_text(KEY)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "secretrun", "broker", "serve", "--set", f"KEY=file://{directory}/key",
        "--grant", f"KEY@localhost:{port[0]}", "--grant", f"KEY@localhost:{port[1]}", stdout=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "SSL_CERT_FILE": str(directory / "root.pem")}, cwd=directory,
    )  # fmt: skip
    said = {}
    while "GIT_CONFIG_PARAMETERS" not in said:
        line = (await process.stdout.readline()).decode().rstrip("\n").removeprefix("export ")
        name, _, value = line.partition("=")
        said[name] = value.strip("'")
    warm = Soak(min(2000, requests), connections)
    await asyncio.gather(*(warm.client(said, port, said["SSL_CERT_FILE"]) for _ in range(connections)))
    before = await settled(process.pid)
    soak = Soak(requests, connections)
    await asyncio.gather(*(soak.client(said, port, said["SSL_CERT_FILE"]) for _ in range(connections)))
    after = await settled(process.pid)
    audit = (directory / ".local/state/secretrun/broker.jsonl").read_text()
    process.terminate()
    await process.wait()
    good.close()
    bad.close()
    result = {
        "requests": requests, "answers": soak.answers, "refused": soak.refused, "broken": soak.broken, "leaks": soak.leaks + warm.leaks,
        "in the audit": audit.count(KEY), "descriptors": [before[0], after[0]], "KiB": [before[1], after[1]], "status": process.returncode,
    }  # fmt: skip
    print(json.dumps(result))
    fine = (
        not result["leaks"]
        and not result["in the audit"]
        and after[0] <= before[0] + 2
        and after[1] <= before[1] * 1.15 + 4096
    )
    return 0 if fine and process.returncode == 0 else 1


def main():
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        sys.exit(
            asyncio.run(run(pathlib.Path(name), option("--requests", 100_000), option("--connections", 64)))
        )


if __name__ == "__main__":
    main()
