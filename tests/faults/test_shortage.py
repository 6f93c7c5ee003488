"""The system has no more to give: a message that says what, and 125; never a traceback, never a bug of ours."""

import errno
import os
import resource
import shutil
import subprocess
import sys

import pytest
from support.terminal import Terminal
from support.wrapped import cleanup  # noqa: F401  a fixture

from secretrun import shortage

RUN = [sys.executable, "-m", "secretrun", "--", "sh", "-c", "echo hi; exit 3"]


@pytest.fixture
def masked(clean_environment, monkeypatch):
    monkeypatch.setenv("SECRETRUN_MASK_ENV", "S")
    monkeypatch.setenv("S", "s3cret-value-123")


def said(status, text):
    """The command ran and is shown, or we have said why not."""
    assert b"Traceback" not in text
    assert b"bug" not in text
    assert b"None" not in text
    if status == 3:
        assert b"hi" in text
    else:
        assert status == 125, text
        assert b"secretrun: error:" in text.replace(b"\x1b[31;1m", b"").replace(b"\x1b[m", b"")


@pytest.mark.parametrize("most", [6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 22, 26, 40])
def test_few_open_files(masked, most):
    done = subprocess.run(
        RUN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)),
    )
    said(done.returncode, done.stdout + done.stderr)


@pytest.mark.parametrize("most", [8, 10, 12, 14, 16, 18, 20, 22, 26])
def test_few_open_files_on_a_terminal(masked, cleanup, most):  # noqa: F811  the fixture of that name
    job = Terminal(["sh", "-c", f'ulimit -n {most}; exec "$@"', "sh", *RUN])
    cleanup.append(job)
    code, screen = job.end()
    said(code, screen)
    assert job.modes_after == job.modes_before


@pytest.mark.parametrize("megabytes", [16, 20, 24, 28, 32, 36, 48])
def test_little_memory(masked, megabytes):
    size = megabytes << 20
    done = subprocess.run(
        RUN,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size)),
    )
    text = done.stdout + done.stderr
    if b"secretrun" not in text and done.returncode != 3:
        return  # the interpreter itself could not start, or the command
    said(done.returncode, text)


@pytest.mark.parametrize("closed", ["", ">&-", "<&-", "2>&-"])
def test_no_null_device(masked, closed):
    assert shutil.which("bwrap"), "install bubblewrap to run these tests"
    inside = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/dev", "--", *RUN]
    done = subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", *inside],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=100,
    )
    assert done.returncode == 125
    if closed != "2>&-":
        said(done.returncode, done.stdout + done.stderr)
        assert b"/dev/null" in done.stderr


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (OSError(errno.EMFILE, "Too many open files"), "open files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "open files"),
        (ImportError("x.so: cannot open shared object file: Too many open files"), "open files"),
        (ImportError("x.so: failed to map segment from shared object"), "memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "memory"),
        (MemoryError(), "memory"),
        (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "processes"),
        (RuntimeError("can't start new thread"), "processes"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", os.devnull), os.devnull),
    ],
)
def test_what_is_a_shortage(error, word):
    """By itself, and as the cause of another."""
    assert word in shortage.shortage(error).message
    outer = ValueError("outer")
    outer.__cause__ = error
    assert word in shortage.shortage(outer).message
    assert shortage.shortage(error).hint


def test_what_is_none():
    for error in (ValueError("x"), FileNotFoundError(2, "No such file", "/etc/x"), RuntimeError("else")):
        assert shortage.shortage(error) is None
    circle = ValueError("x")
    circle.__context__ = circle
    assert shortage.shortage(circle) is None
