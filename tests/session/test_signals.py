"""Signals without a terminal: each once, to whom it was meant for; and nothing left when we are killed."""

import os
import signal
import subprocess

import pytest
from support.terminal import PATIENCE, PYTHON, descendants, is_gone, is_stopped, until

FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGALRM", "SIGWINCH", "SIGURG"]


def test_a_signal_to_the_wrapper_arrives_once(start, probe):
    process = start(probe.command)
    probe.ready().do(f"count(*{FORWARDED})")
    for name in FORWARDED:
        process.send_signal(getattr(signal, name))
        until(lambda name=name: name in probe.seen(), name)
    assert probe.seen() == FORWARDED
    probe.leave(21)
    assert process.wait(PATIENCE) == 21


def test_a_signal_to_the_whole_group_arrives_once(start, probe):
    """timeout(1), CI runners, Ctrl-C: the command has had it already."""
    process = start(probe.command)
    probe.ready().do(f"count(*{FORWARDED})")
    for name in FORWARDED:
        if name == "SIGUSR2":
            continue
        os.killpg(process.pid, getattr(signal, name))
        until(lambda name=name: name in probe.seen(), name)
        process.send_signal(signal.SIGUSR2)  # to the wrapper alone: is forwarded after what came before
        until(lambda: probe.do("seen[-1]") == "SIGUSR2", "SIGUSR2")
    seen = probe.seen()
    assert {name: seen.count(name) for name in FORWARDED if name != "SIGUSR2"} == dict.fromkeys(
        [name for name in FORWARDED if name != "SIGUSR2"], 1
    )
    probe.leave()
    assert process.wait(PATIENCE) == 0


def test_a_second_signal_arrives_too_and_nobody_is_killed(start, probe):
    process = start(probe.command)
    probe.ready().do("count('SIGTERM')")
    for n in (1, 2, 3):
        process.terminate()
        until(lambda n=n: len(probe.seen()) == n, "SIGTERM")
    assert process.poll() is None
    probe.leave(24)
    assert process.wait(PATIENCE) == 24


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1"])
def test_an_untrapped_signal_ends_both_by_that_signal(start, probe, name):
    process = start(probe.command)
    pid = probe.ready().pid
    probe.do(f"signal.signal(signal.{name}, signal.SIG_DFL); None")
    process.send_signal(getattr(signal, name))
    assert process.wait(PATIENCE) == -getattr(signal, name)
    until(lambda: is_gone(pid), "the command's end")


def test_a_killed_wrapper_leaves_nothing_behind(start, probe):
    process = start(probe.command)
    pid = probe.ready().pid
    family = descendants(process.pid)
    process.kill()
    process.wait(PATIENCE)
    until(lambda: is_gone(pid) and all(map(is_gone, family)), "the end of all")


def test_the_wrapper_leaves_nothing_behind(start, probe):
    process = start(probe.command)
    probe.ready()
    family = descendants(process.pid)
    probe.leave()
    process.wait(PATIENCE)
    until(lambda: all(map(is_gone, family)), "the end of all")


def test_stop_and_continue(terminal, probe):
    """With streams that are no terminal; in a job, since an orphaned group can't be stopped."""
    nulls = [os.open(os.devnull, os.O_RDWR) for _ in range(3)]
    job = terminal(probe.command, streams=nulls)
    pid = probe.ready().pid
    job.kill(signal.SIGTSTP)
    job.event("stopped")
    until(lambda: is_stopped(pid), "the command to stop")
    job.kill(signal.SIGCONT)
    until(lambda: not is_stopped(pid), "the command to go on")
    probe.leave(7)
    assert job.end()[0] == 7


def test_last_words_after_a_signal_to_the_group_are_printed(start, probe, wrapper):
    """Though we get to see the signal and the command's end at once, in whichever order."""
    process = start(probe.command, stdout=subprocess.PIPE)
    pid = probe.ready().pid
    words = "b'last words\\n' * 50_000"
    probe.do(f"signal.signal(signal.SIGTERM, lambda *_: (os.write(1, {words}), os._exit(5))); None")
    if wrapper.name == "secretrun":
        process.send_signal(signal.SIGSTOP)
        until(lambda: is_stopped(process.pid), "the wrapper to stop")
    os.killpg(process.pid, signal.SIGTERM)
    if wrapper.name == "secretrun":
        until(lambda: is_gone(pid), "the command's end")
    process.send_signal(signal.SIGCONT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)  # nobody has read it yet
    assert process.communicate(timeout=PATIENCE)[0] == b"last words\n" * 50_000
    assert process.returncode == 5


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_an_ignored_signal_does_not_cut_the_last_output(start, name):
    """nohup: ignored for us as well, also when the command has ended and its reader is slow."""
    words = "print('ready', flush=True); os.write(1, b'last words\\n' * 50_000)"
    process = start(
        [*PYTHON, "-c", f"import os; {words}"],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(getattr(signal, name), signal.SIG_IGN),
    )
    assert process.stdout.readline() == b"ready\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)  # nobody has read it yet
    process.send_signal(getattr(signal, name))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    assert process.stdout.read() == b"last words\n" * 50_000
    assert process.wait(PATIENCE) == 0


def test_a_group_stopped_and_we_alone_continued(start, probe):
    """The helper that is asked about signals is then still stopped."""
    process = start(probe.command)
    pid = probe.ready().pid
    probe.do("count('SIGTERM')")
    os.killpg(process.pid, signal.SIGSTOP)
    until(lambda: is_stopped(process.pid), "the wrapper to stop")
    for each in (process.pid, pid):
        os.kill(each, signal.SIGCONT)
    process.terminate()
    until(lambda: probe.seen() == ["SIGTERM"], "SIGTERM")
    probe.leave()
    assert process.wait(PATIENCE) == 0


def test_timeout_ends_us_and_the_command(wrapper, probe):
    """It signals its child and then its whole group; told to, so that no clock decides the test."""
    command = ["timeout", "1000", *wrapper(probe.command)]
    with subprocess.Popen(command, start_new_session=True) as process:
        pid = probe.ready().pid
        process.terminate()
        assert process.wait(PATIENCE) in (128 + signal.SIGTERM, -signal.SIGTERM)
    until(lambda: is_gone(pid), "the command's end")


def test_the_wrapper_waits_for_a_command_that_ignores_sigterm(start, probe):
    process = start(probe.command)
    probe.ready().do("count('SIGTERM')")
    process.terminate()
    until(lambda: probe.seen() == ["SIGTERM"], "SIGTERM")
    probe.leave(9)
    assert process.wait(PATIENCE) == 9


def test_without_the_witness_signals_are_still_forwarded(start, probe):
    """Somebody may kill it; then a group's signal comes twice rather than not at all."""
    process = start(probe.command)
    pid = probe.ready().pid
    probe.do("count('SIGTERM')")
    for helper in set(descendants(process.pid)) - {pid}:
        os.kill(helper, signal.SIGKILL)
    process.terminate()
    until(lambda: probe.seen() == ["SIGTERM"], "SIGTERM")
    probe.leave()
    assert process.wait(PATIENCE) == 0
