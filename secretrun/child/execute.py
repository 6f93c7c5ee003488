"""Become the command: PATH of its own environment, /bin/sh for a script without `#!`, exact errors."""

from __future__ import annotations

import errno
import os
import sys

from secretrun.errors import CommandError, CommandNotFound
from secretrun.posix import descriptors, dumpable, signals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

_DEFAULT_PATH = b"/bin:/usr/bin"  # execvp(3), where PATH is not set
_NOT_HERE = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENODEV, errno.ETIMEDOUT)


def execute(argv: Sequence[bytes], environment: Mapping[bytes, bytes]) -> int:
    """Replace this process by the command, as execvp(3) does; returns errno when that fails.

    Args:
        argv: at least one word; `argv[0]` reaches the command as it stands.
        environment: all of the command's environment, which also says where PATH is.
    """
    # A variable without a name can be inherited, but Python can't pass it on.
    named = {name: value for name, value in environment.items() if name}
    command = argv[0]
    if not command:
        return errno.ENOENT
    if b"/" in command:
        return _try(command, argv, named)
    worst = errno.ENOENT
    for path in _places(command, environment):
        code = _try(path, argv, named)
        if code == errno.EACCES:
            worst = code
        elif code not in _NOT_HERE:
            return code
    return worst


def find(command: bytes, environment: Mapping[bytes, bytes]) -> bytes | None:
    """The file that `execute` would try and take, as far as that can be told beforehand; else None."""
    if b"/" in command:
        return command
    for path in _places(command, environment):
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return None
        return path if os.access(path, os.X_OK) else None
    return None


def _places(command: bytes, environment: Mapping[bytes, bytes]) -> list[bytes]:
    """Where a command without a directory may be, in the order of PATH."""
    directories = environment.get(b"PATH", _DEFAULT_PATH).split(b":")
    return [os.path.join(directory or b".", command) for directory in directories]


def _try(path: bytes, argv: Sequence[bytes], environment: dict[bytes, bytes]) -> int:
    try:
        os.execve(path, list(argv), environment)  # noqa: S606  there is no shell, on purpose
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            return error.errno or errno.EINVAL
    except ValueError:  # a NUL byte, or a variable's name with "=" in it
        return errno.EINVAL
    try:
        os.execve(b"/bin/sh", [b"sh", path, *argv[1:]], environment)  # noqa: S606
    except OSError as error:
        return error.errno or errno.EINVAL


def failure(code: int, argv: Sequence[bytes]) -> CommandError:
    """The error to raise when a command could not be executed.

    Args:
        code: what `execute` returned.
        argv: the command; only its first word is shown.
    """
    name = argv[0].decode("utf-8", "backslashreplace") if argv else ""
    if code in (errno.ENOENT, errno.ENOTDIR):
        if "/" in name:
            return CommandNotFound(
                f"{name}: {os.strerror(code).lower()}",
                hint="check the path; of a script, also the interpreter that its first line names",
            )
        return CommandNotFound(f"{name}: command not found", hint="check its name, and PATH")
    hint = None
    if code == errno.EACCES:
        hint = f"make it executable: chmod +x {name}"
    return CommandError(f"{name}: {os.strerror(code).lower()}", hint=hint)


def replace(argv: Sequence[bytes], environment: Mapping[bytes, bytes]) -> NoReturn:
    """Become the command, with nothing of us left: where nothing is masked, nothing is better.

    Raises:
        CommandNotFound: there is no such command.
        CommandError: there is, but it can't be executed.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    signals.as_python_found_them()
    dumpable.give_back()
    descriptors.close(*descriptors.closed())
    raise failure(execute(argv, environment), argv)


def become(
    argv: Sequence[bytes],
    environment: Mapping[bytes, bytes],
    streams: Sequence[int | None],
    given: signals.Signals,
    errors: int,
) -> NoReturn:
    """In a forked process: set up the command's streams and dispositions, and become it.

    Args:
        argv: the command.
        environment: its environment.
        streams: for 0, 1 and 2 the descriptor to put there, None to leave what is there.
        given: the dispositions to give back.
        errors: a close-on-exec pipe; errno is written there, as digits, when the command can't be had.
    """
    code = errno.EIO
    try:
        for number, source in enumerate(streams):
            if source is not None:
                os.dup2(source, number)
        descriptors.close(*descriptors.closed())
        dumpable.give_back()
        given.give_back()
        code = execute(argv, environment)
    except OSError as error:
        code = error.errno or code
    finally:
        os.write(errors, b"%d" % code)
        os._exit(127)
