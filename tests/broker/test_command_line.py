"""The broker's options, log and messages, and brokers that are started by themselves."""

import base64
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys

import pytest
from broker.running import cmdline, rules
from support.broker_world import KEY, descendants, eventually


def test_misuse_can_end_the_run(world):
    world.config('[broker]\naddresses = ["127.0.0.0/8"]\non_misuse = "block+kill"\n')
    with world.session() as client:
        assert client.get("/v2/x", f"Authorization: {client['KEY']}").reason == "path_not_allowed"
        assert client.process.wait(20) != 0


def test_the_log_for_people(world):
    with world.session() as client:
        client.get("/v1/x", f"Authorization: {client['KEY']}")
    done = subprocess.run(
        [sys.executable, "-m", "secretrun", "broker", "log"], env=world.environ, cwd=world.project, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert re.search(r"Z  allowed  KEY  GET api\.test/v1/\*\*  200\n", done.stdout)


def test_the_log_is_followed_as_it_grows(world):
    """Each event as JSON when it happens."""
    following = subprocess.Popen(
        [sys.executable, "-m", "secretrun", "broker", "log", "--follow", "--json"], env=world.environ, cwd=world.project,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        with world.session() as client:
            assert json.loads(following.stdout.readline())["event"] == "started"
            client.get("/v2/x", f"Authorization: {client['KEY']}")
            assert json.loads(following.stdout.readline())["reason"] == "path_not_allowed"
        said = [json.loads(following.stdout.readline())["event"] for _ in range(2)]
        assert said == ["printed", "ended"]
        assert following.poll() is None
    finally:
        following.kill()
        following.wait()
        following.stdout.close()


def test_a_broker_of_its_own(world):
    process = subprocess.Popen(
        world.command("broker", "serve", *world.options()), env=world.environ, cwd=world.project, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        lines = []
        while not (lines and lines[-1].startswith("export GIT_CONFIG")):
            lines.append(process.stdout.readline())
        script = (
            "".join(lines)
            + f'curl -sS -o /dev/null -w "%{{http_code}}" -H "X: $KEY" https://api.test:{world.up.port}/v1/x'
        )
        done = subprocess.run(
            ["sh", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"]},
        )
        assert done.stdout == "200", done.stderr
        assert KEY not in script
        assert KEY in world.up.requests()[0]["head"]
    finally:
        process.send_signal(signal.SIGTERM)
        for pid in descendants(process.pid):
            if b"serve" in cmdline(pid):
                os.kill(pid, signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


def test_what_is_given_as_it_is_is_said(world):
    rules(world)
    text = (
        (world.home / ".config/secretrun/config.toml")
        .read_text()
        .replace("[secrets.KEY]\n", '[secrets.KEY]\nas = "env"\n')
    )
    (world.home / ".config/secretrun/config.toml").write_text(text)
    done = subprocess.run(
        world.command("--broker", "--", "sh", "-c", "echo ${#KEY}; echo $KEY"), env=world.environ, cwd=world.project,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["40", "[REDACTED:KEY]"]
    assert 'KEY is given to the command as it is (as = "env")' in done.stderr


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[broker]\negress = "tunnel"\n', "egress widens"), ('[broker]\naddresses = "any"\n', "addresses widens"),
        ('[broker]\naudit = "/tmp/x"\n', "can't be set by a project"), ('[broker]\nengine = "x"\n', "unknown key"),
    ],
)  # fmt: skip
def test_a_project_may_only_narrow(world, text, word):
    (world.project / "secretrun.toml").write_text(text)
    environ = {"SECRETRUN_TRUST": "all"}
    done = world.run("true", env=environ)
    assert done.returncode == 125
    assert word in done.stderr


def test_a_wrong_rule_is_told_with_its_place(world):
    for grant in ("KEY", "KEY@", "KEY@api.test:GET:v1", "KEY@*.test", "KEY@http://api.test"):
        done = world.run("touch", "started", grants=[grant])
        assert done.returncode == 125, grant
        assert "--grant" in done.stderr
    rules(world, 'in = ["heder:x"]\n')
    done = subprocess.run(
        world.command("--broker", "--", "true"),
        env=world.environ,
        cwd=world.project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "[secrets] KEY: allow 1: no place 'heder:x'" in done.stderr
    assert not (world.project / "started").exists()


def test_the_missing_extra_is_named(world):
    done = subprocess.run(
        [
            sys.executable, "-c",
            "import sys; sys.modules['h11'] = None; from secretrun.cli.main import main; sys.exit(main(sys.argv[1:]))",
            *world.options(), "--", "true",
        ],
        env=world.environ, cwd=world.project, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 125
    assert "--broker needs h11" in done.stderr
    assert "pip install" in done.stderr
    assert "'cryptography" in done.stderr  # all of the extra, for the environment that this copy is in


def test_a_broker_at_a_socket_of_the_file_system(world, tmp_path):
    path = tmp_path / "broker.sock"
    process = subprocess.Popen(
        world.command("broker", "serve", "--listen", f"unix:{path}", *world.options()), env=world.environ, cwd=world.project,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        said = {}
        while "GIT_CONFIG_PARAMETERS" not in said:
            name, _, value = process.stdout.readline().rstrip("\n").removeprefix("export ").partition("=")
            said[name] = value.strip("'")
        credentials = base64.b64encode(
            re.match(r"http://(sr:.*)@", said["HTTPS_PROXY"]).group(1).encode()
        ).decode()
        assert path.stat().st_mode & 0o007 == 0
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            host = f"api.test:{world.up.port}"
            connection.sendall(
                f"CONNECT {host} HTTP/1.1\r\nProxy-Authorization: Basic {credentials}\r\n\r\n".encode()
            )
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
            context = ssl.create_default_context(cafile=said["SSL_CERT_FILE"])
            with context.wrap_socket(connection, server_hostname="api.test") as inside:
                inside.sendall(f"GET /v1/x HTTP/1.1\r\nHost: {host}\r\nX-Key: {said['KEY']}\r\n\r\n".encode())
                assert inside.recv(12) == b"HTTP/1.1 200"
        assert KEY in world.up.requests()[0]["head"]
    finally:
        for pid in descendants(process.pid):
            if b"serve" in cmdline(pid):
                os.kill(pid, signal.SIGTERM)
        process.wait(20)
        process.stdout.close()
    eventually(lambda: not path.exists())
