"""httpjson against a local HTTPS server with a certificate of a CA made for the test."""

from __future__ import annotations

import json

import pytest
from support.wire import BREAK_OFF, DRIP, GARBAGE, HANG, Server

from secretrun.backend import Context
from secretrun.errors import (
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.http_json import HttpJson

VALUES = {name: value.decode() for name, value in DIFFICULT_VALUES.items() if name != "binary"}


class Site:
    failure = None

    def __call__(self, request):
        if self.failure:
            return self.failure
        if request.path == "/v1/values":
            return 200, VALUES
        if request.path == "/v1/nested%20path":
            return 200, {"stage": request.query["stage"], "list": [{"n": 1}]}
        if request.path == "/v1/closed":
            wanted = request.headers.get("authorization") == "Bearer site-token-1"
            return (200, {"token": "opened"}) if wanted else (401, {})
        return 404, {}


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def server(site, tmp_path):
    with Server(site, directory=tmp_path) as running:
        running.host = f"localhost:{running.port}"
        yield running


def context(server, timeout=60, environ=None, **options):
    return Context(environ or {}, timeout=timeout, options={"ca": server.ca, **options})


def ask(server, rest, **options):
    reference = parse(f"httpjson://{server.host}{rest}")
    return HttpJson().fetch([reference], context(server, **options))[reference]


class TestHttpJson(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, server):
        self.backend = HttpJson()
        self.context = context(server)
        base = f"httpjson://{server.host}"
        self.known = {parse(f"{base}/v1/values#/{name}"): value.encode() for name, value in VALUES.items()}
        self.known[parse(f"{base}/v1/nested%20path?stage=a%26b#/stage")] = b"a&b"
        self.known[parse(f"{base}/v1/nested%20path?stage=x#/list/0")] = b'{"n":1}'
        self.known[parse(f"{base}/v1/values")] = json.dumps(VALUES).encode()
        self.missing = [parse(f"{base}/none#/a"), parse(f"{base}/v1/values#/none")]


def test_a_url_is_asked_once_whatever_is_wanted_of_it(server):
    references = [parse(f"httpjson://{server.host}/v1/values#/{name}") for name in VALUES]
    HttpJson().fetch(references, context(server))
    assert server.paths() == ["/v1/values"]


def test_references_count_only_where_the_user_wrote_them():
    assert HttpJson.info.trusted_only


def test_headers_go_to_their_host_with_variables_filled_in(server):
    headers = {server.host: {"Authorization": "Bearer ${SITE_TOKEN}"}}
    environ = {"SITE_TOKEN": "site-token-1"}
    assert ask(server, "/v1/closed#/token", headers=headers, environ=environ) == b"opened"
    other = {"another.example": {"Authorization": "Bearer ${SITE_TOKEN}"}}
    assert type(ask(server, "/v1/closed#/token", headers=other, environ=environ)) is NotSignedIn
    assert "authorization" not in server.requests[-1].headers


def test_a_variable_that_a_header_needs_is_named_when_it_is_not_set(server):
    error = ask(server, "/v1/closed", headers={server.host: {"Authorization": "Bearer ${SITE_TOKEN}"}})
    assert type(error) is NotSignedIn
    assert "SITE_TOKEN" in error.message
    assert server.requests == []


def test_a_line_end_in_a_header_never_reaches_the_wire(server):
    headers = {server.host: {"X-Token": "${T}"}}
    error = ask(server, "/v1/closed", headers=headers, environ={"T": "smuggled\r\nHost: evil"})
    assert type(error) is BadAnswer
    assert "smuggled" not in error.message
    assert server.requests == []


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ((401, {}), NotSignedIn),
        ((403, {}), Denied),
        ((404, {}), NotFound),
        ((429, {}), RateLimited),
        ((503, {}), Unavailable),
        ((301, b"", {"Location": "https://localhost:1/"}), BadAnswer),
        ((200, b"<p>plain</p>"), BadAnswer),
        ((200, b"x" * (17 << 20)), BadAnswer),
        (GARBAGE, BadAnswer),
        (BREAK_OFF, BadAnswer),
    ],
)
def test_each_failure_of_the_server_has_its_own_error(server, site, failure, expected):
    site.failure = failure
    error = ask(server, "/v1/values#/plain")
    assert type(error) is expected
    assert VALUES["plain"] not in error.message


@pytest.mark.parametrize("failure", [HANG, DRIP])
def test_a_server_that_never_ends_its_answer_is_given_up_at_the_time_limit(server, site, failure):
    site.failure = failure
    assert type(ask(server, "/v1/values#/plain", timeout=1)) is TimedOut


def test_a_certificate_of_an_unknown_ca_is_refused(server):
    reference = parse(f"httpjson://{server.host}/v1/values#/plain")
    error = HttpJson().fetch([reference], Context({}, timeout=60))[reference]
    assert type(error) is Unavailable
    assert "certificate" in error.message
    assert "ca =" in error.hint
    assert server.requests == []


def test_a_certificate_of_another_name_is_refused(site, tmp_path):
    with Server(site, directory=tmp_path, names=("other.example",)) as running:
        running.host = f"localhost:{running.port}"
        error = ask(running, "/v1/values#/plain")
    assert type(error) is Unavailable
    assert "certificate" in error.message


def test_a_ca_file_that_is_not_there_is_named(server):
    error = ask(server, "/v1/values", ca="/nonexistent/ca.pem")
    assert type(error) is Unavailable
    assert "/nonexistent/ca.pem" in error.message


@pytest.mark.parametrize("text", ["httpjson://user@host/a", "httpjson://host:port/a", "httpjson://ho st/a"])
def test_what_is_no_host_is_refused(text):
    reference = parse(text)
    assert type(HttpJson().fetch([reference], Context({}))[reference]) is BadReference
