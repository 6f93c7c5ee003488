"""What stands round the command keeps what is its own: its signals, the keyboard, the terminal's modes."""

import os
import signal
import subprocess
import time

import pytest
from support.terminal import PYTHON, Terminal, Wrapper, descendants, shlex_join, until

INTERACTIVE = ["bash", "--norc", "--noprofile", "-i"]
PROMPT = {"PS1": "P> "}

# Scripts round a shell in which Ctrl-C is typed; "%s" is the wrapped shell.
ROUND_A_SHELL = {
    "python": [*PYTHON, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:]); print('AFT' 'ER')"],
    "dash": ["dash", "-c", '"$0" "$@"; echo AFT""ER'],
    "env": ["env", "dash", "-c", '"$0" "$@"; echo AFT""ER'],
    "make": None,
}


@pytest.fixture
def scripted(cleanup):
    """A job of its own choice on a terminal, not wrapped as a whole."""

    def make(command, **options):
        made = Terminal(command, **options)
        cleanup.append(made)
        return made

    return make


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize("script", sorted(ROUND_A_SHELL))
def test_ctrl_c_in_a_shell_is_not_for_the_script_round_it(wrapper, scripted, tmp_path, script, shell):
    """At its prompt, in its job, and then the script goes on."""
    inner = {"bash": INTERACTIVE, "zsh": ["zsh", "-f", "-i"]}[shell]
    words = wrapper(inner)
    if script == "make":
        (tmp_path / "Makefile").write_text(f"all:\n\t{shlex_join(words)}\n\t@echo AFT''ER\n")
        command = ["make", "-s", "-f", tmp_path / "Makefile"]
    else:
        command = [*ROUND_A_SHELL[script], *words]
    job = scripted(command, env=PROMPT | {"ENV": "", "HOME": str(tmp_path)})
    job.expect(b"P> ")
    job.type(b"\x03")
    # A signal between readline's prompt and its read is seen with the next key alone, bare too.
    soon = time.monotonic() + 5
    until(lambda: job.take() or job.screen or time.monotonic() > soon, "the shell to notice")
    job.type(b"\n")
    job.expect(b"P> ")
    job.type(b"sh -c 'echo jo\"\"b; exec sleep 1000'\n")
    job.expect(b"job\r\n")
    job.type(b"\x03")
    job.expect(b"P> ")
    job.type(b"exit 0\n")
    job.expect(b"AFTER")
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before


@pytest.mark.parametrize("inner", ["sleep 1000", "cat"])
def test_ctrl_c_in_a_command_is_for_the_script_too(wrapper, scripted, inner):
    """As without us: both are of one group."""
    words = wrapper(["sh", "-c", f"echo ready; exec {inner}"])
    job = scripted(["bash", "-c", f"{shlex_join(words)}; echo AFT''ER"])
    job.expect(b"ready\r\n")
    job.type(b"\x03")
    code, screen = job.end()
    assert code == -signal.SIGINT
    assert b"AFTER" not in screen


def test_a_command_that_left_its_group_still_gets_the_signals_sent_to_us(scripted, probe):
    job = scripted(["dash", "-c", f"{shlex_join(Wrapper('secretrun')(probe.command))}; exit $?"])
    probe.ready().do("count('SIGTERM', 'SIGHUP')")
    assert probe.do("os.getpgrp() != os.getpid()")
    probe.do("os.setpgid(0, 0)")
    os.kill(descendants(job.pid)[0], signal.SIGTERM)
    until(lambda: probe.seen() == ["SIGTERM"], "SIGTERM")
    job.hang_up()
    until(lambda: "SIGHUP" in probe.seen(), "SIGHUP")
    probe.leave()


BACKGROUND = {
    "put into the background by a script": "%s &",
    "the same with another stdin": "%s </etc/passwd &",
    "the same with the terminal as stdin": "%s <&3 &",
    "started by a program that goes on": "python3 -I -S -c 'import subprocess as s, sys\n"
    "s.Popen(sys.argv[1:], stdin=s.DEVNULL)' %s;",
}


@pytest.mark.parametrize("how", sorted(BACKGROUND))
def test_what_a_script_starts_beside_itself_leaves_it_the_keyboard(wrapper, scripted, tmp_path, how):
    """A line read by the script is echoed and read, Ctrl-C is the script's, and the modes never change."""
    work = f"echo started >{tmp_path}/started; until [ -e {tmp_path}/end ]; do sleep 0.05; done"
    words = wrapper(["sh", "-c", work])
    script = f"exec 3<&0; {BACKGROUND[how] % shlex_join(words)} "
    script += f"until [ -s {tmp_path}/started ]; do :; done; "
    script += 'printf "name? "; read -r n; echo "hello <$n>"; wait'
    job = scripted(["bash", "-c", script])
    job.expect(b"name? ")
    assert job.modes() == job.modes_before
    job.type(b"ann\n")
    assert job.expect(b"hello <ann>").startswith(b"ann\r\n")
    (tmp_path / "end").touch()
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before


