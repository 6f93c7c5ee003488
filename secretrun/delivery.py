"""Secrets that reach the command as a file, a descriptor or its stdin instead of a variable's value.

- `file`: a 0600 file in a 0700 directory of its own, in memory where the system has such a place; the
  variable holds its path. Any program, and the programs it starts, can open it, as often as they like.
- `fd`: an open descriptor; the variable holds `/dev/fd/N`. Nothing has a name in the file system, but a
  program that closes what it does not know (Node and Python do, for their children) can't use it.
- `stdin`: the command's standard input is the value.

The directory is removed when the command ends. A reaper, forked before the command, removes it when we
are killed: it does nothing but wait for our end of a pipe to close.

May import: errors.
"""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

WAYS = ("env", "file", "fd", "stdin")
IN_MEMORY = ("/dev/shm",)  # noqa: S108  a directory of our own is made below it


class Delivery:
    """What was put where, for one run.

    Attributes:
        variables: what the variables hold instead of the values: paths.
    """

    def __init__(self) -> None:
        self.variables: dict[str, bytes] = {}
        self._directory: str | None = None
        self._reaper = -1

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
        """Remove the files, and send the reaper home."""
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

    def _file(self, name: str, value: bytes, environ: Mapping[str, str]) -> bytes:
        if self._directory is None:
            self._directory = _private_directory(environ)
            self._reaper = _fork_reaper(self._directory)
        path = os.path.join(self._directory, name)
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
            directory = _private_directory(environ)
            path = os.path.join(directory, name)
            try:
                _write(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), value)
                readable = os.open(path, os.O_RDONLY)
            finally:
                _remove(directory)
        os.set_inheritable(readable, True)
        return readable


def _private_directory(environ: Mapping[str, str]) -> str:
    """A new 0700 directory, in memory where there is such a place."""
    places = [environ.get("XDG_RUNTIME_DIR", ""), *IN_MEMORY, environ.get("TMPDIR", ""), "/tmp"]  # noqa: S108
    for place in places:
        if os.path.isabs(place) and os.access(place, os.W_OK | os.X_OK):
            path = os.path.join(place, f"secretrun-{os.urandom(8).hex()}")
            os.mkdir(path, 0o700)
            return path
    raise ConfigError("no directory to put a secret's file into", hint="set TMPDIR to a directory of yours")


def _write(descriptor: int, value: bytes) -> None:
    try:
        view = memoryview(value)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def _remove(directory: str) -> None:
    try:
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
    except FileNotFoundError:
        pass  # the reaper or the command was faster


def _fork_reaper(directory: str) -> int:
    """Fork what removes `directory` when the returned descriptor is closed, by us or by our death."""
    reader, writer = os.pipe()
    first = os.fork()
    if first == 0:
        try:
            if os.fork() == 0:  # a grandchild: nobody waits for it, and no signal to our group reaches it
                os.setsid()
                os.chdir("/")
                null = os.open(os.devnull, os.O_RDWR)
                for descriptor in (0, 1, 2):
                    os.dup2(null, descriptor)
                os.dup2(reader, 3)
                os.closerange(4, 65536)
                while os.read(3, 1):
                    pass
                _remove(directory)
        finally:
            os._exit(0)
    os.close(reader)
    os.waitpid(first, 0)
    return writer
