"""Files that the real sops encrypts for an age key."""

from __future__ import annotations

import os
import subprocess

import pyrage
import pytest

from secretrun.backend import Context
from secretrun.backend.sops import find_sops
from secretrun.reference import parse
from secretrun.testing import install_program
from secretrun_backends.sops import Sops

SOPS = find_sops(os.environ)


class Store:
    """A home directory with one age key, and files encrypted for it."""

    def __init__(self, directory):
        self.home = str(directory)
        identity = pyrage.x25519.Identity.generate()
        self.recipient, self.identity = str(identity.to_public()), str(identity)
        self.environ = {"HOME": self.home, "PATH": os.environ["PATH"]}
        self.put_key(".config/secretrun/age/keys.txt", self.identity)
        self.context = Context(self.environ, timeout=100)

    def put_key(self, name, identity):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(identity + "\n")
        return path

    def encrypt(self, name, content, *flags, recipient=None):
        path = os.path.join(self.home, name)
        with open(path, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        keys = recipient or ("--age", self.recipient)
        subprocess.run(
            [SOPS, "encrypt", "--in-place", *keys, *flags, path], check=True, env=self.environ, timeout=100
        )
        return path

    def get(self, text, context=None):
        reference = parse(text, base=self.home)
        return Sops().fetch([reference], context or self.context)[reference]

    def counted(self):
        """The context with a sops that appends a line to a file for each time it is started."""
        log = os.path.join(self.home, "calls")
        source = f"import os, sys\nopen({log!r}, 'a').write(repr(sys.argv) + '\\n')\nos.execv({SOPS!r}, ['sops', *sys.argv[1:]])"
        environ = install_program(os.path.join(self.home, "bin"), "sops", source, self.environ)
        return Context(environ, timeout=100), log


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)
