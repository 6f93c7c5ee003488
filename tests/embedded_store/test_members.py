"""A team: the newcomer's key, who can open the store, and that store and rules change together or not at all."""

import json
import os
import re
import subprocess
import tempfile

import pytest

from secretrun.backend import bech32
from secretrun.backend.sops import find_sops
from secretrun.embedded_store import members
from secretrun.errors import UsageError


@pytest.fixture
def home(tmp_path_factory):
    """Make the environment of one more user, with a home of their own."""

    def make(name):
        place = tmp_path_factory.mktemp(name)
        return {"HOME": str(place), "XDG_CONFIG_HOME": str(place / ".config")}

    return make


@pytest.fixture
def filled(secretrun, started):
    """A store with two values, one of several lines."""
    for name, value in (("A", b"value-of-A"), ("B", b"two\nlines \\n")):
        assert secretrun("set", name, cwd=started, stdin=value).status == 0
    return started


def new_key(number):
    """A recipient, the same one in every run."""
    return bech32.encode("age", bytes([number]) * 32)


def rules(project, text):
    (project / ".sops.yaml").write_text(text)


def mine(project):
    return re.search("age1[a-z0-9]{58}", (project / ".sops.yaml").read_text()).group()


def test_a_newcomer_is_let_in_and_out_again(secretrun, filled, home, value_of):
    bob = home("bob")
    asked = secretrun("init", cwd=filled, env=bob)
    assert asked.status == 0
    line = asked.out.strip()
    assert re.fullmatch("secretrun member add age1[a-z0-9]{58}", line)
    assert "AGE-SECRET-KEY" not in asked.out + asked.err
    assert secretrun("init", cwd=filled, env=bob).out == asked.out  # the same key again
    assert secretrun("--", "true", cwd=filled, env=bob).status == 125

    added = secretrun(*line.split()[1:], cwd=filled)
    assert (added.status, added.out) == (0, "")
    assert "commit secrets.enc.env and .sops.yaml" in added.err
    for env in (None, bob):
        assert secretrun("read", "A", cwd=filled, env=env).out == "value-of-A\n"
        assert secretrun("read", "-n", "B", cwd=filled, env=env).out == "two\nlines \\n"
    key = line.split()[-1]
    assert secretrun("member", "list", cwd=filled).out == f"{mine(filled)}  (you)\n{key}\n"
    assert secretrun("member", "list", cwd=filled, env=bob).out == f"{mine(filled)}\n{key}  (you)\n"
    assert secretrun("set", "C", cwd=filled, env=bob, stdin=b"by-bob").status == 0

    removed = secretrun("member", "remove", key, cwd=filled)
    assert removed.status == 0
    for name in "ABC":
        assert f"hint: secretrun set {name}\n" in removed.err
    assert key not in (filled / ".sops.yaml").read_text() + (filled / "secrets.enc.env").read_text()
    assert secretrun("read", "A", cwd=filled, env=bob).status == 125
    assert value_of(filled, "C") == "by-bob"


def test_a_newcomer_whose_key_is_broken_is_told_so_and_gets_no_other(secretrun, filled, home, everything_in):
    before = everything_in(filled)
    done = secretrun("init", cwd=filled, env=home("bo") | {"SOPS_AGE_KEY": "AGE-SECRET-KEY-1BROKEN"})
    assert (done.status, done.out) == (125, "")
    assert "SOPS_AGE_KEY: line 1 is a malformed age identity" in done.err
    assert everything_in(filled) == before


def test_where_the_store_opens_init_still_overwrites_nothing(secretrun, filled, everything_in):
    before = everything_in(filled)
    done = secretrun("init", cwd=filled)
    assert done.status == 125
    assert "init overwrites nothing" in done.err
    assert everything_in(filled) == before


