"""Bitwarden against a stand-in for its CLI, which says what the real one documents (and, signed out, prints)."""

from __future__ import annotations

import json

import pytest

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    NotFound,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.bitwarden import Bitwarden

SESSION = "session-key-for-tests"
VALUES = {name: value for name, value in DIFFICULT_VALUES.items() if name != "binary"}
ITEMS = [
    {
        "id": "id-all", "name": "All", "type": 2, "notes": "the notes\n",
        "fields": [{"name": name, "value": value.decode(), "type": 1} for name, value in VALUES.items()],
    },
    {
        "id": "id-site", "name": "My Site", "type": 1, "notes": None,
        "login": {"username": "me", "password": "site-password-1", "totp": "SEED", "passwordRevisionDate": None,
                  "uris": [{"match": None, "uri": "https://site.example"}]},
        "fields": [{"name": "pin", "value": '{"n": 1}', "type": 0}, {"name": "two", "value": "a"}, {"name": "two", "value": "b"}],
    },
    {"id": "id-key", "name": "Key", "type": 5, "sshKey": {"privateKey": "private-key-1", "publicKey": "p"}},
    {"id": "id-twin-1", "name": "Twin", "login": {"password": "twin-password-1"}},
    {"id": "id-twin-2", "name": "Twin", "login": {"password": "twin-password-2"}},
]  # fmt: skip
STAND_IN = """
import json, os, sys, time
base = os.path.dirname(os.path.abspath(__file__))
arguments = sys.argv[1:]
with open(os.path.join(base, "log"), "a") as log: log.write(json.dumps(arguments) + "\\n")
with open(os.path.join(base, "state.json")) as file: state = json.load(file)
if state.get("fail"):
    print(state["fail"], file=sys.stderr); sys.exit(1)
if state.get("hang"): time.sleep(300)
assert "--nointeraction" in arguments
unlocked = os.environ.get("BW_SESSION") == "session-key-for-tests"
if arguments[0] == "--version":
    print("2026.9.0"); sys.exit()
if arguments[0] == "status":
    print(json.dumps({"serverUrl": None, "status": "unlocked" if unlocked else "locked"})); sys.exit()
if not unlocked:
    print("Vault is locked.", file=sys.stderr); sys.exit(1)
if arguments[:2] == ["get", "totp"]: sys.stdout.write("123456")
elif arguments[:2] == ["list", "items"]: sys.stdout.write(state["output"])
"""


class Cli:
    def __init__(self, directory):
        self.directory = directory
        self.environ = install_program(directory, "bw", STAND_IN) | {"BW_SESSION": SESSION}
        self.be(output=json.dumps(ITEMS))

    def be(self, **state):
        (self.directory / "state.json").write_text(json.dumps(state))

    def calls(self):
        return [json.loads(line) for line in (self.directory / "log").read_text().splitlines()]


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "bin")


def ask(cli, text, timeout=90, options=None, **environ):
    reference = parse(text)
    context = Context(cli.environ | environ, timeout=timeout, options=options)
    return Bitwarden().fetch([reference], context)[reference]


class TestBitwarden(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, cli):
        self.backend = Bitwarden()
        self.context = Context(cli.environ, timeout=90)
        self.known = {parse(f"bw://All/{name}"): value for name, value in VALUES.items()}
        self.known |= {
            parse("bw://My%20Site"): b"site-password-1",
            parse("bw://My Site/username"): b"me",
            parse("bw://id-site/uri"): b"https://site.example",
            parse("bw://id-site/totp"): b"123456",
            parse("bw://id-site/pin#/n"): b"1",
            parse("bw://All/notes"): b"the notes\n",
            parse("bw://Key/privateKey"): b"private-key-1",
            parse("bw://id-twin-2/password"): b"twin-password-2",
        }
        self.missing = [parse("bw://None"), parse("bw://My Site/none"), parse("bw://Key"), parse("bw://Sit")]


def test_the_vault_is_listed_once_and_the_session_is_never_an_argument(cli):
    references = [parse(f"bw://All/{name}") for name in VALUES] + [parse("bw://My Site")]
    Bitwarden().fetch(references, Context(cli.environ, timeout=90))
    assert cli.calls() == [["list", "items", "--nointeraction", "--raw"]]


def test_sync_is_asked_for_when_configured(cli):
    assert ask(cli, "bw://My Site", options={"sync": True}) == b"site-password-1"
    assert [call[0] for call in cli.calls()] == ["sync", "list"]


@pytest.mark.parametrize("text", ["bw://Twin/password", "bw://My Site/two"])
def test_what_two_things_are_called_is_refused(cli, text):
    assert type(ask(cli, text)) is BadReference


def test_two_items_of_one_name_are_told_by_their_ids(cli):
    error = ask(cli, "bw://Twin")
    assert "id-twin-1, id-twin-2" in error.hint
    assert "twin-password" not in f"{error.message}{error.hint}"


def test_a_missing_field_names_the_fields_there_are_and_no_value(cli):
    error = ask(cli, "bw://My Site/none")
    assert type(error) is NotFound
    assert "username, password, totp, uri, pin" in error.hint
    assert "site-password-1" not in error.hint


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("You are not logged in.", NotSignedIn),
        ("Vault is locked.", NotSignedIn),
        (
            "FetchError: request to https://api.bitwarden.com failed, reason: getaddrinfo ENOTFOUND",
            Unavailable,
        ),
        ("Rate limit exceeded. Try again later.", RateLimited),
        ("something new with site-password-1", BackendError),
    ],
)
def test_each_failure_of_the_cli_has_its_own_error(cli, words, expected):
    cli.be(fail=words)
    with pytest.raises(expected) as caught:
        ask(cli, "bw://My Site")
    assert type(caught.value) is expected
    assert "site-password-1" not in f"{caught.value.message}{caught.value.hint}"


def test_a_wrong_session_hints_at_unlocking(cli):
    with pytest.raises(NotSignedIn) as caught:
        ask(cli, "bw://My Site", BW_SESSION="an-old-session")
    assert "bw unlock" in caught.value.hint
    assert "an-old-session" not in caught.value.message


@pytest.mark.parametrize("output", ["garbage", "{}", "[1]", "[" * 100000])
def test_garbage_is_a_bad_answer(cli, output):
    cli.be(output=output)
    with pytest.raises(BadAnswer):
        ask(cli, "bw://My Site")


def test_a_hanging_cli_is_given_up_at_the_time_limit(cli):
    cli.be(hang=True)
    with pytest.raises(TimedOut):
        ask(cli, "bw://My Site", timeout=1)


def test_check_says_whether_the_vault_is_unlocked(cli):
    health = Bitwarden().check(Context(cli.environ, timeout=90))
    assert (health, health.version, health.signed_in) == ("bw 2026.9.0, unlocked", "2026.9.0", True)
    with pytest.raises(NotSignedIn, match="locked"):
        Bitwarden().check(Context(cli.environ | {"BW_SESSION": ""}, timeout=90))


def test_without_the_cli_the_hint_installs_it(tmp_path):
    with pytest.raises(Unavailable) as caught:
        Bitwarden().fetch([parse("bw://a")], Context({"PATH": str(tmp_path)}))
    assert "npm install -g @bitwarden/cli" in caught.value.hint
