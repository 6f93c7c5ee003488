"""The presets over the wire: stand-ins of the three APIs on port 443 of a network of the test's own."""

import json
import os
import subprocess
import sys

import pytest

GITHUB = "ghp_1A2b3C4d5E6f7G8h9I0jK1l2M3n4O5p6Q7r8"
ANTHROPIC = "sk-ant-api03-" + "Ab3dE6gH9k" * 9 + "AA"
OPENAI = "sk-proj-" + "Zz9yX8wV7u" * 6
HOSTS = {
    "api.github.com": GITHUB,
    "github.com": GITHUB,
    "api.anthropic.com": ANTHROPIC,
    "api.openai.com": OPENAI,
}
CLIENT = """
import base64, json, os, sys, urllib.error, urllib.request
env = os.environ
basic = "Basic " + base64.b64encode(f"x-access-token:{env['GH']}".encode()).decode()
prompt = {"messages": [{"role": "user", "content": "use " + sys.argv[1]}]}
asked = [
    ("GET", "https://api.github.com/user", {"Authorization": "Bearer " + env["GH"]}, None),
    ("POST", "https://api.github.com/gists", {"Authorization": "token " + env["GH"]}, {"files": {"a": env["GH"]}}),
    ("GET", "https://github.com/a/b/info/refs?service=git-upload-pack", {"Authorization": basic}, None),
    ("POST", "https://api.anthropic.com/v1/messages", {"X-Api-Key": env["ANT"]}, prompt),
    ("POST", "https://api.anthropic.com/v1/messages", {"X-Api-Key": env["ANT"]}, {**prompt, "stream": True}),
    ("POST", "https://api.anthropic.com/v1/files", {"X-Api-Key": env["ANT"]}, prompt),
    ("POST", "https://api.openai.com/v1/chat/completions", {"Authorization": "Bearer " + env["OAI"]}, prompt),
    ("GET", "https://api.openai.com/v1/models", {"Authorization": "Bearer " + env["OAI"]}, None),
    ("GET", "https://api.openai.com/v1/models", {"Authorization": "Bearer " + env["GH"]}, None),
]
for method, url, headers, body in asked:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {**headers, "Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            print(json.dumps([answer.status, answer.read().decode()]))
    except urllib.error.HTTPError as error:
        print(json.dumps([error.code, error.read().decode()]))
"""


@pytest.fixture
def apis(world, tmp_path):
    """Runs a command line in a network of its own, in which the stand-ins listen; what they were sent."""
    place = tmp_path / "apis"
    place.mkdir()
    made = world.ca.issue_cert(*HOSTS)
    chain = made.private_key_pem.bytes() + b"".join(pem.bytes() for pem in made.cert_chain_pems)
    (place / "chain.pem").write_bytes(chain)
    (place / "keys.json").write_text(json.dumps(HOSTS))
    (place / "hosts").write_text(f"127.0.0.1 localhost {' '.join(HOSTS)}\n")
    server = os.path.join(os.path.dirname(__file__), os.pardir, "support", "broker_apis.py")
    script = (
        f'mkfifo "{place}/ready"; "{sys.executable}" "{server}" "{place}" > "{place}/ready" & server=$!\n'
    )
    script += f'read ready < "{place}/ready"; "$@"; status=$?; kill $server; exit $status'

    def run(*words):
        inside = ["bwrap", "--unshare-user", "--unshare-net", "--uid", "0", "--gid", "0", "--cap-add", "ALL", "--dev-bind", "/", "/",
                  "--bind", str(place / "hosts"), "/etc/hosts", "--die-with-parent", "--"]  # fmt: skip
        done = subprocess.run(
            [*inside, "sh", "-c", script, "sh", sys.executable, "-m", "secretrun", *words], env=world.environ,
            cwd=world.project, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        log = place / "log"
        return done, [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    return run


def test_the_presets_work_against_apis_that_ask_for_their_keys(world, apis, tmp_path):
    text = '[broker]\naddresses = ["127.0.0.0/8"]\n'
    for name, preset, value in (
        ("GH", "github", GITHUB),
        ("ANT", "anthropic", ANTHROPIC),
        ("OAI", "openai", OPENAI),
    ):
        (tmp_path / name).write_text(value)
        text += f'[secrets.{name}]\nref = "file://{tmp_path / name}"\nuse = "{preset}"\n'
    world.config(text)
    done, sent = apis("--broker", "--", sys.executable, "-c", CLIENT, GITHUB)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [status for status, _ in answers] == [200, 403, 200, 200, 200, 403, 200, 200, 403], answers
    bodies = [body for _, body in answers]
    assert json.loads(bodies[0])["login"] == "octocat"
    assert json.loads(bodies[1])["reason"] == "denied"  # it stores what it is sent
    assert "git-upload-pack" in bodies[2]
    assert "[REDACTED:GH]" in json.loads(bodies[3])["content"][0]["text"]
    assert "[REDACTED:GH]" in bodies[4]
    assert json.loads(bodies[5])["reason"] == "path_not_allowed"
    assert "[REDACTED:GH]" in bodies[6]
    assert json.loads(bodies[8])["reason"] == "host_not_allowed"  # one API's token at another's door
    # what came there: each key at its own API, in its own place, and nothing of the refused
    assert [(record["host"], record["path"].partition("?")[0]) for record in sent] == [
        ("api.github.com", "/user"),
        ("github.com", "/a/b/info/refs"),
        ("api.anthropic.com", "/v1/messages"),
        ("api.anthropic.com", "/v1/messages"),
        ("api.openai.com", "/v1/chat/completions"),
        ("api.openai.com", "/v1/models"),
    ]
    for record in sent:
        assert GITHUB not in record["body"]
        keys = [
            key for key in set(HOSTS.values()) if any(key in value for value in record["headers"].values())
        ]
        assert keys == [] if record["host"] == "github.com" else keys == [HOSTS[record["host"]]]