def test_in_the_background_of_a_script_the_terminal_can_still_be_asked_for(wrapper, scripted):
    """The command reads /dev/tty, as one may that has /dev/null as stdin."""
    words = wrapper(["sh", "-c", "printf 'name? '; read -r n </dev/tty; echo \"hello <$n>\""])
    job = scripted(["bash", "-c", f"{shlex_join(words)} & wait"])
    job.expect(b"name? ")
    job.type(b"ann\n")
    job.expect(b"hello <ann>")
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before


@pytest.mark.parametrize("variable", ["GPG_TTY", "SSH_TTY", "TTY", "MY_OWN"])
def test_a_variable_that_names_the_terminal_names_the_commands(wrapper, scripted, variable):
    """Who opens the terminal of that name reads what the command would: the same keyboard, once."""
    show = f'[ "${variable}" = "$(tty)" ] && echo same; echo "$OTHER"'
    words = wrapper(["sh", "-c", show])
    job = scripted(["sh", "-c", f'{variable}=$(tty) OTHER="at $(tty)" {shlex_join(words)}; tty'])
    code, screen = job.end()
    first, other, outer = screen.split(b"\r\n")[:3]
    assert (code, first) == (0, b"same")
    assert other == b"at " + outer


def test_a_helper_that_asks_on_the_named_terminal_gets_the_keys(wrapper, scripted, tmp_path):
    """As pinentry below gpg-agent: it is none of the command's session, and the command never asks."""
    helper = f"""
import os, sys, termios, time
os.setsid()
while not os.path.exists({str(tmp_path / "name")!r}): time.sleep(0.01)
terminal = os.open(open({str(tmp_path / "name")!r}).read(), os.O_RDWR | os.O_NOCTTY)
modes = termios.tcgetattr(terminal)
quiet = [*modes[:3], modes[3] & ~termios.ECHO, *modes[4:]]
termios.tcsetattr(terminal, termios.TCSANOW, quiet)
os.write(terminal, b"passphrase? ")
line = os.read(terminal, 100)
termios.tcsetattr(terminal, termios.TCSANOW, modes)
open({str(tmp_path / "answer.new")!r}, "wb").write(line)
os.rename({str(tmp_path / "answer.new")!r}, {str(tmp_path / "answer")!r})
"""
    asked = f"until [ -e {tmp_path}/answer ]; do sleep 0.05; done; echo done"
    tell = f'printf "$GPG_TTY" >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/name'
    words = wrapper(["sh", "-c", f"{tell}; {asked}"])
    with subprocess.Popen([*PYTHON, "-c", helper]) as running:
        job = scripted(["bash", "-c", f"export GPG_TTY=$(tty); echo x | {shlex_join(words)}"])
        job.expect(b"passphrase? ")
        job.type(b"open sesame\n")
        before = job.expect(b"done")
        running.wait(60)
    assert (tmp_path / "answer").read_bytes() == b"open sesame\n"
    assert b"sesame" not in before
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before


SIDE_BY_SIDE = """
import subprocess, sys
def start(number):
    work = f"echo up{number}; while [ ! -e {sys.argv[1]}/{number} ]; do sleep 0.05; done"
    return subprocess.Popen([*sys.argv[2:], work])
one, two = start(1), start(2)
one.wait(); print("one is over", flush=True)
two.wait(); print("two is over", flush=True)
"""


@pytest.mark.parametrize("first", ["1", "2"])
@pytest.mark.parametrize("ends", ["ends", "is killed"])
def test_two_with_one_terminal_leave_it_as_it_was(wrapper, scripted, tmp_path, first, ends):
    """Whichever was first and whichever is last; the one that goes on keeps its raw mode meanwhile."""
    job = scripted([*PYTHON, "-c", SIDE_BY_SIDE, tmp_path, *wrapper(["sh", "-c"])])
    for text in (b"up", b"up"):
        job.expect(text)
    raw = wrapper.name == "secretrun"
    until(lambda: job.is_raw() == raw, "the modes")
    if ends == "ends" or not raw:
        (tmp_path / first).touch()
    else:
        pid = min(pid for pid in descendants(job.pid) if "-m secretrun" in command_line(pid))
        os.kill(pid, signal.SIGKILL)
        first = "1"
    if first == "1":
        job.expect(b"one is over")
        assert job.is_raw() == raw
    (tmp_path / "1").touch()
    (tmp_path / "2").touch()
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before


def command_line(pid):
    """A process's words, joined by blanks."""
    return subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True).stdout


def test_two_in_a_script_one_of_them_in_the_background(wrapper, scripted):
    """The first leaves while the second has the terminal."""
    one, two = (shlex_join(wrapper(["sleep", seconds])) for seconds in ("0.5", "1.5"))
    job = scripted(["sh", "-c", f"{one} & sleep 0.2; {two}; wait"])
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before
