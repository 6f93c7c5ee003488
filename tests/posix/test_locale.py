"""The command's locale is the caller's, though Python has changed it for itself."""

import os
import subprocess
import sys

import pytest

from secretrun.posix import locale

    "import os; print(ascii(sorted((k, v) for k, v in os.environ.items() if k.startswith(('LC_', 'LANG')))))"
)


def run(variables, *words):
    environment = {"PATH": os.environ["PATH"], "HOME": "/", **variables}
    done = subprocess.run([*words], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"LC_CTYPE": ""},
        {"LC_CTYPE": "C"},
        {"LC_CTYPE": "C.UTF-8"},
        {"LANG": "C"},
        {"LANG": "C.UTF-8"},
        {"LC_ALL": "C"},
        {"LC_CTYPE": "C.UTF-8", "LANG": "C"},
        {"LC_CTYPE": "C.UTF-8", "PYTHONUTF8": "1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("masked", [False, True], ids=["replaced", "masked"])
def test_the_command_has_the_locale_we_were_given(given, masked):
    """As `env` would have it: what Python adds for itself is taken back, what somebody has set is not."""
    variables = given | ({"SECRETRUN_MASK_ENV": "S", "S": "s3cret-value"} if masked else {})
    ours = [sys.executable, "-m", "secretrun"]
    show = ["sh", "-c", "env | grep -E '^(LC_|LANG)' | sort; :"]
    assert run(variables, *ours, "--", *show) == run(variables, "env", *show)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (b"A=b\0LC_CTYPE=C\0", b"C"),
        (b"A=b\0", None),
        (b"LC_CTYPE=\0", b""),
        (b"LC_CTYPE=C.UTF-8\0", b"C.UTF-8"),
    ],
)
def test_what_the_kernel_kept_decides(monkeypatch, given, left):
    class Flags:
        utf8_mode = 1

    monkeypatch.setattr(sys, "flags", Flags)
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
    locale.undo_coercion(given)
    assert os.environb.get(b"LC_CTYPE") == left


def test_without_utf_8_mode_nobody_has_changed_it(monkeypatch):
    class Flags:
        utf8_mode = 0

    monkeypatch.setattr(sys, "flags", Flags)
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
    locale.undo_coercion(b"")
    assert os.environ["LC_CTYPE"] == "C.UTF-8"
