"""sops, on files that the real program encrypts during the test, for real age and PGP keys."""

from __future__ import annotations

import json
import os
import subprocess

import pyrage
import pytest
from backends.sops_store import SOPS

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.sops import Sops

TEXTS = {name: value.decode() for name, value in DIFFICULT_VALUES.items() if name != "binary"}


class TestSops(BackendContract):
    @pytest.fixture(autouse=True)
    def files(self, store):
        store.encrypt("all.json", json.dumps({"in": TEXTS}))
        store.encrypt("blob", DIFFICULT_VALUES["binary"])
        self.backend = Sops()
        self.context = store.context
        self.known = {
            parse(f"sops://all.json#/in/{name}", base=store.home): value.encode()
            for name, value in TEXTS.items()
        }
        self.known[parse("sops://blob", base=store.home)] = DIFFICULT_VALUES["binary"]
        self.missing = [
            parse(text, base=store.home)
            for text in ("sops://all.json#/in/none", "sops://all.json#/in/plain/deeper", "sops://no.json#/a")
        ]
        self.listing = (
            parse("sops://all.json#/in", base=store.home),
            {name: value.encode() for name, value in TEXTS.items()},
        )


YAML = """\
db: {password: "p\\u00e4ss\\nword", port: 5432, on: true, ratio: 0.25, big: 9007199254740993}
list: [zero, {one: 1}]
nothing: null
empty: ""
"""


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("db/password", "päss\nword"),
        ("db/port", "5432"),
        ("db/on", "true"),
        ("db/ratio", "0.25"),
        ("db/big", "9007199254740993"),
        ("list/0", "zero"),
        ("list/1/one", "1"),
        ("list", '["zero",{"one":1}]'),
        ("empty", ""),
    ],
)
def test_pointers_reach_into_nested_yaml_and_keep_numbers_exact(store, pointer, value):
    store.encrypt("s.yaml", YAML)
    assert store.get(f"sops://s.yaml#/{pointer}") == value.encode()


def test_pointers_reach_into_dotenv_and_ini_files(store):
    store.encrypt("s.env", 'A=1\nQUOTED="two words"\n')
    store.encrypt("s.ini", "[one]\nx = 1\n")
    assert store.get("sops://s.env#/A") == b"1"
    assert store.get("sops://s.env#/QUOTED") == b'"two words"'
    assert store.get("sops://s.ini#/one/x") == b"1"


def test_a_file_without_a_telling_name_is_read_as_what_it_is(store):
    for kind, content in (
        ("yaml", "a: 1\n"),
        ("json", '{"a": 1}'),
        ("dotenv", "a=1\n"),
        ("ini", "[s]\na = 1\n"),
    ):
        store.encrypt(f"{kind}.conf", content, "--input-type", kind, "--output-type", kind)
        pointer = "s/a" if kind == "ini" else "a"
        assert store.get(f"sops://{kind}.conf#/{pointer}") == b"1"
        assert store.get(f"sops://{kind}.conf?format={kind}#/{pointer}") == b"1"
        assert store.get(f"sops://{kind}.conf?type={kind}&key_type=filepath#/{pointer}") == b"1"


def test_without_a_pointer_the_whole_file_comes_in_its_own_format(store):
    store.encrypt("s.env", "A=1\n# said\nB=2\n")
    store.encrypt("s.yaml", "a: 1\n")
    store.encrypt("key.pem", "-----BEGIN X-----\nabc\n")
    assert store.get("sops://s.env") == b"A=1\n# said\nB=2\n"
    assert store.get("sops://s.yaml") == b"a: 1\n"
    assert store.get("sops://key.pem") == b"-----BEGIN X-----\nabc\n"


def test_a_pointer_looks_into_a_binary_file_that_holds_json(store):
    store.encrypt("s.txt", '{"a": {"b": "c"}}')
    assert store.get("sops://s.txt#/a/b") == b"c"


def test_documents_of_a_yaml_stream_are_chosen_by_index(store):
    store.encrypt("s.yaml", "a: first\n---\na: second\n")
    assert store.get("sops://s.yaml#/0/a") == b"first"
    assert store.get("sops://s.yaml#/1/a") == b"second"


def test_one_call_a_file_whatever_the_number_of_references(store):
    store.encrypt("one.yaml", "a: 1\nb: 2\nc: {d: 3}\n")
    store.encrypt("two.json", '{"a": 4, "b": 5}')
    context, log = store.counted()
    texts = ["one.yaml#/a", "one.yaml#/b", "./one.yaml#/c/d", "two.json#/a", "two.json#/b", "one.yaml#/none"]
    references = [parse(f"sops://{text}", base=store.home) for text in texts]
    answers = Sops().fetch(references, context)
    assert [answers[r] for r in references[:5]] == [b"1", b"2", b"3", b"4", b"5"]
    with open(log, encoding="utf-8") as file:
        assert len(file.readlines()) == 2