KEY, NEW = new_key(2), new_key(3)
SPELLINGS = {
    "one line": "creation_rules:\n  # who\n  - path_regex: '^other$'\n    age: {me}\n  - age: {me},{KEY}  # us\n",
    "quoted": 'creation_rules:\n  - age: "{me},{KEY}"\n',
    "folded": "creation_rules:\n  - path_regex: enc\n    age: >-\n      {me},\n      {KEY}\n",
    "a list": "creation_rules:\n  - path_regex: enc\n    age:\n      - {me}\n      - {KEY}   # a colleague\n",
    "groups": "creation_rules:\n  - key_groups:\n      - age:\n          - {me}\n          - '{KEY}'\n",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_rules_are_changed_as_they_are_written(secretrun, started, spelling):
    text = SPELLINGS[spelling].replace("{me}", mine(started)).replace("{KEY}", KEY)
    rules(started, text)
    (started / "secrets.enc.env").unlink()
    (started / ".env.secretrun").unlink()
    assert secretrun("init", "-q", cwd=started) == (0, "", "")
    assert secretrun("member", "add", NEW, cwd=started).status == 0
    there = secretrun("member", "list", cwd=started).out.split("\n")[:-1]
    assert set(there) == {f"{mine(started)}  (you)", KEY, NEW}
    # What sops makes anew by the changed rules is for the same people, and comments stay.
    again = subprocess.run(
        [find_sops(os.environ), "encrypt", "--filename-override", "secrets.enc.env"],
        input=b"A=1\n", capture_output=True, cwd=started, check=True,
    )  # fmt: skip
    assert {key for _, key in members.of_store(again.stdout)} == {mine(started), KEY, NEW}
    assert all(comment in (started / ".sops.yaml").read_text() for comment in re.findall("#.*", text))
    assert secretrun("member", "remove", KEY, cwd=started).status == 0
    assert secretrun("member", "remove", NEW, cwd=started).status == 0
    assert secretrun("member", "list", cwd=started).out == f"{mine(started)}  (you)\n"
    assert secretrun("check", cwd=started).status == 0


def test_a_person_may_have_changed_the_rules_already(secretrun, filled, value_of):
    text = (filled / ".sops.yaml").read_text().replace(mine(filled), f"{mine(filled)},{NEW}")
    rules(filled, text)
    assert secretrun("member", "add", NEW, cwd=filled).status == 0
    assert (filled / ".sops.yaml").read_text() == text
    assert NEW in secretrun("member", "list", cwd=filled).out
    done = secretrun("member", "add", NEW, cwd=filled)
    assert (done.status, "can open the store already" in done.err) == (0, True)


def test_without_rules_the_store_alone_changes(secretrun, filled):
    (filled / ".sops.yaml").unlink()
    assert secretrun("member", "add", NEW, cwd=filled).status == 0
    assert NEW in secretrun("member", "list", cwd=filled).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "age1abc"], "a malformed age recipient"),
        (["add", KEY[:-1] + ("q" if KEY[-1] != "q" else "p")], "a malformed age recipient"),
        (["add", "bob@example.org"], "neither an age recipient nor"),
        (["add", "AGE-SECRET-KEY-1QQQ"], "that is a private key"),
        (["add"], "member add needs a key"),
        (["list", KEY], "member list takes no key"),
        (["remove", NEW], "can't open the store anyway"),
        (["add", "0" * 40], "gpg has to know the PGP keys"),
        (["invite", KEY], "invalid choice: 'invite'"),
    ],
)
def test_slips_change_nothing(secretrun, filled, everything_in, words, said):
    before = everything_in(filled)
    done = secretrun("member", *words, cwd=filled)
    assert done.status in {2, 125}
    assert said in done.err
    assert "SECRET-KEY-1" not in done.err
    assert everything_in(filled) == before


def test_the_last_key_stays(secretrun, filled, everything_in):
    before = everything_in(filled)
    done = secretrun("member", "remove", mine(filled), cwd=filled)
    assert done.status == 2
    assert "the only key there is" in done.err
    assert everything_in(filled) == before


def test_who_can_not_open_the_store_changes_nothing(secretrun, filled, home, everything_in):
    bob = home("bob")
    key = secretrun("init", cwd=filled, env=bob).out.split()[-1]
    before = everything_in(filled)
    done = secretrun("member", "add", key, cwd=filled, env=bob)
    assert done.status == 125
    assert "none of your keys opens the store" in done.err
    assert everything_in(filled) == before


def test_rules_that_nobody_can_change_are_a_persons(secretrun, filled, everything_in):
    """Here the recipient is written with an escape of YAML."""
    rules(filled, f'creation_rules:\n  - age: "\\x61{mine(filled)[1:]}"\n')
    before = everything_in(filled)
    done = secretrun("member", "add", NEW, cwd=filled)
    assert done.status == 125
    assert "change its rule for this store by hand" in done.err
    assert everything_in(filled) == before


def test_rotate_encrypts_everything_anew(secretrun, filled, value_of):
    before = (filled / "secrets.enc.env").read_bytes().splitlines()
    assert secretrun("rotate", cwd=filled) == (0, "", "")
    after = (filled / "secrets.enc.env").read_bytes().splitlines()
    assert [line.partition(b"=")[0] for line in before[:2]] == [line.partition(b"=")[0] for line in after[:2]]
    assert not set(before[:2]) & set(after)
    assert (value_of(filled, "A"), value_of(filled, "B")) == ("value-of-A", "two\nlines \\n")


