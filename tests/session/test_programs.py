"""Real programs, on a real terminal emulator (tmux): the screens with and without secretrun are the same."""

import os
import shutil
import subprocess
import sys

import pytest
from support.terminal import until

VIM = "vim -u NONE -N -i NONE -n --cmd 'set noshowcmd noruler' file"


class Tmux:
    """One window of a private tmux server."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.socket = str(directory / "tmux")
        environment = os.environ | {
            "PS1": "$ ",
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TMUX_TMPDIR": str(directory),
        }
        environment.pop("TMUX", None)
        work = directory / "work"
        work.mkdir()
        subprocess.run(
            ["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-c", str(work),
             "env", "PS1=$ ", "bash", "--norc", "--noprofile"],
            env=environment, check=True,
        )  # fmt: skip
        self.work = work

    def run(self, *words):
        return subprocess.run(
            ["tmux", "-S", self.socket, *words], check=True, capture_output=True, text=True
        ).stdout

    def type(self, *keys):
        self.run("send-keys", *keys)

    def screen(self):
        return self.run("capture-pane", "-p", "-e")

    def shows(self, text):
        until(lambda: text in self.screen(), f"{text!r} on the screen:\n{self.screen()}")

    def hides(self, text):
        until(lambda: text not in self.screen(), f"{text!r} to go from the screen:\n{self.screen()}")

    def prompts(self):
        """Wait for the shell: what is typed before the wrapper has left, the wrapper gets."""
        until(lambda: self.screen().rstrip().endswith("$"), f"a prompt:\n{self.screen()}")

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)


def need(*programs):
    """These tests are of these programs: without them there is nothing to test, and that is a failure."""
    missing = [program for program in programs if shutil.which(program) is None]
    assert not missing, f"install {', '.join(missing)} to run these tests"


def edit(window, prefix):
    """Edit with vim; Ctrl-Z, fg, resize, write and quit. Returns the screens seen on the way."""
    screens = []

    def seen():
        screens.append(window.screen())

    window.shows("$")
    # The prefix is typed nowhere: a function with the same name in both runs keeps the screens alike.
    (window.work / "rc").write_text(f"edit() {{ {prefix} {VIM}; }}\n")
    window.type(". ./rc; clear", "Enter")
    window.hides("clear")
    window.type("edit", "Enter")
    window.shows("~")
    window.type("i", "first line", "Enter", "second line", "Escape")
    window.shows("second line")
    seen()
    window.type("C-z")
    window.shows("Stopped")
    window.type("clear; echo between", "Enter")
    window.shows("between\n$")
    seen()
    window.type("fg", "Enter")
    window.shows("second line")
    window.run("resize-window", "-x", "100", "-y", "30")
    until(lambda: window.screen().count("~") >= 26, "vim to redraw at the new size")
    seen()
    window.type("o", "third line", "Escape")
    window.shows("third line")
    seen()
    window.type(":wq", "Enter")
    window.hides("third line")
    window.prompts()
    window.type("clear; stty -a | head -n 1; cat file; echo status $?", "Enter")
    window.shows("status 0")
    seen()
    return screens


def test_a_session_in_tmux_looks_the_same(tmp_path, cleanup):
    """vim edits a file, Ctrl-Z, fg, resize, quit: every screen on the way, and the file."""
    need("tmux", "vim")
    screens, files = [], []
    for name, prefix in (("bare", ""), ("masked", f"{sys.executable} -m secretrun --")):
        window = Tmux(tmp_path / name)
        cleanup.append(window)
        found = edit(window, prefix)
        # bash's report of the job names the command that was stopped.
        screens.append([screen for number, screen in enumerate(found) if number != 1])
        files.append((window.work / "file").read_bytes())
    assert files == [b"first line\nsecond line\nthird line\n"] * 2
    assert screens[0] == screens[1]
    assert "rows 30; columns 100" in screens[1][-1]


def test_less_in_tmux_looks_the_same(tmp_path, cleanup):
    need("tmux", "less")
    screens = []
    for name, prefix in (("bare", ""), ("masked", f"{sys.executable} -m secretrun --")):
        window = Tmux(tmp_path / name)
        cleanup.append(window)
        window.shows("$")
        (window.work / "lines").write_text("".join(f"line {n}\n" for n in range(1, 200)))
        (window.work / "rc").write_text(f"page() {{ {prefix} less lines; }}\n")
        window.type(". ./rc; clear", "Enter")
        window.hides("clear")
        window.type("page", "Enter")
        window.shows("line 23\n")
        found = [window.screen()]
        window.type(" ")
        window.shows("line 46\n")
        found.append(window.screen())
        window.type("/line 77", "Enter")
        window.shows("line 99\n")
        found.append(window.screen())
        window.type("q")
        window.hides("line 99\n")
        window.prompts()
        window.type("clear; stty -a | tail -n 3", "Enter")
        window.shows("echoke")
        found.append(window.screen())
        screens.append(found)
    assert screens[0] == screens[1]


@pytest.mark.parametrize("prefix", ["", f"{sys.executable} -m secretrun --"], ids=["bare", "masked"])
def test_htop_redraws_and_quits(tmp_path, cleanup, prefix):
    need("tmux", "htop")
    window = Tmux(tmp_path / "w")
    cleanup.append(window)
    window.type(f"clear; {prefix} htop; echo status $?", "Enter")
    window.shows("Quit")
    window.run("resize-window", "-x", "120", "-y", "40")
    until(
        lambda: (lines := window.screen().rstrip("\n").splitlines())[39:] and "Quit" in lines[39],
        "the new size",
    )
    window.type("q")
    window.shows("status 0")


@pytest.mark.parametrize("prefix", ["", f"{sys.executable} -m secretrun --"], ids=["bare", "masked"])
def test_fzf_in_a_pipeline(tmp_path, cleanup, prefix):
    """It reads the list from a pipe, keys from /dev/tty, and draws on stderr."""
    need("tmux", "fzf")
    window = Tmux(tmp_path / "w")
    cleanup.append(window)
    window.type(f"clear; seq 500 | {prefix} fzf > chosen; echo status $?", "Enter")
    window.shows("500/500")
    window.type("321")
    window.shows("1/500")
    window.type("Enter")
    window.shows("status 0")
    assert (window.work / "chosen").read_text() == "321\n"


@pytest.mark.parametrize("prefix", ["", f"{sys.executable} -m secretrun --"], ids=["bare", "masked"])
def test_the_python_prompt(tmp_path, cleanup, prefix):
    window = Tmux(tmp_path / "w")
    need("tmux")
    cleanup.append(window)
    window.type(f"clear; {prefix} {sys.executable} -I -q; echo status $?", "Enter")
    window.shows(">>>")
    window.type("6 * 7", "Enter")
    window.shows("\n42\n")
    window.type("x", "C-c")
    window.shows("KeyboardInterrupt")
    window.type("C-d")
    window.shows("status 0")
