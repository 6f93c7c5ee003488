"""Tools as they are, and the broker's process: what it gives away, how it ends, and what a run is told of it."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from broker.running import broker_below, rules, wrapper_below, wrapper_of
from support.broker_world import KEY, eventually, kill, running


def check(world, *words):
    done = subprocess.run(
        [sys.executable, "-m", "secretrun", "broker", "check", "--json", *words], env=world.environ, cwd=world.project,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout).get("reason")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("GET", "https://api.test:{port}/echo"), (0, None)),
        (("GET", "https://api.test:{port}/v1/x", "--in", "basic:password"), (0, None)),
        (("GET", "https://evil.test/echo"), (1, "host_not_allowed")),
        (("GET", "https://api.test/echo"), (1, "port_not_allowed")),
        (("DELETE", "https://api.test:{port}/v1/x"), (1, "method_not_allowed")),
        (("GET", "https://api.test:{port}/v2/x"), (1, "path_not_allowed")),
        (("GET", "https://api.test:{port}/v1/../admin"), (1, "path_not_canonical")),
        (("GET", "https://api.test:{port}/V1/x"), (1, "path_not_allowed")),
        (("GET", "https://api.test:{port}/v1/x", "--in", "query:a"), (1, "location_not_allowed")),
        (("GET", "https://api.test:{port}/v1/x", "--in", "header:cookie"), (1, "location_not_allowed")),
        (("POST", "https://api.test:{port}/v1/x", "--in", "json:data.token"), (1, "location_not_allowed")),
        (("GET", "https://api.test:{port}/v1/x", "--in", "header:a", "--in", "header:b"), (1, "too_many_uses")),
        (("GET", "http://api.test/v1/x"), (1, "cleartext")),
    ],
)  # fmt: skip
def test_21_check_says_what_the_broker_does(world, words, said):
    rules(world)
    assert check(world, "KEY", *[word.format(port=world.up.port) for word in words]) == said


def test_57_nobody_looks_into_the_wrapper_or_the_broker(world):
    """Not even a process of the same user, with everything but root's powers."""
    program = """
import ctypes, errno, glob, os, shutil, subprocess, sys
print(os.environ["KEY"], flush=True)
for pid in sys.stdin.readline().split():
    for name in ("mem", "environ", "fd", "maps"):
        try:
            where = f"/proc/{pid}/{name}"
            (os.readlink(where + "/3") if name == "fd" else open(where, "rb").read(10))
            print("read", pid, name)
        except OSError:
            print("refused", name)
    attach = ctypes.CDLL(None, use_errno=True).ptrace(16, int(pid), 0, 0)
    print("refused" if attach < 0 and ctypes.get_errno() == errno.EPERM else "taken", "ptrace")
    if shutil.which("gcore"):
        core = subprocess.run(["gcore", "-o", "core", pid], capture_output=True).returncode
        assert core and not glob.glob("core*")
print("end", flush=True)
"""
    process = subprocess.Popen(
        world.command(*world.options(), "--", sys.executable, "-c", program), env=world.environ, cwd=world.project,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        line = process.stdout.readline()
        assert line.startswith("srph_"), process.stderr.read()
        wrapper = wrapper_below(process.pid)
        broker = broker_below(wrapper)
        process.stdin.write(f"{wrapper} {broker}\n")
        process.stdin.flush()
        said = [process.stdout.readline().strip() for _ in range(11)]
        looks = ("mem", "environ", "fd", "maps", "ptrace")
        assert said == [*[f"refused {name}" for name in looks] * 2, "end"]
        limits = Path(f"/proc/{broker}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s", limits)
    finally:
        process.communicate()


def test_58_a_broker_that_is_killed_leaves_nothing_open(world):
    with world.session() as client:
        wrapper = wrapper_of(client)
        broker = broker_below(wrapper)
        assert client.get("/v1/x", f"Authorization: {client['KEY']}").status == 200
        kill(broker)
        eventually(lambda: not running(broker))
        eventually(
            lambda: refused(client)
        )  # its first thread may be gone before the last one closes the socket
        client.process.stdin.close()
        assert client.process.wait(20) == 0  # the command's own
        assert "the broker ended before the command" in client.process.stderr.read()


def refused(client):
    try:
        client.connect().close()
    except OSError:
        return True
    return False


def test_59_the_broker_ends_with_the_run(world):
    with world.session() as client:
        broker = broker_below(wrapper_of(client))
        bundle = Path(client["SSL_CERT_FILE"])
        assert bundle.exists()
        client.process.stdin.close()
        client.process.wait(20)
    assert not running(broker)
    assert not bundle.parent.exists()
    with pytest.raises(OSError):
        socket.create_connection(client.address, 1)


def test_59_the_broker_ends_when_the_wrapper_is_killed(world):
    with world.session() as client:
        wrapper = wrapper_of(client)
        broker = broker_below(wrapper)
        bundle = Path(client["SSL_CERT_FILE"])
        kill(wrapper)
        eventually(lambda: not running(broker), 3)
        eventually(lambda: not bundle.parent.exists(), 3)


def test_60_many_requests_of_two_sessions_at_once(world):
    with world.session() as one, world.session() as two:
        assert one["KEY"] != two["KEY"]
        refused = one.get("/v1/x", f"Authorization: {two['KEY']}")
        assert refused.status == 200  # to this broker it is a word like any other, and it stays one
        seen = world.up.requests()[-1]["head"]
        assert two["KEY"] in seen
        assert KEY not in seen
        failures = []

        def work(client, number):
            for turn in range(6):
                mark = f"{number}-{turn}"
                answer = client.get(f"/v1/echo?{mark}", f"Authorization: {client['KEY']}")
                text = answer.body.decode()
                if answer.status != 200 or mark not in text or client["KEY"] not in text or KEY in text:
                    failures.append(text)

        threads = [threading.Thread(target=work, args=((one, two)[n % 2], n)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_61_rules_are_frozen_at_the_start(world):
    rules(world)
    with world.session(options=["--broker"], plain=True) as client:
        assert client.get("/v2/x", f"Authorization: {client['KEY']}").reason == "path_not_allowed"
        rules(world, 'in = ["header"]\n[[secrets.KEY.allow]]\nhost = "api.test"\n')
        text = (world.home / ".config/secretrun/config.toml").read_text().replace("/v1/**", "/**")
        (world.home / ".config/secretrun/config.toml").write_text(text)
        assert client.get("/v2/x", f"Authorization: {client['KEY']}").reason == "path_not_allowed"


def attenuate(placeholder, *words):
    done = subprocess.run(
        [sys.executable, "-m", "secretrun", "broker", "attenuate", placeholder, *words], capture_output=True, text=True,
        check=True, stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
    )  # fmt: skip
    return done.stdout.strip()


def test_63_a_narrower_token(world, waiting):
    token = attenuate(waiting["KEY"], "--host", "api.test", "--path", "/v1/products/**", "--method", "GET")

    def use(text, path="/v1/products/1", method="GET"):
        answer = waiting.get(path, f"Authorization: {text}", method=method)
        return answer.status if answer.status == 200 else answer.reason

    assert use(token) == 200
    assert KEY in world.up.requests()[0]["head"]
    assert use(token, "/v1/customers/1") == "path_not_allowed"
    assert use(token, method="POST") == "method_not_allowed"
    narrower = attenuate(token, "--path", "/v1/products/7")
    assert (use(narrower, "/v1/products/7"), use(narrower)) == (200, "path_not_allowed")
    wider = attenuate(narrower, "--path", "/**")
    assert use(wider) == "path_not_allowed"
    assert use(attenuate(waiting["KEY"], "--path", "/**"), "/v2/x") == "path_not_allowed"
    assert use(attenuate(waiting["KEY"], "--ttl", "1"), "/v1/x") in (200, "expired")
    short = attenuate(waiting["KEY"], "--ttl", "1")
    time.sleep(1.1)  # the token's own clock
    assert use(short, "/v1/x") == "expired"
    twice = attenuate(waiting["KEY"], "--uses", "2")
    assert [use(twice, "/v1/x") for _ in range(3)] == [200, 200, "too_many_uses"]
    for at in (5, 9, len(token) // 2, len(token) - 1):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        assert use(changed) == "unknown_placeholder"
    assert len(world.up.requests()) <= 6


def test_74_the_audit_has_every_request_and_no_value(world):
    with world.session() as client:
        client.get("/v1/customers/42", f"Authorization: {client['KEY']}")
        client.get("/v2/x", f"Authorization: {client['KEY']}")
        client.get(f"/v1/{KEY}")
        session = world.events(event="started")[0]["session"]
    (allowed,) = world.events(event="allowed")
    assert allowed.items() >= {
        "session": session, "secrets": ["KEY"], "host": "api.test", "method": "GET", "path": "/v1/**", "decision": "allow",
        "status": 200, "rule": [world.rule()],
    }.items()  # fmt: skip
    assert allowed["bytes"] > 0
    assert "time" in allowed
    assert [event["reason"] for event in world.events(decision="deny")] == ["path_not_allowed", "leak"]
    text = world.audit.read_text()
    assert KEY not in text
    assert client["KEY"] not in text
    assert world.audit.stat().st_mode & 0o777 == 0o600


def test_75_a_placeholder_that_is_printed_is_told_of(world):
    done = world.run("sh", "-c", "printf %s $KEY | cut -c-10; printf %s $KEY")
    assert "srph_" in done.stdout
    (printed,) = world.events(event="printed")
    assert printed["secrets"] == ["KEY"]


def test_75_a_placeholder_in_a_refused_request_is_told_of(world, waiting):
    waiting.get("/v2/x", f"Authorization: {waiting['KEY']}")
    assert world.events(event="misuse", secrets=["KEY"])


def test_75_a_placeholder_in_a_transcript_is_told_of_with_its_secrets_name(world):
    """It is no leak, so the status is 0; the file that says which they were is ours alone."""
    printed = world.run("printenv", "KEY").stdout.strip()
    notes = world.home / ".claude" / "projects" / "x" / "s.jsonl"
    notes.parent.mkdir(parents=True)
    notes.write_text(json.dumps({"text": f"export KEY={printed}"}) + "\n")
    done = subprocess.run(world.command("scan", "--transcripts"), env=world.environ, cwd=world.project,
                          capture_output=True, text=True, check=False)  # fmt: skip
    notes.unlink()
    assert (done.returncode, done.stdout) == (0, f"{notes}:1: placeholder:KEY (raw)\n"), done.stderr
    kept = world.audit.with_name("placeholders.jsonl")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert KEY not in kept.read_text()
