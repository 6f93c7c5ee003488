"""secretrun from a program: masked output, a limit that ends everything, and no value in a repr or an exception."""

import asyncio
import os
import pathlib
import subprocess
import sys
import time

import pytest
from support.store import Store
from support.until import until

import secretrun
from secretrun.errors import SecretrunError
from secretrun.redact import Redactor

SECRET = "api-secret-5d2e91b7"


@pytest.fixture
def env(tmp_path, monkeypatch):
    """A store and a template in the current directory."""
    store = Store(tmp_path, {"API_KEY": SECRET})
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/API_KEY\nLEVEL=debug\n")
    monkeypatch.chdir(tmp_path)
    for name, value in store.environ.items():
        monkeypatch.setenv(name, value)
    return store.environ


def both(command, **options):
    """The same run by `run` and by `arun`."""
    return secretrun.run(command, **options), asyncio.run(secretrun.arun(command, **options))


def test_output_is_masked_and_the_status_is_the_commands(env):
    for done in both(["sh", "-c", 'echo "out $API_KEY"; echo "err $API_KEY" >&2; exit 7']):
        assert (done.status, done.timed_out) == (7, False)
        assert done.stdout == b"out [REDACTED:API_KEY]\n"
        assert b"err [REDACTED:API_KEY]\n" in done.stderr
        assert SECRET not in repr(done)


def test_options_input_directory_and_environment(env, tmp_path):
    (tmp_path / "other.env").write_text("A=1\n")
    options = {"options": ["-e", "other.env"], "input": b"given", "env": env | {"B": "2"}, "cwd": tmp_path}
    for done in both(["sh", "-c", 'cat; echo " $A $B ${API_KEY-none}"'], **options):
        assert done.stdout == b"given 1 2 none\n"


def test_output_comes_as_it_is_written(env):
    seen = []
    secretrun.run(
        ["sh", "-c", "echo one; read x; echo two"],
        input=b"x\n",
        on_output=lambda name, data: seen.append((name, data)),
    )
    assert b"".join(data for name, data in seen if name == "stdout") == b"one\ntwo\n"


@pytest.mark.parametrize("how", ["run", "arun"])
@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_a_limit_ends_the_command_and_its_group_and_keeps_what_was_printed(
    env, tmp_path, monkeypatch, how, trap
):
    monkeypatch.setattr("secretrun.api.GRACE", 1.0)
    pids = tmp_path / "pids"
    command = [
        "sh",
        "-c",
        f'{trap}sleep 600 & echo $! >> {pids}; echo $$ >> {pids}; echo "$API_KEY"; wait; sleep 600',
    ]
    limit = 8.0  # enough for the line to be printed on a loaded machine
    done = (
        secretrun.run(command, timeout=limit)
        if how == "run"
        else asyncio.run(secretrun.arun(command, timeout=limit))
    )
    assert done.timed_out
    assert done.stdout == b"[REDACTED:API_KEY]\n"
    for pid in pids.read_text().split():
        until(lambda pid=pid: not os.path.exists(f"/proc/{pid}") or zombie(pid), f"the end of {pid}")


def zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_background_process_that_holds_the_output_ends_with_the_limit(env, monkeypatch):
    monkeypatch.setattr("secretrun.api.GRACE", 1.0)
    start = time.monotonic()
    done = secretrun.run(["sh", "-c", "sleep 600 & echo started"], timeout=5.0)
    assert done.stdout == b"started\n"
    assert time.monotonic() - start < 60


def test_cancelling_ends_the_command(env, tmp_path):
    async def cancelled():
        ready = asyncio.Event()
        task = asyncio.create_task(
            secretrun.arun(["sh", "-c", "echo $$; exec sleep 600"], on_output=lambda *_: ready.set())
        )
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())


def test_what_on_output_raises_is_raised_and_ends_the_command(env):
    def stop(name, data):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        secretrun.run(["sh", "-c", "echo x; exec sleep 600"], on_output=stop)
    with pytest.raises(RuntimeError, match="enough"):
        asyncio.run(secretrun.arun(["sh", "-c", "echo x; exec sleep 600"], on_output=stop))


