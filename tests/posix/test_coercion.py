"""The command's locale is the caller's, though Python has changed it for itself."""

import os
import subprocess
import sys

import pytest

from secretrun.posix import coercion


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


@pytest.mark.skipif(sys.version_info >= (3, 15), reason="UTF-8 mode is always on")
@pytest.mark.parametrize(("mode", "left"), [(1, None), (0, b"C.UTF-8")])
def test_where_nobody_has_kept_what_it_was_the_mode_tells(monkeypatch, mode, left):
    """macOS, or a chroot without /proc: Python goes into UTF-8 mode where it changes the locale."""

    class Flags:
        utf8_mode = mode

    def no_such_file(*_):
        raise FileNotFoundError

    monkeypatch.setattr(sys, "flags", Flags)
    monkeypatch.setattr("builtins.open", no_such_file)
    for name in ("LANG", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_CTYPE", "C.UTF-8")
    coercion.undo()
    assert os.environb.get(b"LC_CTYPE") == left
