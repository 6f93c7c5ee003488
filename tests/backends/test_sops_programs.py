"""What sops does beside age: numbers as it writes them, gpg, prompts, files side by side, key services."""

from __future__ import annotations

import os
import subprocess
import tempfile

import pytest
from backends.sops_store import SOPS

from secretrun.backend import Context
from secretrun.errors import (
    NotSignedIn,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import install_program
from secretrun_backends.sops import Sops


@pytest.fixture
def gnupg():
    """A real gpg key in a home of its own, short of the limit on the path of an agent's socket."""
    with tempfile.TemporaryDirectory(prefix="gpg", dir="/tmp") as home:
        environ = {**os.environ, "GNUPGHOME": home}
        generate = [
            "gpg",
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            "test@example.org",
            "default",
        ]
        subprocess.run(generate, env=environ, check=True, capture_output=True, timeout=100)
        listing = subprocess.run(
            ["gpg", "--batch", "--with-colons", "--list-keys"],
            env=environ, check=True, capture_output=True, text=True, timeout=100,
        ).stdout  # fmt: skip
        fingerprint = next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr"))
        yield home, fingerprint
        subprocess.run(["gpgconf", "--kill", "all"], env=environ, check=True, timeout=100)


def test_runs_side_by_side_queue_only_where_a_prompt_may_come(store, gnupg):
    """An age key of secretrun's own or in a variable asks nothing; PGP and a locked key may."""
    home, fingerprint = gnupg
    store.environ["GNUPGHOME"] = home
    store.encrypt("age.yaml", "a: 1\n")
    store.encrypt("pgp.yaml", "a: 1\n", recipient=("--pgp", fingerprint))

    def may_prompt(*files, environ=store.environ):
        return Sops().may_prompt(
            [parse(f"sops://{file}#/a", base=store.home) for file in files], Context(environ)
        )

    assert not may_prompt("age.yaml")
    assert not may_prompt("age.yaml", "gone.yaml")
    assert may_prompt("age.yaml", "pgp.yaml")
    store.put_key(".config/secretrun/age/keys.txt", "-----BEGIN AGE ENCRYPTED FILE-----")
    assert may_prompt("age.yaml")
    assert not may_prompt("age.yaml", environ=store.environ | {"SOPS_AGE_KEY": store.identity})
    key = store.put_key("key.txt", store.identity)
    assert not may_prompt("age.yaml", environ=store.environ | {"SOPS_AGE_KEY_FILE": key})


def test_a_file_for_a_pgp_key_opens_with_gpg_and_names_the_key_without_it(store, gnupg):
    home, fingerprint = gnupg
    store.environ["GNUPGHOME"] = home
    store.encrypt("s.yaml", "a: from-pgp\n", recipient=("--pgp", fingerprint))
    assert store.get("sops://s.yaml#/a") == b"from-pgp"
    with tempfile.TemporaryDirectory(prefix="gpg", dir="/tmp") as empty:
        environ = {**store.environ, "GNUPGHOME": empty}
        error = store.get("sops://s.yaml#/a", Context(environ, timeout=100))
        subprocess.run(["gpgconf", "--kill", "all"], env=environ, check=True, timeout=100)
    assert isinstance(error, NotSignedIn)
    assert fingerprint in error.message
    assert "gpg --list-secret-keys" in error.hint


NUMBERS = [
    "1.0", "1e3", "1e6", "0.25", "100.5", "1e-7", "123456.7", "1234567.5", "-2.5", "1e21", "0.0001", "0.00001", "10",
    "-3", "1.5e300", "2.0e5", "0.1", "3.14159265358979", "100000.0", "1000000.0", "0.0",
]  # fmt: skip


def exec_env(store, path):
    """What sops itself gives a command."""
    printed = subprocess.run(
        [SOPS, "exec-env", "--pristine", path, "env -0"],
        env={**store.environ, "SOPS_AGE_KEY": store.identity}, check=True, capture_output=True, timeout=100,
    ).stdout  # fmt: skip
    return dict(line.split(b"=", 1) for line in printed.split(b"\0") if line.startswith(b"N"))


@pytest.mark.parametrize("flags", [(), ("--encrypted-regex", "^NONE$"), ("--encrypted-regex", "[02468]$")])
def test_numbers_of_yaml_are_written_as_sops_itself_passes_them_on(store, flags):
    pairs = {f"N{place}": number for place, number in enumerate(NUMBERS)}
    body = ", ".join(f'"{name}": {number}' for name, number in pairs.items())
    path = store.encrypt("n.yaml", "{" + body + "}", *flags)
    want = {name.decode(): value for name, value in exec_env(store, path).items()}
    assert len(want) == len(NUMBERS)
    assert Sops().fetch_all(parse(f"sops://{path}"), store.context) == want
    assert {name: store.get(f"sops://{path}#/{name}") for name in pairs} == want


def test_whole_numbers_of_json_have_no_fraction(store):
    """sops would pass 5432 on as 5432.0."""
    store.encrypt("n.json", '{"PORT": 5432, "RATIO": 0.25, "BIG": 1e3}')
    found = Sops().fetch_all(parse("sops://n.json", base=store.home), store.context)
    assert found == {"PORT": b"5432", "RATIO": b"0.25", "BIG": b"1000"}


def test_numbers_deep_in_a_file_too(store):
    store.encrypt("n.yaml", "a: {b: [1.0, {c: 1e6}, 5, text]}")
    assert store.get("sops://n.yaml#/a/b/0") == b"1.0"
    assert store.get("sops://n.yaml#/a/b/1/c") == b"1E+06"
    assert store.get("sops://n.yaml#/a/b/2") == b"5"


@pytest.mark.parametrize("odd", [".inf", "-.inf", ".nan", ".INF"])
def test_a_number_that_json_has_not_does_not_spoil_the_file(store, odd):
    path = store.encrypt("odd.yaml", f"a: {odd}\nb: hunter2hunter2\nc: {{d: 5}}\n")
    assert store.get(f"sops://{path}#/b") == b"hunter2hunter2"
    assert store.get(f"sops://{path}#/c/d") == b"5"
    assert isinstance(store.get(f"sops://{path}#/a"), bytes)


AT_ONCE = """
import os, sys, time
if "--decrypt" in sys.argv:
    here = {place!r}
    open(os.path.join(here, str(os.getpid())), "w").close()
    end = time.monotonic() + 60
    while len(os.listdir(here)) < {count} and time.monotonic() < end:
        time.sleep(0.01)
    if len(os.listdir(here)) < {count}:
        sys.exit("alone")
os.execv({sops!r}, ["sops", *sys.argv[1:]])
"""


@pytest.mark.parametrize("count", [2, 3, 5])
def test_files_are_decrypted_side_by_side_where_nothing_prompts(store, tmp_path, count):
    """Each sops waits until all of them have started."""
    here = tmp_path / "running"
    here.mkdir()
    for number in range(count):
        store.encrypt(f"{number}.env", f"A=value-{number}\n")
    source = AT_ONCE.format(place=str(here), count=count, sops=SOPS)
    environ = install_program(os.path.join(store.home, "bin"), "sops", source, store.environ)
    references = [parse(f"sops://{number}.env#/A", base=store.home) for number in range(count)]
    context = Context(environ | {"SOPS_AGE_KEY": store.identity}, timeout=100)
    found = Sops().fetch(references, context)
    assert [found[reference] for reference in references] == [b"value-%d" % n for n in range(count)]


@pytest.mark.parametrize(
    ("content", "key", "asks"),
    [
        (b"sops:\n  kms: [{arn: x}]\n", False, False),
        (b"sops:\n  hc_vault: [{}]\n", False, False),
        (b"-----BEGIN AGE ENCRYPTED FILE-----", True, False),
        (b"-----BEGIN AGE ENCRYPTED FILE-----", False, True),
        (b"-----BEGIN PGP MESSAGE-----", True, True),
    ],
)
def test_only_what_gpg_or_a_passphrase_opens_may_prompt(tmp_path, content, key, asks):
    (tmp_path / "s.yaml").write_bytes(content)
    environ = {"HOME": str(tmp_path)} | ({"SOPS_AGE_KEY": "AGE-SECRET-KEY-1X"} if key else {})
    references = [
        parse("sops://s.yaml#/a", base=str(tmp_path)),
        parse("sops://none.yaml#/a", base=str(tmp_path)),
    ]
    assert Sops().may_prompt(references, Context(environ)) is asks


@pytest.mark.parametrize(
    "said",
    [
        "dial tcp: lookup kms.eu-central-1.amazonaws.com: no such host", "dial tcp 10.0.0.1:443: connect: connection refused",
        "Get https://vault:8200: dial tcp: i/o timeout", "context deadline exceeded (Client.Timeout exceeded)",
    ],
)  # fmt: skip
def test_a_key_service_that_is_out_of_reach_is_no_missing_sign_in(store, said):
    """So that `--offline` may answer from memory."""
    path = store.encrypt("s.json", '{"a": "1"}')
    source = (
        f"import sys\nprint('arn:aws:kms:eu:1:key/x: FAILED\\n  - | {said}', file=sys.stderr)\nsys.exit(128)"
    )
    environ = install_program(os.path.join(store.home, "bin"), "sops", source, store.environ)
    error = store.get(f"sops://{path}#/a", Context(environ, timeout=100))
    assert type(error) is Unavailable
    assert "can't be reached" in error.message
