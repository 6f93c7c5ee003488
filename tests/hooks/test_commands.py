"""A command line is taken apart only where that is certain; judged by what bash itself makes of it."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretrun.hooks.commands import simple_commands

BASH = shutil.which("bash")


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("echo fine > fine", [["echo", "fine"]]),
        ("a && b -x 'q r' | c 2>&1; d &", [["a"], ["b", "-x", "q r"], ["c"], ["d"]]),
        ("echo 'a;b' \"c|d\"", [["echo", "a;b", "c|d"]]),
        ("echo hi # c; touch x\nls", [["echo", "hi"], ["ls"]]),
        ('t"ou"ch x', [["touch", "x"]]),
        ("to\\uch x", [["touch", "x"]]),
        ("a &> f b", [["a", "b"]]),
        ("", []),
    ],
)
def test_what_is_certain(text, commands):
    assert simple_commands(text) == commands


@pytest.mark.parametrize(
    "text",
    ["echo $(x)", "echo `x`", "X=1 touch a", "$C x", "to*ch x", "{touch,x}", "(touch x)", "if a; then b; fi",
     "cat <<E\nx\nE", "eval touch x", ". ./x", "! touch x", "echo 'open", 'echo "open', "echo >", "a |& (b)"],
)  # fmt: skip
def test_what_is_not(text):
    assert simple_commands(text) is None


WORD = st.text(alphabet="ab '\"\\#;&|<>$\t-=x", max_size=12)


@settings(max_examples=150)
@given(WORD)
def test_bash_runs_no_other_command_than_was_found(text):
    """Each command's name becomes a function that says so: what bash calls is what was found."""
    found = simple_commands(f"ab {text}")
    if found is None or any(not words[0].isalpha() for words in found):
        return
    names = {words[0] for words in found}
    said = "".join(f"{name}() {{ echo CALL {name} >&9; }}; " for name in names)
    script = f"command_not_found_handle() {{ echo CALL other >&9; }}; {said}\nab {text}\n"
    done = subprocess.run(
        [BASH, "-c", f"exec 9>&1 >/dev/null; cd /nonexistent 2>/dev/null; {script}"],
        capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, env={"PATH": "/nonexistent"},
        cwd="/proc",
    )  # fmt: skip
    called = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("CALL ")}
    assert called <= names
