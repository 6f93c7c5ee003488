"""The command line as people meet it: real processes, their streams and their exit status."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from support.trust import unsaid

from secretrun import messages
from secretrun.cli.main import main
from secretrun.cli.parser import VERBS
from secretrun.errors import SecretrunError


@pytest.fixture
def store(tmp_path):
    """A template with a reference to a file, and that file."""
    (tmp_path / "token").write_text("s3cret-token-value")
    (tmp_path / ".env").write_text("TOKEN=file://token\nPLAIN=text\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        ((), "no command given", "secretrun -- COMMAND"),
        (("--",), "no command after '--'", "secretrun [OPTIONS] -- COMMAND [ARG]..."),
        (("-v", "--"), "no command after '--'", "secretrun [OPTIONS]"),
        (("run",), "no command after '--'", "secretrun [OPTIONS]"),
        (("npm", "test"), "unknown verb 'npm'", "to run it: secretrun -- npm test"),
        (("sh", "-c", "echo hi"), "unknown verb 'sh'", "to run it: secretrun -- sh -c 'echo hi'"),
        (("a\x1bb",), "unknown verb 'a\\x1bb'", "secretrun --help lists them"),
        (("-e", "x.env", "npm"), "unrecognized arguments: npm", "the command stands after '--'"),
        (("--nonsense", "--", "true"), "unrecognized arguments: --nonsense", "--help says what there is"),
        (("chek",), "unknown verb 'chek'", "did you mean secretrun check? to run it: secretrun -- chek"),
        (("--timout", "5", "--", "true"), "unrecognized arguments: --timout 5", "did you mean --timeout?"),
        (("--env", "x", "--", "true"), "unrecognized arguments: --env x", "--help says what there is"),
        (("--timeout", "soon", "--", "true"), "--timeout: 'soon' is not a number", "--help"),
        (("--watch-interval", "x", "--", "true"), "argument --watch-interval: 'x' is not a duration", "--help"),
        (("cache", "start", "--idle", "0"), "argument --idle: '0' is not a duration", "--help"),
        (("check", "extra"), "unrecognized arguments: extra", "secretrun check --help"),
        (("read",), "the following arguments are required: NAME|REFERENCE", "secretrun read --help"),
    ],
)  # fmt: skip
def test_wrong_usage_is_status_2_with_an_error_and_a_hint_on_stderr(secretrun, arguments, message, hint):
    done = secretrun(*arguments)
    assert (done.status, done.out) == (2, "")
    first, *rest = done.err.splitlines()
    assert first.startswith("secretrun: error: ")
    assert message in first
    assert not first.endswith(".")
    assert [line.startswith("secretrun: hint: ") for line in rest] == [True]
    assert hint in rest[0]


@pytest.mark.parametrize("arguments", [("--help",), ("-h",)])
def test_the_overview_names_every_verb_and_exit_status(secretrun, arguments):
    done = secretrun(*arguments)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("usage: secretrun [OPTIONS] -- COMMAND [ARG]...\n")
    for verb in VERBS:
        assert f"\n  {verb} " in done.out
    for status in ("126", "127", "125", "128+n"):
        assert status in done.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_help(verb, capsys):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    out, err = capsys.readouterr()
    assert (ended.value.code, err) == (0, "")
    assert out.startswith(f"usage: secretrun {'[run]' if verb == 'run' else verb}")


def test_the_version_is_the_packages(secretrun):
    from secretrun import __version__

    first, second = secretrun("--version").out.splitlines()
    assert first == f"secretrun {__version__}"
    assert second.startswith("masking: ")
    assert secretrun("--version") == secretrun("-V")


def said(capfd, act):
    act(messages.Messages())
    out, err = capfd.readouterr()
    assert out == ""
    return err


def test_an_error_is_a_line_on_stderr_and_its_hint_one_more_each(capfd):
    error = SecretrunError("it is broken", hint="mend it\nor leave it")
    assert said(capfd, lambda m: m.error(error)) == (
        "secretrun: error: it is broken\nsecretrun: hint: mend it\nsecretrun: hint: or leave it\n"
    )


def test_control_characters_are_shown_not_sent_to_the_terminal(capfd):
    err = said(capfd, lambda m: m.warn("a\x1b[31mb\nc\rd\x00e\x9bf\u202eg\udcffh ä"))
    assert err == "secretrun: warning: a\\x1b[31mb\\nc\\rd\\x00e\\x9bf\\u202eg\\udcffh ä\n"


def test_quiet_is_about_warnings_and_notes_not_errors(capfd):
    def all_three(made):
        made.quiet = True
        made.warn("w")
        made.note("n")
        made.error(SecretrunError("e"))

    assert said(capfd, all_three) == "secretrun: error: e\n"


def test_an_internal_error_shows_its_type_and_place_and_not_its_text(capfd):
    with pytest.raises(KeyError) as caught:
        raise KeyError("s3cret-value")
    err = said(capfd, lambda m: m.bug(caught.value))
    assert err.startswith("secretrun: error: internal error: KeyError at test_main.py:")
    assert "s3cret" not in err
    assert "report it" in err


def test_an_internal_error_of_a_verb_is_status_125_without_a_traceback(tmp_path):
    """A real one: what stands as stdout is open for reading only."""
    (tmp_path / "token").write_text("s3cret-value")
    with open(os.devnull) as unwritable:
        done = subprocess.run(
            [sys.executable, "-m", "secretrun", "read", "file://token"],
            stdout=unwritable, stderr=subprocess.PIPE, cwd=tmp_path, timeout=60,
        )  # fmt: skip
    assert done.returncode == 125
    assert done.stderr.startswith(b"secretrun: error: internal error: OSError at read.py:")
    assert b"s3cret" not in done.stderr


def on_a_terminal(command, cwd, env):
    """What a command writes to a terminal."""
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, cwd=cwd, env=env)
    os.close(follower)
    out = b""
    while True:
        try:
            piece = os.read(leader, 65536)
        except OSError:  # Linux: EIO at the end
            break
        if not piece:
            break
        out += piece
    os.close(leader)
    process.wait(60)
    return out


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(tmp_path, environ, coloured):
    command = [sys.executable, "-m", "secretrun", "nonsense"]
    shown = on_a_terminal(command, tmp_path, os.environ | {"TERM": "xterm"} | environ)
    assert b"unknown verb" in shown
    assert (b"\x1b[31;1msecretrun: error:\x1b[m" in shown) is coloured
    assert (b"\x1b" in shown) is coloured


def test_a_closed_stderr_costs_the_message_not_the_status(tmp_path):
    script = f"exec {sys.executable} -m secretrun nonsense 2>&-"
    assert subprocess.run(["sh", "-c", script], cwd=tmp_path, timeout=60).returncode == 2


def test_a_reader_that_goes_away_ends_it_quietly(store):
    """The reader is gone before the first byte is written."""
    reader, writer = os.pipe()
    os.close(reader)
    for verb in (["--help"], ["check"], ["read", "file://token"]):
        done = subprocess.run(
            [sys.executable, "-m", "secretrun", *verb],
            stdout=writer,
            stderr=subprocess.PIPE,
            cwd=store,
            timeout=60,
        )
        assert (done.returncode, unsaid(done.stderr)) == (141, b""), verb
    os.close(writer)


def test_check_is_0_when_all_resolves_and_shows_no_value(secretrun, store):
    done = secretrun("check")
    assert (done.status, done.err) == (0, "")
    assert [line.split() for line in done.out.splitlines()][:2] == [
        ["ok", "TOKEN", "file://token", ".env:1"],
        ["literal", "PLAIN", "-", ".env:2"],
    ]


def test_check_is_125_when_something_fails_and_says_what(secretrun, store):
    (store / ".env").write_text("A=file://token\nB=file://gone\nC=env://NOPE\n")
    (store / "token").write_bytes(b"nul\0byte")
    done = secretrun("check")
    assert done.status == 125
    assert [line.split()[:2] for line in done.out.splitlines() if line.startswith("error")] == [
        ["error", "A"], ["error", "B"], ["error", "C"],
    ]  # fmt: skip
    assert "NUL byte" in done.out
    assert done.out.count("  hint: ") >= 1
    run = secretrun("--", "true")
    assert run.status == 125
    assert run.err.count("secretrun: error: .env:") == 3


def test_check_speaks_json_to_programs(secretrun, store):
    (store / ".env").write_text("A=file://token\nB=file://gone\nC=1\n")
    done = secretrun("check", "--json", "--timeout", "50", env={"SECRETRUN_KEEP_ENV": "1"})
    said = json.loads(done.out)
    assert (done.status, said["version"], said["ok"]) == (125, 1, False)
    assert [(row["name"], row["status"], row["source"]) for row in said["variables"]] == [
        ("A", "ok", ".env:1"), ("B", "error", ".env:2"), ("C", "literal", ".env:3"),
    ]  # fmt: skip
    assert said["variables"][0]["references"] == ["file://token"]
    assert said["variables"][1]["errors"][0]["code"] == "backend.not-found"
    assert said["settings"] == {"timeout": "the command line", "keep_env": "SECRETRUN_KEEP_ENV"}
    assert "s3cret" not in done.out


def test_check_says_what_is_optional_and_what_breaks_a_group(secretrun, store):
    (store / ".env").unlink()
    (store / "secretrun.toml").write_text(
        '[secrets]\nA = { ref = "file://gone", required = false }\nB = { ref = "file://gone", default = "d" }\n'
        'C = { ref = "file://gone", required = { at_least_one = "login" } }\n'
        'D = { ref = "file://token", type = "port" }\n'
    )
    rows = {row["name"]: row for row in json.loads(secretrun("check", "--json").out)["variables"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        "A": "left out", "B": "default", "C": "left out", "D": "error", "group login": "error",
    }  # fmt: skip
    assert rows["D"]["errors"][0]["message"] == "the value is not a port (1 to 65535)"


def test_check_verbose_says_where_each_setting_comes_from_and_hides_set(secretrun, store):
    (store / "secretrun.toml").write_text("[run]\nkeep_env = true\n")
    done = secretrun("check", "-v", "--set", "X=s3cret-value", env={"SECRETRUN_TIMEOUT": "9"})
    assert done.status == 0
    for line in (
        "  keep_env = true  (secretrun.toml)", "  timeout = 9  (SECRETRUN_TIMEOUT)", "  verbose = true  (the command line)",
        '  mask = "[REDACTED:{name}]"  (default)', '  set = "..."  (the command line)',
    ):  # fmt: skip
        assert line in done.out.splitlines()
    assert "s3cret" not in done.out


def test_check_shows_control_characters_of_names(secretrun, store):
    (store / "a\x1b[31m.env").write_text("A=1\n")
    assert "a\\x1b[31m.env:1" in secretrun("check", "-e", "a\x1b[31m.env").out


def test_check_without_anything_says_so(secretrun):
    assert (
        secretrun("check").out
        == "no template and no references: the command would run with your environment\n"
    )


def test_read_prints_the_bytes_and_a_newline_unless_told_not_to(secretrun, store):
    assert secretrun("read", "file://token").out == "s3cret-token-value\n"
    assert secretrun("read", "-n", "file://token").out == "s3cret-token-value"
    (store / "token").write_bytes(b"\xff\x00line\n")
    assert secretrun("read", "file://token").out == "\udcff\x00line\n"


@pytest.mark.parametrize(
    ("reference", "status", "message"),
    [
        ("file://gone", 125, "file://gone: "),
        ("https://u:hunter2@h", 125, "no backend for https://"),
        ("fiel://x", 125, "is it a slip for 'file://'?"),
        ("hunter2!", 2, "neither the name of a variable nor a reference"),
        ("HUNTER", 125, "HUNTER is set nowhere"),
        ("file://x?q", 125, "not of the form name=value"),
    ],
)
def test_read_says_what_is_wrong(secretrun, reference, status, message):
    done = secretrun("read", reference)
    assert (done.status, done.out) == (status, "")
    assert message in done.err


def test_read_uses_the_stores_options_of_the_configuration(secretrun, store):
    """A mistake in them shows that they are read."""
    (store / "secretrun.toml").write_text('[backend.op]\npath = "/evil"\n')
    done = secretrun("read", "file://token")
    assert (done.status, done.out) == (125, "")
    assert "[backend.op] path can't be set by a project" in done.err


def test_an_interrupt_during_resolution_is_died_of(store):
    """The store is a FIFO: it is being read when the signal arrives, which the writer's open proves."""
    os.mkfifo(store / "fifo")
    (store / ".env").write_text("A=file://fifo\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "secretrun", "--", "touch", "started"], cwd=store, stderr=subprocess.PIPE
    )
    writer = open_when_read(store / "fifo", process)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    os.close(writer)
    assert (process.returncode, unsaid(err)) == (-signal.SIGINT, b"")
    assert not (store / "started").exists()


