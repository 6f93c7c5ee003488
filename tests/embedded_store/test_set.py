"""What `secretrun set NAME` promises: the exact value, one at a time, and never in the open."""

import fcntl
import os
import stat
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secretrun.backend.sops import find_sops
from secretrun.cli.verbs.set import LONGEST_LINE
from secretrun.embedded_store.sops_file import Sops

AWKWARD = [
    'a"b', "a'b", "two\nlines", "a literal \\n", "\\\\n", "\\", "C:\\new\\table", " leading", "trailing ",
    "a=b=c", "# not a comment", "a # b", "$HOME ${X:-y} $(id)", "\t", "\r\n", "a\rb", "\n", "\n\n", "ü☃😀",
    "\u2028\x85\ufeff", "\x01\x7f", "1", "1.50", "true", "null", "{{ x }}", "ENC[AES256_GCM,data:x]", "x" * 100_000,
]  # fmt: skip


def ciphertexts(store):
    """The lines of a store that hold values."""
    return [line for line in store.read_bytes().splitlines() if not line.startswith(b"sops_")]


@pytest.mark.parametrize("value", AWKWARD, ids=range(len(AWKWARD)))
def test_a_value_comes_back_exactly(secretrun, started, value_of, value):
    assert secretrun("set", "NAME", cwd=started, stdin=value.encode() + b"\n") == (0, "", "")
    assert value_of(started, "NAME") == value


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True),
        st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
        max_size=5,
    )
)
def test_whole_stores_come_back_exactly_from_the_real_sops(started, values):
    sops = Sops(os.environ)
    content = sops.encrypt(values, str(started / "secrets.enc.env"))
    assert sops.decrypt(content, str(started)) == values


def test_one_newline_at_the_end_is_taken_off(secretrun, started, value_of):
    for given_, kept in ((b"v", "v"), (b"v\n", "v"), (b"v\n\n", "v\n"), (b"\n", "")):
        assert secretrun("set", "NAME", cwd=started, stdin=given_).status == 0
        assert value_of(started, "NAME") == kept


def test_the_value_is_in_no_argument_no_variable_no_file_and_no_output(
    secretrun, started, recorder, everything_in, tmp_path
):
    done = secretrun("set", "NAME", cwd=started, stdin=b"hunter2-hunter2")
    assert done == (0, "", "")
    assert "--value-stdin" in recorder()
    assert "hunter2" not in recorder()
    files = everything_in(tmp_path)
    assert "project/secrets.enc.env" in files
    assert not any(b"hunter2" in content for content in files.values())


def test_only_the_one_value_changes_and_the_mode_stays(secretrun, started):
    store = started / "secrets.enc.env"
    for name in ("A", "B"):
        secretrun("set", name, cwd=started, stdin=b"first")
    store.chmod(0o640)
    a, b = ciphertexts(store)
    assert secretrun("set", "B", cwd=started, stdin=b"second").status == 0
    after = ciphertexts(store)
    assert after[0] == a
    assert after[1] != b
    assert len(after) == 2
    assert stat.S_IMODE(store.stat().st_mode) == 0o640


def test_the_template_gets_one_line_a_name(secretrun, started):
    template = started / ".env.secretrun"
    before = "OTHER='x'  # kept\nMINE=op://dev/x/y"  # no newline at the end
    template.write_text(before)
    for name in ("NAME", "NAME", "MINE"):
        assert secretrun("set", name, cwd=started, stdin=b"v") == (0, "", "")
    assert template.read_text() == before + "\nNAME=sops://secrets.enc.env#/NAME\n"


def test_a_command_gets_what_was_set(secretrun, started):
    secretrun("set", "NAME", cwd=started, stdin=b"the value")
    done = secretrun("--no-masking", "--", "printenv", "NAME", cwd=started)
    assert (done.status, done.out) == (0, "the value\n")


