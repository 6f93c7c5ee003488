"""A text in the user's editor: a file in a directory of ours, in memory if there is one, gone afterwards."""

from __future__ import annotations

import os
import shlex

from secretrun.child import scratch
from secretrun.embedded_store import attended
from secretrun.errors import SecretrunError
from secretrun.posix import atomic_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Draft:
    """A context manager: the file for the time that it is edited.

    Args:
        text: what it holds at first.
        environ: of the editor; says where memory is, too.
    """

    def __init__(self, text: str, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._private = scratch.Directory(environ)
        self._path = os.path.join(self._private.path, "store.env")
        self._ended: attended.Ended | None = None
        try:
            atomic_file.write_atomic(self._path, text.encode("utf-8", "surrogateescape"))
        except BaseException:
            self._private.remove(kill=False)
            raise

    def __enter__(self) -> Draft:  # noqa: PYI034  nobody derives from it
        return self

    def __exit__(self, *_: object) -> None:
        self._private.remove(kill=self._ended is not None)
        if self._ended is not None:
            attended.die(self._ended)

    def open(self, editor: str) -> int:
        """Wait for the editor; returns 0, or 128 + n when signal n ended it, or us.

        Raises:
            SecretrunError: when it can't be started, or fails.
        """
        try:
            status = attended.run([*shlex.split(editor), self._path], self._environ, self._private)
        except (OSError, ValueError) as error:
            raise SecretrunError(
                f"can't start the editor: {getattr(error, 'strerror', None) or error}",
                hint="set EDITOR to the program that you edit with",
            ) from None
        except attended.Ended as ended:
            self._ended = ended
            return 128 + ended.number
        if 0 < status < 128:
            raise SecretrunError(f"the editor ended with status {status}, so nothing was changed")
        return status

    def read(self) -> str:
        """What it holds now.

        Raises:
            SecretrunError: when it is gone, or not UTF-8.
        """
        raw = atomic_file.read(self._path, "the edited text")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise SecretrunError("the edited text is not UTF-8", hint="store binary data in base64") from None
