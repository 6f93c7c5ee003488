"""A new store: an age key, .sops.yaml, the encrypted file and the template, all of them or none."""

from __future__ import annotations

import os

from secretrun.backend import age_keys
from secretrun.embedded_store import age_key, store
from secretrun.embedded_store.members import RULES
from secretrun.embedded_store.sops_file import Sops
from secretrun.errors import BackendError, ConfigError, NotSignedIn, SecretrunError
from secretrun.posix import atomic_file, directories
from secretrun.template.dotenv import TEMPLATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.embedded_store.plain_file import PlainFile
    from secretrun.trust.ownership import Whose

RULE = """\
creation_rules:
  - path_regex: {pattern}
    age: {recipient}
"""
PATTERN = r"(^|/)secrets\.enc\.env$"
HEADER = """\
# Variables for `secretrun -- COMMAND`: references to values, never values, so commit this file.
# Add one: secretrun set NAME
"""


def newcomer(path: str, root: str) -> tuple[str, str | None] | None:
    """The key of somebody who can't open a store that is there: theirs, or one that is made.

    Args:
        path: the store.
        root: the repository, in which the key must not lie.

    Returns:
        The public key, and the file it was made in when it was; None when the store opens.

    Raises:
        SecretrunError: when the store can't be tried, or no key can be had.
    """
    content = atomic_file.read(path)
    if not store.is_dotenv(path, content):
        raise store.not_dotenv(path)
    try:
        Sops(os.environ).decrypt(content, os.path.dirname(path))
    except NotSignedIn:
        faults = age_keys.said(os.environ)[1]
        if [fault for fault in faults if "no such file" not in fault]:  # that one is made below
            raise  # a key of theirs is broken: another one would not open it either
    else:
        return None
    file = age_key.identity_file(os.environ)
    if os.path.lexists(file):
        return age_key.read_recipient(file, os.environ), None
    return age_key.create(file, os.environ, root), file


class Creation:
    """The files of one store, and the way back."""

    def __init__(self, directory: str, whose: Whose) -> None:
        self.directory = directory
        self._whose = whose
        self.root = directories.up_to_repository(directory)[-1]
        self.store = os.path.join(directory, store.STORE)
        self.template = os.path.join(directory, TEMPLATE)
        self.said: list[str] = []
        self._made: list[str] = []

    def check(self) -> None:
        """Nothing may be in the way.

        Raises:
            ConfigError: naming the file that is.
        """
        for path in (self.store, self.template):
            if os.path.lexists(path):
                raise ConfigError(
                    f"{path} exists already, and init overwrites nothing",
                    hint="secretrun set NAME adds to a store; move the file away to start anew",
                )

    def create(self, plain: PlainFile) -> None:
        """Make the key, the rules, the store and the template, in the order of their need."""
        Sops(os.environ)  # without sops there is no point in a key
        rules = self._existing_rules()
        if rules is None:
            rules = os.path.join(self.directory, RULES)
            recipient = self._recipient()
            self._write(rules, RULE.format(pattern=PATTERN, recipient=recipient).encode())
            content = Sops(os.environ).encrypt(plain.values, self.store, rules)
        else:
            content = self._encrypt_by(rules, plain)
        if Sops(os.environ).decrypt(content, self.directory) != plain.values:
            raise BackendError("sops gave back other values than it was given", hint="nothing was created")
        self._write(self.store, content)
        lines = [plain.kept.get(name) or store.reference_line(self.store, name) for name in plain.names]
        self._write(self.template, (HEADER + "".join(lines)).encode())
        made = ", ".join(os.path.basename(path) for path in self._made if path.startswith(self.directory))
        self.said.append(f"created {made} in {self.directory}")

    def undo(self) -> None:
        """Remove what was created, the latest first."""
        for path in reversed(self._made):
            os.unlink(path)
        self._made.clear()

    def _existing_rules(self) -> str | None:
        for place in directories.up_to_repository(self.directory):
            path = os.path.join(place, RULES)
            if os.path.lexists(path):
                self._whose.require(path, path)
                return path
        return None

    def _encrypt_by(self, rules: str, plain: PlainFile) -> bytes:
        """Encrypt by the rules that are there, and make sure that we can open the outcome."""
        sops = Sops(os.environ)
        try:
            content = sops.encrypt(plain.values, self.store, rules)
            sops.decrypt(content, self.directory)
        except SecretrunError as error:
            recipient = self._recipient()
            self._made.clear()  # a key that a hint names has to stay
            raise ConfigError(
                f"{rules} has no rule that makes a {store.STORE} you can open ({error.message})",
                hint="add this rule above the others, or your recipient to the one that matches:\n"
                + "\n".join(RULE.format(pattern=PATTERN, recipient=recipient).splitlines()[1:]),
            ) from None
        return content

    def _recipient(self) -> str:
        path = age_key.identity_file(os.environ)
        if os.path.lexists(path):
            return age_key.read_recipient(path, os.environ)
        recipient = age_key.create(path, os.environ, self.root)
        self._made.append(path)
        self.said.append(f"created your age key {path}: keep a copy, without it the store can't be opened")
        return recipient

    def _write(self, path: str, content: bytes) -> None:
        atomic_file.write_atomic(path, content, mode=0o666 & ~umask())
        self._made.append(path)


def umask() -> int:
    """The mode bits that new files of ours lack."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
