"""A cache that dies, lies or is somebody else's: said clearly, no child where it matters, no value anywhere."""

import os
import socket
import subprocess
import threading
import time

import pytest
from faults.test_stores import HEALTHY, Place
from support.store import COMMAND, secretrun

from secretrun.cache import client, endpoint, wire
from secretrun.cache.key import CacheKeys
from secretrun.posix import directories
from secretrun.reference import parse

VALUE = "value-of-op-0123456789"


@pytest.fixture
def beside(tmp_path):
    """A place whose template asks a plugin, and a directory for the cache's socket."""
    made = Place(tmp_path)
    made.environ["SECRETRUN_CACHE_SOCK"] = str(made.runtime / "cache" / "cache.sock")
    (made.runtime / "cache").mkdir(mode=0o700)
    made.reference("op://dev/app/password")
    made.program("op", f"import sys; sys.stdin.read(); print({VALUE!r}, end='')")
    return made


class Impostor:
    """Answers on a socket as it likes."""

    def __init__(self, path, said):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.said = said
        self.seen = b""
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.seen += connection.recv(1 << 16)
                    connection.sendall(self.said)
                except OSError:
                    continue  # it was left before it could answer

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(60)


@pytest.mark.parametrize("verb", ["run", "check", "inject", "redact"])
def test_a_socket_where_others_may_put_theirs(beside, verb):
    (beside.runtime / "cache").chmod(0o777)
    impostor = Impostor(beside.runtime / "cache" / "cache.sock", wire.frame(wire.VERSION, b"ok"))
    try:
        before = beside.files()
        done = beside.run(verb, "--cache", "10m")
        assert (done.returncode, done.stdout) == (125, b"")
        assert b"error: " in done.stderr
        assert b"is not a directory of ours alone" in done.stderr
        assert HEALTHY.encode() not in done.stderr
        assert beside.files() == before
        assert impostor.seen == b""
    finally:
        impostor.close()


NONSENSE = [
    b"", b"x", b"\0\0\0\x05", b"\xff\xff\xff\xff", wire.frame(wire.VERSION), wire.frame(b"99", b"ok"),
    wire.frame(wire.VERSION, b"ok"), wire.frame(wire.VERSION, b"ok", b"fresh"), wire.frame(wire.VERSION, b"no", b"locked"),
]  # fmt: skip


@pytest.mark.parametrize("said", NONSENSE)
def test_a_cache_that_dies_mid_answer_or_talks_nonsense_is_done_without(beside, said):
    """It only saves questions: the store is asked, and the user told."""
    impostor = Impostor(beside.runtime / "cache" / "cache.sock", said)
    try:
        done = beside.run("run", "--cache", "10m")
        assert done.returncode == 0, done.stderr
        assert (beside.work / "started").exists()
        (warning, *_) = done.stderr.splitlines()
        assert warning.startswith(b"secretrun: warning: --cache: ")
        assert VALUE.encode() not in done.stderr + done.stdout
    finally:
        impostor.close()


@pytest.mark.parametrize("verb", ["run", "inject", "redact", "check"])
def test_a_cache_killed_where_it_was_needed(beside, verb):
    """The store is out of reach, and what remembered its values is dead: nothing may stand in for them."""
    cache = subprocess.Popen(
        [*COMMAND, "cache", "start", "--foreground"], env=beside.environ, cwd=beside.work
    )
    try:
        socket_file = beside.runtime / "cache" / "cache.sock"
        end = time.monotonic() + 60
        while secretrun("cache", "status", env=beside.environ, cwd=beside.work).returncode != 0:
            assert time.monotonic() < end, "the cache does not answer"
        assert beside.run("check", "--cache", "10m").returncode == 0
    finally:
        cache.kill()
        cache.wait()
    assert socket_file.exists()  # it had no time to remove it
    (beside.bin / "op").chmod(0o644)
    beside.fails(verb, "--cache", "10m", "--offline", words="op is not installed")


def test_a_cache_of_another_user_is_told_nothing_and_ends_the_run(beside, monkeypatch):
    socket_file = beside.runtime / "cache" / "cache.sock"
    impostor = Impostor(socket_file, wire.frame(wire.VERSION, b"ok"))
    try:
        monkeypatch.setattr(endpoint, "peer_uid", lambda _: os.getuid() + 1)
        cache = client.Cache(beside.environ, 60.0, CacheKeys(beside.environ))
        reference = parse("op://dev/app/password")
        with pytest.raises(directories.NotOurs, match="runs as another user"):
            cache.get([reference])
        with pytest.raises(directories.NotOurs, match="runs as another user"):
            cache.put({reference: HEALTHY.encode()})
        assert impostor.seen == b""
    finally:
        impostor.close()
