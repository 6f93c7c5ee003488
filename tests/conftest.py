"""What every test has: an environment of its own, and the command line as a real process.

`secretrun` runs `python -m secretrun`, so the package must be installed: `pip install -e .[test]`.
"""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
from typing import NamedTuple

import hypothesis
import pytest
from support.trust import unsaid

from secretrun.redact import body
from secretrun.redact.core import library

# Whatever signs in to a store, points a store's program elsewhere or changes what we print.
FOREIGN = (
    "AGE_", "ANSIBLE_VAULT_", "AWS_", "AZURE_", "BAO_", "BITWARDENCLI_", "BW_", "BWS_", "CLOUDSDK_", "DOPPLER_",
    "GNUPG", "GOOGLE_", "GOPASS_", "INFISICAL_", "KUBE", "OP_", "PASSWORD_STORE_", "SECRETRUN_", "SOPS_",
    "SUMMON_", "VAULT_", "XDG_",
)  # fmt: skip
KEPT = (body.PURE,)  # the tests' environment says which body they run on, in our process and in others
ALSO = ("CI", "CLICOLOR", "FORCE_COLOR", "NO_COLOR", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONWARNINGS")


def pytest_configure():
    """Whatever ignores signals above us (nohup, a shell's &, some CI runners), what we start has defaults."""
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # An example may take long where something else has the machine: `OWN` counts what a test takes itself.
    hypothesis.settings.register_profile(
        "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("tests")
    wanted = os.environ.get("TEST_BODY")
    if wanted and wanted != ("python" if body.chosen().core is None else "core"):
        raise pytest.UsageError(f"TEST_BODY={wanted}, and what runs is {body.chosen()}")


def pytest_report_header():
    return f"masking: {body.chosen()}"


# What only a compiled core can be asked, where none is built: `make test-core` builds it.
collect_ignore = [] if os.path.exists(library.path()) else ["redact/core", "test_core_wheel.py"]


SLOW = pathlib.Path(__file__).with_name("slow.txt")
OWN = 60.0  # seconds of processor time, its children's included, that one test may take


def pytest_collection_modifyitems(items):
    """Mark the tests that `slow.txt` lists; `make slow` measures them and writes it."""
    listed = set(SLOW.read_text(encoding="utf-8").split())
    for item in items:
        if name_of(item) in listed:
            item.add_marker(pytest.mark.slow)


def name_of(item):
    """A test without its parameters: the file below tests/ and the function."""
    return item.nodeid.partition("[")[0].removeprefix("tests/")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Limit a test by its own time: on a machine that is busy with something else it takes no more of that."""
    before = sum(os.times()[:4])
    result = yield
    spent = sum(os.times()[:4]) - before
    if times := os.environ.get("TEST_TIMES"):
        descriptor = os.open(times, os.O_WRONLY | os.O_APPEND | os.O_CREAT)  # a test may have replaced `open`
        os.write(descriptor, f"{spent:.2f} {name_of(item)}\n".encode())
        os.close(descriptor)
    assert spent < OWN, f"took {spent:.0f} seconds of processor time, {OWN:.0f} are the limit"
    return result


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path_factory):
    """No test sees the settings, sign-ins or files of whoever runs it; returns the empty home."""
    for name in list(os.environ):
        if (name.startswith(FOREIGN) and name not in KEPT) or name in ALSO:
            monkeypatch.delenv(name)
    # What a template reaches is not asked about where that is not what is tested: tests/trust has none of it.
    monkeypatch.setenv("SECRETRUN_TRUST", "all")
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name, place in (
        ("CONFIG", ".config"),
        ("CACHE", ".cache"),
        ("DATA", ".local/share"),
        ("STATE", ".local/state"),
    ):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / place))
    return home


class Finished(NamedTuple):
    """How a process ended: its status (-n when signal n killed it) and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture
def secretrun(tmp_path):
    """Run a command line of secretrun to its end, without a terminal, in `tmp_path`.

    `secretrun("-e", "app.env", "--", "env", env={"A": "b"}, stdin=b"...")` adds to the environment and
    gives a `Finished`; bytes that are not UTF-8 come as surrogates, line ends as they were.
    """

    def run(*arguments, env=None, cwd=None, stdin=b"", timeout=90):
        done = subprocess.run(
            [sys.executable, "-m", "secretrun", *map(os.fspath, arguments)],
            input=stdin, capture_output=True, cwd=cwd or tmp_path, env=os.environ | (env or {}),
            timeout=timeout,
        )  # fmt: skip
        return Finished(
            done.returncode,
            done.stdout.decode("utf-8", "surrogateescape"),
            (done.stderr if "SECRETRUN_TRUST" not in os.environ else unsaid(done.stderr)).decode(
                "utf-8", "surrogateescape"
            ),
        )

    return run