def test_a_malformed_template_is_said_before_anything_changes(secretrun, started, everything_in):
    (started / ".env.secretrun").write_text("A=1\nbroken\n")
    before = everything_in(started)
    done = secretrun("set", "NAME", cwd=started, stdin=b"v")
    assert done.status == 125
    assert ".env.secretrun:2:1:" in done.err
    assert everything_in(started) == before


def test_without_a_template_it_says_how_to_use_the_value(secretrun, started):
    (started / ".env.secretrun").unlink()
    odd = started / "odd name#1.env"
    (started / "secrets.enc.env").rename(odd)
    done = secretrun("set", "--store", odd.name, "NAME", cwd=started, stdin=b"the value")
    assert done.status == 0
    line = done.err.split()[-1]
    assert line == "NAME=sops://odd%20name%231.env#/NAME"
    assert secretrun("read", "-n", line.partition("=")[2], cwd=started).out == "the value"


def test_the_nearest_store_up_to_the_root_of_the_repository_is_meant(secretrun, started, tmp_path):
    (started / "a" / "b").mkdir(parents=True)
    assert secretrun("set", "NAME", cwd=started / "a" / "b", stdin=b"v") == (0, "", "")
    (started / "a" / ".git").mkdir()  # now the store belongs to somebody else's repository
    done = secretrun("set", "NAME", cwd=started / "a" / "b", stdin=b"v")
    assert done.status == 125
    assert "no secrets.enc.env here or above" in done.err
    assert "secretrun init" in done.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("1A", b"hidden", "not a variable name"),
        ("A-B", b"hidden", "not a variable name"),
        ("A\n", b"hidden", "not a variable name"),
        ("sops_mac", b"hidden", "sops keeps its own data"),
        ("sops", b"hidden", "sops keeps its own data"),
        ("A_unencrypted", b"hidden", "would leave A_unencrypted unencrypted"),
        ("NAME", b"", "stdin is empty"),
        ("NAME", b"hidden\0", "NUL"),
        ("NAME", b"hidden\xff", "not UTF-8"),
    ],
)
def test_what_can_not_be_kept_is_an_error_and_changes_nothing(
    secretrun, started, everything_in, name, value, said
):
    before = everything_in(started)
    done = secretrun("set", name, cwd=started, stdin=value)
    assert done.status in {2, 125}
    assert said in done.err
    assert "hidden" not in done.err
    assert everything_in(started) == before


def test_rules_that_leave_a_name_plain_are_noticed_before_the_value_is_written(
    secretrun, started, everything_in
):
    """The file's own rule is asked, with a harmless value; the names that it encrypts work."""
    recipient = (started / ".sops.yaml").read_text().split()[-1]
    done = subprocess.run(
        [find_sops(os.environ), "encrypt", "--age", recipient, "--encrypted-regex", "^SECRET_", "--filename-override",
         "secrets.enc.env"],
        input=b"SECRET_A=x\n", capture_output=True, check=True, cwd=started,
    )  # fmt: skip
    (started / "secrets.enc.env").write_bytes(done.stdout)
    before = everything_in(started)
    refused = secretrun("set", "PUBLIC", cwd=started, stdin=b"hidden")
    assert refused.status == 125
    assert "would leave PUBLIC unencrypted" in refused.err
    assert everything_in(started) == before
    assert secretrun("set", "SECRET_B", cwd=started, stdin=b"v") == (0, "", "")


def test_a_store_of_others_is_said_to_be_theirs(secretrun, started, clean_environment, everything_in):
    before = everything_in(started)
    done = secretrun("set", "NAME", cwd=started, stdin=b"v", env={"XDG_CONFIG_HOME": str(started.parent)})
    assert done.status == 125
    assert "none of your keys opens the store" in done.err
    assert everything_in(started) == before


@pytest.mark.parametrize("name", ["plain.env", "store.yaml"])
def test_a_file_that_is_no_dotenv_file_of_sops_is_left_alone(secretrun, started, name):
    (started / name).write_text("A=1\n")
    done = secretrun("set", "--store", name, "NAME", cwd=started, stdin=b"v")
    assert done.status == 2
    assert "is not a dotenv file encrypted by sops" in done.err
    assert (started / name).read_text() == "A=1\n"


