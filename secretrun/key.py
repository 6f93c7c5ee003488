"""The key of a store in a program that starts runs: from a descriptor, kept where nobody else reads it."""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError
from secretrun.posix import dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 1 << 16  # bytes of identities


class Key:
    """One or more age identities that open a store, for `secretrun.run(..., key=...)`.

    What the descriptor gives is moved into a file in memory that has no name, and the descriptor is closed.
    This process makes itself unreadable to the user's other processes (no `/proc/PID/environ`, no ptrace, no
    core), and gives the file to each run alone: secretrun opens the store with it and does not pass it on.
    Where there is no such file (macOS), a run gets the key in SOPS_AGE_KEY, which it does not pass on either.

    Args:
        descriptor: a pipe or a file, open for reading; of standard input, /dev/null is left in its place.

    Raises:
        ConfigError: nothing can be read from it, or far too much.
    """

    __slots__ = ("_file", "_text")

    def __init__(self, descriptor: int) -> None:
        dumpable.forbid()
        self._file = -1
        self._text = ""
        try:
            with open(os.dup(descriptor), "rb") as source:
                data = source.read(LONGEST + 1)
            if descriptor > 2:
                os.close(descriptor)
            else:
                nothing = os.open(os.devnull, os.O_RDWR)
                os.dup2(nothing, descriptor)
                os.close(nothing)
        except OSError as error:
            raise ConfigError(
                f"can't read a key from descriptor {descriptor}: {(error.strerror or 'it failed').lower()}"
            ) from None
        if not data.strip() or len(data) > LONGEST:
            raise ConfigError(f"descriptor {descriptor} gave no key", hint="a file of age-keygen: 3<keys.txt")
        if sys.platform == "linux":
            self._file = os.memfd_create("key", os.MFD_CLOEXEC)
            os.write(self._file, data)
        else:
            self._text = data.decode("utf-8", "surrogateescape")

    def environment(self, environ: Mapping[str, str] | None) -> dict[str, str]:
        """The environment of a run that opens its store with this key; `os.environ` for None."""
        given = dict(os.environ if environ is None else environ)
        for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE"):
            given.pop(name, None)
        if self._file >= 0:
            return given | {"SOPS_AGE_KEY_FILE": f"/dev/fd/{self._file}"}
        return given | {"SOPS_AGE_KEY": self._text}

    def descriptors(self) -> tuple[int, ...]:
        """What a run has to inherit."""
        return (self._file,) if self._file >= 0 else ()

    def __del__(self) -> None:
        if getattr(self, "_file", -1) >= 0:
            os.close(self._file)

    def __repr__(self) -> str:
        return "<Key>"
