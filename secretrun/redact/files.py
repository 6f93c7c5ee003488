"""Masking between files: what `secretrun redact [FILE]...` does.

Bytes go through as they are, a line as soon as it is there, and nothing is read into memory whole.
Edge module: it reads and writes descriptors.
"""

from __future__ import annotations

import os
from stat import S_ISREG

from secretrun.errors import SecretrunError
from secretrun.posix.descriptors import write_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from secretrun.redact.masker import Masker

_READ = 64 * 1024
_IDLE = 0.025  # seconds of quiet after which a terminal shows the first bytes of what may be a secret
_BIG = 32 * 1024 * 1024  # bytes from which a file's progress is worth a word


class FileError(SecretrunError):
    """A file can't be read or replaced."""

    code = "redact.file"


def pump(
    source: int, target: int, redactor: Masker, *, progress: Callable[[int], None] | None = None
) -> None:
    """Copy descriptor `source` to `target`, masked, until its end.

    Raises:
        RedactionError: nothing after the failure is written.
        OSError: reading or writing failed; EPIPE too. What was held back is not written then.
    """
    terminal = os.isatty(target)
    copied = 0
    while True:
        if terminal and redactor.held and not _readable(source):
            write_all(target, redactor.release())
        data = os.read(source, _READ)
        if not data:
            break
        write_all(target, redactor.feed(data))
        if progress is not None:
            copied += len(data)
            progress(copied)
    write_all(target, redactor.flush())


def _readable(source: int) -> bool:
    import select

    return bool(select.select([source], [], [], _IDLE)[0])


def redact_files(paths: Sequence[str], target: int, redactor: Masker, *, terminal: int | None = None) -> None:
    """Write the files, masked, to `target` one after another; `-` is standard input, as is no file.

    Each is a stream of its own: no secret is looked for across two files. `terminal` is where to show
    the progress of a big one, or None.
    """
    for path in paths or ["-"]:
        source = 0 if path == "-" else _open(path)
        try:
            size = os.fstat(source).st_size
            pump(source, target, redactor.twin(), progress=_progress(path, size, terminal))
        except IsADirectoryError as error:
            raise FileError(f"{path}: is a directory", hint="name the files in it") from error
        finally:
            if path != "-":
                os.close(source)


def redact_in_place(path: str, redactor: Masker, *, terminal: int | None = None) -> bool:
    """Replace the file by its masked content, at once or not at all; return whether it changed.

    Its mode stays, its owner where we may set it, and a symbolic link keeps pointing to it. A file
    without a secret is not touched.

    Raises:
        FileError: not a regular file, or it can't be read or replaced.
    """
    import tempfile

    real = os.path.realpath(path)
    source = _open(real)
    try:
        status = os.fstat(source)
        if not S_ISREG(status.st_mode):
            raise FileError(f"{path}: not a regular file", hint="only regular files are replaced in place")
        before = _total(redactor)
        try:
            # beside the file, so that the last step is a rename; mkstemp makes it 0600
            target, name = tempfile.mkstemp(prefix=".secretrun-", dir=os.path.dirname(real) or ".")
        except OSError as error:
            raise FileError(
                f"{path}: can't write beside it: {error.strerror}", hint="the directory must be writable"
            ) from error
        try:
            try:
                pump(source, target, redactor.twin(), progress=_progress(path, status.st_size, terminal))
                if _total(redactor) == before:
                    return False
                _take_over(target, status)
                os.fsync(target)
            finally:
                os.close(target)
            os.replace(name, real)
            name = ""
        except OSError as error:
            raise FileError(f"{path}: can't replace it: {error.strerror}") from error
        finally:
            if name:
                os.unlink(name)
    finally:
        os.close(source)
    return True


def _take_over(target: int, status: os.stat_result) -> None:
    """Give `target` the owner and mode of the file it replaces, in that order: chown clears set-id bits."""
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(target, status.st_uid, status.st_gid)
        except PermissionError:
            pass  # as with sed -i, the file becomes ours
    os.fchmod(target, status.st_mode & 0o7777)


def _total(redactor: Masker) -> int:
    return redactor.report().total


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise FileError(f"{path}: {(error.strerror or 'unreadable').lower()}") from error


def _progress(path: str, size: int, terminal: int | None) -> Callable[[int], None] | None:
    """A callback that keeps one line of the terminal up to date, for a file big enough to wait for."""
    if terminal is None or size < _BIG:
        return None
    shown = -1

    def show(copied: int) -> None:
        nonlocal shown
        percent = min(100, copied * 100 // size)
        if percent != shown:
            shown = percent
            line = f"\rredacting {path}: {percent}%" if copied < size else "\r\x1b[K"
            write_all(terminal, line.encode("utf-8", "surrogateescape"))

    return show
