"""The manual page: two renderers take it without a warning, and it has every verb, option and status."""

import os
import pathlib
import re
import subprocess

from secretrun.cli import parser
from secretrun.config import settings

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "secretrun.1"


def rendered():
    environ = os.environ | {"MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
    done = subprocess.run(
        ["man", "--warnings", "-l", PAGE], capture_output=True, text=True, env=environ, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(r".\x08|\x1b\[[0-9;]*m", "", done.stdout)


def test_groff_renders_it_without_a_warning():
    text = rendered()
    for verb in parser.VERBS:
        assert re.search(rf"^   {verb}$", text, re.MULTILINE), verb
    for setting in settings.RUN:
        assert f"       {', '.join(setting.flags)}" in text
        assert setting.variable in text
    for status in ("125", "126", "127", "128 + n"):
        assert re.search(rf"^       {re.escape(status)}", text, re.MULTILINE), status
    assert max(map(len, text.splitlines())) <= 120  # examples are not wrapped


def test_mandoc_finds_nothing_to_warn_of():
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", PAGE], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
