"""Each verb and its usual slips as transcripts that one can read: tests/end_to_end/*.txt, one a verb.

    # what follows is about                          a comment, at the top or after an empty line
    $ secretrun list                                 a command, given to sh in an empty git repository
    > go on                                          ... its next line
    API_KEY                                          what it prints to stdout
    ! secretrun: error: no such thing                what it prints to stderr
    [125]                                            its exit status, where that is not 0

`...` stands for any text in a line, a line of its own for any lines. Home, configuration and store are
made for the transcript alone; the directory shows as /project, the home as /home,
what lies around them as /tmp.
"""

import difflib
import os
import pathlib
import re
import subprocess
import sys

import pytest
from support.trust import unsaid

from secretrun.cli import parser

HERE = pathlib.Path(__file__).resolve().parent
TRANSCRIPTS = sorted(HERE.glob("*.txt"))


def steps(text):
    """The commands of a transcript, each with its lines before it, its expected lines and its status."""
    found, before = [], []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((before, [line[2:]], []))
            before = []
        elif line.startswith("> ") and found and not found[-1][2]:
            found[-1][1].append(line[2:])
        elif not line or (line.startswith("#") and (before or not found)):
            before.append(line)
        else:
            if before:  # an empty line that was printed, or one that looks like a comment
                found[-1][2].extend(before)
                before = []
            found[-1][2].append(line)
    return found


def matches(wanted, got):
    """Whether printed lines are as expected."""
    if not wanted:
        return not got
    if wanted[0].removeprefix("! ") == "...":
        return any(matches(wanted[1:], got[start:]) for start in range(len(got) + 1))
    pattern = ".*".join(map(re.escape, wanted[0].split("...")))
    return bool(got) and re.fullmatch(pattern, got[0]) is not None and matches(wanted[1:], got[1:])


@pytest.fixture
def shell(tmp_path, clean_environment):
    """Run a command of a transcript; returns its lines as they stand in one."""
    project, binaries = tmp_path / "project", tmp_path / "bin"
    project.mkdir()
    binaries.mkdir()
    subprocess.run(["git", "init", "-q", project], check=True)
    script = binaries / "secretrun"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m secretrun "$@"\n')
    script.chmod(0o755)
    env = os.environ | {"PATH": f"{binaries}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    env["XDG_RUNTIME_DIR"] = str(tmp_path)
    names = [
        (str(project), "/project"),
        (str(clean_environment), "/home"),
        (sys.executable, "python3"),
        (str(tmp_path), "/tmp"),
    ]

    def run(command):
        done = subprocess.run(
            ["sh", "-c", command], cwd=project, env=env, capture_output=True, timeout=60, stdin=subprocess.DEVNULL
        )  # fmt: skip
        out, err = done.stdout.decode(), unsaid(done.stderr).decode()
        for real, shown in names:
            out, err = out.replace(real, shown), err.replace(real, shown)
        lines = out.splitlines() + [f"! {line}" for line in err.splitlines()]
        return lines + ([f"[{done.returncode}]"] if done.returncode else [])

    return run


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path, shell):
    text = path.read_text(encoding="utf-8")
    told, wrong = [], False
    for before, command, wanted in steps(text):
        got = shell("\n".join(command))
        fits = matches(wanted, got)
        wrong |= not fits
        shown = wanted if fits else got
        told += [*before, f"$ {command[0]}", *(f"> {line}" for line in command[1:]), *shown]
    assert not wrong, "\n".join(
        difflib.unified_diff(text.splitlines(), told, path.name, "what happened", lineterm="", n=2)
    )


def test_every_verb_has_a_transcript():
    """And each of them runs its verb."""
    assert {path.stem for path in TRANSCRIPTS} >= set(parser.VERBS)
    for verb in parser.VERBS:
        text = (HERE / f"{verb}.txt").read_text(encoding="utf-8")
        assert f"secretrun {verb}" in text, verb
