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


def takes_bytes(path: str) -> bool:
    """Whether a path is there already and can only be written into: a device, a FIFO, an open descriptor.

    Raises:
        ConfigError: it is a directory, a socket or a block device, which nobody means.
    """
    import stat

    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    if stat.S_ISREG(mode):
        open_already = os.path.realpath(os.path.dirname(path)).startswith("/proc/")  # /dev/fd/3
        return open_already or os.path.normpath(path) in ("/dev/stdout", "/dev/stderr")
    if stat.S_ISCHR(mode) or stat.S_ISFIFO(mode):
        return True
    kind = "a directory" if stat.S_ISDIR(mode) else "a socket" if stat.S_ISSOCK(mode) else "a block device"
    raise ConfigError(f"{path} is {kind}", hint="name a file")


def write_into(path: str, data: bytes) -> None:
    """Write to what stands there, which stays what it is: a FIFO's reader gets the bytes.

    Raises:
        ConfigError: naming the path.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            write_all(file, data)
        finally:
            os.close(file)
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'not writable').lower()}") from None


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
