"""Wrappers within each other and side by side: shells, pipelines, nobody who wastes time."""

import os
import signal

import pytest
from support.terminal import (
    PYTHON,
    Terminal,
    Wrapper,
    descendants,
    is_gone,
    shlex_join,
    until,
)


def test_a_shell_in_the_command_has_job_control(terminal):
    job = terminal(["bash", "--norc", "--noprofile", "-i"], env={"PS1": "P> "})
    assert b"no job control" not in job.expect(b"P> ")
    job.type(b"cat\n")
    job.expect(b"cat\r\n")
    job.type(b"inner\n")
    job.expect(b"inner\r\ninner\r\n")
    job.type(b"\x1a")
    job.expect(b"Stopped")
    job.type(b"fg\n")
    job.expect(b"\rcat\r\n")
    job.type(b"again\n")
    job.expect(b"again\r\nagain\r\n")
    job.type(b"\x04")
    job.expect(b"P> ")
    job.type(b"exit 4\n")
    assert job.end()[0] == 4
    assert job.events == []


def test_nested_wrappers(wrapper, terminal, probe):
    job = terminal(wrapper(probe.command))
    probe.ready().do("count('SIGINT')")
    assert probe.do("[os.isatty(n) for n in range(3)]") == [True] * 3
    job.type(b"\x03")
    until(lambda: probe.seen() == ["SIGINT"], "SIGINT")
    probe.leave(8)
    assert job.end()[0] == 8
    assert job.modes_after == job.modes_before


def test_a_killed_monitor_ends_the_command(probe, cleanup):
    """Whoever kills it kills the session: 137, nothing left, modes restored."""
    job = Terminal(Wrapper("secretrun")(probe.command))
    cleanup.append(job)
    pid = probe.ready().pid
    until(job.is_raw, "raw mode")
    monitor = next(other for other in descendants(job.pid) if pid in descendants(other))
    os.kill(monitor, signal.SIGKILL)
    assert job.event("ended")["code"] == -signal.SIGKILL
    until(lambda: is_gone(pid), "the command's end")
    assert job.modes() == job.modes_before


def ticks(pid):
    """Processor time so far, in clock ticks."""
    with open(f"/proc/{pid}/stat") as file:
        return sum(int(word) for word in file.read().rsplit(")", 1)[1].split()[11:13])


def test_an_idle_wrapper_uses_no_time(terminal, probe):
    """No polling: while the command sleeps for a second, all of us together use less than 30 ms."""
    job = terminal(probe.command)
    pid = probe.ready().pid
    family = {job.pid, *descendants(job.pid)} - {pid}
    before = sum(map(ticks, family))
    probe.do("time.sleep(1)")
    assert sum(map(ticks, family)) - before < 3
    probe.leave()
    assert job.end()[0] == 0


@pytest.mark.parametrize("where", ["downstream", "upstream"])
def test_a_neighbour_in_the_pipeline_keeps_the_keyboard(wrapper, cleanup, where):
    """A pager below or a password prompt above: we neither read the terminal nor change its modes."""
    reader = shlex_join(
        [
            *PYTHON,
            "-c",
            "import os, sys, tty\nt = os.open('/dev/tty', os.O_RDWR)\ntty.setraw(t)\nos.write(t, b'READY')\nd = b''\nwhile len(d) < 4: d += os.read(t, 9)\nos.write(t, b'[' + d + b']')\nif sys.argv[1:]: sys.stdin.read()\n",
        ]
    )
    mine = shlex_join(wrapper(["sh", "-c", "echo data" if where == "downstream" else "cat >/dev/null"]))
    script = f"{mine} | {reader} x" if where == "downstream" else f"{reader} | {mine}"
    job = Terminal(["sh", "-c", script])
    cleanup.append(job)
    job.expect(b"READY")
    job.type(b"abcd")
    job.expect(b"[abcd]")
    job.event("ended")


def test_modes_never_change_in_a_pipeline(wrapper, cleanup, probe):
    job = Terminal(["sh", "-c", f"{shlex_join(wrapper(probe.command))} | cat"])
    cleanup.append(job)
    probe.ready().do("os.write(1, b'line\\n')")
    job.expect(b"line\r\n")
    assert job.modes() == job.modes_before
    probe.leave()
    assert job.end()[0] == 0


def test_two_wrappers_in_a_pipeline(wrapper, cleanup):
    one = shlex_join(wrapper(["sh", "-c", "for i in 1 2 3; do echo $i; done"]))
    two = shlex_join(wrapper(["sh", "-c", "while read x; do echo got $x; done"]))
    job = Terminal(["sh", "-c", f"{one} | {two}"])
    cleanup.append(job)
    assert job.end() == (0, b"got 1\r\ngot 2\r\ngot 3\r\n")
    assert job.modes_after == job.modes_before


def test_ctrl_c_ends_a_whole_pipeline(wrapper, cleanup):
    job = Terminal(["sh", "-c", f"{shlex_join(wrapper(['yes']))} | (read x; echo up; exec sleep 1000)"])
    cleanup.append(job)
    job.expect(b"up")
    job.type(b"\x03")
    assert job.end()[0] == -signal.SIGINT


def test_head_on_a_terminal(wrapper, cleanup):
    job = Terminal(["sh", "-c", f"{shlex_join(wrapper(['yes']))} | head -n 2"])
    cleanup.append(job)
    assert job.end() == (0, b"y\r\ny\r\n")
