"""`secretrun init`: an age key, .sops.yaml, an encrypted store and a template, all of them or none."""

from __future__ import annotations

import os

from secretrun.config.discovery import PROJECT
from secretrun.embedded_store import age_key, plain_file, store
from secretrun.embedded_store.sops_file import Sops
from secretrun.errors import BackendError, ConfigError, SecretrunError, UsageError
from secretrun.posix import atomic_file, directories, dumpable
from secretrun.template.dotenv import TEMPLATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.embedded_store.plain_file import PlainFile
    from secretrun.messages import Messages
    from secretrun.migrate.migration import Migration

RULES = ".sops.yaml"
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


def run(options: argparse.Namespace) -> int:
    """Create what is missing; returns 0.

    Raises:
        SecretrunError: when a file exists already or a step fails; what was created is removed then.
    """
    dumpable.forbid()
    messages: Messages = options.messages
    directory = os.path.realpath(options.directory)
    if not os.path.isdir(directory):
        raise UsageError(f"not a directory: {options.directory}")
    if options.import_file:
        foreign = _foreign(options.import_file)
        if foreign is not None:
            return _take_over(foreign, options.import_file, directory, messages)
    plain = _plain_file(options.import_file) if options.import_file else plain_file.PlainFile()
    creation = Creation(directory)
    with store.locked(directory, lambda: messages.note("waiting for another secretrun to finish")):
        creation.check()
        try:
            creation.create(plain)
        except BaseException:
            creation.undo()
            raise
    for line in creation.said:
        messages.note(line)
    if options.import_file:
        for line in _after_import(options.import_file, plain):
            messages.warn(line)
    else:
        messages.note("next: secretrun set NAME")
    return 0


class Creation:
    """The files of one store, and the way back."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
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
            content = Sops(os.environ).encrypt(plain.values, self.store)
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
                return path
        return None

    def _encrypt_by(self, rules: str, plain: PlainFile) -> bytes:
        """Encrypt by the rules that are there, and make sure that we can open the outcome."""
        sops = Sops(os.environ)
        try:
            content = sops.encrypt(plain.values, self.store)
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
        atomic_file.write_atomic(path, content, mode=0o666 & ~_umask())
        self._made.append(path)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _foreign(source: str) -> Migration | None:
    """What the file (or name) of another tool says; None for an env file."""
    from secretrun.migrate import detect
    from secretrun.migrate.migration import Text

    named = detect.by_name(source)
    if named is not None:
        return named
    text = store.check_value(source, _read(source))
    return detect.read(Text(text, source, os.environ))


def _take_over(found: Migration, source: str, directory: str, messages: Messages) -> int:
    """Write what another tool's file says as secretrun.toml; no value is in it that was not in there."""
    from secretrun.migrate.to_toml import to_toml

    path = os.path.join(directory, PROJECT)
    if os.path.lexists(path):
        raise ConfigError(
            f"{path} exists already, and init overwrites nothing", hint="move the file away to start anew"
        )
    atomic_file.write_atomic(path, to_toml(found).encode(), mode=0o666 & ~_umask())
    for line, what, why in found.left:
        messages.warn(f"{source}{f':{line}' if line else ''}: {what}: not carried over: {why}")
    messages.note(f"created {PROJECT} in {directory} from {found.tool}; to try it: secretrun check")
    return 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from None


def _plain_file(path: str) -> PlainFile:
    from secretrun.resolution.registry import Registry

    plain = plain_file.read(store.check_value(path, _read(path)), path, Registry(os.environ).known)
    for name in plain.values:
        store.check_name(name)
    return plain


def _after_import(path: str, plain: PlainFile) -> list[str]:
    """What is left to do by hand; no value in it."""
    lines = [f"moved {len(plain.values)} values from {path}; when all works, delete it: rm {path}"]
    references = [name for name in plain.kept if name not in plain.settings]
    if references:
        lines.append(f"kept as they were, since they hold references: {', '.join(references)}")
    if plain.settings:
        lines.append(
            f"kept in {TEMPLATE} as settings, too short or common for a secret: {', '.join(plain.settings)} "
            "(secretrun set NAME moves one)"
        )
    state = _git_state(path)
    if state:
        lines.append(f"{path} is {state}: rotate every value in it, deleting the file is not enough")
    else:
        lines.append("rotate the values that others may have seen while they lay in plain text")
    return lines


def _git_state(path: str) -> str:
    """How git knows the file, or "" when it does not."""
    import subprocess

    from secretrun.backend.programs import find_program

    git = find_program("git", os.environ)
    if git is None:
        return ""
    directory, name = os.path.split(os.path.abspath(path))
    for arguments, state in (
        (["ls-files", "--", name], "tracked by git (git rm --cached takes it out of the index)"),
        (["log", "--all", "-n1", "--format=%h", "--", name], "in git's history"),
    ):
        done = subprocess.run(
            [git, "--literal-pathspecs", *arguments], cwd=directory, capture_output=True, check=False
        )
        if done.returncode == 0 and done.stdout.strip():
            return state
    return ""
