"""What a terminal shows at several widths: real programs, their screens read back by an emulator.

A value that a program breaks at the margin, draws letter by letter or moves the cursor into stands on the
screen all the same; no eight characters of it in a row may, whichever rows and columns they are in.
"""

import shutil
import time

import pyte
import pytest
from support.terminal import Terminal, Wrapper
from support.until import PATIENCE

VALUE = "sk_live_9aF3kQ7zXc2Vb8NmT5"
WIDTHS = [40, 61, 80, 97, 132]
PIECE = 8

# A program that shows the file `text`, what shows that it has, and how it is left.
PROGRAMS = {
    "less": (["less", "text"], "END", b"q"),
    "vim": (["vim", "-u", "NONE", "-N", "-i", "NONE", "-n", "-R", "text"], "END", b":q!\n"),
    "vim, in lists": (["vim", "-u", "NONE", "-N", "-i", "NONE", "-n", "-R", "-c", "set list nu", "text"], "END", b":q!\n"),
    "cat": (["cat", "text"], "END", b""),
    "zsh": (["zsh", "-f", "-i", "-c", 'print -P "%F{red}$(<text)%f"'], "END", b""),
    "bash, traced": (["bash", "-xc", 'x=$(cat text); echo "$x"'], "END", b""),
    "git diff": (["git", "--no-pager", "diff", "--no-index", "--color", "--word-diff", "/dev/null", "text"], "END", b""),
    "fold": (["fold", "-w", "33", "text"], "END", b""),
}  # fmt: skip


class Emulator(pyte.Screen):
    """What pyte lacks: xterm's private sequences with the final byte of colours, which vim asks for."""

    def select_graphic_rendition(self, *attributes, private=False):
        if not private:
            super().select_graphic_rendition(*attributes)


class Screen(Terminal):
    """A terminal with an emulator."""

    def __init__(self, command, columns, **options):
        self.emulator = Emulator(columns, 30)
        self.stream = pyte.ByteStream(self.emulator)
        super().__init__(command, size=(30, columns, 0, 0), **options)

    def take(self, timeout=0.02, limit=1 << 16):
        super().take(timeout, limit)
        self.stream.feed(self.screen)
        self.screen = b""

    def rows(self):
        return list(self.emulator.display)


def pieces(rows):
    """The pieces of the value that can be read there: in a row, or on over the margin to the next."""
    whole = "".join(rows)  # every row to its full width, so that what goes on at the margin goes on here
    bare = "".join("".join(rows).split())
    return [
        VALUE[at : at + PIECE]
        for at in range(len(VALUE) - PIECE + 1)
        if VALUE[at : at + PIECE] in whole or VALUE[at : at + PIECE] in bare
    ]


def shows(job, text):
    deadline = time.monotonic() + PATIENCE
    while not any(text in row for row in job.rows()):
        assert time.monotonic() < deadline, "\n".join(job.rows())
        job.take()
    for _ in range(5):
        job.take()


@pytest.fixture
def secret(monkeypatch, clean_environment):
    monkeypatch.setenv("SECRETRUN_MASK_ENV", "KEY")
    monkeypatch.setenv("KEY", VALUE)
    monkeypatch.setenv("HOME", "/nonexistent")


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_no_piece_of_the_value_stands_on_the_screen(secret, cleanup, tmp_path, monkeypatch, name, columns):
    """At every place relative to the margin: whole, at its end, broken anywhere in it."""
    command, last, leave = PROGRAMS[name]
    assert shutil.which(command[0]), f"install {command[0]} to run these tests"
    lines = [f"{'x' * (columns - before)} {VALUE} end" for before in (2, 7, 14, 20, 27)]
    (tmp_path / "text").write_text("\n".join(["START", VALUE, *lines, "END", ""]))
    monkeypatch.chdir(tmp_path)
    job = Screen(Wrapper("secretrun")(command), columns)
    cleanup.append(job)
    if not leave:
        until_ended(job)
    else:
        shows(job, last)
    assert pieces(job.rows()) == [], "\n".join(job.rows())
    if leave:
        job.type(leave)
        until_ended(job)


def until_ended(job):
    job.event("ended")
    for _ in range(5):
        job.take()


def test_bare_the_pieces_are_seen(secret, cleanup, tmp_path, monkeypatch):
    """The proof that this test can fail."""
    (tmp_path / "text").write_text(f"{'x' * 70} {VALUE} END\n")
    monkeypatch.chdir(tmp_path)
    for command in (["cat", "text"], ["less", "text"]):
        job = Screen(command, 80)
        cleanup.append(job)
        shows(job, "END")
        assert len(pieces(job.rows())) == len(VALUE) - PIECE + 1