def test_a_failure_of_ours_is_status_125_with_its_message(env, tmp_path):
    (tmp_path / ".env.secretrun").write_text("A=sops://missing.yaml#/a\n")
    for done in both(["touch", "started"]):
        assert done.status == 125
        assert b"missing.yaml" in done.stderr
    assert not (tmp_path / "started").exists()
    with pytest.raises(SecretrunError) as caught:
        secretrun.resolve()
    assert "could not be resolved" in str(caught.value)


def test_the_values_themselves_never_show(env):
    found = secretrun.resolve()
    assert dict(found) == {"API_KEY": SECRET, "LEVEL": "debug"}
    assert (len(found), list(found), "LEVEL" in found, found["API_KEY"]) == (
        2,
        ["API_KEY", "LEVEL"],
        True,
        SECRET,
    )
    assert SECRET not in repr(found) + str(found) + f"{found}" + repr(found.secrets)
    assert Redactor(found.secrets).mask(f"a {SECRET}".encode()) == b"a [REDACTED:API_KEY]"
    assert dict(secretrun.resolve(options={"except": ["API_KEY"]})) == {"LEVEL": "debug"}


def test_the_program_that_asks_stays_as_it_was(env):
    """No handler of a signal, no variable, no flag of the process is changed by a call."""
    program = """
import ctypes, os, signal, secretrun
def state():
    dumpable = ctypes.CDLL(None).prctl(3)
    return dumpable, dict(os.environ), [signal.getsignal(n) for n in range(1, 32)], os.getpgrp(), os.getcwd()
before = state()
secretrun.resolve()
secretrun.run(["true"])
assert state() == before
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_an_empty_command_and_an_unknown_name_are_the_programs_mistakes():
    with pytest.raises(ValueError, match="an empty command"):
        secretrun.run([])
    with pytest.raises(AttributeError):
        secretrun.walk  # noqa: B018


WITH_KEY = """
import asyncio, ctypes, os, sys
import secretrun

key = secretrun.Key(int(sys.argv[1]))
look = 'echo "$API_KEY"; env | grep -c AGE; ls -l /proc/self/fd | grep -c memfd'
given = {"key": key, "options": ["-q"]}
for done in (secretrun.run(["sh", "-c", look], **given), asyncio.run(secretrun.arun(["sh", "-c", look], **given))):
    print(done.stdout.decode().split(), done.stderr.decode())
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), repr(key), [n for n in os.environ if "AGE" in n])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the file in memory is Linux's")
@pytest.mark.parametrize("how", ["pipe", "stdin"])
def test_a_key_from_a_descriptor_opens_the_store_and_goes_no_further(env, how):
    """For as many runs as there are, though a pipe is read once; the program that has it can't be looked into."""
    key = pathlib.Path(env["SOPS_AGE_KEY_FILE"]).read_bytes()
    reader, writer = os.pipe()
    os.write(writer, key)
    os.close(writer)
    number = reader if how == "pipe" else 0
    done = subprocess.run(
        [sys.executable, "-c", WITH_KEY, str(number)],
        env={name: value for name, value in env.items() if name != "SOPS_AGE_KEY_FILE"} | {"SOPS_AGE_KEY": "wrong"},
        stdin=reader if how == "stdin" else subprocess.DEVNULL, pass_fds=[reader],
        capture_output=True, timeout=60, text=True,
    )  # fmt: skip
    os.close(reader)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert [line for line in lines if line.startswith("[")] == ["['[REDACTED:API_KEY]', '0', '0'] "] * 2
    assert lines[-1] == "0 <Key> ['SOPS_AGE_KEY']"
    assert key.decode() not in done.stdout + done.stderr


def test_a_descriptor_without_a_key_is_said(tmp_path):
    with open(os.devnull, "rb") as nothing, pytest.raises(SecretrunError, match="gave no key"):
        secretrun.Key(os.dup(nothing.fileno()))
    with pytest.raises(SecretrunError, match="can't read a key from descriptor 9999: bad file descriptor"):
        secretrun.Key(9999)
