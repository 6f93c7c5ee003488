"""age:// with the real age, and with pyrage where age is not on the PATH."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from backends.programs import answer_on_terminal, noting

from secretrun.backend import Context
from secretrun.errors import BadAnswer, NotFound, NotSignedIn
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.age import Age

PATH = os.environ["PATH"]


def new_identity(path):
    """Write an identity; its recipient is returned."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["age-keygen", "-o", str(path)], check=True, capture_output=True, timeout=90)
    return next(line.split()[-1] for line in path.read_text().splitlines() if "public key" in line)


def encrypt(path, content, *recipients):
    options = [word for one in recipients for word in ("-r", one)]
    subprocess.run(
        ["age", *options, "-o", str(path)], input=content, check=True, capture_output=True, timeout=90
    )


@pytest.fixture
def recipient(tmp_path):
    return new_identity(tmp_path / "keys.txt")


@pytest.fixture(params=["age", "pyrage"])
def environ(request, tmp_path, recipient):
    path = PATH if request.param == "age" else str(tmp_path)
    return {"PATH": path, "HOME": str(tmp_path / "home"), "AGE_IDENTITY_FILE": str(tmp_path / "keys.txt")}


def fetch(text, environ, tmp_path):
    reference = parse(text, base=str(tmp_path))
    return Age().fetch([reference], Context(environ, timeout=90))[reference]


class TestAge(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, tmp_path, recipient, environ):
        chosen = ("plain", "blanks", "final-newline", "unicode", "binary", "empty")
        for name in chosen:
            encrypt(tmp_path / f"{name}.age", DIFFICULT_VALUES[name], recipient)
        encrypt(tmp_path / "app.json.age", b'{"db": {"password": "hunter2-of-json"}}', recipient)
        self.backend, self.context = Age(), Context(environ, timeout=90)
        base = str(tmp_path)
        self.known = {parse(f"age://{n}.age?trim=false", base=base): DIFFICULT_VALUES[n] for n in chosen}
        self.known[parse("age://app.json.age#/db/password", base=base)] = b"hunter2-of-json"
        self.missing = [parse("age://none.age", base=base), parse("age://app.json.age#/none", base=base)]
        self.listing = (parse("age://app.json.age#/db", base=base), {"password": b"hunter2-of-json"})


@pytest.mark.parametrize(
    "place", ["option", "variable", "file", "sops variable", "embedded", "sops", "table"]
)
def test_identities_are_found_wherever_they_are_kept(tmp_path, environ, place):
    del environ["AGE_IDENTITY_FILE"]
    home = tmp_path / "home"
    file = {
        "embedded": home / ".config/secretrun/age/keys.txt", "sops": home / ".config/sops/age/keys.txt",
    }.get(place, tmp_path / "other.txt")  # fmt: skip
    encrypt(tmp_path / "f.age", b"a value", new_identity(file))
    variable = {"variable": "AGE_IDENTITY", "sops variable": "SOPS_AGE_KEY"}.get(place)
    if variable:
        environ[variable] = file.read_text()
    if place == "file":
        environ["SOPS_AGE_KEY_FILE"] = str(file)
    reference = parse(
        "age://f.age" + ("?identity=other.txt" if place == "option" else ""), base=str(tmp_path)
    )
    options = {"identity": str(file)} if place == "table" else {}
    assert Age().fetch([reference], Context(environ, timeout=90, options=options))[reference] == b"a value"


def test_an_ssh_key_is_an_identity(tmp_path, environ):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True, timeout=90
    )
    encrypt(tmp_path / "f.age", b"a value", (tmp_path / "id.pub").read_text().strip())
    assert fetch("age://f.age?identity=id", environ, tmp_path) == b"a value"


def test_no_identity_and_no_value_is_an_argument(tmp_path, recipient):
    encrypt(tmp_path / "f.age", b"a-secret-value", recipient)
    identity = (tmp_path / "keys.txt").read_text()
    environ, notes = noting(tmp_path, {"PATH": PATH, "HOME": str(tmp_path), "AGE_IDENTITY": identity}, "age")
    assert fetch("age://f.age", environ, tmp_path) == b"a-secret-value"
    assert "--decrypt" in notes.read_text()
    assert "AGE-SECRET" not in notes.read_text()
    assert "a-secret-value" not in notes.read_text()


def test_the_wrong_identity_none_or_an_unreadable_one_asks_for_a_sign_in(tmp_path, environ, recipient):
    encrypt(tmp_path / "f.age", b"x", recipient)
    new_identity(tmp_path / "other.txt")
    (tmp_path / "nonsense.txt").write_text("AGE-SECRET-KEY-NONSENSE\n")
    for name in ("other", "none", "nonsense"):
        error = fetch(f"age://f.age?identity={name}.txt", environ, tmp_path)
        assert type(error) is NotSignedIn, name
        assert "AGE-SECRET" not in f"{error.message} {error.hint}"
    del environ["AGE_IDENTITY_FILE"]
    assert "AGE_IDENTITY_FILE" in fetch("age://f.age", environ, tmp_path).hint


