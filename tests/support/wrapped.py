"""Every test with `wrapper` runs bare (`env`, which changes nothing) and below secretrun.

What passes below `env` and not below secretrun is a difference a user can see. Tests marked `script` also
run below script(1) and must fail there: the proof that they can.
"""

import os
import signal
import subprocess

import pytest
from support.terminal import PATIENCE, SECRET, Probe, Terminal, Wrapper, descendants


def pytest_generate_tests(metafunc):
    if "wrapper" in metafunc.fixturenames:
        wrappers = [pytest.param(Wrapper(name), id=name) for name in ("env", "secretrun")]
        mark = metafunc.definition.get_closest_marker("script")
        if mark:
            fails = pytest.mark.xfail(reason=mark.args[0], raises=AssertionError, strict=True)
            wrappers.append(pytest.param(Wrapper("script"), id="script", marks=fails))
        metafunc.parametrize("wrapper", wrappers)


@pytest.fixture
def masked(monkeypatch, clean_environment):
    """There is a secret, so secretrun has something to mask and does not just step aside."""
    monkeypatch.setenv("SECRETRUN_MASK_ENV", "PROBED")
    monkeypatch.setenv("PROBED", SECRET)
    for name in ("LINES", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cleanup():
    """A list of things to close at the end, last first."""
    things = []
    yield things
    for thing in reversed(things):
        thing.close()


@pytest.fixture
def probe(cleanup):
    """A remote-controlled command."""
    made = Probe()
    cleanup.append(made)
    return made


@pytest.fixture
def terminal(wrapper, cleanup):
    """`terminal(command, ...)` runs a wrapped command on a terminal."""

    def make(command, **options):
        made = Terminal(wrapper(command), **options)
        cleanup.append(made)
        return made

    return make


class _Process:
    def __init__(self, process):
        self.process = process

    def close(self):
        for pid in [*descendants(self.process.pid), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()


@pytest.fixture
def start(wrapper, cleanup):
    """`start(command, ...)` starts a wrapped command without a terminal, in a session of its own."""

    def make(command, **options):
        for name in ("stdin", "stdout", "stderr"):
            options.setdefault(name, subprocess.DEVNULL)
        process = subprocess.Popen(wrapper(command), start_new_session=True, **options)
        cleanup.append(_Process(process))
        return process

    return make


@pytest.fixture
def finish(start):
    """`finish(command, input)` runs a wrapped command on pipes; returns (status, stdout, stderr)."""

    def make(command, data=b"", **options):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        process = start(command, **(pipes | options))
        out, err = process.communicate(data if process.stdin else None, timeout=PATIENCE)
        return process.returncode, out, err

    return make
