"""Places in the file system, each by one rule: configuration, run time, memory, the repository's root."""

from __future__ import annotations

import os
import stat

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

IN_MEMORY = ("/dev/shm", "/run/shm")  # noqa: S108  what is made in them is 0700
_NOWHERE = (
    "/nonexistent"  # a home that is not absolute would let a directory one walks into speak for the user
)


class NotOurs(ConfigError):
    """What stands there was put there by somebody else: nothing may go on beside that."""


def configuration(environ: Mapping[str, str], program: str = "secretrun") -> str:
    """The user's own configuration directory of a program, by the XDG base directory specification.

    `$XDG_CONFIG_HOME/PROGRAM`, or below `~/.config`; as that tells, a relative path is ignored.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        base = os.path.join(home if os.path.isabs(home) else _NOWHERE, ".config")
    return os.path.join(base, program)


def state(environ: Mapping[str, str]) -> str:
    """Where secretrun remembers what is no configuration.

    `$XDG_STATE_HOME/secretrun`, or below `~/.local/state`.
    """
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        base = os.path.join(home if os.path.isabs(home) else _NOWHERE, ".local", "state")
    return os.path.join(base, "secretrun")


def cache(environ: Mapping[str, str]) -> str:
    """Where secretrun keeps what can be made again: `$XDG_CACHE_HOME/secretrun`, or below `~/.cache`."""
    base = environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        base = os.path.join(home if os.path.isabs(home) else _NOWHERE, ".cache")
    return os.path.join(base, "secretrun")


def make(directory: str) -> tuple[int, int] | None:
    """Make a directory of mode 0700 with its parents.

    Returns:
        The owner that a file in it should have, when we are root in the home of somebody else (sudo).

    Raises:
        ConfigError: it can't be made.
    """
    missing = []
    place = directory
    while not os.path.lexists(place):
        missing.append(place)
        place = os.path.dirname(place)
    try:
        above = os.stat(place)
        owner = (above.st_uid, above.st_gid) if os.geteuid() == 0 and above.st_uid != 0 else None
        for one in reversed(missing):
            os.mkdir(one, 0o700)
            if owner is not None:
                os.chown(one, *owner)
    except FileExistsError:
        return make(directory)  # another run made one of them meanwhile
    except OSError as error:
        raise ConfigError(f"{directory}: {(error.strerror or 'unusable').lower()}") from None
    return owner


def runtime(environ: Mapping[str, str]) -> str:
    """Where sockets and locks of secretrun lie: below `$XDG_RUNTIME_DIR`, else /tmp in a directory per user.

    It may not be there yet, or be somebody else's: `check_ours` says.
    """
    base = environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(base) and os.path.isdir(base):
        return os.path.join(base, "secretrun")
    return os.path.join("/tmp", f"secretrun-{os.getuid()}")  # noqa: S108  checked by `check_ours`


def memory(environ: Mapping[str, str]) -> str | None:
    """A directory that is never on a disk and that we may write to, or None where there is none."""
    for place in (environ.get("XDG_RUNTIME_DIR", ""), *IN_MEMORY):
        if _is_usable(place):
            return place
    return None


def private(environ: Mapping[str, str]) -> str:
    """A new directory of mode 0700, in memory where there is such a place.

    Raises:
        ConfigError: when there is no place for it.
        OSError: when it can't be made.
    """
    for place in (memory(environ) or "", environ.get("TMPDIR", ""), "/tmp"):  # noqa: S108  of mode 0700 itself
        if _is_usable(place):
            path = os.path.join(place, f"secretrun-{os.urandom(8).hex()}")
            os.mkdir(path, 0o700)
            return path
    raise ConfigError("no directory to put a secret's file into", hint="set TMPDIR to a directory of yours")


def check_ours(directory: str, *, create: bool = False, remedy: str = "remove it") -> None:
    """See that a directory is ours alone: our user's, and nobody else may write into it.

    Args:
        directory: its path.
        create: make it, with its parents, when it is not there.
        remedy: what the hint of NotOurs tells to do.

    Raises:
        NotOurs: when it belongs to somebody else, or others may write into it.
        ConfigError: when it can't be looked at.
    """
    if create:
        try:
            os.makedirs(directory, mode=0o700, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{directory}: {(error.strerror or 'unusable').lower()}") from None
    try:
        found = os.lstat(directory)
    except OSError as error:
        raise ConfigError(f"{directory}: {(error.strerror or 'unreadable').lower()}") from None
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise NotOurs(
            f"{directory} is not a directory of ours alone",
            hint=f"somebody else made it, or opened it to others: {remedy}",
        )


def up_to_repository(directory: str) -> list[str]:
    """`directory` and its parents up to the repository's root; itself alone outside a repository.

    What lies in a parent that belongs to nobody's repository must not decide what runs here.
    """
    found = [directory]
    while not os.path.lexists(os.path.join(found[-1], ".git")):
        parent = os.path.dirname(found[-1])
        if parent == found[-1]:
            return [directory]
        found.append(parent)
    return found


def _is_usable(place: str) -> bool:
    return os.path.isabs(place) and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK)