def test_a_file_that_fails_is_asked_once_too(store):
    path = store.encrypt("one.yaml", "a: 1\nb: 2\n")
    os.unlink(os.path.join(store.home, ".config/secretrun/age/keys.txt"))
    context, log = store.counted()
    references = [parse(f"sops://{path}{rest}") for rest in ("#/a", "#/b", "")]
    answers = Sops().fetch(references, context)
    assert [type(answers[r]) for r in references] == [NotSignedIn] * 3
    with open(log, encoding="utf-8") as file:
        assert len(file.readlines()) == 1


def test_paths_may_be_absolute_or_start_in_the_home_directory(store):
    path = store.encrypt("s.json", '{"a": "1"}')
    assert store.get(f"sops://{path}#/a") == b"1"
    assert store.get("sops://~/s.json#/a") == b"1"


def test_a_missing_key_names_the_keys_that_are_there_and_no_value(store):
    store.encrypt("s.yaml", "db: {password: hunter2hunter2, user: admin-name}\n")
    error = store.get("sops://s.yaml#/db/pasword")
    assert isinstance(error, NotFound)
    assert "'pasword'" in error.message
    assert error.hint == "its keys: password, user"
    assert "hunter2" not in f"{error.message}{error.hint}"


def test_null_is_an_error_not_a_word(store):
    store.encrypt("s.yaml", YAML)
    assert isinstance(store.get("sops://s.yaml#/nothing"), NotFound)


def test_every_source_of_age_keys_works_beside_the_one_of_secretrun(store):
    """sops's own default file, SOPS_AGE_KEY and SOPS_AGE_KEY_FILE are never shadowed."""
    store.encrypt("ours.json", '{"a": "ours"}')
    other = pyrage.x25519.Identity.generate()
    store.encrypt("theirs.json", '{"a": "theirs"}', recipient=("--age", str(other.to_public())))
    assert isinstance(store.get("sops://theirs.json#/a"), NotSignedIn)
    by_value = Context({**store.environ, "SOPS_AGE_KEY": str(other)}, timeout=100)
    assert store.get("sops://theirs.json#/a", by_value) == b"theirs"
    assert store.get("sops://ours.json#/a", by_value) == b"ours"
    by_file = Context({**store.environ, "SOPS_AGE_KEY_FILE": store.put_key("k", str(other))}, timeout=100)
    assert store.get("sops://theirs.json#/a", by_file) == b"theirs"
    # XDG_CONFIG_HOME makes sops look for its default file in the same place on Linux and macOS.
    configuration = os.path.join(store.home, ".config")
    by_default = Context({**store.environ, "XDG_CONFIG_HOME": configuration}, timeout=100)
    store.put_key(".config/sops/age/keys.txt", str(other))
    assert store.get("sops://theirs.json#/a", by_default) == b"theirs"
    assert store.get("sops://ours.json#/a", by_default) == b"ours"


def test_without_the_key_the_error_names_the_recipient_and_the_remedy(store):
    store.encrypt("s.json", '{"a": "1"}')
    error = store.get("sops://s.json#/a", Context({**store.environ, "HOME": store.home + "/x"}, timeout=100))
    assert isinstance(error, NotSignedIn)
    assert store.recipient in error.message
    assert "SOPS_AGE_KEY_FILE" in error.hint


@pytest.mark.parametrize("name", ["s.yaml", "s.env", "s.json", "s.ini", "s.bin"])
def test_a_file_that_is_not_encrypted_is_an_error_that_quotes_nothing(store, name):
    with open(os.path.join(store.home, name), "w", encoding="utf-8") as file:
        file.write("password: hunter2hunter2\n")
    error = store.get(f"sops://{name}")
    assert isinstance(error, BadAnswer)
    assert name in error.message
    assert "hunter2" not in f"{error.message}{error.hint}"


@pytest.mark.parametrize("edit", [(b"D=ENC[", b"D=hunter2ENC["), (b"sops_mac=ENC[", b"sops_mac=ENC[x")])
def test_a_file_edited_by_hand_is_refused_without_quoting_the_edit(store, edit):
    path = store.encrypt("s.env", "A=1\nD=2\n")
    with open(path, "rb") as file:
        content = file.read()
    assert edit[0] in content
    with open(path, "wb") as file:
        file.write(content.replace(*edit))
    error = store.get("sops://s.env#/A")
    assert isinstance(error, BadAnswer)
    assert "hunter2" not in f"{error.message}{error.hint}"


