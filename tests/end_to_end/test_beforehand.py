"""The session's processes are there while a store is asked, and nobody can tell."""

import os
import signal
import subprocess
import sys

import pytest
from support.terminal import Terminal, descendants, is_gone
from support.until import until

from secretrun.session.witness import Witness

VALUE = "beforehand-Value-7f3a9c"
STORE = """#!{python} -IS
import json, os, sys, time
messages = [json.loads(line) for line in sys.stdin]
open({asked!r}, "w").close()
while not os.path.exists({told!r}): time.sleep(0.005)
if open({told!r}).read() == "fail": sys.exit("no")
print(json.dumps(dict(type="hello", id=0, version=1)))
for one in messages[1:]:
    kind = "value" if one["type"] == "get" else "unsupported"
    print(json.dumps(dict(type=kind, id=one["id"], text={value!r})), flush=True)
"""


class Store:
    """A store that answers when it is told to, and the words of a run that asks it."""

    def __init__(self, path, *command):
        self._asked, self._told = str(path / "asked"), str(path / "told")
        program = path / "bin" / "secretrun-backend-odd"
        self._program = str(program)
        program.parent.mkdir()
        program.write_text(
            STORE.format(python=sys.executable, asked=self._asked, told=self._told, value=VALUE)
        )
        program.chmod(0o755)
        self.words = [sys.executable, "-m", "secretrun", "-q", "--set", "A=odd://app", "--", *command]
        self.environ = {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(path)}

    def helpers_of(self, wrapper, number):
        """The process ids of the wrapper's forks, which go by its words, once there are so many."""
        until(lambda: os.path.exists(self._asked), "the store to be asked")
        return until(
            lambda: len(found := self._forks(wrapper)) == number and found, "the session's processes"
        )

    def _forks(self, wrapper):
        said = subprocess.run(
            ["ps", "-A", "-o", "pid=,args="], capture_output=True, text=True, check=True
        ).stdout
        words = {int(line.split()[0]): line for line in said.splitlines()}
        return [pid for pid in descendants(wrapper) if "-m secretrun" in words.get(pid, "")]

    def programs(self):
        """The store's programs that still run."""
        said = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
        return [line for line in said.splitlines() if self._program in line and "-IS" in line]

    def answer(self, how="value"):
        with open(f"{self._told}.new", "w", encoding="ascii") as file:
            file.write(how)
        os.rename(f"{self._told}.new", self._told)


class Asking(Store):
    """A run on a terminal."""

    def __init__(self, path, *command):
        super().__init__(path, *command)
        self.terminal = Terminal(self.words, env=self.environ)
        try:
            self.helpers = self.helpers_of(self.terminal.pid, 2)
        except BaseException:
            self.terminal.close()
            raise


@pytest.fixture
def asking(tmp_path, clean_environment):
    runs = []

    def make(*command):
        runs.append(Asking(tmp_path, *command))
        return runs[-1]

    yield make
    for run in runs:
        run.terminal.close()
        run.answer("fail")  # whoever killed the wrapper has left the store's program to itself
        until(lambda run=run: not run.programs(), "the store's program to end")


def test_the_command_is_started_by_the_process_that_waited(asking):
    run = asking("sh", "-c", 'test -t 0 && test -t 2 && echo "below $PPID: $A"; exit 7')
    assert run.terminal.modes() == run.terminal.modes_before
    assert run.terminal.screen == b""
    run.answer()
    code, screen = run.terminal.end()
    assert b"below " in screen, screen
    parent = int(screen.split(b"below ")[1].split(b":")[0])
    assert (code, parent in run.helpers) == (7, True)
    assert b"[REDACTED:A]" in screen
    assert VALUE.encode() not in screen
    assert run.terminal.modes_after == run.terminal.modes_before
    until(lambda: all(map(is_gone, run.helpers)), "them to be gone")


@pytest.mark.parametrize("how", ["fails", "ctrl-c", "SIGTERM", "SIGKILL"])
def test_of_a_run_that_ends_while_a_store_is_asked_nothing_is_left(asking, how):
    run = asking("true")
    if how == "fails":
        run.answer("fail")
    elif how == "ctrl-c":
        run.terminal.type(b"\x03")
    else:
        run.terminal.kill(getattr(signal, how))
    code, screen = run.terminal.end()
    assert code == {"fails": 125, "ctrl-c": -2, "SIGTERM": -15, "SIGKILL": -9}[how]
    assert (b"could not be resolved" in screen) == (how == "fails")
    assert run.terminal.modes_after == run.terminal.modes_before
    until(lambda: all(map(is_gone, run.helpers)), "them to be gone")


def test_a_stop_while_a_store_is_asked_is_the_wrappers(asking):
    run = asking("sh", "-c", "kill -TERM $$")
    run.terminal.type(b"\x1a")
    run.terminal.event("stopped")
    assert run.terminal.modes() == run.terminal.modes_before
    run.terminal.tell("fg")
    run.answer()
    code, screen = run.terminal.end()
    assert code == -signal.SIGTERM, screen


def test_a_signal_of_before_the_command_was_not_for_it():
    """The witness was there, with every signal blocked: what it had until then says nothing of a later one."""
    witness = Witness(early=True)
    try:
        os.kill(witness.pid, signal.SIGUSR1)
        witness.begin()
        assert not witness.saw(signal.SIGUSR1)
        os.kill(witness.pid, signal.SIGUSR1)
        assert witness.saw(signal.SIGUSR1)
    finally:
        witness.dismiss()


@pytest.mark.parametrize("how", ["value", "fail", "SIGINT", "SIGTERM", "SIGKILL"])
def test_with_pipes_there_is_the_witness_alone(tmp_path, clean_environment, how):
    store = Store(tmp_path, "sh", "-c", "echo $A; exit 7")
    run = subprocess.Popen(
        store.words, env={**os.environ, **store.environ}, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        helpers = store.helpers_of(run.pid, 1)
        if how.startswith("SIG"):
            run.send_signal(getattr(signal, how))
        else:
            store.answer(how)
        said, error = run.communicate(timeout=60)
        expected = {"value": 7, "fail": 125, "SIGINT": -2, "SIGTERM": -15, "SIGKILL": -9}
        assert (run.returncode, said) == (expected[how], b"[REDACTED:A]\n" if how == "value" else b""), error
        until(lambda: all(map(is_gone, helpers)), "it to be gone")
    finally:
        run.kill()
        store.answer("fail")
        until(lambda: not store.programs(), "the store's program to end")