@pytest.mark.parametrize(
    ("complaint", "said"),
    [
        ("the disk is full", "sops set failed: the disk is full"),
        ("bad value: $(cat)", "its reason is kept back"),
        ("flag provided but not defined: -value-stdin", "this sops is too old"),
    ],
)
def test_a_failing_sops_changes_nothing_and_its_reason_shows_no_value(
    secretrun, started, everything_in, program, complaint, said
):
    before = everything_in(started)
    sops = program("failing-sops", f'#!/bin/sh\necho "{complaint}" >&2\nexit 1\n')
    new = secretrun("set", "NEW", cwd=started, stdin=b"hunter2", env={"SECRETRUN_SOPS": str(sops)})
    assert new.status == 125
    assert everything_in(started) == before
    # A new name is first tried with a harmless value; of one that is there, sops gets the value at once.
    secretrun("set", "NAME", cwd=started, stdin=b"first")
    before = everything_in(started)
    done = secretrun("set", "NAME", cwd=started, stdin=b"hunter2", env={"SECRETRUN_SOPS": str(sops)})
    assert done.status == 125
    assert said in done.err
    assert "hunter2" not in done.err
    assert everything_in(started) == before


def test_values_set_at_once_are_all_kept(started, value_of):
    """All stand at the lock with their value in hand before the first one gets in."""
    names = [f"NAME_{number}" for number in range(6)]
    held = os.open(started, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "secretrun", "set", name],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=started,
        )
        for name in names
    ]  # fmt: skip
    for process, name in zip(running, names, strict=True):
        process.stdin.write(name.lower().encode())
        process.stdin.close()
        assert b"waiting" in process.stderr.readline()
    os.close(held)
    for process in running:
        with process:
            assert process.wait(90) == 0
    assert [value_of(started, name) for name in names] == [name.lower() for name in names]
    template = (started / ".env.secretrun").read_text()
    assert all(template.count(f"\n{name}=") == 1 for name in names)


def test_it_waits_for_another_one_says_so_and_leaves_no_lock_behind(started, everything_in):
    files = set(everything_in(started))
    held = os.open(started, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with subprocess.Popen(
        [sys.executable, "-m", "secretrun", "set", "NAME"],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=started,
    ) as process:  # fmt: skip
        process.stdin.write(b"v")
        process.stdin.close()
        assert b"waiting for another secretrun" in process.stderr.readline()
        assert process.poll() is None
        assert ciphertexts(started / "secrets.enc.env") == []
        os.close(held)
        assert process.wait(60) == 0
    assert len(ciphertexts(started / "secrets.enc.env")) == 1
    assert set(everything_in(started)) == files


def test_a_terminal_is_asked_twice_without_echo(terminal, started, value_of):
    shell = terminal("set", "NAME", cwd=started)
    shell.wait_for(b"value of NAME: ")
    shell.type(b"typed \xc3\xbc value\r")
    shell.wait_for(b"value of NAME, again: ")
    shell.type(b"typed \xc3\xbc value\r")
    assert shell.end() == 0
    assert b"typed" not in shell.shown
    assert value_of(started, "NAME") == "typed ü value"


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (b"typed\r", b"typod\r", b"the two values differ"),
        (b"\r", b"\r", b"the value is empty"),
        (b"\x04", None, b"no value given"),
        (b"t" * LONGEST_LINE + b"\r", b"t" * LONGEST_LINE + b"\r", b"too long for a terminal"),
    ],
)
def test_a_doubtful_answer_changes_nothing(terminal, started, everything_in, first, second, said):
    before = everything_in(started)
    shell = terminal("set", "NAME", cwd=started)
    shell.wait_for(b"value of NAME: ")
    shell.type(first)
    if second is not None:
        shell.wait_for(b"again: ")
        shell.type(second)
    assert shell.end() == 2
    assert said in shell.shown
    assert b"typed" not in shell.shown
    assert b"ttt" not in shell.shown
    assert everything_in(started) == before
