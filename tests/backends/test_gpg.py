"""gpg:// with the real gpg and a key of its own."""

from __future__ import annotations

import pytest
from backends.programs import KeyRing, noting

from secretrun.backend import Context
from secretrun.errors import BadAnswer, BadReference, NotFound, NotInstalled, NotSignedIn
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.gpg import Gpg


@pytest.fixture(scope="session")
def keys():
    ring = KeyRing()
    yield ring
    ring.close()


@pytest.fixture
def context(keys):
    return Context(keys.environ, timeout=90)


def fetch(text, context, tmp_path):
    reference = parse(text, base=str(tmp_path))
    return Gpg().fetch([reference], context)[reference]


class TestGpg(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, keys, context, tmp_path):
        chosen = ("plain", "blanks", "final-newline", "unicode", "binary", "empty")
        for name in chosen:
            keys.encrypt(tmp_path / f"{name}.gpg", DIFFICULT_VALUES[name])
        keys.encrypt(tmp_path / "app.json.gpg", b'{"db": {"password": "hunter2-of-json"}, "n": 1e6}')
        keys.encrypt(tmp_path / "app.env.asc", b"A=first-value\nB='second value'\n", "--armor")
        self.backend, self.context = Gpg(), context
        base = str(tmp_path)
        self.known = {parse(f"gpg://{n}.gpg?trim=false", base=base): DIFFICULT_VALUES[n] for n in chosen}
        self.known[parse("gpg://app.json.gpg#/db/password", base=base)] = b"hunter2-of-json"
        self.known[parse("gpg://app.json.gpg#/n", base=base)] = b"1e6"
        self.missing = [parse("gpg://none.gpg", base=base), parse("gpg://app.json.gpg#/db/none", base=base)]
        self.listing = (parse("gpg://app.env.asc", base=base), {"A": b"first-value", "B": b"second value"})


def test_the_newline_of_a_single_line_is_trimmed(keys, context, tmp_path):
    keys.encrypt(tmp_path / "line.gpg", b"a password\n")
    keys.encrypt(tmp_path / "lines.gpg", b"two\nlines\n")
    assert fetch("gpg://line.gpg", context, tmp_path) == b"a password"
    assert fetch("gpg://line.gpg?trim=false", context, tmp_path) == b"a password\n"
    assert fetch("gpg://lines.gpg", context, tmp_path) == b"two\nlines\n"


def test_a_file_is_decrypted_once_and_no_value_is_an_argument(keys, tmp_path):
    keys.encrypt(tmp_path / "app.json.gpg", b'{"a": "value-of-a", "b": "value-of-b"}')
    environ, notes = noting(tmp_path, keys.environ, "gpg")
    references = [parse(f"gpg://app.json.gpg{p}", base=str(tmp_path)) for p in ("#/a", "#/b", "", "#/c")]
    answers = Gpg().fetch(references, Context(environ, timeout=90))
    assert [answers[one] for one in references[:2]] == [b"value-of-a", b"value-of-b"]
    assert isinstance(answers[references[3]], NotFound)
    assert notes.read_text().count("--decrypt") == 1
    assert "value-of" not in notes.read_text()


@pytest.mark.parametrize("content", [b"not encrypted at all\n", b""])
def test_a_file_that_is_not_encrypted_is_refused_without_being_quoted(context, tmp_path, content):
    (tmp_path / "f.gpg").write_bytes(content)
    error = fetch("gpg://f.gpg", context, tmp_path)
    assert type(error) is BadAnswer
    assert "not encrypted at all" not in error.message + error.hint


def test_a_file_that_is_signed_and_not_encrypted_is_refused(keys, context, tmp_path):
    (tmp_path / "f.gpg").write_bytes(keys.gpg("--sign", stdin=b"signed text"))
    assert type(fetch("gpg://f.gpg", context, tmp_path)) is BadAnswer


@pytest.mark.parametrize("how", ["cut", "changed"])
def test_a_damaged_file_gives_no_part_of_its_text(keys, context, tmp_path, how):
    keys.encrypt(tmp_path / "whole.gpg", b"0123456789abcdef" * 4096, "--compress-algo", "none")
    whole = (tmp_path / "whole.gpg").read_bytes()
    damaged = (
        whole[: len(whole) // 2] if how == "cut" else whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:]
    )
    (tmp_path / "f.gpg").write_bytes(damaged)
    error = fetch("gpg://f.gpg", context, tmp_path)
    assert isinstance(error, Exception)
    assert "0123456789abcdef" not in f"{error} {error.hint}"


def test_without_the_secret_key_the_error_says_so(keys, tmp_path):
    keys.encrypt(tmp_path / "f.gpg", b"x")
    other = KeyRing()
    try:
        error = fetch("gpg://f.gpg", Context(other.environ, timeout=90), tmp_path)
    finally:
        other.close()
    assert type(error) is NotSignedIn
    assert "gpg --import" in error.hint


def test_a_locked_key_asks_to_be_unlocked(tmp_path):
    ring = KeyRing(passphrase="a passphrase of the key")
    try:
        ring.encrypt(tmp_path / "f.gpg", b"x")
        ring.forget_passphrases()
        error = fetch("gpg://f.gpg", Context(ring.environ, timeout=90), tmp_path)
    finally:
        ring.close()
    assert type(error) is NotSignedIn
    assert "is locked" in error.message


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("gpg://.", BadReference), ("gpg://f.gpg?armor=yes", BadReference), ("gpg://f.gpg?trim=perhaps", BadReference),
        ("gpg://f.gpg?format=toml#/a", BadReference), ("gpg://none/f.gpg", NotFound),
    ],
)  # fmt: skip
def test_what_a_reference_gets_wrong_is_named(keys, context, tmp_path, text, kind):
    keys.encrypt(tmp_path / "f.gpg", b"{}")
    assert type(fetch(text, context, tmp_path)) is kind


def test_without_gpg_the_error_says_how_to_install_it(tmp_path):
    (tmp_path / "f.gpg").write_bytes(b"x")
    error = fetch("gpg://f.gpg", Context({"PATH": str(tmp_path)}), tmp_path)
    assert type(error) is NotInstalled
    assert "apt install gnupg" in error.hint
