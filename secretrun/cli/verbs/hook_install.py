"""`secretrun hook install|uninstall AGENT`: shows the difference, then writes it.

What was there before comes back.
"""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError, UsageError
from secretrun.hooks import dialects, settings_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.hooks.settings_files import Edit
    from secretrun.messages import Messages

_PATTERNS = (
    "files that hold secrets are known by their names and by the shapes of credentials, and in an agent that "
    "was started by secretrun (secretrun -- AGENT) by the values of that run; without one, a file with a "
    "value which only a store knows is read as it is"
)


def run(options: argparse.Namespace, what: str, name: str) -> int:
    """Install or uninstall; returns the exit status.

    Raises:
        ConfigError: a file that can't be read or changed; nothing has been written then.
    """
    environ = dict(os.environ)
    project = _project() if options.scope == "project" else None
    record = settings_files.record_path(name, project or "user", environ)
    known = settings_files.load(record)
    notes: tuple[str, ...] = ()
    if what == "install":
        setup = dialects.dialect(name).setup(environ, project)
        notes = (*setup.notes, _PATTERNS)
        edits = [settings_files.plan(file, known.get(file.path)) for file in setup.files]
        if project is not None:
            for edit in edits:
                _see_that_uncommitted(edit.path, project)
    else:
        if not known:
            raise ConfigError(
                f"{name} was not set up by secretrun {'in this project' if project else 'here'}"
            )
        edits = [settings_files.undo(path, said) for path, said in known.items()]
    _carry_out(edits, options, options.messages)
    if options.dry_run:
        return 0
    if what == "install":
        settings_files.save(record, edits, known)
        for note in notes:
            options.messages.note(note)
    else:
        settings_files.forget(record)
    return 0


def _carry_out(edits: list[Edit], options: argparse.Namespace, messages: Messages) -> None:
    changing = [edit for edit in edits if edit.changes]
    for edit in changing:
        if not options.quiet:
            sys.stdout.write(edit.diff())
    sys.stdout.flush()
    if not changing:
        messages.note("nothing to change")
    if not options.dry_run:
        for edit in changing:
            settings_files.write(edit)


def _project() -> str:
    from secretrun.posix.directories import up_to_repository

    try:
        here = os.getcwd()
    except OSError:
        raise UsageError("the current directory is gone") from None
    return up_to_repository(here)[-1]


def _see_that_uncommitted(path: str, project: str) -> None:
    """A file of the project's is written only where git does not have it."""
    import subprocess

    try:
        done = subprocess.run(
            ["git", "-C", project, "ls-files", "--error-unmatch", "--", path],
            capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=20,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return  # without git nothing is committed
    if done.returncode == 0:
        raise ConfigError(f"{path} is committed, and would set the agent up for everybody",
                          hint="install it for yourself: --scope user")  # fmt: skip
