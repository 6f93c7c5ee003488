"""How a session on a terminal ends: the wrapper is killed, the terminal goes away."""

import signal

import pytest
from support.terminal import (
    Terminal,
    descendants,
    is_gone,
    shlex_join,
    until,
)


def test_a_killed_wrapper_leaves_nothing_behind(terminal, probe):
    job = terminal(probe.command)
    pid = probe.ready().pid
    family = descendants(job.pid)
    job.kill(signal.SIGKILL)
    assert job.event("ended")["code"] == -signal.SIGKILL
    until(lambda: is_gone(pid) and all(is_gone(other) for other in family), "the end of all")


@pytest.mark.script("it leaves the terminal raw")
def test_a_killed_wrapper_leaves_the_terminal_as_it_was(wrapper, terminal, probe):
    """Nobody has to type `stty sane` blindly."""
    job = terminal(probe.command)
    probe.ready()
    until(lambda: job.is_raw() or wrapper.name == "env", "raw mode")
    job.kill(signal.SIGKILL)
    assert job.event("ended")["code"] == -signal.SIGKILL
    until(lambda: job.modes() == job.modes_before, "the modes from before")


def test_a_killed_wrapper_takes_a_stubborn_command_along(terminal, probe):
    job = terminal(probe.command)
    pid = probe.ready().pid
    probe.do(
        "[signal.signal(n, signal.SIG_IGN) for n in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT)]; None"
    )
    job.kill(signal.SIGKILL)
    until(lambda: is_gone(pid), "the command's end")


def test_the_terminal_goes_away(terminal, probe):
    job = terminal(probe.command)
    pid = probe.ready().pid
    job.hang_up()
    until(lambda: is_gone(job.pid) and is_gone(pid), "the end of both")


def test_the_terminal_of_a_session_leader_goes_away(terminal, probe):
    """`ssh -t host secretrun cmd`, `xterm -e secretrun cmd`"""
    job = terminal(probe.command, mode="leader")
    pid = probe.ready().pid
    job.hang_up()
    until(lambda: is_gone(job.pid) and is_gone(pid), "the end of both")


def test_a_command_sees_the_hang_up(terminal, probe):
    job = terminal(probe.command)
    probe.ready().do("count('SIGHUP')")
    job.hang_up()
    until(lambda: "SIGHUP" in probe.seen(), "SIGHUP")
    probe.leave()
    until(lambda: is_gone(job.pid), "the wrapper's end")


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("echo up; sleep 1; exit 3", 3),
        ("echo up; read x; exit 4", 4),
        ("echo up; read x; echo $x; exit 5", 5),
    ],
)
def test_a_command_that_outlives_its_terminal_ends_with_its_own_status(
    wrapper, tmp_path, cleanup, script, status
):
    """With SIGHUP ignored: a read of the terminal is at its end, and that nothing can be shown is no failure."""
    words = shlex_join(wrapper(["sh", "-c", script]))
    job = Terminal(["sh", "-c", f"trap '' HUP; {words} 2>{tmp_path}/err; echo $? >{tmp_path}/status"])
    cleanup.append(job)
    job.expect(b"up")
    job.hang_up()
    until(lambda: (tmp_path / "status").exists() and (tmp_path / "status").read_text(), "the status")
    assert b"secretrun" not in (tmp_path / "err").read_bytes()
    assert (tmp_path / "status").read_text() == f"{status}\n"


@pytest.mark.parametrize(
    ("shell", "statuses"), [("bash --norc -i", {129, 0}), ("zsh -f -i", {129, 1}), ("dash -i", {129, 2, 0})]
)
def test_a_shell_whose_terminal_goes_away_ends_as_it_does(wrapper, cleanup, tmp_path, shell, statuses):
    """It dies of the hang-up, or sees the end of its input first; what we say is what it was."""
    shell = shlex_join(wrapper(shell.split()))
    script = f"trap : HUP; {shell}; echo $? >{tmp_path}/status"
    job = Terminal(
        ["sh", "-c", script], env={"HISTFILE": "/dev/null", "PS1": "P> ", "PROMPT": "P> ", "ENV": ""}
    )
    cleanup.append(job)
    job.expect(b"P> ")
    job.hang_up()
    until(lambda: (tmp_path / "status").exists() and (tmp_path / "status").read_text(), "the status")
    assert int((tmp_path / "status").read_text()) in statuses
