"""Ctrl-C, Ctrl-\\, Ctrl-Z, fg, bg, background starts, hang-ups and kills on a terminal."""

import os
import signal

import pytest
from support.terminal import (
    SECRET,
    Terminal,
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
