"""pass:// with the real pass and gpg; gopass by a stand-in that keeps to its documented exit statuses.

The program that Debian calls gopass is another one.
"""

from __future__ import annotations

import os
import subprocess

import pytest
from backends.programs import RECIPIENT, KeyRing, noting

from secretrun.backend import Context
from secretrun.errors import BadReference, NotFound, NotInstalled, NotSignedIn, Unavailable
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.password_store import PasswordStore

ENTRY = b"the-password\nlogin: bob@example.org\nURL: https://example.org/a:b\n\nfree text\nlogin: second\n"


@pytest.fixture(scope="session")
def keys():
    ring = KeyRing()
    yield ring
    ring.close()


@pytest.fixture
def environ(keys, tmp_path):
    """A store made by `pass init`, with one entry by `pass insert`."""
    environ = {**keys.environ, "PASSWORD_STORE_DIR": str(tmp_path / "store")}
    for command, text in ((["pass", "init", RECIPIENT], b""), (["pass", "insert", "-m", "web/site"], ENTRY)):
        subprocess.run(command, env=environ, input=text, check=True, capture_output=True, timeout=90)
    return environ


def fetch(text, environ):
    reference = parse(text)
    return PasswordStore().fetch([reference], Context(environ, timeout=90))[reference]


class TestPass(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, keys, environ, tmp_path):
        chosen = ("plain", "blanks", "final-newline", "unicode", "binary", "shell")
        for name in chosen:
            keys.encrypt(tmp_path / "store" / f"{name}.gpg", DIFFICULT_VALUES[name])
        self.backend, self.context = PasswordStore(), Context(environ, timeout=90)
        self.known = {parse(f"pass://{name}?line=all"): DIFFICULT_VALUES[name] for name in chosen}
        self.known[parse("pass://web/site")] = b"the-password"
        self.known[parse("pass://web/site#/login")] = b"bob@example.org"
        self.missing = [parse("pass://none"), parse("pass://web/site#/none"), parse("pass://web")]


@pytest.mark.parametrize(
    ("tail", "value"),
    [
        ("", b"the-password"), ("?line=1", b"the-password"), ("?line=5", b"free text"), ("?line=4", b""),
        ("?line=all", ENTRY), ("#/login", b"bob@example.org"), ("#/url", b"https://example.org/a:b"),
    ],
)  # fmt: skip
def test_the_first_line_is_the_password_and_the_rest_is_reached_by_field_or_line(environ, tail, value):
    assert fetch(f"pass://web/site{tail}", environ) == value


def test_an_entry_is_shown_once_and_no_value_is_an_argument(environ, tmp_path):
    noted, notes = noting(tmp_path, environ, "pass", "gpg")
    references = [parse(f"pass://web/site{tail}") for tail in ("", "#/login", "?line=5", "#/none")]
    answers = PasswordStore().fetch(references, Context(noted, timeout=90))
    assert isinstance(answers.pop(references[3]), NotFound)
    assert list(answers.values()) == [b"the-password", b"bob@example.org", b"free text"]
    assert notes.read_text().count("pass show") == 1
    assert "the-password" not in notes.read_text()


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("pass://none", NotFound, "no entry none"),
        ("pass://web", NotFound, "a folder"),
        ("pass://web/site?line=0", BadReference, "from 1"),
        ("pass://web/site?line=99", NotFound, "no line 99"),
        ("pass://web/site?line=2#/login", BadReference, "both"),
        ("pass://web/site?lines=2", BadReference, "no option 'lines'"),
        ("pass://web/site?cli=bash", BadReference, "cli=bash"),
        ("pass://../store/web/site", BadReference, "not the name of an entry"),
        ("pass://-c", BadReference, "not the name of an entry"),
    ],
)
def test_what_a_reference_gets_wrong_is_named(environ, text, kind, words):
    error = fetch(text, environ)
    assert type(error) is kind
    assert words in error.message
    assert "the-password" not in f"{error.message} {error.hint}"


def test_a_missing_entry_mentions_protons_references(environ):
    assert "Proton" in fetch("pass://vault/item/field", environ).hint


def test_a_store_that_is_not_initialised_says_how(keys, tmp_path):
    error = fetch("pass://x", {**keys.environ, "PASSWORD_STORE_DIR": str(tmp_path / "none")})
    assert type(error) is NotSignedIn
    assert "pass init" in error.hint


def test_without_the_key_or_with_a_locked_one_the_error_says_so(environ):
    other, locked = KeyRing(), KeyRing(passphrase="a passphrase of the key")
    try:
        missing = fetch("pass://web/site", {**environ, "GNUPGHOME": other.home})
        store = {**locked.environ, "PASSWORD_STORE_DIR": os.path.join(locked.home, "store")}
        subprocess.run(["pass", "init", RECIPIENT], env=store, check=True, capture_output=True, timeout=90)
        subprocess.run(
            ["pass", "insert", "-m", "x"], env=store, input=b"y", check=True, capture_output=True, timeout=90
        )
        locked.forget_passphrases()
        shut = fetch("pass://x", store)
    finally:
        other.close()
        locked.close()
    assert type(missing) is NotSignedIn
    assert "none of your gpg keys" in missing.message
    assert type(shut) is NotSignedIn
    assert "is locked" in shut.message


def test_check_names_the_program_or_says_what_is_missing(environ, tmp_path):
    assert PasswordStore().check(Context(environ)).startswith("pass at /")
    with pytest.raises(Unavailable, match="neither pass nor gopass"):
        PasswordStore().check(Context({**environ, "PATH": str(tmp_path)}))


GOPASS = """
import sys
entries = {"web/site": "gopass-password\\nuser: bob\\n"}
verb, *options, entry = sys.argv[1:]
assert (verb, options) == ("show", ["--unsafe", "--noparsing"]), sys.argv
if entry == "unset":
    sys.exit(6)
if entry == "locked":
    sys.exit(11)
if entry not in entries:
    print("Error: entry is not in the password store", file=sys.stderr)
    sys.exit(10)
sys.stdout.write(entries[entry])
"""


def test_gopass_serves_when_it_is_chosen_or_pass_is_missing(environ, tmp_path):
    with_gopass = install_program(tmp_path / "bin", "gopass", GOPASS, environ)
    assert fetch("pass://web/site?cli=gopass", with_gopass) == b"gopass-password"
    alone = {**with_gopass, "PATH": str(tmp_path / "bin")}
    assert fetch("pass://web/site#/user", alone) == b"bob"
    assert fetch("pass://web/site", with_gopass) == b"the-password"
    assert fetch("gopass://web/site", with_gopass) == b"gopass-password"
    assert fetch("gopass://web/site?cli=pass", with_gopass) == b"the-password"
    assert type(fetch("gopass://web/site", environ)) is NotInstalled
    for entry, kind in (("none", NotFound), ("locked", NotSignedIn), ("unset", NotSignedIn)):
        assert type(fetch(f"pass://{entry}", alone)) is kind
