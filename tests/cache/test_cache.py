"""The cache as a real process, behind a real socket, in front of a real SOPS store."""

import os
import pathlib
import signal
import socket
import stat
import subprocess
import sys

import pytest
from support.store import COMMAND, Store, secretrun
from support.until import until

from secretrun.backend.sops import find_sops
from secretrun.cache import endpoint, wire
from secretrun.errors import ConfigError

SECRET = "cache-remembers-me-0123456789"
RECORDER = '#!/bin/sh\necho "$@" >> {calls!r}\nexec {real!r} "$@"\n'


class Bench:
    """A store whose sops calls are counted, and a cache on a socket of its own."""

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.store = Store(tmp_path, {"key": SECRET})
        (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/key\n")
        recorder = tmp_path / "sops"
        recorder.write_text(RECORDER.format(calls=str(tmp_path / "calls"), real=find_sops(os.environ)))
        recorder.chmod(0o755)
        self.socket = tmp_path / "run" / "cache.sock"
        self.env = self.store.environ | {
            "SECRETRUN_SOPS": str(recorder),
            "SECRETRUN_CACHE_SOCK": str(self.socket),
        }
        self.cache = None

    def __call__(self, *arguments, **env):
        return secretrun(*arguments, env=self.env | env, cwd=self.tmp_path)

    def start(self, *options):
        self.cache = subprocess.Popen(
            [*COMMAND, "cache", "start", "--foreground", *options], env=self.env, cwd=self.tmp_path
        )
        until(lambda: self("cache", "status").returncode == 0, "the cache to answer")

    def calls(self):
        try:
            return len((self.tmp_path / "calls").read_text().splitlines())
        except FileNotFoundError:
            return 0

    def show(self, ttl="10m", **env):
        """A run that proves the child has the value, and shows it masked."""
        code = f"import os, sys; print(os.environ['API_KEY']); sys.exit(os.environ['API_KEY'] != {SECRET!r})"
        return self("--cache", ttl, "--", sys.executable, "-c", code, **env)

    def raw(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(30)
        connection.connect(str(self.socket))
        return connection


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    if made.cache is not None:
        made.cache.kill()
        made.cache.wait()


def test_the_second_run_asks_no_store(bench):
    bench.start()
    for _ in range(3):
        done = bench.show()
        assert (done.returncode, done.stdout, done.stderr) == (0, b"[REDACTED:API_KEY]\n", b"")
    assert bench.calls() == 1


def test_without_a_cache_a_run_warns_and_asks_the_store(bench):
    done = bench.show()
    assert done.returncode == 0
    assert b"warning: --cache: " in done.stderr
    assert bench.calls() == 1


def test_an_edited_file_is_another_file(bench):
    bench.start()
    bench.show()
    (bench.tmp_path / "again").mkdir()
    other = Store(bench.tmp_path / "again", {"key": "another-value-987654"})
    bench.store.path.write_bytes(other.path.read_bytes())
    done = bench(
        "--cache", "10m", "--", "sh", "-c", "[ $API_KEY = another-value-987654 ]", SOPS_AGE_KEY_FILE=other.key
    )
    assert done.returncode == 0, done.stderr


def test_another_account_is_another_value(bench):
    bench.start()
    bench.show()
    bench.show(AWS_PROFILE="other")
    assert bench.calls() == 2


def test_a_value_ends_with_its_ttl(bench):
    bench.start()
    bench.show(ttl="0.2s")
    before = bench.calls()

    def asked_again():
        bench.show(ttl="0.2s")
        return bench.calls() > before

    until(asked_again, "the value to expire")


def test_lock_forgets_and_unlock_remembers_again(bench):
    bench.start()
    bench.show()
    assert bench("cache", "lock").returncode == 0
    done = bench.show()
    assert done.returncode == 0
    assert b"locked" in done.stderr
    assert bench.calls() == 2
    assert b"locked" in bench("cache", "status").stdout
    assert bench("cache", "unlock").returncode == 0
    bench.show()
    bench.show()
    assert bench.calls() == 3


def test_stop_ends_it_and_removes_the_socket(bench):
    bench.start()
    assert bench("cache", "stop").returncode == 0
    assert bench.cache.wait(30) == 0
    assert not bench.socket.exists()
    assert bench("cache", "status").returncode == 1


def test_it_ends_by_itself_when_idle(bench):
    bench.cache = subprocess.Popen(
        [*COMMAND, "cache", "start", "--foreground", "--idle", "0.3s"], env=bench.env, cwd=bench.tmp_path
    )
    assert bench.cache.wait(60) == 0
    assert not bench.socket.exists()


def test_in_the_background_it_outlives_its_starter_and_holds_no_pipe(bench):
    done = bench("cache", "start")  # would hang if the cache kept our pipes open
    assert done.returncode == 0
    assert b"cache " in done.stderr
    assert bench("cache", "status").returncode == 0
    assert bench("cache", "start").returncode == 125
    bench("cache", "stop")
    until(lambda: not bench.socket.exists(), "the cache to end")


def test_sigterm_ends_it_cleanly(bench):
    bench.start()
    bench.cache.send_signal(signal.SIGTERM)
    assert bench.cache.wait(30) == 0
    assert not bench.socket.exists()


def test_a_socket_left_by_a_killed_cache_is_replaced(bench):
    bench.start()
    bench.cache.kill()
    bench.cache.wait()
    assert bench.socket.exists()
    bench.start()
    assert bench.show().returncode == 0


def test_killed_cache_is_a_warning_not_a_failure(bench):
    bench.start()
    bench.show()
    bench.cache.kill()
    bench.cache.wait()
    done = bench.show()
    assert done.returncode == 0
    assert b"no secretrun cache answers" in done.stderr


def test_the_socket_is_its_users_alone(bench):
    bench.start()
    assert stat.S_IMODE(bench.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(bench.socket.parent.stat().st_mode) == 0o700


def test_clients_that_die_or_talk_nonsense_harm_nobody(bench):
    bench.start()
    half = bench.raw()
    half.sendall(wire.frame(wire.VERSION, b"status")[:7])
    half.close()
    for nonsense in (b"\xff" * 64, b"GET / HTTP/1.0\r\n\r\n", wire.frame(b"9", b"status"), wire.frame()):
        with bench.raw() as connection:
            connection.sendall(nonsense)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
    silent = [bench.raw() for _ in range(5)]
    assert bench.show().returncode == 0
    assert bench.show().returncode == 0
    assert bench.calls() == 1
    for connection in silent:
        connection.close()


def test_a_silent_client_is_dropped(bench):
    bench.start()
    with bench.raw() as connection:
        assert connection.recv(1) == b""  # the cache hangs up; no timeout of ours


def test_offline_uses_an_old_value_only_when_asked_and_says_so(bench):
    bench.start()
    bench.show(ttl="0.1s")
    gone = {"SECRETRUN_SOPS": "/no/such/sops"}
    until(lambda: bench.show(ttl="0.1s", **gone).returncode == 125, "the value to expire")
    done = bench("--cache", "1s", "--offline", "--", "sh", "-c", "echo $API_KEY", **gone)
    assert (done.returncode, done.stdout) == (0, b"[REDACTED:API_KEY]\n")
    assert b"warning: sops://secrets.enc.yaml#/key: the store can't be reached" in done.stderr


def test_offline_by_itself_asks_the_store_first_and_is_never_silent(bench):
    """Without --cache nothing is taken from memory as long as the store answers; with -q it is said too."""
    bench.start()
    bench.show()
    command = ["--offline", "-q", "--", "sh", "-c", "echo $API_KEY"]
    done = bench(*command)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"[REDACTED:API_KEY]\n", b"")
    assert bench.calls() == 2
    done = bench(*command, SECRETRUN_SOPS="/no/such/sops")
    assert (done.returncode, done.stdout) == (0, b"[REDACTED:API_KEY]\n")
    assert b"the store can't be reached, using the value of" in done.stderr


def test_an_answer_older_than_this_run_wants_is_not_taken(bench):
    """What another run had remembered for ten minutes is old for one that said a second."""
    bench.start()
    bench.show(ttl="10m")
    until(lambda: bench.show(ttl="1s").returncode == 0 and bench.calls() == 2, "the store to be asked again")


@pytest.mark.parametrize(("said", "calls"), [("false", 3), ('"1h"', 1)])
def test_a_secret_has_a_ttl_of_its_own(bench, said, calls):
    bench.start()
    (bench.tmp_path / ".env.secretrun").unlink()
    (bench.tmp_path / "secretrun.toml").write_text(
        f'[secrets]\nAPI_KEY = {{ ref = "sops://secrets.enc.yaml#/key", cache = {said} }}\n'
    )
    for _ in range(3):
        assert bench.show().returncode == 0
    assert bench.calls() == calls


def test_a_shorter_ttl_of_a_secret_ends_it_sooner(bench):
    bench.start()
    (bench.tmp_path / ".env.secretrun").unlink()
    (bench.tmp_path / "secretrun.toml").write_text(
        '[secrets]\nAPI_KEY = { ref = "sops://secrets.enc.yaml#/key", cache = "0.1s" }\n'
    )
    until(lambda: bench.show().returncode != 0 or bench.calls() >= 2, "the value to expire")


def test_a_directory_of_somebody_else_is_refused(bench, monkeypatch):
    bench.socket.parent.mkdir(mode=0o700)
    endpoint.check_directory(str(bench.socket))
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    with pytest.raises(ConfigError, match="not a directory of ours alone"):
        endpoint.check_directory(str(bench.socket))


def test_a_directory_open_to_others_is_refused(bench):
    bench.socket.parent.mkdir()
    bench.socket.parent.chmod(0o777)
    done = bench("cache", "start", "--foreground")
    assert done.returncode == 125
    assert b"not a directory of ours alone" in done.stderr


def test_the_kernel_says_who_is_at_the_other_end():
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        assert endpoint.peer_uid(ours) == os.getuid()


def test_the_cache_can_not_be_read_by_its_neighbours(bench):
    bench.start()
    bench.show()
    limits = pathlib.Path(f"/proc/{bench.cache.pid}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4] == "0"
    # A process that is not dumpable has its /proc files owned by root, whoever runs it.
    assert os.stat(f"/proc/{bench.cache.pid}/environ").st_uid == 0


def test_nothing_is_written_to_disk(bench):
    bench.start()
    bench.show()
    for path in bench.tmp_path.rglob("*"):
        assert not (path.is_file() and SECRET.encode() in path.read_bytes()), path


@pytest.mark.slow
@pytest.mark.parametrize("runs", [2, 6])
def test_runs_side_by_side_with_a_cold_cache_ask_once(bench, runs):
    """The store does not answer before every run has been started."""
    bench.start()
    gate = bench.tmp_path / "gate"
    recorder = bench.tmp_path / "sops"
    recorder.write_text(
        f'#!/bin/sh\necho "$@" >> {str(bench.tmp_path / "calls")!r}\n'
        f'while ! [ -e {str(gate)!r} ]; do sleep 0.05; done\nexec {find_sops(os.environ)!r} "$@"\n'
    )
    code = f"import os, sys; sys.exit(os.environ['API_KEY'] != {SECRET!r})"
    command = [*COMMAND, "--cache", "10m", "--", sys.executable, "-c", code]
    started = [subprocess.Popen(command, env=bench.env, cwd=bench.tmp_path) for _ in range(runs)]
    until(lambda: bench.calls() >= 1, "the first run to ask")
    gate.touch()
    assert [run.wait(timeout=100) for run in started] == [0] * runs
    assert bench.calls() == 1


@pytest.mark.slow
def test_a_run_that_dies_while_it_asks_does_not_keep_the_next_waiting(bench):
    bench.start()
    gate = bench.tmp_path / "gate"
    recorder = bench.tmp_path / "sops"
    recorder.write_text(
        f'#!/bin/sh\necho "$@" >> {str(bench.tmp_path / "calls")!r}\n'
        f'while ! [ -e {str(gate)!r} ]; do sleep 0.05; done\nexec {find_sops(os.environ)!r} "$@"\n'
    )
    command = [*COMMAND, "--cache", "10m", "--", "true"]
    first = subprocess.Popen(command, env=bench.env, cwd=bench.tmp_path)
    until(lambda: bench.calls() == 1, "the first run to ask")
    first.kill()
    first.wait()
    gate.touch()
    assert bench.show().returncode == 0
    assert bench.calls() == 2


def test_our_cache_in_the_background_names_itself_to_who_connects(bench):
    """Not the process that started it, which is gone."""
    assert bench("cache", "start", "--idle", "1m").returncode == 0
    try:
        with bench.raw() as connection:
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        pid = int.from_bytes(raw[:4], sys.byteorder)
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        assert "State:" in status
        assert b"cache" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    finally:
        assert bench("cache", "stop").returncode == 0
