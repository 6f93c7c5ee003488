"""Bitwarden Secrets Manager against a stand-in for its CLI, which says what the real one documents."""

from __future__ import annotations

import json

import pytest

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.bitwarden_secrets import BitwardenSecrets

TOKEN = "0.access-token-for-tests"
VALUES = {name: value for name, value in DIFFICULT_VALUES.items() if name != "binary"}
PROJECTS = [
    {"id": "project-1", "name": "backend"},
    {"id": "project-2", "name": "front"},
    {"id": "project-3", "name": "front"},
]


def secret(number, key, value, project="project-1"):
    return {"id": f"secret-{number}", "key": key, "value": value, "note": "", "projectId": project}


SECRETS = [secret(number, name, value.decode()) for number, (name, value) in enumerate(VALUES.items())]
OTHERS = [
    secret(100, "DB", '{"password": "in-json-1"}', "project-2"),
    secret(101, "plain", "another-plain-1", "project-2"),
]
STAND_IN = """
import json, os, sys, time
base = os.path.dirname(os.path.abspath(__file__))
arguments = sys.argv[1:]
with open(os.path.join(base, "log"), "a") as log: log.write(json.dumps(arguments) + "\\n")
with open(os.path.join(base, "state.json")) as file: state = json.load(file)
if state.get("fail"):
    print(state["fail"], file=sys.stderr); sys.exit(1)
if state.get("hang"): time.sleep(300)
if arguments == ["--version"]:
    print("bws 1.0.0"); sys.exit()
assert arguments[1:] == ["list", "--output", "json", "--color", "no"], arguments
if os.environ["BWS_ACCESS_TOKEN"] != "0.access-token-for-tests":
    print("Error: Access token is not in a valid format", file=sys.stderr); sys.exit(1)
sys.stdout.write(state[arguments[0]])
"""


class Cli:
    def __init__(self, directory):
        self.directory = directory
        self.environ = install_program(directory, "bws", STAND_IN) | {"BWS_ACCESS_TOKEN": TOKEN}
        self.be(secret=json.dumps(SECRETS + OTHERS), project=json.dumps(PROJECTS))

    def be(self, **state):
        (self.directory / "state.json").write_text(json.dumps(state))

    def calls(self):
        return [json.loads(line)[0] for line in (self.directory / "log").read_text().splitlines()]


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "bin")


def ask(cli, text, timeout=90, **environ):
    reference = parse(text)
    return BitwardenSecrets().fetch([reference], Context(cli.environ | environ, timeout=timeout))[reference]


class TestBitwardenSecrets(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, cli):
        self.backend = BitwardenSecrets()
        self.context = Context(cli.environ, timeout=90)
        self.known = {parse(f"bws://backend/{name}"): value for name, value in VALUES.items()}
        self.known |= {
            parse("bws://secret-0"): VALUES["plain"],
            parse("bws://DB#/password"): b"in-json-1",
            parse("bws://project-2/plain"): b"another-plain-1",
        }
        self.missing = [parse("bws://none"), parse("bws://no-project/plain"), parse("bws://backend/DB")]
        self.listing = (parse("bws://backend"), VALUES)


def test_one_listing_whatever_is_wanted_and_projects_only_when_named(cli):
    BitwardenSecrets().fetch([parse("bws://secret-0"), parse("bws://DB")], Context(cli.environ, timeout=90))
    assert cli.calls() == ["secret"]
    BitwardenSecrets().fetch([parse("bws://backend/plain")], Context(cli.environ, timeout=90))
    assert cli.calls() == ["secret", "secret", "project"]


def test_a_key_that_two_projects_have_is_refused_with_the_ids(cli):
    error = ask(cli, "bws://plain")
    assert type(error) is BadReference
    assert "secret-0, secret-101" in error.hint


def test_a_name_that_two_projects_have_is_refused_with_the_ids(cli):
    error = ask(cli, "bws://front/DB")
    assert type(error) is BadReference
    assert "project-2, project-3" in error.hint


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Error: Received error message from server: [401 Unauthorized]", NotSignedIn),
        ("Error: [429 Too Many Requests] slow down", RateLimited),
        ("Error: error sending request for url (https://identity.bitwarden.com)", Unavailable),
        ("something new with correct-horse-battery-staple", BackendError),
    ],
)
def test_each_failure_of_the_cli_has_its_own_error(cli, words, expected):
    cli.be(fail=words)
    with pytest.raises(expected) as caught:
        ask(cli, "bws://DB")
    assert type(caught.value) is expected
    assert "correct-horse" not in f"{caught.value.message}{caught.value.hint}"


def test_a_token_that_is_refused_or_missing_is_not_shown(cli):
    for token in ("0.a-bad-token", ""):
        with pytest.raises(NotSignedIn) as caught:
            ask(cli, "bws://DB", BWS_ACCESS_TOKEN=token)
        assert "0.a-bad-token" not in f"{caught.value.message}{caught.value.hint}"


@pytest.mark.parametrize(
    "output", ["garbage", "{}", '[{"id": "x"}]', '[{"id": "x", "key": "k", "value": 7}]']
)
def test_garbage_is_a_bad_answer(cli, output):
    cli.be(secret=output)
    with pytest.raises(BadAnswer):
        ask(cli, "bws://DB")


def test_a_hanging_cli_is_given_up_at_the_time_limit(cli):
    cli.be(hang=True)
    with pytest.raises(TimedOut):
        ask(cli, "bws://DB", timeout=1)


def test_without_the_cli_the_hint_says_where_to_get_it(tmp_path):
    with pytest.raises(Unavailable) as caught:
        BitwardenSecrets().fetch(
            [parse("bws://a")], Context({"PATH": str(tmp_path), "BWS_ACCESS_TOKEN": TOKEN})
        )
    assert "bitwarden.com" in caught.value.hint


@pytest.mark.parametrize("text", ["bws://a/b/c", "bws://a//b", "bws://a?x=1"])
def test_a_reference_of_another_shape_is_refused(text):
    reference = parse(text)
    assert type(BitwardenSecrets().fetch([reference], Context({}))[reference]) is BadReference


def test_check_says_the_version_and_asks_whether_the_token_is_taken(cli):
    health = BitwardenSecrets().check(Context(cli.environ, timeout=90))
    assert (health.version, health.reachable, health.signed_in) == ("1.0.0", True, True)
    with pytest.raises(NotSignedIn):
        BitwardenSecrets().check(Context(cli.environ | {"BWS_ACCESS_TOKEN": "other"}, timeout=90))


def test_values_and_imports_of_one_batch_share_the_listing(cli):
    context = Context(cli.environ, timeout=90, memo={})
    reference = parse("bws://backend/plain")
    assert BitwardenSecrets().fetch([reference], context)[reference] == VALUES["plain"]
    assert BitwardenSecrets().fetch_all(parse("bws://backend"), context)["plain"] == VALUES["plain"]
    assert cli.calls() == ["secret", "project"]


@pytest.mark.parametrize("text", ["bws://backend?a=b", "bws://backend#/a", "bws://a/b"])
def test_an_import_that_asks_for_more_than_a_project_is_refused(cli, text):
    with pytest.raises(BadReference):
        BitwardenSecrets().fetch_all(parse(text), Context(cli.environ, timeout=90))
