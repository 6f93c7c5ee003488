"""`secretrun init`: an age key, .sops.yaml, an encrypted store and a template, all of them or none."""

from __future__ import annotations

import os
import sys

from secretrun.config.discovery import PROJECT
from secretrun.embedded_store import creation, plain_file, store
from secretrun.errors import ConfigError, UsageError
from secretrun.launch.allow import Upkeep
from secretrun.posix import atomic_file, dumpable
from secretrun.template.dotenv import TEMPLATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.embedded_store.plain_file import PlainFile
    from secretrun.messages import Messages
    from secretrun.migrate.migration import Migration
    from secretrun.trust.ownership import Whose


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
    upkeep = Upkeep(directory, os.environ)
    if options.import_file:
        foreign = _foreign(options.import_file)
        if foreign is not None:
            status = _take_over(foreign, options.import_file, directory, messages, upkeep.whose)
            upkeep.keep(messages.note)
            return status
    plain = _plain_file(options.import_file) if options.import_file else plain_file.PlainFile()
    new = creation.Creation(directory, upkeep.whose)
    if os.path.isfile(new.store) and not options.import_file and _join(new, messages):
        return 0
    with store.locked(directory, lambda: messages.note("waiting for another secretrun to finish")):
        new.check()
        try:
            new.create(plain)
        except BaseException:
            new.undo()
            raise
    for line in new.said:
        messages.note(line)
    upkeep.keep(messages.note)
    if options.import_file:
        for line in _after_import(options.import_file, plain):
            messages.warn(line)
    else:
        messages.note("next: secretrun set NAME")
    return 0


def _join(there: creation.Creation, messages: Messages) -> bool:
    """In a project that has a store: the newcomer's own key, and the line for who can let them in.

    Returns:
        False when the store opens already.
    """
    found = creation.newcomer(there.store, there.root)
    if found is None:
        return False
    recipient, made = found
    if made is not None:
        messages.note(f"created your age key {made}: keep a copy of it")
    messages.note("your keys don't open the store here; send this line to somebody whose do, then pull:")
    sys.stdout.write(f"secretrun member add {recipient}\n")
    return True


def _foreign(source: str) -> Migration | None:
    """What the file (or name) of another tool says; None for an env file."""
    from secretrun.migrate import detect
    from secretrun.migrate.migration import Text

    named = detect.by_name(source)
    if named is not None:
        return named
    text = store.check_value(source, atomic_file.read(source, fault=UsageError))
    return detect.read(Text(text, source, os.environ))


def _take_over(found: Migration, source: str, directory: str, messages: Messages, whose: Whose) -> int:
    """Write what another tool's file says as secretrun.toml; plain secrets in it go into a store."""
    from secretrun.migrate.to_toml import SCHEMA, to_toml

    path = os.path.join(directory, PROJECT)
    if os.path.lexists(path):
        raise ConfigError(
            f"{path} exists already, and init overwrites nothing", hint="move the file away to start anew"
        )
    plain = plain_file.PlainFile()
    plain.values = found.take_secrets(plain_file.is_setting, f"sops://{store.STORE}")
    for name in plain.values:
        store.check_name(name)
    new = creation.Creation(directory, whose)
    with store.locked(directory, lambda: messages.note("waiting for another secretrun to finish")):
        try:
            if plain.values:
                new.check()
                new.create(plain)
            atomic_file.write_atomic(path, to_toml(found).encode(), mode=_mode_of(source))
            _write_schema(directory)
        except BaseException:
            new.undo()
            raise
    for line in new.said:
        messages.note(line)
    for at, what, why in found.left:
        messages.warn(f"{source}{f':{at}' if at else ''}: {what}: not carried over: {why}")
    if plain.values:
        for line in _after_import(source, plain):
            messages.warn(line)
    messages.note(f"created {PROJECT} in {directory} from {found.tool}; to try it: secretrun check")
    messages.note(f"created {SCHEMA}, with which editors complete it")
    return 0


def _write_schema(directory: str) -> None:
    """What the file's first line names; one that is there is the project's own."""
    import json

    from secretrun.config.schema import schema
    from secretrun.migrate.to_toml import SCHEMA

    path = os.path.join(directory, SCHEMA)
    if not os.path.lexists(path):
        text = json.dumps(schema(), indent=2) + "\n"
        atomic_file.write_atomic(path, text.encode(), mode=0o666 & ~creation.umask())


def _mode_of(source: str) -> int:
    """The mode of what is written from a file: no wider than the file's own."""
    try:
        own = os.stat(source).st_mode & 0o666
    except OSError:  # the name of a service
        own = 0o666
    return (own | 0o600) & ~creation.umask()


def _plain_file(path: str) -> PlainFile:
    from secretrun.resolution.registry import Registry

    plain = plain_file.read(
        store.check_value(path, atomic_file.read(path, fault=UsageError)), path, Registry(os.environ).known
    )
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
