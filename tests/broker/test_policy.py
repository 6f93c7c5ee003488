"""The decision, without any socket: hosts, ports, methods, paths, places, counts, and presets."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.broker import hosts, paths, places, presets
from secretrun.broker.known import Mention
from secretrun.broker.places import Occurrence
from secretrun.broker.policy import Policy, Rule, from_said, grant
from secretrun.broker.refusal import REASONS, Refused
from secretrun.errors import ConfigError


def found(*at, secret="KEY"):
    return [Occurrence(place, Mention(secret, b"", "", None)) for place in at]


def reason(policy, *at, host="api.test", port=443, method="GET", path="/v1/x"):
    try:
        policy.decide(
            found(*(at or ("header:authorization",))), host=host, port=port, method=method, path=path
        )
    except Refused as refused:
        return refused.reason if refused.misuse and refused.secret == "KEY" else "of another secret"
    return None


RULE = Rule("KEY", "api.test", methods=["GET"], paths_=["/v1/**"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, None), ({"host": "xapi.test"}, "host_not_allowed"), ({"port": 8443}, "port_not_allowed"),
        ({"method": "POST"}, "method_not_allowed"), ({"path": "/v2"}, "path_not_allowed"), ({"path": "/v1"}, "path_not_allowed"),
        ({"path": None}, "path_not_canonical"),
    ],
)  # fmt: skip
def test_one_rule(more, said):
    assert reason(Policy([RULE]), **more) == said


def test_the_nearest_rule_gives_the_reason():
    policy = Policy([Rule("KEY", "other.test"), RULE, Rule("KEY", "api.test", methods=["PUT"])])
    assert reason(policy, path="/v2") == "path_not_allowed"
    assert reason(policy, method="DELETE") == "method_not_allowed"


def test_a_deny_rule_stands_above_every_allow():
    policy = Policy([RULE, Rule("KEY", "api.test", paths_=["/v1/hooks/**"], deny=True)])
    assert reason(policy, path="/v1/hooks/1") == "denied"
    assert reason(policy, path="/v1/other") is None


def test_a_rule_of_another_secret_is_none_of_this_ones():
    assert reason(Policy([Rule("OTHER", "api.test")])) == "host_not_allowed"


@pytest.mark.parametrize(
    ("allowed", "place", "fits"),
    [
        ("header", "header:x-api-key", True), ("header", "header:cookie", False), ("header", "header:x-forwarded-for", False),
        ("header", "basic:password", True), ("header:cookie", "header:cookie", True), ("header:a", "header:b", False),
        ("header:authorization", "basic:user", True), ("basic:password", "basic:user", False), ("body", "json:a", True),
        ("body", "form:a", True), ("json:a", "json:a.b", False), ("json:a", "body", False), ("query:a", "query:b", False),
        ("query:a", "query-name", False), ("ws", "header:x", False), ("path", "query:a", False), ("body", "header:x", False),
    ],
)  # fmt: skip
def test_places(allowed, place, fits):
    policy = Policy([Rule("KEY", "api.test", places_=[allowed])])
    assert (reason(policy, place) is None) is fits


def test_uses():
    policy = Policy([Rule("KEY", "api.test", uses=2)])
    assert reason(policy, "header:a", "header:b") is None
    assert reason(policy, "header:a", "header:b", "header:c") == "too_many_uses"


def test_route_knows_names_alone():
    policy = Policy([RULE], inspect=["model.test"])
    assert policy.route("api.test", 443) == "inspect"
    assert policy.route("model.test", 443) == "inspect"
    for host, port, said in (("api.test", 80, "port_not_allowed"), ("evil.test", 443, "host_not_allowed")):
        with pytest.raises(Refused, match=said):
            policy.route(host, port)
    assert Policy([RULE], egress="tunnel").route("evil.test", 443) == "tunnel"


def test_a_rule_comes_through_the_socket_as_it_was():
    rule = grant("KEY@*.wild.test:8443:get,POST:/a/**")
    assert from_said(rule.said()).said() == rule.said()
    assert str(rule) == "KEY@*.wild.test:8443:GET,POST:/a/**"
    assert str(grant("K@api.test")) == "K@api.test:*:/**"
    assert grant("K@[2606:4700::1]:8443").host == "2606:4700::1"


def test_a_rule_that_forbids_comes_through_the_socket_too():
    said = {"host": "api.test", "methods": ["POST"], "paths": ["/gists/**"]}
    rule = from_said(said, deny=True, secret="KEY")
    assert from_said(rule.said()).said() == rule.said()
    assert rule.said().items() >= said.items()


@pytest.mark.parametrize(
    "said",
    [
        {}, {"host": 3}, {"host": "*.com"}, {"host": "a b"}, {"host": "x.test", "port": 0}, {"host": "x.test", "uses": 0},
        {"host": "x.test", "paths": ["v1"]}, {"host": "x.test", "paths": ["/a/../b"]}, {"host": "x.test", "in": ["heder:x"]},
        {"host": "x.test", "respons": "x"}, {"host": "x.test", "response": "x"}, {"host": "x.test", "methods": [1]},
    ],
)  # fmt: skip
def test_a_wrong_table_is_an_error_with_its_place(said):
    with pytest.raises(ConfigError, match="here"):
        from_said(said, secret="KEY", label="here")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("API.Test", "api.test"),
        ("api.test.", "api.test"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("[::1]", "::1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_one_spelling_of_a_host(text, host):
    assert hosts.canonical(text) == host
    assert hosts.canonical(host) == host


@pytest.mark.parametrize(
    "text",
    ["", " a.test", "a..test", "-a.test", "a b", "a/b", "u@a.test", "0x7f.1", "2130706433", "127.1", "a%00", "[::1%eth0]", "a.test:80", "a" * 64 + ".test", "a\n"],
)  # fmt: skip
def test_what_is_no_host(text):
    with pytest.raises(Refused):
        hosts.canonical(text)


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "100.100.100.200", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "168.63.129.16", "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "::127.0.0.1", "240.0.0.1", "192.0.2.1", "fec0::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_dialled(text):
    assert not hosts.is_public(ipaddress.ip_address(text))


def test_addresses_that_are():
    for text in ("93.184.216.34", "2606:4700::1", "::ffff:93.184.216.34"):
        assert hosts.is_public(ipaddress.ip_address(text))
        assert not hosts.allowed(
            ipaddress.ip_address("93.184.216.34"), [], frozenset([ipaddress.ip_address("93.184.216.34")])
        )
    assert hosts.allowed(ipaddress.ip_address("10.1.2.3"), [ipaddress.ip_network("10.0.0.0/8")])
    assert hosts.allowed(ipaddress.ip_address("127.0.0.1"), None)


@given(st.text(alphabet="./%;\\2eEfF5cCa", max_size=12))
def test_a_canonical_path_means_one_thing(text):
    """Whatever is taken has no dot segment, no second slash, and stays what it is when decoded again."""
    raw = b"/" + text.encode()
    try:
        clean = paths.canonical(raw)
    except Refused:
        return
    segments = clean.split("/")
    assert ".." not in segments
    assert "." not in segments
    assert "" not in segments[1:-1]
    assert not set(clean) & set(";\\")
    assert not any(part in clean.lower() for part in ("%2e", "%2f", "%5c"))


@given(
    st.lists(st.sampled_from(["a", "b", "*", "**"]), min_size=1, max_size=5),
    st.text(alphabet="ab/", max_size=8),
)
def test_globs_against_a_naive_matcher(parts, text):
    def matches(pattern, path):
        if not pattern:
            return not path
        if pattern[0] == "*":
            return any("/" not in path[:n] and matches(pattern[1:], path[n:]) for n in range(len(path) + 1))
        if pattern[0] == "**":
            return any(matches(pattern[1:], path[n:]) for n in range(len(path) + 1))
        return path[:1] == pattern[0] and matches(pattern[1:], path[1:])

    tokens = []
    for part in parts:
        if tokens and "*" in part and "*" in tokens[-1]:
            continue  # "***" is read from the left
        tokens.append(part)
    assert bool(paths.glob("/" + "".join(tokens))("/" + text)) is matches(tokens, text)


PRESETS = {
    "github": [
        ("GET", "https://api.github.com/repos/a/b", "header:authorization", None),
        ("POST", "https://api.github.com/gists", "header:authorization", "denied"),
        ("POST", "https://api.github.com/repos/a/b/hooks", "header:authorization", "denied"),
        ("GET", "https://api.github.com/user", "query:access_token", "location_not_allowed"),
        ("POST", "https://github.com/a/b/git-upload-pack", "basic:password", None),
        ("GET", "https://github.com/a/b/settings", "basic:password", "path_not_allowed"),
        ("GET", "https://raw.githubusercontent.com/a", "header:authorization", "host_not_allowed"),
    ],
    "anthropic": [
        ("POST", "https://api.anthropic.com/v1/messages", "header:x-api-key", None),
        ("POST", "https://api.anthropic.com/v1/messages?beta=true", "header:authorization", None),
        ("POST", "https://api.anthropic.com/v1/files", "header:x-api-key", "path_not_allowed"),
        ("POST", "https://api.anthropic.com/v1/messages", "json:messages.0.content", "location_not_allowed"),
    ],
    "openai": [
        ("POST", "https://api.openai.com/v1/responses", "header:authorization", None),
        ("POST", "https://api.openai.com/v1/chat/completions", "header:authorization", None),
        ("POST", "https://api.openai.com/v1/files", "header:authorization", "path_not_allowed"),
    ],
}  # fmt: skip


def test_every_preset_is_tried():
    assert sorted(PRESETS) == presets.names()


@pytest.mark.parametrize(
    ("preset", "case"), [(name, case) for name, cases in PRESETS.items() for case in cases]
)
def test_a_preset(preset, case):
    from secretrun.broker import wire

    method, url, place, said = case
    policy = Policy(presets.rules(preset, "KEY", "here"))
    host, port, target = wire.address(url)
    try:
        policy.explain(found(place), host=host, port=port, method=method, target=target)
        reason = None
    except Refused as refused:
        reason = refused.reason
    assert reason == said
    if preset != "github":
        assert policy.on_leak(host, port) == "mask"


def test_an_unknown_preset_names_the_near_one():
    with pytest.raises(ConfigError) as caught:
        presets.rules("githb", "KEY", "here")
    assert "github" in caught.value.hint


def test_every_reason_says_what_to_do():
    assert all(hint and status in (400, 403, 407, 413, 502) for status, hint in REASONS.values())


def test_places_that_are_none():
    for text in ("", "header:", "heder", "basic:x", "json", "path:x"):
        with pytest.raises(Refused):
            places.spelled(text)
