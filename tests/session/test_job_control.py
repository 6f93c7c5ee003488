"""Ctrl-C, Ctrl-\\, Ctrl-Z, fg, bg, background starts, hang-ups and kills on a terminal."""

import os
import signal

import pytest
from support.terminal import (
    PYTHON,
    SECRET,
    Terminal,
    Wrapper,
    descendants,
    is_gone,
    is_stopped,
    shlex_join,
    until,
)


def test_ctrl_c_ends_a_command_that_does_nothing_about_it(terminal):
    job = terminal(["sh", "-c", "echo up; exec sleep 1000"])
    job.expect(b"up")
    job.type(b"\x03")
    assert job.end()[0] == -signal.SIGINT
    assert job.modes_after == job.modes_before


@pytest.mark.parametrize("times", [1, 2, 3])
def test_ctrl_c_arrives_once_each_time(terminal, probe, times):
    """And we do not lose patience: no second Ctrl-C becomes a kill."""
    job = terminal(probe.command)
    probe.ready().do("count('SIGINT', 'SIGUSR1')")
    for n in range(times):
        job.type(b"\x03")
        until(lambda n=n: probe.seen().count("SIGINT") > n, "SIGINT")
    job.kill(signal.SIGUSR1)  # comes after whatever else is on its way
    until(lambda: "SIGUSR1" in probe.seen(), "SIGUSR1")
    assert probe.seen() == ["SIGINT"] * times + ["SIGUSR1"]
    probe.leave(21)
    assert job.end()[0] == 21


def test_ctrl_backslash(terminal):
    job = terminal(["sh", "-c", "ulimit -c 0; echo up; exec sleep 1000"])
    job.expect(b"up")
    job.type(b"\x1c")
    assert job.end()[0] == -signal.SIGQUIT


def test_ctrl_c_in_a_flood(terminal):
    job = terminal(["yes"])
    job.expect(b"y\r\ny\r\n")
    job.type(b"\x03")
    assert job.end()[0] == -signal.SIGINT


def test_ctrl_c_stops_the_script_round_the_command(wrapper, cleanup):
    """The neighbours in our process group get the signal too, as without us."""
    command = shlex_join(wrapper(["sh", "-c", "echo up; exec sleep 1000"]))
    job = Terminal(["bash", "-c", f"{command}; echo went on"])
    cleanup.append(job)
    job.expect(b"up")
    job.type(b"\x03")
    code, screen = job.end()
    assert code == -signal.SIGINT
    assert b"went on" not in screen


def test_ctrl_c_quoted_is_a_character(terminal):
    job = terminal(["sh", "-c", 'echo up; read x; printf %s "$x" | od -An -tx1'])
    job.expect(b"up\r\n")
    job.type(b"a\x16\x03b\n")
    job.expect(b"61 03 62")
    assert job.end()[0] == 0


def test_ctrl_z_and_fg(terminal, probe):
    job = terminal(probe.command)
    pid = probe.ready().pid
    job.type(b"\x1a")
    assert job.event("stopped")["signal"] == signal.SIGTSTP
    until(lambda: is_stopped(pid), "the command to stop")
    assert job.modes() == job.modes_before
    job.tell("fg")
    probe.do("count('SIGINT')")
    job.type(b"\x03")
    until(lambda: probe.seen() == ["SIGINT"], "SIGINT after fg")
    probe.leave(5)
    assert job.end()[0] == 5
    assert job.modes_after == job.modes_before


def test_ctrl_z_bg_and_fg(terminal, probe):
    """In the background it goes on and leaves the terminal alone; in the foreground keys reach it again."""
    job = terminal(probe.command)
    probe.ready()
    job.type(b"\x1a")
    job.event("stopped")
    job.tell("bg")
    probe.do("os.write(1, b'in the background\\n')")
    job.expect(b"in the background\r\n")
    assert job.modes() == job.modes_before
    job.tell("fg")
    probe.order("os.read(0, 99).hex()")
    job.type(b"key\n")
    assert bytes.fromhex(probe.answer()) == b"key\n"
    probe.leave()
    assert job.end()[0] == 0


