"""systemd-creds:// with a directory as systemd makes it, and the real systemd-creds with a key of its own."""

from __future__ import annotations

import os
import subprocess

import pytest
from backends.programs import noting

from secretrun.backend import Context
from secretrun.errors import BadAnswer, BadReference, NotFound, NotInstalled, Unavailable
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.systemd_creds import SystemdCreds


@pytest.fixture
def environ(tmp_path):
    return {"PATH": os.environ["PATH"], "CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}


def encrypt(path, content, name):
    command = ["systemd-creds", "encrypt", "--with-key=host", f"--name={name}", "-", str(path)]
    subprocess.run(command, input=content, check=True, capture_output=True, timeout=90)


def fetch(text, environ, tmp_path):
    reference = parse(text, base=str(tmp_path))
    return SystemdCreds().fetch([reference], Context(environ, timeout=90))[reference]


class TestSystemdCreds(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, tmp_path, environ):
        (tmp_path / "credentials").mkdir()
        for name, value in DIFFICULT_VALUES.items():
            (tmp_path / "credentials" / name).write_bytes(value)
        encrypt(tmp_path / "own", DIFFICULT_VALUES["binary"], "own")
        encrypt(tmp_path / "other.cred", b"under another name\n", "original")
        base = str(tmp_path)
        self.backend, self.context = SystemdCreds(), Context(environ, timeout=90)
        self.known = {parse(f"systemd-creds://{name}"): value for name, value in DIFFICULT_VALUES.items()}
        self.known[parse("systemd-creds://./own", base=base)] = DIFFICULT_VALUES["binary"]
        self.known[parse("systemd-creds://./other.cred?name=original", base=base)] = b"under another name\n"
        self.missing = [parse("systemd-creds://none"), parse("systemd-creds://./none", base=base)]


def test_a_wrong_name_a_damaged_file_and_a_bad_reference_are_told_apart(tmp_path, environ):
    encrypt(tmp_path / "other.cred", b"x", "original")
    (tmp_path / "junk.cred").write_bytes(b"junk that is no credential\n")
    renamed = fetch("systemd-creds://./other.cred", environ, tmp_path)
    assert type(renamed) is BadReference
    assert "?name=" in renamed.hint
    junk = fetch("systemd-creds://./junk.cred", environ, tmp_path)
    assert type(junk) is BadAnswer
    assert "junk that" not in junk.message
    assert type(fetch("systemd-creds://a#/b", environ, tmp_path)) is BadReference
    assert type(fetch("systemd-creds://./junk.cred?names=x", environ, tmp_path)) is BadReference


def test_the_value_is_no_argument(tmp_path, environ):
    encrypt(tmp_path / "own", b"a-secret-value", "own")
    noted, notes = noting(tmp_path, environ, "systemd-creds")
    assert fetch("systemd-creds://./own", noted, tmp_path) == b"a-secret-value"
    assert "decrypt" in notes.read_text()
    assert "a-secret-value" not in notes.read_text()


def test_outside_a_unit_and_without_the_program_the_hint_says_what_is_needed(tmp_path):
    outside = fetch("systemd-creds://db", {"PATH": os.environ["PATH"]}, tmp_path)
    assert type(outside) is Unavailable
    assert "LoadCredential" in outside.hint
    (tmp_path / "f").write_bytes(b"x")
    missing = fetch("systemd-creds://./f", {"PATH": str(tmp_path)}, tmp_path)
    assert type(missing) is NotInstalled
    assert "systemd 250" in missing.hint


def test_a_credential_can_not_lead_out_of_its_directory(tmp_path, environ):
    """A name with "/" is a file that must be encrypted, so a plain one beside the directory is not read."""
    (tmp_path / "credentials").mkdir()
    (tmp_path / "plain").write_bytes(b"plain beside it")
    assert type(fetch("systemd-creds://../plain", environ, tmp_path / "credentials")) is BadAnswer
    assert type(fetch("systemd-creds://..", environ, tmp_path)) is NotFound
