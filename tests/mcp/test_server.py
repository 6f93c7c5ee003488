"""The MCP server, as a process: names, status, policy; valid JSON for whatever it is sent, and never a value."""

import json
import subprocess

import pytest
from support.store import COMMAND, clean_environ

SECRET = "Kq8Zt2LmWv5x9Rb3"


@pytest.fixture
def place(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "store").write_text(SECRET)
    (tmp_path / ".env.secretrun").write_text("API_KEY=file://./store\nLEVEL=debug\n")
    return tmp_path


def talk(place, *messages):
    text = "".join(
        (said if isinstance(said, str) else json.dumps({"jsonrpc": "2.0", **said})) + "\n"
        for said in messages
    )
    env = clean_environ(place) | {"SECRETRUN_TRUST": "all", "CLAUDECODE": "1"}
    done = subprocess.run(
        [*COMMAND, "mcp"], cwd=place, env=env, input=text, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def call(name, /, **arguments):
    return {"id": 7, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


def test_it_introduces_itself_and_its_tools(place):
    hello, pong, listed = talk(
        place,
        {"id": 1, "method": "initialize", "params": {"protocolVersion": "2025-03-26"}},
        {"method": "notifications/initialized"},
        {"id": "a", "method": "ping"},
        {"id": 2, "method": "tools/list"},
    )
    assert (hello["id"], hello["result"]["protocolVersion"]) == (1, "2025-03-26")
    assert pong == {"jsonrpc": "2.0", "id": "a", "result": {}}
    assert [tool["name"] for tool in listed["result"]["tools"]] == ["names", "status", "allowed"]
    assert all(tool["annotations"]["readOnlyHint"] for tool in listed["result"]["tools"])


def test_names_and_status(place):
    names, status = talk(place, call("names"), call("status"))
    rows = names["result"]["structuredContent"]["variables"]
    assert [(row["name"], row["from"]) for row in rows] == [
        ("API_KEY", ["file://./store"]),
        ("LEVEL", ["literal"]),
    ]
    assert status["result"]["structuredContent"]["ok"] is True


def test_what_is_wrong_is_told(place):
    (place / "store").unlink()
    said = talk(place, call("status"))[0]["result"]["structuredContent"]
    assert said["ok"] is False
    assert any("API_KEY" in line for line in said["problems"])
    (place / ".env.secretrun").write_text("no assignment\n")
    said = talk(place, call("names"))[0]["result"]
    assert said["isError"] is True


def test_what_is_no_request_is_answered_by_the_rules(place):
    bad, invalid, method, tool, fine = talk(
        place, "no json", "[1]", {"id": 1, "method": "x"}, call("nonesuch"), {"id": 2, "method": "ping"}
    )
    codes = [said["error"]["code"] for said in (bad, invalid, method, tool)]
    assert (codes, fine["id"]) == ([-32700, -32600, -32601, -32602], 2)


def test_policy_without_a_rule_refuses(place):
    said = talk(place, call("allowed", name="API_KEY", method="GET", url="https://api.example.com/x"))[0][
        "result"
    ]
    assert said.get("isError") or said["structuredContent"]["allowed"] is False
    assert talk(place, call("allowed", name="API_KEY"))[0]["result"]["isError"] is True