def test_fg_at_the_moment_of_a_read_in_the_background(terminal, probe):
    """What the command printed before is still being shown when the shell gives us the terminal."""
    job = terminal(probe.command)
    pid = probe.ready().pid
    for _ in range(10):
        job.type(b"\x1a")
        until(lambda: job.take(0) or os.tcgetpgrp(job.master) != job.pid, "the shell to take the terminal")
        job.tell("bg")
        until(lambda: not is_stopped(pid), "the command to go on")
        probe.order(f"(os.write(1, b'{SECRET[:1]}'), os.read(0, 99).hex())[1]")
        until(lambda: is_stopped(pid), "the command to stop")
        job.tell("fg")
        job.type(b"key\n")
        assert bytes.fromhex(probe.answer()) == b"key\n"
    probe.leave()
    assert job.end()[0] == 0


def test_a_command_that_stops_itself(terminal):
    """What it printed before is on the screen by then."""
    job = terminal(["sh", "-c", "echo before; kill -STOP $$; echo after"])
    job.event("stopped")
    assert b"before\r\n" in job.screen or not job.expect(b"before\r\n")
    assert job.modes() == job.modes_before
    job.tell("fg")
    job.expect(b"after\r\n")
    assert job.end()[0] == 0


def test_a_full_screen_command_stops_itself_and_comes_back_raw(terminal, probe):
    """As vim does: it handles Ctrl-Z, restores the modes, and stops its group."""
    job = terminal(probe.command)
    probe.ready().do("saved = termios.tcgetattr(0); __import__('tty').setraw(0)")
    job.type(b"\x1a")
    assert probe.do("os.read(0, 9).hex()") == "1a"
    probe.order("termios.tcsetattr(0, termios.TCSANOW, saved); os.kill(0, signal.SIGTSTP)")
    job.event("stopped")
    assert job.modes() == job.modes_before
    job.tell("fg")
    probe.answer()
    probe.do("__import__('tty').setraw(0)")
    job.type(b"\x03")
    assert probe.do("os.read(0, 9).hex()") == "03"
    probe.leave(11)
    assert job.end()[0] == 11


def test_a_start_in_the_background(terminal):
    """`secretrun cmd &`: it is not stopped, its output shows, the modes are never touched."""
    job = terminal(["sh", "-c", "echo hello; exit 12"], mode="background")
    assert job.end() == (12, b"hello\r\n")
    assert job.events == []
    assert job.modes_after == job.modes_before


def test_a_background_command_that_reads_is_stopped_and_gets_the_terminal_with_fg(terminal):
    job = terminal(["sh", "-c", "read x; echo got $x"], mode="background")
    assert job.event("stopped")["signal"] == signal.SIGTTIN
    job.tell("fg")
    job.type(b"line\n")
    job.expect(b"got line\r\n")
    assert job.end()[0] == 0


def test_timeout_puts_us_in_a_background_group_and_nothing_hangs(wrapper, cleanup):
    command = shlex_join(wrapper(["echo", "hi"]))
    job = Terminal(["sh", "-c", f"timeout 60 {command}"])
    cleanup.append(job)
    assert job.end() == (0, b"hi\r\n")


def test_tstp_to_the_wrapper(terminal, probe):
    job = terminal(probe.command)
    pid = probe.ready().pid
    job.kill(signal.SIGTSTP)
    job.event("stopped")
    until(lambda: is_stopped(pid), "the command to stop")
    job.tell("fg")
    until(lambda: not is_stopped(pid), "the command to go on")
    probe.leave(4)
    assert job.end()[0] == 4


def test_the_wrapper_alone_is_stopped_and_continued(terminal, probe):
    """SIGSTOP from outside, then fg: keys and output work, nothing is lost."""
    job = terminal(probe.command)
    probe.ready().do("__import__('tty').setraw(0)")
    job.kill(signal.SIGSTOP)
    job.event("stopped")
    job.tell("fg")
    probe.order("os.read(0, 9).hex()")
    job.type(b"z")
    assert probe.answer() == "7a"
    probe.do("os.write(1, b'seen')")
    job.expect(b"seen")
    probe.leave()
    assert job.end()[0] == 0


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"])
def test_a_signal_to_the_wrapper_ends_both(terminal, probe, name):
    job = terminal(probe.command)
    pid = probe.ready().pid
    job.kill(getattr(signal, name))
    assert job.end()[0] == -getattr(signal, name)
    assert job.modes_after == job.modes_before
    until(lambda: is_gone(pid), "the command's end")