def test_a_file_that_is_not_encrypted_or_cut_short_is_refused(tmp_path, environ, recipient):
    (tmp_path / "plain.age").write_bytes(b"plain text here\n")
    encrypt(tmp_path / "whole.age", b"0123456789abcdef" * 8192, recipient)
    whole = (tmp_path / "whole.age").read_bytes()
    (tmp_path / "cut.age").write_bytes(whole[:-1000])
    for name in ("plain", "cut"):
        error = fetch(f"age://{name}.age", environ, tmp_path)
        assert type(error) is BadAnswer
        assert "plain text" not in f"{error.message} {error.hint}"
    assert type(fetch("age://none.age", environ, tmp_path)) is NotFound


PASSPHRASE = b"correct horse battery"


def passphrase_file(path):
    import pyrage

    path.write_bytes(pyrage.passphrase.encrypt(b"behind a passphrase", PASSPHRASE.decode()))


def test_a_passphrase_is_asked_for_on_the_terminal_and_not_shown(tmp_path):
    passphrase_file(tmp_path / "f.age")
    shown, value = answer_on_terminal(
        "secretrun_backends.age:Age", f"age://{tmp_path}/f.age", {"PATH": PATH, "HOME": str(tmp_path)},
        b"passphrase", PASSPHRASE, tmp_path / "result",
    )  # fmt: skip
    assert value == b"behind a passphrase"
    assert PASSPHRASE not in shown


def test_without_a_terminal_a_passphrase_is_not_waited_for(tmp_path, environ):
    passphrase_file(tmp_path / "f.age")
    error = fetch("age://f.age", environ, tmp_path)
    assert type(error) is NotSignedIn
    assert "passphrase" in error.message


AT_ONCE = """
import os, sys, time
here = {place!r}
open(os.path.join(here, str(os.getpid())), "w").close()
end = time.monotonic() + 60
while len(os.listdir(here)) < {count} and time.monotonic() < end:
    time.sleep(0.01)
sys.exit("alone") if len(os.listdir(here)) < {count} else os.execv({age!r}, ["age", *sys.argv[1:]])
"""


@pytest.mark.parametrize("count", [2, 4])
def test_files_are_decrypted_side_by_side_where_nothing_prompts(tmp_path, recipient, count):
    """Each age waits until all of them have started."""
    here = tmp_path / "running"
    here.mkdir()
    for number in range(count):
        encrypt(tmp_path / f"{number}.age", b"value-%d" % number, recipient)
    source = AT_ONCE.format(place=str(here), count=count, age=shutil.which("age"))
    environ = install_program(tmp_path / "bin", "age", source, {"PATH": PATH, "HOME": str(tmp_path / "home")})
    context = Context(environ | {"AGE_IDENTITY_FILE": str(tmp_path / "keys.txt")}, timeout=90)
    references = [parse(f"age://{number}.age", base=str(tmp_path)) for number in range(count)]
    found = Age().fetch(references, context)
    assert [found[reference] for reference in references] == [b"value-%d" % number for number in range(count)]


@pytest.mark.parametrize(
    ("identity", "asks"),
    [
        ("# a comment\nAGE-SECRET-KEY-1ABC\n", False), ("AGE-PLUGIN-YUBIKEY-1ABC\n", True),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", True), ("age-encryption.org/v1\n-> scrypt x\n", True),
    ],
)  # fmt: skip
def test_only_a_passphrase_or_a_token_may_prompt(tmp_path, identity, asks):
    (tmp_path / "k").write_text(identity)
    (tmp_path / "a.age").write_bytes(b"age-encryption.org/v1\n-> X25519 x\n")
    (tmp_path / "p.age").write_bytes(b"age-encryption.org/v1\n-> scrypt x\n")
    context = Context({"HOME": str(tmp_path), "AGE_IDENTITY_FILE": str(tmp_path / "k")})
    a, p = (parse(f"age://{name}.age", base=str(tmp_path)) for name in "ap")
    assert Age().may_prompt([a], context) is asks
    assert Age().may_prompt([a, p], context) is True


@pytest.mark.parametrize(
    ("environ_", "said"),
    [
        ({"AGE_KEY": ""}, "with: AGE_KEY is empty"),
        ({"AGE_KEY": "foo-not-quoted"}, "AGE_KEY: line 1 is no age identity"),
        ({"AGE_IDENTITY": "AGE-SECRET-KEY-1NOTQUOTED"}, "AGE_IDENTITY: line 1 is a malformed age identity"),
        ({"AGE_KEY_FILE": "empty"}, "empty: it holds no identity"),
        ({"AGE_KEY_FILE": "other.txt"}, "(tried age1"),
    ],
)
def test_the_identity_that_is_wrong_is_named_and_not_quoted(environ, tmp_path, recipient, environ_, said):
    encrypt(tmp_path / "s.age", b"the value", recipient)
    (tmp_path / "empty").write_text("# nothing\n")
    new_identity(tmp_path / "other.txt")
    files = {
        name: str(tmp_path / value) if name.endswith("_FILE") else value for name, value in environ_.items()
    }
    given = {name: value for name, value in environ.items() if name != "AGE_IDENTITY_FILE"} | files
    error = fetch("age://s.age", given, tmp_path)
    assert isinstance(error, NotSignedIn)
    assert said in error.message
    assert "quoted" not in error.message.lower() + error.hint.lower()
