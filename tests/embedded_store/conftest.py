"""A repository, the real sops behind a recorder, and a terminal to answer prompts on."""

import os
import subprocess
from pathlib import Path

import pytest
from support.dialogue import Dialogue

from secretrun.backend.sops import find_sops


@pytest.fixture
def project(tmp_path):
    """An empty git repository."""
    path = tmp_path / "project"
    path.mkdir()
    subprocess.run(["git", "init", "-q", path], check=True)
    return path


@pytest.fixture
def key_file(clean_environment):
    """Where the age key of this test's user belongs."""
    return clean_environment / ".config" / "secretrun" / "age" / "keys.txt"


@pytest.fixture
def started(project, secretrun):
    """A project with an empty store in it."""
    done = secretrun("init", "-q", cwd=project)
    assert done == (0, "", "")
    return project


@pytest.fixture
def program(tmp_path):
    """Write an executable; returns its path."""

    def write(name, text):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o700)
        return path

    return write


@pytest.fixture
def recorder(program, tmp_path, monkeypatch):
    """The real sops, but its arguments and environment are written down; returns a function that reads them."""
    log = tmp_path / "calls"
    real = find_sops(os.environ)
    path = program(
        "recording-sops",
        f"#!/bin/sh\n{{ printf '%s\\n' \"$@\"; env; }} >> '{log}'\nexec '{real}' \"$@\"\n",
    )
    monkeypatch.setenv("SECRETRUN_SOPS", str(path))
    return log.read_text


@pytest.fixture
def terminal():
    """Start `terminal("set", "NAME", cwd=directory)`; whatever still runs is ended with the test."""
    running = []

    def start(*arguments, cwd, env=None):
        running.append(Dialogue(arguments, cwd, env or {}))
        return running[-1]

    yield start
    for one in running:
        one._process.close(force=True)


@pytest.fixture
def value_of(secretrun):
    """What a store gives for a name, as `secretrun read` prints it."""

    def read(directory, name):
        done = secretrun("read", "-n", f"sops://secrets.enc.env#/{name}", cwd=directory)
        assert (done.status, done.err) == (0, "")
        return done.out

    return read


@pytest.fixture
def everything_in():
    """The content of every file below a directory, by its path from there."""

    def read(directory):
        return {
            os.path.relpath(os.path.join(place, name), directory): (Path(place) / name).read_bytes()
            for place, _, names in os.walk(directory)
            if "/.git" not in place
            for name in names
        }

    return read