def open_when_read(fifo, process):
    """Open a FIFO for writing as soon as somebody reads from it."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.01)
    raise AssertionError("nobody reads from the FIFO")


def test_modules_planted_in_the_current_directory_are_not_imported(secretrun, store):
    """`python -m` would look there first; the variable's value would be at hand."""
    planted = "open('planted', 'a').write(__name__ + '\\n')\n"
    names = (
        "ahocorasick",
        "argparse",
        "re",
        "ptyprocess",
        "boto3",
        "tomllib",
        "sitecustomize",
        "usercustomize",
    )
    for name in names:
        (store / f"{name}.py").write_text(planted)
    (store / "secretrun_backends").mkdir()
    (store / "secretrun_backends" / "__init__.py").write_text(planted)
    (store / "secretrun_backends" / "file.py").write_text(planted)
    done = secretrun("-v", "--", "sh", "-c", 'echo "$TOKEN"')
    assert (done.status, done.out) == (0, "[REDACTED:TOKEN]\n"), done.err
    assert secretrun("check").status == 0
    assert not (store / "planted").exists()


def test_modules_planted_beside_the_program_are_not_imported(tmp_path):
    script = tmp_path / "secretrun"
    script.write_bytes((pathlib.Path(__file__).parents[2] / "bin" / "secretrun").read_bytes())
    (tmp_path / "secretrun.py").write_text("raise SystemExit('planted')")
    done = subprocess.run([sys.executable, script, "version"], capture_output=True, text=True, timeout=100)
    assert done.stdout.startswith("secretrun "), done.stderr


