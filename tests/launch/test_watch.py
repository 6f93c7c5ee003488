"""`--watch`: the command is started again on a real change of a value, and only then."""

import os
import signal
import subprocess
import sys
import time

import pytest
from support.store import COMMAND, clean_environ

CHILD = """
import os, signal, sys, time
def end(number, frame):
    open(f"ended-{os.getpid()}", "w").write(str(number)); sys.exit(0)
for number in (signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, signal.SIG_IGN if os.path.exists("stubborn") else end)
def note(number, frame):
    with open("noted", "a") as log: log.write("x")
signal.signal(signal.SIGUSR2, note)
open("pid", "w").write(str(os.getpid()))
with open("starts", "a") as log:
    log.write(os.environ["KEY"] + "\\n")
while not os.path.exists("finish"):
    time.sleep(0.02)
sys.exit(6)
"""


class Watched:
    """A watched command that writes down every value it is started with."""

    def __init__(self, place, *options, key="file://value", template=None):
        self.place = place
        if template is not None:
            (place / "t.env").write_text(template)
        (place / "value").write_text("first-value-000001")
        self.process = subprocess.Popen(
            [
                *(*COMMAND, "--watch", "--watch-interval", "0.1s", "--set", f"KEY={key}", *options),
                *("--", sys.executable, "-c", CHILD),
            ],
            env=clean_environ(place), cwd=place, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip

    def starts(self):
        log = self.place / "starts"
        return log.read_text().splitlines() if log.exists() else []

    def until(self, condition, what):
        end = time.monotonic() + 60
        while not condition():
            assert self.process.poll() is None, f"ended before {what}: {self.process.stderr.read()!r}"
            assert time.monotonic() < end, f"timed out waiting for {what}"
            time.sleep(0.01)

    def change(self, text):
        (self.place / "new").write_text(text)
        os.replace(self.place / "new", self.place / "value")

    def finish(self):
        (self.place / "finish").touch()
        _, said = self.process.communicate(timeout=60)
        return self.process.returncode, said


@pytest.fixture
def watched(tmp_path):
    made = []

    def make(*options, **more):
        made.append(Watched(tmp_path, *options, **more))
        made[0].until(lambda: len(made[0].starts()) == 1, "the first start")
        return made[0]

    yield make
    for one in made:
        one.process.kill()
        one.process.communicate()


def test_a_changed_value_starts_the_command_again_with_it(watched):
    run = watched()
    run.change("second-value-000002")
    run.until(lambda: len(run.starts()) == 2, "the second start")
    status, said = run.finish()
    assert run.starts() == ["first-value-000001", "second-value-000002"]
    assert status == 6
    assert b"KEY changed" in said
    assert b"value-000002" not in said


def test_a_rewritten_file_with_the_same_value_changes_nothing(watched):
    run = watched()
    for _ in range(5):
        run.change("first-value-000001")
    run.change("third-value-000003")
    run.until(lambda: len(run.starts()) == 2, "the second start")
    run.finish()
    assert run.starts() == ["first-value-000001", "third-value-000003"]


def test_a_failing_store_is_warned_about_once_and_the_command_goes_on(watched):
    run = watched()
    (run.place / "value").unlink()
    line = run.process.stderr.readline()
    assert line.startswith(b"secretrun: warning: --watch: ")
    assert b"KEY: file://value: there is no file" in line
    assert b"was not started" not in line
    assert b"goes on with the values it has" in run.process.stderr.readline()
    run.change("later-value-000004")
    run.until(lambda: len(run.starts()) == 2, "the second start")
    status, said = run.finish()
    assert status == 6
    assert b"warning" not in said


def test_an_edited_template_starts_the_command_again(watched):
    run = watched("-e", "t.env", key="{{ file://value }}", template="OTHER=one\n")
    (run.place / "new.env").write_text("OTHER=two\n")
    os.replace(run.place / "new.env", run.place / "t.env")
    assert b"OTHER changed: starting the command again" in run.process.stderr.readline()
    run.until(lambda: len(run.starts()) == 2, "the second start")
    (run.place / "t.env").write_text("OTHER=$\nTHREE\n")
    assert b"--watch: t.env:2:1: expected NAME=VALUE" in run.process.stderr.readline()
    run.finish()


def test_the_signal_that_ends_it_can_be_chosen(watched):
    run = watched("--watch-signal", "USR1")
    run.change("second-value-000002")
    run.until(lambda: len(run.starts()) == 2, "the second start")
    run.finish()
    ended = [path.read_text() for path in run.place.glob("ended-*")]
    assert ended == [str(int(signal.SIGUSR1))]


def test_terminating_the_watcher_ends_the_command(watched):
    run = watched()
    run.process.send_signal(signal.SIGTERM)
    assert run.process.wait(60) == 0  # the command's own answer to TERM
    assert len(list(run.place.glob("ended-*"))) == 1


def test_a_signal_reaches_the_command_once_sent_to_the_watcher_or_to_its_group(watched):
    run = watched()
    noted = run.place / "noted"
    run.process.send_signal(signal.SIGUSR2)
    run.until(noted.exists, "the first signal")
    os.killpg(run.process.pid, signal.SIGUSR2)
    run.until(lambda: len(noted.read_text()) >= 2, "the second signal")
    run.until(
        lambda: not pending(run.process.pid), "the watcher to have had its own"
    )  # two pending ones are one
    run.process.send_signal(signal.SIGUSR2)
    run.until(lambda: len(noted.read_text()) >= 3, "the third signal")
    assert run.finish()[0] == 6
    assert noted.read_text() == "xxx"


def test_killing_the_watcher_ends_the_command(watched):
    """As it does without --watch: nothing goes on with secrets that nobody looks after."""
    run = watched()
    pid = int((run.place / "pid").read_text())
    run.process.kill()
    run.process.wait(60)
    end = time.monotonic() + 60
    while alive(pid):
        assert time.monotonic() < end, "the command lives on"
        time.sleep(0.01)


def pending(pid):
    """Whether a signal waits to be delivered to a process, as far as the system tells."""
    try:
        with open(f"/proc/{pid}/status") as file:
            status = file.read()
    except OSError:
        return False
    sets = [line.split()[1] for line in status.splitlines() if line.startswith(("SigPnd", "ShdPnd"))]
    return any(int(one, 16) for one in sets)


def alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def program(place, text):
    path = place / "store"
    path.write_text(f"#!/bin/sh\ncd {place}\necho call >> calls\n{text}")
    path.chmod(0o755)
    return f"exec://{path}"


def test_a_value_that_is_back_at_the_next_reading_is_no_change(watched, tmp_path):
    """The second reading alone has another one: a rotation half done, a replica that lags."""
    key = program(tmp_path, "[ $(wc -l < calls) = 2 ] && echo half-done-000002 || echo first-value-000001\n")
    run = watched(key=key)
    calls = tmp_path / "calls"
    run.until(lambda: len(calls.read_text().splitlines()) >= 5, "more readings")
    status, said = run.finish()
    assert (status, run.starts()) == (6, ["first-value-000001"])
    assert said == b""


def test_a_store_that_hangs_delays_neither_a_signal_nor_the_end(watched, tmp_path):
    """And it leaves no helper behind."""
    key = program(
        tmp_path,
        "[ $(wc -l < calls) = 1 ] || { echo $$ > hanging.tmp; mv hanging.tmp hanging; exec sleep 300; }\n"
        "echo first-value-000001\n",
    )
    run = watched(key=key)
    run.until((tmp_path / "hanging").exists, "the store to hang")
    run.process.send_signal(signal.SIGUSR2)
    run.until((tmp_path / "noted").exists, "the signal")
    assert run.finish()[0] == 6
    helper = int((tmp_path / "hanging").read_text())
    end = time.monotonic() + 60
    while alive(helper):
        assert time.monotonic() < end, "the helper lives on"
        time.sleep(0.01)


def test_a_command_that_does_not_end_is_killed_after_its_grace(watched, tmp_path):
    (tmp_path / "stubborn").touch()
    run = watched("--watch-grace", "0.2s")
    first = int((run.place / "pid").read_text())
    run.change("second-value-000002")
    run.until(lambda: len(run.starts()) == 2, "the second start")
    run.until(lambda: not alive(first), "the first one to be gone")
    assert run.finish()[0] == 6
