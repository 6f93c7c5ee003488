"""A project, its template, and saying yes on a terminal."""

import subprocess

import pytest
from support.dialogue import Dialogue

REFUSED = 125


@pytest.fixture
def project(tmp_path):
    """A git work tree with a file to read a value from."""
    path = tmp_path / "project"
    path.mkdir()
    subprocess.run(["git", "init", "-q", path], check=True)
    (path / "dev.txt").write_text("value-of-dev")
    (path / "prod.txt").write_text("value-of-prod")
    return path


@pytest.fixture
def allow():
    """`secretrun allow` on a terminal, answered; returns (status, what was shown)."""

    def answer(directory, *arguments, said="y"):
        terminal = Dialogue(["allow", *arguments], directory, {})
        terminal.wait_for(b"agree?")
        terminal.type(said.encode() + b"\n")
        return terminal.end(), terminal.shown.decode()

    return answer


def template(project, text, name=".env.secretrun"):
    (project / name).write_text(text)


REACHING = "A=file://dev.txt\nLOG_LEVEL=debug\n"
