"""Secrets that reach the command as a file, a descriptor or its stdin instead of a variable's value.

- `file`: a 0600 file in a 0700 directory of its own, in memory where the system has such a place; the
  variable holds its path. Any program, and the programs it starts, can open it, as often as they like.
- `fd`: an open descriptor; the variable holds `/dev/fd/N`. Nothing has a name in the file system, but a
  program that closes what it does not know (Node and Python do, for their children) can't use it.
- `fifo`: a named pipe, one copy of the value for each open; the variable holds its path. Nothing is stored,
  but many programs do not take a pipe for a file: only for those that ask for it.
- `stdin`: the command's standard input is the value.

The directory is removed when the command ends. A reaper, forked before the command, removes it when we
are killed: it does nothing but wait for our end of a pipe to close.
"""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError
from secretrun.posix import descriptors, directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Delivery:
    """What was put where, for one run.

    Attributes:
        variables: what the variables hold instead of the values: paths.
    """

    def __init__(self) -> None:
        self.variables: dict[str, bytes] = {}
        self._directory: str | None = None
        self._reaper = -1
        self._feeders: list[int] = []

    def deliver(self, values: Mapping[str, tuple[str, bytes]], environ: Mapping[str, str]) -> None:
        """Put every value of `values` (name to (way, value)) in its place.

        Raises:
            ConfigError: naming the variable; nothing is left behind.
        """
        to_stdin = [name for name, (way, _) in values.items() if way == "stdin"]
        if len(to_stdin) > 1:
            raise ConfigError(f"{' and '.join(to_stdin)} both want to be the command's stdin")
        try:
            for name, (way, value) in values.items():
                if way == "file":
                    self.variables[name] = self._file(name, value, environ)
                elif way == "fifo":
                    self.variables[name] = self._fifo(name, value, environ)
                elif way == "fd":
                    self.variables[name] = b"/dev/fd/%d" % self._descriptor(name, value, environ)
                elif way == "stdin":
                    descriptor = self._descriptor(name, value, environ)
                    os.dup2(descriptor, 0)
                    os.close(descriptor)
        except OSError as error:
            self.remove()
            raise ConfigError(f"can't deliver a secret: {(error.strerror or 'no room').lower()}") from None
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """Remove the files, and send the helpers home."""
        while self._feeders:
            os.close(self._feeders.pop())
        if self._directory is not None:
            _remove(self._directory)
            self._directory = None
        if self._reaper >= 0:
            os.close(self._reaper)
            self._reaper = -1

    @property
    def must_stay(self) -> bool:
        """Whether somebody has to remove files after the command."""
        return self._directory is not None

    def _place(self, name: str, environ: Mapping[str, str]) -> str:
        if self._directory is None:
            self._directory = directories.private(environ)
            directory = self._directory
            self._reaper = fork_helper(lambda end: _reap(end, directory))
        return os.path.join(self._directory, name)

    def _fifo(self, name: str, value: bytes, environ: Mapping[str, str]) -> bytes:
        path = self._place(name, environ)
        os.mkfifo(path, 0o600)
        self._feeders.append(fork_helper(lambda end: _feed(end, path, value)))
        return os.fsencode(path)

    def _file(self, name: str, value: bytes, environ: Mapping[str, str]) -> bytes:
        path = self._place(name, environ)
        _write(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), value)
        return os.fsencode(path)

    def _descriptor(self, name: str, value: bytes, environ: Mapping[str, str]) -> int:
        """An inheritable descriptor to read the value from, each open of /dev/fd/N from its start."""
        if sys.platform == "linux":
            writable = os.memfd_create(name, os.MFD_CLOEXEC)
            _write(os.dup(writable), value)
            readable = os.open(f"/proc/self/fd/{writable}", os.O_RDONLY)
            os.close(writable)
        else:
            directory = directories.private(environ)
            path = os.path.join(directory, name)
            try:
                _write(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), value)
                readable = os.open(path, os.O_RDONLY)
            finally:
                _remove(directory)
        os.set_inheritable(readable, True)
        return readable


def _write(descriptor: int, value: bytes) -> None:
    try:
        descriptors.write_all(descriptor, value)
    finally:
        os.close(descriptor)


def _remove(directory: str) -> None:
    try:
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
    except FileNotFoundError:
        pass  # the reaper or the command was faster


def fork_helper(work: Callable[[int], None]) -> int:
    """Fork a helper that works until the returned descriptor is closed, by us or by our death.

    It is a grandchild, so that nobody waits for it, in a session of its own, so that no signal to our
    group reaches it.
    """
    reader, writer = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            if os.fork() == 0:
                os.setsid()
                os.chdir("/")
                null = os.open(os.devnull, os.O_RDWR)
                for descriptor in (0, 1, 2):
                    os.dup2(null, descriptor)
                os.dup2(reader, 3)
                os.closerange(4, 65536)
                work(3)
        finally:
            os._exit(0)
    os.close(reader)
    os.waitpid(first, 0)
    return writer


def _reap(end: int, directory: str) -> None:
    """Remove `directory` when the descriptor `end` gives end of file."""
    while os.read(end, 1):
        pass
    _remove(directory)


def _feed(end: int, path: str, value: bytes) -> None:
    """Write one copy of `value` for each open of the named pipe at `path`, until `end` gives end of file.

    A pipe that was opened is replaced by a new one before anything is written to it: who opens the path
    next gets a copy of their own, and not the rest of this one.
    """
    import errno
    import select

    while not select.select([end], [], [], 0.01)[0]:
        try:
            writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nobody has it open for reading yet
                continue
            return  # the directory is gone
        fresh = f"{path}.{os.urandom(4).hex()}"
        os.mkfifo(fresh, 0o600)
        os.replace(fresh, path)
        os.set_blocking(writer, True)
        try:
            _write(writer, value)
        except BrokenPipeError:
            pass  # the reader has seen enough
