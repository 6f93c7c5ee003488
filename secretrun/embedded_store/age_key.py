"""The user's age identity: found, or made once, in the configuration directory and never in a repository."""

from __future__ import annotations

import os
import subprocess

from secretrun.backend import age_keys, bech32
from secretrun.backend.age_keys import PREFIX
from secretrun.backend.programs import find_program
from secretrun.backend.sops import age_key_file
from secretrun.errors import BackendError, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

INSTALL = "install age (https://age-encryption.org), or: pip install 'secretrun[sops]'"


def identity_file(environ: Mapping[str, str]) -> str:
    """The file of identities sops will use: the user's SOPS_AGE_KEY_FILE, else secretrun's own."""
    return environ.get("SOPS_AGE_KEY_FILE") or age_key_file(environ)


def read_recipient(path: str, environ: Mapping[str, str]) -> str:
    """The public recipient (`age1...`) of the first identity in `path`.

    Raises:
        BackendError: when the file can't be read, holds no identity, or others can read it.
        Unavailable: when neither age-keygen nor the cryptography package is there to derive it.
    """
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            identity = next((line.strip() for line in file if line.startswith(PREFIX)), None)
    except OSError as error:
        raise BackendError(
            f"can't read the age key {path}: {error.strerror}",
            hint="mend the file, or unset SOPS_AGE_KEY_FILE to use secretrun's own key",
        ) from None
    except UnicodeDecodeError:
        identity, mode = None, 0
    if identity is None:
        raise BackendError(
            f"{path} holds no age identity", hint=f"a line of it has to start with {PREFIX}; or move it away"
        )
    if mode & 0o077:
        raise BackendError(f"the age key {path} is open to other users", hint=f"chmod 600 {path}")
    return _recipient(identity, environ)


def create(path: str, environ: Mapping[str, str], repository: str) -> str:
    """Make a new identity in `path` (0600, its directory 0700); returns its recipient.

    Args:
        path: a file that does not exist yet.
        environ: whose PATH leads to age-keygen.
        repository: a directory the key must not lie in.

    Raises:
        BackendError: when the place is unfit or can't be written.
        Unavailable: when neither age-keygen nor the cryptography package is there.
    """
    root = os.path.realpath(repository)
    if os.path.commonpath([root, os.path.realpath(path)]) == root:
        raise BackendError(
            f"the age key would lie in the repository: {path}",
            hint="point XDG_CONFIG_HOME or SOPS_AGE_KEY_FILE outside of it",
        )
    identity = _generate(environ)
    recipient = _recipient(identity, environ)
    try:
        os.makedirs(os.path.dirname(os.path.dirname(path)), mode=0o700, exist_ok=True)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise BackendError(f"can't create the age key {path}: {error.strerror}") from None
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(f"# made by secretrun init\n# public key: {recipient}\n{identity}\n")
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(path)
        raise
    return recipient


def _generate(environ: Mapping[str, str]) -> str:
    program = find_program("age-keygen", environ)
    if program is not None:
        output = _age_keygen([program], "", environ)
        return next(line for line in output.splitlines() if line.startswith(PREFIX))
    return bech32.encode(PREFIX, os.urandom(32))


def _recipient(identity: str, environ: Mapping[str, str]) -> str:
    program = find_program("age-keygen", environ)
    if program is not None:
        return _age_keygen([program, "-y"], identity + "\n", environ).strip()
    try:
        public = age_keys.recipient(identity)
    except ValueError:
        raise BackendError("the age key is malformed", hint="is a part of its line missing?") from None
    if public is None:
        raise Unavailable("nothing here can derive the public part of an age key", hint=INSTALL)
    return public


def _age_keygen(command: list[str], given: str, environ: Mapping[str, str]) -> str:
    try:
        done = subprocess.run(
            command, input=given, capture_output=True, text=True, env=dict(environ), check=False
        )
    except OSError as error:
        raise Unavailable(f"can't start {command[0]}: {error.strerror}", hint=INSTALL) from None
    if done.returncode != 0 or not done.stdout.strip():
        # What it wrote may quote the key it was given.
        raise BackendError(f"{command[0]} failed with status {done.returncode}")
    return done.stdout