def test_signals_to_the_wrapper_arrive_once(terminal, probe):
    names = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGALRM"]
    job = terminal(probe.command)
    probe.ready().do(f"count(*{names})")
    for name in names:
        job.kill(getattr(signal, name))
        until(lambda name=name: name in probe.seen(), name)
    assert probe.seen() == names
    probe.leave()
    assert job.end()[0] == 0


@pytest.mark.parametrize("whom", ["wrapper", "group"])
def test_a_signal_is_for_the_command_alone_or_for_its_whole_group(terminal, probe, whom):
    """`kill PID` ends no helper that the command waits for; `kill %1` of a shell does."""
    job = terminal(probe.command)
    probe.ready().do("count('SIGUSR1')")
    helper = probe.do(
        "pid = os.fork() or (signal.signal(signal.SIGUSR1, signal.SIG_DFL), print('up', flush=True),"
        " signal.pause(), os._exit(0))"
    )
    job.expect(b"up")
    helper = probe.do("pid")
    send = job.kill if whom == "wrapper" else lambda number: os.killpg(job.pid, number)
    send(signal.SIGUSR1)
    until(lambda: probe.seen() == ["SIGUSR1"], "SIGUSR1")
    if whom == "group":
        until(lambda: is_gone(helper), "the helper's end")
    else:
        job.kill(signal.SIGUSR1)
        until(lambda: probe.seen() == ["SIGUSR1"] * 2, "the second SIGUSR1")
        assert not is_gone(helper)
        os.kill(helper, signal.SIGKILL)
    probe.leave()
    assert job.end()[0] == 0


@pytest.mark.parametrize("name", ["SIGTSTP", "SIGTTIN", "SIGTTOU"])
def test_a_stop_signal_to_a_background_wrapper_stops_the_command(terminal, probe, name):
    job = terminal(probe.command, mode="background")
    pid = probe.ready().pid
    job.kill(getattr(signal, name))
    assert job.event("stopped")["signal"] == getattr(signal, name)
    until(lambda: is_stopped(pid), "the command to stop")
    job.tell("bg")
    until(lambda: not is_stopped(pid), "the command to go on")
    probe.leave(4)
    assert job.end()[0] == 4


def test_the_echo_of_ctrl_z_is_shown_before_the_stop(wrapper, terminal, probe, monkeypatch):
    """Though its last character begins a secret, and would otherwise show when the job comes back."""
    monkeypatch.setenv("PROBED", "Z" + SECRET)
    job = terminal(probe.command)
    probe.ready()
    job.type(b"\x1a")
    job.event("stopped")
    job.take(0)
    assert job.screen == b"^Z"
    job.tell("fg")
    probe.leave()
    assert job.end()[1] == b"^Z"


def test_ctrl_c_and_then_a_signal_to_the_wrapper_alone(terminal, probe):
    """The key's signal to our neighbours is not taken for one that our group gets later."""
    job = terminal(probe.command)
    probe.ready().do("count('SIGINT')")
    probe.do("r, w = os.pipe()")
    probe.do(
        "pid = os.fork() or (signal.signal(signal.SIGINT, lambda *_: os.write(w, b'INT ')), os.write(w, b'up '),"
        " [signal.pause() for _ in range(9)], os._exit(0))"
    )
    assert probe.do("os.close(w), os.read(r, 9).decode()")[1] == "up "
    job.type(b"\x03")
    assert probe.do("os.read(r, 9).decode()") == "INT "
    until(lambda: probe.seen() == ["SIGINT"], "the key's")
    job.kill(signal.SIGINT)
    until(lambda: probe.seen() == ["SIGINT"] * 2, "both")
    assert probe.do("os.kill(pid, signal.SIGKILL), os.read(r, 9).decode()")[1] == ""
    probe.leave()
    assert job.end()[0] == 0