def test_no_value_is_an_argument(secretrun, filled, recorder):
    assert secretrun("member", "add", NEW, cwd=filled).status == 0
    assert secretrun("rotate", cwd=filled).status == 0
    assert "value-of-A" not in recorder()


KINDS = {
    "store.yaml": "a: value-of-A\nb:\n  c: value-of-B\n",
    "store.json": '{"a": "value-of-A", "b": {"c": "value-of-B"}}',
    "store.ini": "[b]\nc = value-of-B\n",
    "store.bin": "value-of-A",
}


@pytest.mark.parametrize("name", KINDS)
def test_a_store_of_another_kind_has_members_too(secretrun, started, name):
    """Rules and file change together, whatever sops calls the file."""
    key, new = mine(started), new_key(3)
    rules(started, f"creation_rules:\n  - path_regex: store\\.\\w+$\n    age: {key}\n")
    path = started / name
    path.write_text(KINDS[name])
    subprocess.run(
        [find_sops(os.environ), "encrypt", "--in-place", name], cwd=started, check=True, capture_output=True
    )
    before = path.read_bytes()
    assert secretrun("member", "add", new, "--store", name, cwd=started).status == 0
    listed = secretrun("member", "list", "--store", name, cwd=started).out
    assert sorted(listed.splitlines()) == sorted([f"{key}  (you)", new])  # INI has an order of its own
    assert new in (started / ".sops.yaml").read_text()
    done = secretrun("member", "remove", new, "--store", name, cwd=started)
    assert done.status == 0
    assert "they have seen every value in it" in done.err
    assert f"secretrun edit --store {name}" in done.err
    assert secretrun("rotate", "--store", name, cwd=started).status == 0
    assert secretrun("member", "list", "--store", name, cwd=started).out == f"{key}  (you)\n"
    assert new not in (started / ".sops.yaml").read_text()
    assert path.read_bytes() != before
    pointer = {"store.bin": "", "store.ini": "#/b/c"}.get(name, "#/b/c")
    shown = secretrun("read", f"sops://{name}{pointer}", cwd=started).out
    assert shown.strip() == ("value-of-A" if name == "store.bin" else "value-of-B")
    assert sorted(path.name for path in started.iterdir() if path.name.endswith(".tmp")) == []


def test_a_pgp_key_opens_the_store_for_who_has_it(secretrun, filled, home, value_of, monkeypatch):
    """Added by its fingerprint, with a real gpg; the other's home has that key alone."""
    with tempfile.TemporaryDirectory(prefix="gpg", dir="/tmp") as directory:
        monkeypatch.setenv("GNUPGHOME", directory)
        make = [
            "gpg",
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            "bo@example.org",
            "future-default",
        ]
        subprocess.run(make, check=True, capture_output=True, timeout=100)
        keys = subprocess.run(
            ["gpg", "--batch", "--with-colons", "--list-keys"], check=True, capture_output=True
        )
        fingerprint = re.search(rb"^fpr:+([0-9A-F]{40}):", keys.stdout, re.MULTILINE).group(1).decode()
        try:
            assert secretrun("member", "add", fingerprint, cwd=filled).status == 0
            assert f"pgp: {fingerprint}" in (filled / ".sops.yaml").read_text()
            bo = home("bo") | {"SECRETRUN_TRUST": "owner"}
            assert secretrun("read", "A", cwd=filled, env=bo).out == "value-of-A\n"
            assert secretrun("member", "remove", fingerprint, cwd=filled).status == 0
            assert secretrun("read", "A", cwd=filled, env=bo).status == 125
        finally:
            subprocess.run(["gpgconf", "--kill", "all"], check=True, timeout=100)
    assert value_of(filled, "A") == "value-of-A"


def test_json(secretrun, filled):
    said = json.loads(secretrun("member", "list", "--json", cwd=filled).out)
    assert said["members"] == [{"kind": "age", "key": mine(filled), "you": True}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (KEY, ("age", KEY)),
        (f" {KEY}\n", ("age", KEY)),
        ("0123 4567 89ab cdef 0123 4567 89ab cdef 0123 4567", ("pgp", "0123456789ABCDEF" * 2 + "01234567")),
        ("0x" + "ab" * 20, ("pgp", "AB" * 20)),
        ("age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t",
         ("age", "age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t")),
    ],
)  # fmt: skip
def test_a_key_is_taken_as_it_is_sent(text, found):
    assert members.parse(text) == found


def test_a_key_that_is_none_raises():
    with pytest.raises(UsageError):
        members.parse("")
