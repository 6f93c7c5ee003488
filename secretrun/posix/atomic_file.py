"""Files that may hold secrets: read whole or said why, written whole or not at all, for their owner only."""

from __future__ import annotations

import os

from secretrun.errors import ConfigError, SecretrunError
from secretrun.posix.descriptors import write_all


def read(path: str, shown: str | None = None, *, fault: type[SecretrunError] = ConfigError) -> bytes:
    """All of a file.

    Args:
        path: the file.
        shown: its name in the error, when it is another.
        fault: whose fault it is when it can't be read.

    Raises:
        SecretrunError: of class `fault`, naming the file and the reason.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise fault(f"{shown or path}: {(error.strerror or 'unreadable').lower()}") from None


def write_atomic(path: str, data: bytes, *, mode: int = 0o600, replace: bool = False) -> None:
    """Write a file in one step: readers see the old file or the new one, never a part.

    The bytes go to a temporary file in the same directory, created with `mode`, which takes the name only
    when everything is on disk; on any failure it is removed and `path` is as it was.

    Args:
        path: the file.
        data: all of it.
        mode: its permission bits, whatever the umask.
        replace: an existing file may be replaced; otherwise it is an error.

    Raises:
        ConfigError: naming the path.
    """
    if not replace and os.path.lexists(path):
        raise ConfigError(f"{path} exists already", hint="--force replaces it")
    # A link is followed, as a shell's > would, so that what it points at is what is replaced.
    target = os.path.realpath(path)
    temporary = f"{target}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        try:
            os.fchmod(file, mode)
            write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        if replace:
            os.replace(temporary, target)
        else:
            os.link(temporary, target)  # fails when somebody was faster, where a rename would not
            os.unlink(temporary)
    except BaseException as error:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        if isinstance(error, FileExistsError):
            raise ConfigError(f"{path} exists already", hint="--force replaces it") from None
        if isinstance(error, OSError):
            raise ConfigError(f"{path}: {(error.strerror or 'not writable').lower()}") from None
        raise
