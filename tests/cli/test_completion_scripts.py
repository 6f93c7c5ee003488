"""The completion scripts themselves: fresh, printed, installed where a shell looks."""

import os
import pathlib
import subprocess
import sys

import pytest
from cli.scripts import FILES, ROOT, SECONDS

from secretrun.cli.verbs import completion
from secretrun.cli.verbs.completion import SHELLS, script


@pytest.mark.parametrize("shell", SHELLS)
def test_committed_scripts_are_fresh(shell):
    """completions/ is what the command line would print today (`python scripts/completions.py`)."""
    assert (ROOT / "completions" / FILES[shell]).read_text(encoding="utf-8") == script(shell)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_verb_prints_the_committed_script(secretrun, shell):
    done = secretrun("completion", shell)
    assert (done.status, done.err) == (0, "")
    assert done.out == (ROOT / "completions" / FILES[shell]).read_text(encoding="utf-8")


def test_an_unknown_shell_is_a_usage_error(secretrun):
    done = secretrun("completion", "tcsh")
    assert done.status == 2
    assert done.out == ""
    assert "tcsh" in done.err


def test_the_script_of_a_shell_loads_no_package_but_our_own():
    """Nothing has to be installed for `secretrun completion`."""
    program = (
        "import sys; from secretrun.cli.main import main; main(['completion', 'bash'])\n"
        "import sysconfig; purelib = sysconfig.get_path('purelib')\n"
        "sys.stderr.write(' '.join(m for m in list(sys.modules) if m.split('.')[0] in "
        "('shtab', 'argcomplete', 'click', 'boto3', 'ahocorasick', 'ptyprocess')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=SECONDS)
    assert done.stdout == script("bash")
    assert done.stderr == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_install_puts_the_script_where_the_shell_looks(secretrun, clean_environment, shell, monkeypatch):
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    for _ in range(2):  # again after an upgrade
        done = secretrun("completion", "--install")
        assert (done.status, done.out) == (0, "")
    path = completion.place(shell, os.environ)
    assert path.startswith(str(clean_environment))
    assert path in done.err
    assert pathlib.Path(path).read_text(encoding="utf-8") == script(shell)


def test_install_replaces_nobody_elses_file_and_needs_to_know_the_shell(secretrun, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/sh")
    done = secretrun("completion", "--install")
    assert (done.status, done.out) == (2, "")
    assert "SHELL is sh" in done.err
    path = pathlib.Path(completion.place("fish", os.environ))
    path.parent.mkdir(parents=True)
    path.write_text("complete -c secretrun -f\n")
    done = secretrun("completion", "--install", "fish")
    assert (done.status, path.read_text()) == (125, "complete -c secretrun -f\n")
    assert "is there, and not ours" in done.err