def test_a_template_that_is_malformed_starts_nothing_and_shows_no_value(secretrun, store):
    (store / ".env").write_text("A=1\nhunter2hunter2\n")
    done = secretrun("--", "touch", "started")
    assert done.status == 125
    assert done.err.startswith("secretrun: error: .env:2:1: expected NAME=VALUE\n")
    assert "hunter2" not in done.err
    assert not (store / "started").exists()


def test_what_signs_in_is_neither_passed_on_nor_resolved(secretrun, store):
    """A token that is a reference itself does not reach the command by being resolved for it."""
    done = secretrun("--", "env", env={"OP_SERVICE_ACCOUNT_TOKEN": "sops://gone.yaml#/token"})
    assert done.status == 0, done.err
    assert "OP_SERVICE_ACCOUNT_TOKEN" not in done.out
    pristine = secretrun("--pristine", "--", "env", env={"OTHER": "sops://gone.yaml#/token"})
    assert pristine.status == 0, pristine.err
    assert "OTHER" not in pristine.out


def test_a_reference_in_a_reference_is_resolved_end_to_end(secretrun, store):
    (store / "which").write_text("token")
    (store / ".env").write_text("WHICH=file://which\nTOKEN=file://$WHICH\nURL=https://u:${TOKEN}@h\n")
    done = secretrun("--", "sh", "-c", 'echo "$URL"; test "$TOKEN" = s3cret-token-value')
    assert (done.status, done.out.replace("URL", "TOKEN")) == (0, "https://u:[REDACTED:TOKEN]@h\n"), done.err
