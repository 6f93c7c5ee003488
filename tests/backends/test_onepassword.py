"""1Password, against a stand-in for `op`: the real one needs an account. See `op_stand_in.py`."""

from __future__ import annotations

import base64
import json
import os
import pathlib

import pytest

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadReference,
    Denied,
    NotFound,
    NotInstalled,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.model import Reference
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.onepassword import OnePassword

STAND_IN = (pathlib.Path(__file__).parent / "op_stand_in.py").read_text(encoding="utf-8")


class Store:
    def __init__(self, directory):
        self.directory = directory
        self.values = {}
        self.environ = install_program(directory / "bin", "op", STAND_IN)
        self.environ = {k: v for k, v in self.environ.items() if not k.startswith("OP_")}
        self.environ["OP_STORE"] = str(directory)
        self.context = Context(self.environ, timeout=100)
        self.put("op://dev/db/password", b"hunter2hunter2")
        self.put("op://dev/db/user", b"me")

    def put(self, reference, value):
        self.values[reference] = base64.b64encode(value).decode()
        (self.directory / "values.json").write_text(json.dumps(self.values))

    def fail(self, complaint):
        (self.directory / "fail").write_text(complaint)

    def get(self, *texts):
        references = [parse(text) for text in texts]
        answers = OnePassword().fetch(references, self.context)
        found = [answers[reference] for reference in references]
        return found[0] if len(found) == 1 else found

    @property
    def calls(self):
        path = self.directory / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


class TestOnePassword(BackendContract):
    @pytest.fixture(autouse=True)
    def values(self, store):
        self.backend, self.context = OnePassword(), store.context
        self.known = {}
        for name, value in DIFFICULT_VALUES.items():
            store.put(f"op://vault/item/{name}", value)
            self.known[parse(f"op://vault/item/{name}")] = value
        self.missing = [parse("op://vault/item/none"), parse("op://vault/item/plain#/key")]


def test_a_whole_batch_is_one_call_and_its_template_comes_by_stdin(store):
    assert store.get("op://dev/db/password", "op://dev/db/user") == [b"hunter2hunter2", b"me"]
    ((arguments, template),) = store.calls
    assert arguments == ["inject"]
    assert "{{ op://dev/db/password }}" in template


def test_a_single_reference_is_one_read(store):
    assert store.get("op://dev/db/user") == b"me"
    assert [arguments for arguments, _ in store.calls] == [["read", "--no-newline", "op://dev/db/user"]]


def test_markers_differ_from_call_to_call(store):
    """A value can't hold the marker it is cut at: nobody knows it before."""
    for _ in range(2):
        store.get("op://dev/db/password", "op://dev/db/user")
    first, second = (template.split("<")[0] for _, template in store.calls)
    assert len(first) == 32
    assert first != second


def test_names_that_differ_in_case_alone_are_fetched_once(store):
    found = store.get("op://dev/db/user", "op://DEV/Db/User", "op://dev/DB/password")
    assert found == [b"me", b"me", b"hunter2hunter2"]
    assert store.calls[0][1].count("op://") == 2


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("op://dev/ssh keys/ssh key/private key?ssh-format=openssh", None),
        ("op://dev/GitHub/Security/one-time password?attribute=otp", None),
        ("op://dev/GitHub/login?attr=type", "op://dev/GitHub/login?attribute=type"),
        ("op://app-infra/ssh/key.pem?attribute=content", None),
        ("op://dev/a_b-c.d/field", None),
        ("ref+op://dev/db/section/field", "op://dev/db/section/field"),
        ("ref+onepasswordconnect://dev/db#/section.field", "op://dev/db/section/field"),
        ("ref+onepasswordconnect://dev/db#/field", "op://dev/db/field"),
    ],
)
def test_the_whole_grammar_reaches_op(store, text, asked):
    store.put(asked or text, b"value")
    assert store.get(text) == b"value"
    assert store.get(text, "op://dev/db/user") == [b"value", b"me"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("op://vault/item", "2 parts"),
        ("op://vault/item/a/b/c", "5 parts"),
        ("op://vault/item/", "2 parts"),
        ("op://vault/it@em/field", "'@'"),
        ("op://vault/item/$field", "'$'"),
        ("op://vault/item/pass%20word", "'%'"),
        ("op://vault/item/field?attribute=colour", "'colour'"),
        ("op://vault/item/field?ssh-format=pem", "ssh-format=pem"),
        ("op://vault/item/field?x=y", "x=y"),
    ],
)
def test_a_malformed_reference_is_named_and_never_sent(store, text, named):
    error = store.get(text)
    assert isinstance(error, BadReference)
    assert named in error.message
    assert store.calls == []


