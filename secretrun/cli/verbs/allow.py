"""`secretrun allow`: show what the project's files reach, ask on the terminal, remember the answer."""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError, NotFound, UsageError
from secretrun.launch.allow import Look
from secretrun.messages import printable
from secretrun.posix import directories
from secretrun.trust.agreement import Agreements
from secretrun.trust.digest import KINDS
from secretrun.trust.ownership import Whose

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


class NotAnswered(ConfigError):
    """Nobody agreed: there is no terminal to ask on, or the answer was no."""

    code = "trust.not-agreed"


def run(options: argparse.Namespace) -> int:
    """Show and ask; returns 0 when it is agreed to.

    Raises:
        NotAnswered: when it is not.
        SecretrunError: for files that can't be read, or that are not ours.
    """
    if options.list:
        return _list()
    directory = _directory(options.file)
    if options.revoke:
        return _revoke(options.file, directory)
    profiles: list[str] | None = options.profile
    look = Look(directory, os.environ, profiles, options.set)
    for note in look.config.notes:
        options.messages.warn(note)
    if not look.path:
        raise NotFound("there is no template here to agree to", hint="secretrun init makes one")
    if options.file is not None and os.path.isfile(options.file):
        named = os.path.realpath(options.file)
        if named not in map(os.path.realpath, look.config.found):
            raise UsageError(
                f"{options.file} is not a file that is discovered there",
                hint=f"when you use it, name it: -e {options.file}",
            )
    if options.print:
        sys.stdout.write(f"{next(iter(look.reaches.values())).digest()}\n")
        return 0
    for profile, error in look.failed.items():
        options.messages.warn(f"-p {profile}: {error.message}")
    _show(look)
    if not any(reach.asks for reach in look.reaches.values()):
        options.messages.note("it reaches nothing, so it needs no agreement")
        return 0
    if look.is_agreed():
        options.messages.note("agreed to already")
        return 0
    _ask(look)
    look.agree()
    return 0


def _directory(file: str | None) -> str:
    if file is None:
        return os.getcwd()
    path = os.path.abspath(file)
    if os.path.isdir(path):
        return path
    if not os.path.lexists(path):
        raise NotFound(f"there is no file {file}")
    return os.path.dirname(path)


def _show(look: Look) -> None:
    """Everything the files reach, a line each; a profile's lines when they are not the others' as well."""
    files = ", ".join(map(os.path.relpath, look.config.found))
    sys.stdout.write(f"{printable(files)} reaches:\n")
    shown: set[tuple[str, str]] = set()
    for profile, reach in look.reaches.items():
        fresh = [line for line in dict.fromkeys(reach.lines) if line not in shown]
        shown.update(fresh)
        if profile and fresh:
            sys.stdout.write(f"with -p {printable(profile)} also:\n")
        for kind, text in fresh:
            if kind not in ("plain", "setting"):
                sys.stdout.write(f"  {KINDS[kind]:18} {printable(text)}\n")
        for kind in ("setting", "plain"):
            rest = [text for k, text in fresh if k == kind]
            if rest:
                sys.stdout.write(f"  {KINDS[kind]:18} {printable(', '.join(rest))}\n")
    sys.stdout.flush()


def _ask(look: Look) -> None:
    """Ask on the terminal, whatever stdin is.

    Raises:
        NotAnswered: there is none, or the answer is not yes.
    """
    pin = next(iter(look.reaches.values())).digest()
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        raise NotAnswered(
            "there is no terminal to ask on",
            hint=f"without a person: name the file with -e, or pin it: SECRETRUN_ALLOW={pin}",
        ) from None
    try:
        os.write(terminal, b"agree? [y/N] ")
        answer = b""
        while not answer.endswith(b"\n"):
            piece = os.read(terminal, 256)
            if not piece:
                break
            answer += piece
    finally:
        os.close(terminal)
    if answer.strip().lower() not in (b"y", b"yes"):
        raise NotAnswered("not agreed to, nothing is remembered")


def _agreements() -> Agreements:
    return Agreements(os.environ, Whose(os.environ))


def _list() -> int:
    for path, agreed in _agreements().all():
        sys.stdout.write(f"{agreed[0].digest}  {printable(path)}\n")
    return 0


def _revoke(file: str | None, directory: str) -> int:
    """Forget the agreements of the file that is named, or of those that are found from here."""
    agreements = _agreements()
    if file is not None and not os.path.isdir(file):
        paths: Iterable[str] = [os.path.abspath(file)]
    else:
        names = ("secretrun.toml", ".env.secretrun", ".env")
        paths = [os.path.join(place, n) for place in directories.up_to_repository(directory) for n in names]
    revoked = [path for path in paths if agreements.revoke(path)]
    if not revoked:
        raise NotFound("there is no agreement to revoke", hint="secretrun allow --list shows them")
    return 0
