"""keepassxc:// with databases made and read by the real keepassxc-cli."""

from __future__ import annotations

import os
import subprocess
import traceback

import pytest
from backends.programs import answer_on_terminal, noting

from secretrun.backend import Context
from secretrun.errors import BadAnswer, BadReference, NotFound, NotInstalled, NotSignedIn
from secretrun.reference import parse
from secretrun.testing import BackendContract
from secretrun_backends.keepassxc import KeePassXC

MASTER = "master password of the tests"
# What can be typed into one line of its prompt.
TYPED = {
    "plain": b"correct-horse-battery-staple", "unicode": "pässwörd ✓".encode(), "quotes": b"""it's "q" `t` <&>""",
    "shell": b"$HOME %s \\n", "blanks": b"  around  ",
}  # fmt: skip


def cli(*arguments, lines=(MASTER,)):
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["keepassxc-cli", *map(str, arguments)], input="".join(f"{line}\n" for line in lines).encode(),
        capture_output=True, env=environ, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    place = tmp_path_factory.mktemp("keepassxc")
    file = place / "team.kdbx"
    # Few rounds: the tests unlock it often.
    cli("db-create", "--set-password", "--decryption-time", "100", file, lines=(MASTER, MASTER))
    cli("mkdir", file, "/Work")
    for name, value in TYPED.items():
        cli("add", "--username", f"user of {name}", "--url", "https://x", "--password-prompt", file, f"Work/{name}",
            lines=(MASTER, value.decode()))  # fmt: skip
    cli("add", "--password-prompt", file, "top", lines=(MASTER, "at the top"))
    cli("add", "--username", "{REF:U@T:plain}", file, "borrower")
    for _ in range(2):
        cli("mkdir", file, f"/Twice{_}")
    cli(
        "db-create",
        "--set-key-file",
        place / "key",
        "--decryption-time",
        "100",
        place / "keyed.kdbx",
        lines=(),
    )
    cli(
        "add",
        "--username",
        "bob",
        "--key-file",
        place / "key",
        "--no-password",
        place / "keyed.kdbx",
        "x",
        lines=(),
    )
    return file


@pytest.fixture
def environ():
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "KEEPASSXC_PASSWORD": MASTER}


def fetch(text, database, environ):
    reference = parse(text, base=str(database.parent))
    return KeePassXC().fetch([reference], Context(environ, timeout=90))[reference]


class TestKeePassXC(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, database, environ):
        base = str(database.parent)
        self.backend, self.context = KeePassXC(), Context(environ, timeout=90)
        self.known = {
            parse(f"keepassxc://team.kdbx/Work/{n}#/Password", base=base): v for n, v in TYPED.items()
        }
        self.known[parse("keepassxc://team.kdbx/Work/plain#/UserName", base=base)] = b"user of plain"
        self.known[parse("keepassxc://top?db=team.kdbx", base=base)] = b"at the top"
        self.missing = [
            parse("keepassxc://team.kdbx/Work/none", base=base), parse("keepassxc://none.kdbx/x", base=base),
            parse("keepassxc://team.kdbx/Work/plain#/Nothing", base=base),
        ]  # fmt: skip


def test_attributes_are_found_in_either_case_and_references_to_other_entries_are_followed(database, environ):
    assert fetch("keepassxc://team.kdbx/Work/plain#/username", database, environ) == b"user of plain"
    assert fetch("keepassxc://team.kdbx/borrower#/UserName", database, environ) == b"user of plain"
    assert fetch("keepassxc://team.kdbx/Work/plain#/Notes", database, environ) == b""


def test_a_database_is_unlocked_once_and_no_value_is_an_argument(database, environ, tmp_path):
    noted, notes = noting(tmp_path, environ, "keepassxc-cli")
    base = str(database.parent)
    references = [parse(f"keepassxc://team.kdbx/Work/{name}", base=base) for name in (*TYPED, "none")]
    answers = KeePassXC().fetch(references, Context(noted, timeout=90))
    assert [answers[one] for one in references[:-1]] == list(TYPED.values())
    assert len(notes.read_text().splitlines()) == 1
    for secret in (MASTER, TYPED["plain"].decode()):
        assert secret not in notes.read_text()