def test_a_stopped_job_is_told_to_end(terminal, probe):
    """`kill %1` of a stopped job: SIGTERM, then SIGCONT, to the whole group."""
    job = terminal(probe.command)
    pid = probe.ready().pid
    job.type(b"\x1a")
    job.event("stopped")
    until(lambda: is_stopped(pid), "the command to stop")
    os.killpg(job.pid, signal.SIGTERM)
    job.tell("bg")
    assert job.event("ended")["code"] == -signal.SIGTERM
    until(lambda: is_gone(pid), "the command's end")


def test_the_terminal_of_a_stopped_job_goes_away(terminal, probe):
    job = terminal(probe.command)
    pid = probe.ready().pid
    job.type(b"\x1a")
    job.event("stopped")
    until(lambda: is_stopped(pid), "the command to stop")
    job.hang_up()
    until(lambda: is_gone(job.pid) and is_gone(pid), "the end of both")


def test_sigwinch_without_a_new_size(terminal, probe):
    """Somebody may send it to have a screen redrawn."""
    job = terminal(probe.command)
    probe.ready().do("count('SIGWINCH')")
    job.kill(signal.SIGWINCH)
    until(lambda: probe.seen() == ["SIGWINCH"], "SIGWINCH")
    probe.leave()
    assert job.end()[0] == 0


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
    until(lambda: job.modes() == job.modes_before, "the modes from before", 5)


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


def test_a_shell_whose_terminal_goes_away_ends_as_it_does(wrapper, cleanup, tmp_path):
    """It dies of the hang-up, or sees the end of its input first; what we say is what it was."""
    rc = tmp_path / "rc"
    rc.write_text("PS1='P> '\n")
    shell = shlex_join(wrapper(["bash", "--rcfile", rc, "-i"]))
    script = f"trap : HUP; {shell}; echo $? >{tmp_path}/status"
    job = Terminal(["sh", "-c", script], env={"HISTFILE": "/dev/null"})
    cleanup.append(job)
    job.expect(b"P> ")
    job.hang_up()
    until(lambda: (tmp_path / "status").exists() and (tmp_path / "status").read_text(), "the status")
    assert (tmp_path / "status").read_text() in {"129\n", "0\n"}


def test_ctrl_z_without_a_shell_to_come_back_to(terminal, probe):
    """A session leader can't be stopped, so nothing freezes: the command goes on."""
    job = terminal(probe.command, mode="leader")
    pid = probe.ready().do("count('SIGINT', 'SIGCONT')") or probe.pid
    job.type(b"\x1a")
    job.type(b"\x03")
    until(lambda: not is_stopped(pid) and "SIGINT" in probe.seen(), "SIGINT in a command that runs")
    probe.leave(6)
    assert job.event("ended")["code"] == 6


@pytest.mark.parametrize("key", [b"\x03", b"\x1a"])
def test_keys_that_signal_with_the_output_in_files(terminal, probe, tmp_path, key):
    """stdin on the terminal, stdout and stderr not: the kernel signals the whole group by itself."""
    files = [os.open(tmp_path / name, os.O_WRONLY | os.O_CREAT) for name in "ab"]
    job = terminal(probe.command, streams=(None, *files))
    pid = probe.ready().pid
    probe.do("count('SIGINT', 'SIGUSR1')")
    job.type(key)
    if key == b"\x1a":
        job.event("stopped")
        until(lambda: is_stopped(pid), "the command to stop")
        job.tell("fg")
    else:
        until(lambda: "SIGINT" in probe.seen(), "SIGINT")
    job.kill(signal.SIGUSR1)
    until(lambda: "SIGUSR1" in probe.seen(), "SIGUSR1")
    assert probe.seen() == (["SIGINT", "SIGUSR1"] if key == b"\x03" else ["SIGUSR1"])
    probe.leave(30)
    assert job.end()[0] == 30


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