def test_a_pointer_looks_into_a_field(store):
    store.put("op://dev/db/json", b'{"a": [1, 2.50]}')
    assert store.get("op://dev/db/json#/a/1", "op://dev/db/json#/a") == [b"2.50", b"[1,2.50]"]
    assert len(store.calls) == 1


def test_one_bad_reference_among_sixteen_is_found_in_few_calls(store):
    for number in range(16):
        store.put(f"op://dev/many/f{number}", str(number).encode())
    found = store.get(*(f"op://dev/many/f{number}" for number in range(15)), "op://dev/many/none")
    assert found[:15] == [str(number).encode() for number in range(15)]
    assert isinstance(found[15], NotFound)
    assert "op://dev/many/none" in found[15].message
    assert len(store.calls) <= 9


def test_each_culprit_costs_one_call(store):
    for number in range(5):
        store.put(f"op://dev/many/f{number}", str(number).encode())
    texts = [
        "op://dev/many/f0",
        "op://dev/many/f1",
        "op://dev/a/none",
        "op://dev/many/f10",
        "op://dev/many/f4",
    ]
    found = store.get(*texts)
    assert [type(one) for one in found] == [bytes, bytes, NotFound, NotFound, bytes]
    assert len(store.calls) == 3


@pytest.mark.parametrize(("count", "bad"), [(5, 2), (8, 3), (12, 11)])
def test_a_vault_that_is_not_there_is_asked_for_once(store, count, bad):
    good = [f"op://dev/many/f{number}" for number in range(count - bad)]
    for text in good:
        store.put(text, b"v")
    found = store.get(*good, *(f"op://ghost/i{number}/f" for number in range(bad)))
    assert found[: len(good)] == [b"v"] * len(good)
    assert all(type(error) is NotFound for error in found[len(good) :])
    assert [
        f"op://ghost/i{number}/f" in error.message for number, error in enumerate(found[len(good) :])
    ] == [True] * bad
    assert len(store.calls) <= 2


@pytest.mark.parametrize("count", [2, 8, 16])
def test_a_failure_in_unknown_words_is_met_twice_at_most(store, count):
    store.fail("something new happened in process 4711")
    found = store.get(*(f"op://dev/i{number}/f" for number in range(count)))
    assert all(type(error) is BackendError for error in found)
    assert len(store.calls) == 2


def test_the_value_of_another_store_goes_to_op_by_its_input(store):
    store.put("op://hidden-vault/db/user", b"me")
    store.put("op://hidden-vault/db/blob", b"\xff\xfe")
    found = []
    for name in ("user", "blob"):
        path = f"hidden-vault/db/{name}"
        reference = Reference(f"op://${{V}}/db/{name}", "op", path, nested=True)
        found.append(OnePassword().fetch([reference], store.context)[reference])
    assert found[0] == b"me"
    assert type(found[1]) is BadReference  # bytes that are no text would need an argument
    assert store.calls
    assert all("hidden-vault" not in " ".join(arguments) for arguments, _ in store.calls)


