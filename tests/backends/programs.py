"""For the tests of backends that run programs: a key ring of gpg, programs whose arguments are noted, a terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile

RECIPIENT = "tests@example.org"


class KeyRing:
    """A home directory of gpg with one key, at a path short enough for the sockets of its agent."""

    def __init__(self, *, passphrase=""):
        self.home = tempfile.mkdtemp(prefix="sr-gpg-", dir="/tmp")
        self.environ = {"GNUPGHOME": self.home, "PATH": os.environ["PATH"], "HOME": self.home}
        self.gpg(
            "--pinentry-mode", "loopback", "--passphrase-fd", "0",
            "--quick-generate-key", f"Tests <{RECIPIENT}>", "future-default", "default", "never",
            stdin=passphrase.encode() + b"\n",
        )  # fmt: skip

    def gpg(self, *arguments, stdin=b""):
        command = ["gpg", "--batch", "--quiet", "--yes", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, env=self.environ, timeout=90)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def encrypt(self, path, content, *options):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            self.gpg(
                "--recipient", RECIPIENT, "--trust-model", "always", *options, "--encrypt", stdin=content
            )
        )

    def forget_passphrases(self):
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=self.environ, check=True, timeout=90)

    def close(self):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.environ, check=True, timeout=90)
        shutil.rmtree(self.home, ignore_errors=True)


def noting(directory, environ, *names):
    """The environment with programs first on the PATH that note their arguments, then are the real ones."""
    notes = directory / "arguments"
    notes.touch()
    bin_directory = directory / "noting"
    bin_directory.mkdir()
    for name in names:
        real = shutil.which(name, path=environ.get("PATH"))
        assert real, f"{name} is not installed"
        script = bin_directory / name
        script.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "${{0##*/}} $*" >> {shlex.quote(str(notes))}\nexec {shlex.quote(real)} "$@"\n'
        )
        script.chmod(0o755)
    return {**environ, "PATH": f"{bin_directory}:{environ['PATH']}"}, notes


ON_TERMINAL = """
import sys
from secretrun.backend import Context
from secretrun.reference import parse
import importlib, os
module, _, name = sys.argv[1].partition(":")
backend = getattr(importlib.import_module(module), name)()
reference = parse(sys.argv[2])
answer = backend.fetch([reference], Context(dict(os.environ), timeout=100, interactive=True))[reference]
with open(sys.argv[3], "wb") as file:
    file.write(answer if isinstance(answer, bytes) else repr(answer).encode())
"""


def answer_on_terminal(backend, reference, environ, prompt, reply, result):
    """Fetch in a process of its own on a terminal, reply to its prompt; what the terminal showed, and the value."""
    import ptyprocess

    path = os.pathsep.join(sys.path)
    process = ptyprocess.PtyProcess.spawn(
        [sys.executable, "-c", ON_TERMINAL, backend, reference, str(result)],
        env={**environ, "PYTHONPATH": path, "TERM": "dumb"}, echo=True,
    )  # fmt: skip
    shown = b""
    try:
        while prompt not in shown:
            shown += process.read(1024)
        assert process.waitnoecho(timeout=60), "it asks with the echo on"
        process.write(reply + b"\n")
        while True:
            shown += process.read(1024)
    except EOFError:
        pass
    finally:
        process.wait()
        process.close(force=True)
    return shown, result.read_bytes() if result.exists() else b""
