"""`secretrun redact` as a filter between real processes and files."""

import os
import select
import subprocess

import pytest
from support.store import COMMAND, Store, on_terminal, secretrun
from support.trust import unsaid

SECRET = "filter-secret-0123456789"


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path, {"key": SECRET})
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/key\n")
    return made


def test_stdin_to_stdout_binary_safe(store):
    data = bytes(range(256)) + SECRET.encode() + b"\xff\x00" + SECRET.encode().hex().encode()
    done = secretrun("redact", env=store.environ, cwd=store.directory, stdin=None, input=data)
    want = bytes(range(256)) + b"[REDACTED:API_KEY]\xff\x00[REDACTED:API_KEY]"
    assert (done.returncode, done.stdout, done.stderr) == (0, want, b"")


def test_files_come_one_after_another(store):
    (store.directory / "a").write_text(f"one {SECRET}\n")
    (store.directory / "b").write_text("two\n")
    done = secretrun("redact", "a", "b", env=store.environ, cwd=store.directory)
    assert done.stdout == b"one [REDACTED:API_KEY]\ntwo\n"


def test_a_line_is_out_before_the_next_is_written(store):
    process = subprocess.Popen(
        [*COMMAND, "redact"],
        env=store.environ,
        cwd=store.directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        for number in range(3):
            process.stdin.write(b"line %d %s\n" % (number, SECRET.encode()))
            process.stdin.flush()
            assert select.select([process.stdout], [], [], 60)[0], "nothing came out"
            assert os.read(process.stdout.fileno(), 4096) == b"line %d [REDACTED:API_KEY]\n" % number
    finally:
        process.stdin.close()
        assert process.wait(60) == 0
        process.stdout.close()


def test_in_place_replaces_whole_and_keeps_the_mode(store):
    log = store.directory / "build.log"
    log.write_text(f"x {SECRET} y\n")
    log.chmod(0o640)
    done = secretrun("redact", "--in-place", "build.log", env=store.environ, cwd=store.directory)
    assert (done.returncode, done.stdout) == (0, b"")
    assert log.read_text() == "x [REDACTED:API_KEY] y\n"
    assert log.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in store.directory.iterdir() if path.name.startswith(".secretrun-")] == []


def test_fail_on_leak_and_report(store):
    data = SECRET.encode()
    done = secretrun(
        "redact",
        "--fail-on-leak",
        "--report",
        "r.json",
        env=store.environ,
        cwd=store.directory,
        stdin=None,
        input=data,
    )
    assert (done.returncode, done.stdout) == (125, b"[REDACTED:API_KEY]")
    assert "API_KEY" in (store.directory / "r.json").read_text()
    clean = secretrun(
        "redact", "--fail-on-leak", env=store.environ, cwd=store.directory, stdin=None, input=b"clean"
    )
    assert (clean.returncode, clean.stdout) == (0, b"clean")


def test_a_store_that_fails_prints_nothing(store):
    env = store.environ | {"SOPS_AGE_KEY_FILE": "/nonexistent"}
    done = secretrun("redact", env=env, cwd=store.directory, stdin=None, input=b"anything")
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"nothing was masked or printed" in done.stderr


def test_a_missing_file_is_an_error_that_names_it(store):
    done = secretrun("redact", "gone.log", env=store.environ, cwd=store.directory)
    assert done.returncode == 125
    assert b"gone.log" in done.stderr


def test_a_closed_pipe_ends_it_quietly(store):
    code = f"yes {SECRET} | {' '.join(COMMAND)} redact | head -n 1"
    done = subprocess.run(
        ["sh", "-c", code], env=store.environ, cwd=store.directory, capture_output=True, timeout=60
    )
    assert done.stdout == b"[REDACTED:API_KEY]\n"
    assert unsaid(done.stderr) == b""


def test_on_a_terminal_a_prompt_shows_at_once(store):
    shown, status = on_terminal(
        "redact", "prompt", env=store.environ | {"X": "1"}, cwd=_with(store, "prompt", b"Password: ")
    )
    assert status == 0
    assert shown == b"Password: "


def _with(store, name, data):
    (store.directory / name).write_bytes(data)
    return store.directory
