"""Stores that hang, throttle or prompt: what a run does while it waits, and what it leaves behind."""

import os
import signal
import stat
import subprocess
import sys
import threading

import pytest
from support.store import COMMAND, Store, on_terminal, secretrun
from support.until import until

from secretrun.backend import BackendInfo, Context
from secretrun.errors import NotFound, RateLimited, TimedOut
from secretrun.reference import parse
from secretrun.resolution.call import RETRIES
from secretrun.resolution.fetch import fetch
from secretrun.resolution.stores import Nothing, Stores
from secretrun.resolution.waiting import Waiting


def program(path, text):
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


class Throttling:
    """A store that answers each reference only after it has been asked for it `after` times."""

    info = BackendInfo(name="slow", title="Slow", schemes=("slow",), example="slow://x")

    def __init__(self, after):
        self.after = after
        self.batches = []

    def fetch(self, references, context):
        self.batches.append([reference.path for reference in references])
        asked = sum(len(batch) for batch in self.batches)
        return {r: b"v" if asked > self.after else RateLimited("too many requests") for r in references}


class Edge(Waiting):
    """An edge that does not really wait, and remembers for how long it should have."""

    def __init__(self):
        super().__init__({}, None)
        self.pauses = []

    def pause(self, seconds):
        self.pauses.append(seconds)

    def turn(self, name, seconds, queued):
        return Nothing()


def ask(backend, edge, *paths, timeout=60.0):
    wanted = [parse(f"slow://{path}") for path in paths]
    stores = Stores(lambda scheme: backend, lambda b: Context({}, timeout=timeout), edge=edge)
    return list(fetch(wanted, stores).values())


def test_what_is_throttled_is_asked_for_again_and_only_that():
    backend, edge = Throttling(after=2), Edge()
    assert ask(backend, edge, "a", "b") == [b"v", b"v"]
    assert backend.batches == [["a", "b"], ["a", "b"]]
    assert edge.pauses == [RETRIES[0]]


def test_retries_have_an_end():
    backend, edge = Throttling(after=1000), Edge()
    assert isinstance(ask(backend, edge, "a")[0], RateLimited)
    assert edge.pauses == list(RETRIES)


def test_what_is_throttled_is_not_asked_for_again_when_there_is_no_time_left():
    backend, edge = Throttling(after=1000), Edge()
    assert isinstance(ask(backend, edge, "a", timeout=1.0)[0], RateLimited)
    assert edge.pauses == [RETRIES[0]]  # the next pause could take longer than the second there is


def test_other_failures_are_not_asked_for_again():
    class Missing(Throttling):
        def fetch(self, references, context):
            self.batches.append(references)
            return {reference: NotFound("no such thing") for reference in references}

    backend = Missing(0)
    ask(backend, Edge(), "a")
    assert len(backend.batches) == 1


def test_a_store_that_hangs_is_given_up_on(monkeypatch):
    monkeypatch.setattr("secretrun.resolution.call.GRACE", 0.05)
    release = threading.Event()

    class Hanging(Throttling):
        def fetch(self, references, context):
            release.wait(60)
            return {}

    try:
        answer = ask(Hanging(0), Edge(), "a", timeout=0.05)[0]
        assert isinstance(answer, TimedOut)
        assert "0.05 seconds" in answer.message
    finally:
        release.set()


def test_a_store_that_hangs_in_a_helper_program_is_an_error_and_leaves_no_process(tmp_path):
    store = Store(tmp_path, {"key": "value-0123456789"})
    hang = program(tmp_path / "hang", f"#!/bin/sh\necho $$ > {tmp_path}/pid\nsleep 300\n")
    env = store.environ | {"SECRETRUN_SOPS": hang}
    done = secretrun(
        "--timeout",
        "0.5",
        "--set",
        "A=sops://secrets.enc.yaml#/key",
        "--",
        "touch",
        "started",
        env=env,
        cwd=tmp_path,
    )
    assert done.returncode == 125
    assert b"did not answer within 0.5 seconds" in done.stderr
    assert not (tmp_path / "started").exists()
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the helper to be gone")


@pytest.mark.parametrize("number", [signal.SIGINT])
def test_an_interrupt_during_resolution_leaves_nothing_behind(tmp_path, number):
    store = Store(tmp_path, {"key": "value-0123456789"})
    hang = program(
        tmp_path / "hang",
        f"#!/bin/sh\necho $$ > {tmp_path}/tmp; mv {tmp_path}/tmp {tmp_path}/pid\nsleep 300\n",
    )
    process = subprocess.Popen(
        [*COMMAND, "--set", "A=sops://secrets.enc.yaml#/key", "--", "touch", "started"],
        env=store.environ | {"SECRETRUN_SOPS": hang}, cwd=tmp_path, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    until((tmp_path / "pid").exists, "the helper to start")
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == -number
    assert said == b""
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not os.path.exists(f"/proc/{pid}"), "the helper to be gone")
    assert not (tmp_path / "started").exists()


def test_on_a_terminal_a_slow_store_is_named(tmp_path):
    store = Store(tmp_path, {"key": "value-0123456789"})
    (tmp_path / "go").touch()
    slow = program(
        tmp_path / "slow", f"#!/bin/sh\nsleep 2\nexec {sys.executable} -c 'print(\"v-0123456789\")'\n"
    )
    shown, status = on_terminal(
        "--set", "A=sops://secrets.enc.yaml#/key", "--", "true",
        env=store.environ | {"SECRETRUN_SOPS": slow}, cwd=tmp_path,
    )  # fmt: skip
    assert b"waiting for " in shown
    assert b"v-0123456789" not in shown
    assert status in (0, 125)


class Queue(Waiting):
    """A real queue, which notes who waits in it."""

    def __init__(self, directory):
        super().__init__({"XDG_RUNTIME_DIR": str(directory)}, None)
        self.looks = 0
        self.queued = []

    def pause(self, seconds):
        self.looks += 1
        super().pause(seconds)

    def take(self, seconds=60.0):
        return self.turn("op", seconds, lambda: self.queued.append("queued"))


def test_a_turn_held_by_another_is_waited_for(tmp_path):
    first, second, order = Queue(tmp_path), Queue(tmp_path), []
    held = first.take()
    held.__enter__()

    def other():
        with second.take() as waited:
            order.append(("second", waited))

    thread = threading.Thread(target=other)
    thread.start()
    until(lambda: second.looks > 1, "the second to queue up")
    order.append(("first", False))
    held.__exit__(None, None, None)
    thread.join(60)
    assert order == [("first", False), ("second", True)]
    assert (first.queued, second.queued) == ([], ["queued"])


def test_a_turn_that_is_never_given_back_is_not_waited_for_for_ever(tmp_path):
    with Queue(tmp_path).take() as waited, Queue(tmp_path).take(0.2) as again:
        assert (waited, again) == (False, True)


def test_a_turn_left_is_free_again(tmp_path):
    queue = Queue(tmp_path)
    for _ in range(3):
        with queue.take() as waited:
            assert not waited
    assert queue.queued == []