def test_a_removed_line_is_a_wrong_mac(store):
    path = store.encrypt("s.env", "A=1\nD=2\n")
    with open(path, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    with open(path, "wb") as file:
        file.writelines(line for line in lines if not line.startswith(b"D="))
    error = store.get("sops://s.env#/A")
    assert isinstance(error, BadAnswer)
    assert "wrong MAC" in error.message


def test_files_that_cannot_be_read_say_so(store):
    assert isinstance(store.get("sops://none.yaml#/a"), NotFound)
    os.mkdir(os.path.join(store.home, "directory"))
    assert isinstance(store.get("sops://directory#/a"), BadReference)


def test_unknown_options_and_formats_are_refused(store):
    assert "'colour'" in store.get("sops://s.yaml?colour=red").message
    assert "'toml'" in store.get("sops://s.yaml?format=toml").message
    assert isinstance(store.get("sops://s.yaml?key_type=base64"), BadReference)


def test_a_sops_that_is_not_there_is_unavailable_with_the_way_to_get_it(store):
    store.encrypt("s.json", '{"a": "1"}')
    error = store.get("sops://s.json#/a", Context({**store.environ, "SECRETRUN_SOPS": "/none/sops"}))
    assert isinstance(error, Unavailable)
    assert "secretrun[sops]" in error.hint


def test_a_sops_that_hangs_is_killed_when_the_time_is_up(store):
    """Its process group goes with it: the child it waits for holds a pipe that must close."""
    path = store.encrypt("s.json", '{"a": "1"}')
    source = "import signal, subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import signal; signal.pause()'])"
    environ = install_program(os.path.join(store.home, "bin"), "sops", source, store.environ)
    error = store.get(f"sops://{path}#/a", Context(environ, timeout=0.5))
    assert isinstance(error, TimedOut)
    assert "0.5 seconds" in error.message


def test_a_sops_that_fails_in_an_unknown_way_is_not_quoted(store):
    path = store.encrypt("s.json", '{"a": "1"}')
    source = "import sys\nsys.exit('the value hunter2hunter2 is odd')"
    environ = install_program(os.path.join(store.home, "bin"), "sops", source, store.environ)
    error = store.get(f"sops://{path}#/a", Context(environ, timeout=100))
    assert type(error) is BackendError
    assert "hunter2" not in f"{error.message}{error.hint}"


class TestImport:
    def load(self, store, text):
        return Sops().fetch_all(parse(text, base=store.home), store.context)

    def test_top_level_values_become_variables_as_exec_env_has_them(self, store):
        store.encrypt("s.env", 'A=1\nQUOTED="two words"\nE=\n')
        path = store.encrypt("s.yaml", "A: text\nB: 12\nC: true\n")
        assert self.load(store, "sops://s.env") == {"A": b"1", "QUOTED": b'"two words"', "E": b""}
        found = self.load(store, "sops://s.yaml")
        printed = subprocess.run(
            [SOPS, "exec-env", "--pristine", path, "env"],
            env={**store.environ, "SOPS_AGE_KEY": store.identity}, check=True, capture_output=True, timeout=100,
        ).stdout  # fmt: skip
        assert {b"%s=%s" % (name.encode(), value) for name, value in found.items()} <= set(
            printed.splitlines()
        )

    def test_a_key_with_several_values_is_an_error_until_a_pointer_chooses_it(self, store):
        store.encrypt("s.yaml", "A: text\ndb: {user: me}\n")
        with pytest.raises(BadAnswer) as caught:
            self.load(store, "sops://s.yaml")
        assert "'db'" in caught.value.message
        assert caught.value.hint.endswith("#/db")
        assert self.load(store, "sops://s.yaml#/db") == {"user": b"me"}

    def test_a_section_of_an_ini_file_is_chosen_by_pointer(self, store):
        store.encrypt("s.ini", "[one]\nx = 1\ny = 2\n")
        assert self.load(store, "sops://s.ini#/one") == {"x": b"1", "y": b"2"}
        with pytest.raises(BadAnswer, match="'one'"):
            self.load(store, "sops://s.ini")

    def test_what_is_not_a_mapping_is_an_error(self, store):
        store.encrypt("s.yaml", "A: [x]\nB: text\n")
        for pointer in ("A", "B"):
            with pytest.raises(BadAnswer):
                self.load(store, f"sops://s.yaml#/{pointer}")


def test_check_says_the_version(store):
    assert Sops().check(store.context).startswith("sops 3.")


def test_check_refuses_a_program_that_is_not_sops(store):
    environ = install_program(os.path.join(store.home, "bin"), "sops", "print('hello')", store.environ)
    with pytest.raises(BackendError, match="which version"):
        Sops().check(Context(environ, timeout=100))


def test_an_unreadable_file_is_denied(store):
    """Root reads everything, so as root the test is about a directory no one can pass: /proc/1/map_files."""
    if os.geteuid() != 0:
        path = store.encrypt("s.json", '{"a": "1"}')
        os.chmod(path, 0)
        assert isinstance(store.get(f"sops://{path}#/a"), Denied)
        return
    from secretrun_backends._references import require_file

    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.chmod(store.home, 0o700)
            os.setuid(65534)
            require_file(os.path.join(store.home, "s.json"))
        except Denied:
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