def test_a_key_file_unlocks_by_option_variable_and_table(database, environ):
    del environ["KEEPASSXC_PASSWORD"]
    key = str(database.parent / "key")
    assert fetch("keepassxc://keyed.kdbx/x?key_file=key#/UserName", database, environ) == b"bob"
    by_variable = {**environ, "KEEPASSXC_KEY_FILE": key}
    assert fetch("keepassxc://keyed.kdbx/x#/UserName", database, by_variable) == b"bob"
    reference = parse("keepassxc://keyed.kdbx/x#/UserName", base=str(database.parent))
    context = Context(environ, timeout=90, options={"key_file": key})
    assert KeePassXC().fetch([reference], context)[reference] == b"bob"


def test_a_wrong_password_and_a_missing_one_ask_for_a_sign_in(database, environ):
    wrong = fetch("keepassxc://team.kdbx/top", database, {**environ, "KEEPASSXC_PASSWORD": "wrong-one"})
    assert type(wrong) is NotSignedIn
    assert "does not open" in wrong.message
    shown = "".join(traceback.format_exception(wrong)) + wrong.hint
    assert "wrong-one" not in shown
    del environ["KEEPASSXC_PASSWORD"]
    missing = fetch("keepassxc://team.kdbx/top", database, environ)
    assert type(missing) is NotSignedIn
    assert "KEEPASSXC_PASSWORD" in missing.hint


def test_a_file_that_is_no_database_is_refused(database, environ):
    (database.parent / "junk.kdbx").write_bytes(b"junk that is no database")
    error = fetch("keepassxc://junk.kdbx/x", database, environ)
    assert type(error) is BadAnswer
    assert "junk that" not in error.message


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("keepassxc://Work/plain", BadReference), ("keepassxc://team.kdbx", BadReference),
        ("keepassxc://team.kdbx/top?keyfile=x", BadReference), ("keepassxc://none.kdbx/x", NotFound),
    ],
)  # fmt: skip
def test_what_a_reference_gets_wrong_is_named(database, environ, text, kind):
    error = fetch(text, database, environ)
    assert type(error) is kind
    assert error.hint


def test_the_password_is_asked_for_on_the_terminal_and_not_shown(database, environ, tmp_path):
    del environ["KEEPASSXC_PASSWORD"]
    shown, value = answer_on_terminal(
        "secretrun_backends.keepassxc:KeePassXC", f"keepassxc://{database}/top", environ,
        b"password of", MASTER.encode(), tmp_path / "result",
    )  # fmt: skip
    assert value == b"at the top"
    assert MASTER.encode() not in shown


def test_without_keepassxc_the_error_says_how_to_install_it(database, environ, tmp_path):
    error = fetch("keepassxc://team.kdbx/top", database, {**environ, "PATH": str(tmp_path)})
    assert type(error) is NotInstalled
    assert "apt install keepassxc" in error.hint


EXPORTED = """<?xml version="1.0" encoding="UTF-8"?><KeePassFile><Meta/><Root><Group>
<UUID>AAAAAAAAAAAAAAAAAAAAAQ==</UUID><Name>Root</Name>{entries}</Group></Root></KeePassFile>"""
ENTRY = """<Entry><UUID>AAAAAAAAAAAAAAAAAAAA{number}==</UUID><String><Key>Title</Key><Value>{title}</Value></String>
<String><Key>Two Words</Key><Value>own attribute</Value></String>
<String><Key>otp</Key><Value>otpauth://totp/x:y?secret=GEZDGNBVGY3TQOJQ&amp;period=30&amp;digits=6</Value></String></Entry>"""


def test_one_time_codes_attributes_of_ones_own_and_entries_of_one_name(tmp_path, environ):
    """An entry whose path another one shares is refused rather than guessed."""
    entries = "".join(
        ENTRY.format(number=number, title=title)
        for number, title in (("Ag", "code"), ("Aw", "twin"), ("BA", "twin"), ("BQ", "a/b"))
    )
    (tmp_path / "exported.xml").write_text(EXPORTED.format(entries=entries))
    cli("import", "--set-password", tmp_path / "exported.xml", tmp_path / "d.kdbx", lines=(MASTER, MASTER))
    file = tmp_path / "d.kdbx"
    code = fetch("keepassxc://d.kdbx/code#/TOTP", file, environ)
    assert len(code) == 6, code
    assert code.isdigit()
    assert fetch("keepassxc://d.kdbx/code#/Two Words", file, environ) == b"own attribute"
    assert fetch("keepassxc://d.kdbx/a/b#/Two Words", file, environ) == b"own attribute"
    twin = fetch("keepassxc://d.kdbx/twin#/Two Words", file, environ)
    assert type(twin) is BadReference
    assert "2 entries" in twin.message
