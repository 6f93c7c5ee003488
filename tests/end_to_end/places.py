"""A place of its own for a run that is a process, and what it asks."""

import os
import subprocess
import uuid

import pytest
from support.store import COMMAND, clean_environ

from secretrun.testing import install_program

VALUE = "value-of-a-run-0123456789"


def lines_of(path):
    return path.read_text().splitlines() if path.exists() else []


class Place:
    """A home with a directory for each thing a run may leave something in; its processes carry a mark."""

    def __init__(self, tmp_path):
        self.root = tmp_path
        for name in ("tmp", "run"):
            (tmp_path / name).mkdir(mode=0o700)
        self.mark = f"RUN_MARK={uuid.uuid4().hex}"
        name, _, value = self.mark.partition("=")
        self.environ = clean_environ(tmp_path) | {
            "TMPDIR": str(tmp_path / "tmp"), "XDG_RUNTIME_DIR": str(tmp_path / "run"), name: value,
        }  # fmt: skip

    def program(self, name, source):
        self.environ = install_program(self.root / "bin", name, source, self.environ)

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [*COMMAND, *arguments], env=self.environ, cwd=self.root, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    def running(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if self.mark.encode() in file.read():
                        found.append(int(pid))
            except OSError:
                continue
        return found

    def holding(self, name):
        """How many processes of ours have a file of that name open."""
        count = 0
        for pid in self.running():
            try:
                files = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            except OSError:
                continue
            count += any(file.endswith(f"/{name}") for file in files)
        return count


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)