def test_an_ambiguous_name_asks_for_the_id(store):
    store.put("op://dev/twice/f", b"<twice>")
    value, error = store.get("op://dev/db/user", "op://dev/twice/f")
    assert value == b"me"
    assert isinstance(error, BadReference)
    assert "unique ID" in error.hint


@pytest.mark.parametrize(
    ("complaint", "expected", "said"),
    [
        (
            "You are not currently signed in. Please run `op signin --help` for instructions",
            NotSignedIn,
            "op signin",
        ),
        ("No accounts configured for use with 1Password CLI.", NotSignedIn, "op account add"),
        (
            "failed to DeserializeServiceAccountAuthToken, unexpected content",
            NotSignedIn,
            "OP_SERVICE_ACCOUNT_TOKEN",
        ),
        ("(429) Too Many Requests: rate limit exceeded", RateLimited, "ratelimit"),
        ("authorization prompt dismissed, please try again", Denied, "approve"),
        ("authorization timeout", TimedOut, "approve"),
        ("cannot connect to 1Password app, make sure it is running", Unavailable, "throttles"),
        ("dial tcp: lookup my.1password.com: no such host", Unavailable, "network"),
        ("(403) Forbidden: You aren't authorized to perform this action", Denied, "op vault list"),
    ],
)
def test_each_refusal_of_op_has_its_own_error_and_hint(store, complaint, expected, said):
    store.fail(complaint)
    for texts in (["op://dev/db/user"], ["op://dev/db/user", "op://dev/db/password"]):
        found = store.get(*texts)
        for error in found if isinstance(found, list) else [found]:
            assert type(error) is expected
            assert said in error.hint


def test_a_failure_that_all_share_is_met_once(store):
    store.fail("(429) Too Many Requests")
    store.get("op://dev/db/user", "op://dev/db/password", "op://dev/db/none")
    assert len(store.calls) == 1


def test_an_item_that_is_called_like_a_failure_is_not_taken_for_one(store):
    value, error = store.get("op://dev/db/user", "op://dev/rate limit/not signed in")
    assert value == b"me"
    assert isinstance(error, NotFound)


def test_an_unknown_complaint_is_given_as_op_said_it(store):
    store.fail("the flux capacitor is empty")
    error = store.get("op://dev/db/user")
    assert type(error) is BackendError
    assert error.message.endswith("the flux capacitor is empty")


def test_without_op_the_error_says_where_to_get_it(tmp_path):
    whole, half = parse("op://a/b/c"), parse("op://a/b")
    answers = OnePassword().fetch([whole, half], Context({"PATH": str(tmp_path)}))
    assert type(answers[whole]) is NotInstalled
    assert "developer.1password.com" in answers[whole].hint
    assert type(answers[half]) is BadReference  # its own mistake is told all the same


def test_an_op_that_hangs_ends_with_the_time_limit(tmp_path):
    environ = install_program(tmp_path, "op", "import signal; signal.pause()", os.environ)
    answer = parse("op://a/b/c")
    assert type(OnePassword().fetch([answer], Context(environ, timeout=0.3))[answer]) is TimedOut


def test_the_configuration_names_account_and_program(store, tmp_path):
    source = "import os; print(end=os.environ['OP_ACCOUNT'])"
    install_program(tmp_path / "other", "op", source)
    options = {"account": "team", "path": str(tmp_path / "other" / "op")}
    reference = parse("op://a/b/c")
    found = OnePassword().fetch([reference], Context(store.environ, timeout=100, options=options))
    assert found[reference] == b"team"


def test_check_gives_the_version_and_tests_a_token(store):
    assert OnePassword().check(store.context) == "op 2.30.3"
    signed = Context({**store.environ, "OP_SERVICE_ACCOUNT_TOKEN": "token"}, timeout=100)
    assert OnePassword().check(signed) == "op 2.30.3, signed in by OP_SERVICE_ACCOUNT_TOKEN"
    store.fail("(401) Unauthorized: Invalid bearer token")
    with pytest.raises(NotSignedIn):
        OnePassword().check(signed)
