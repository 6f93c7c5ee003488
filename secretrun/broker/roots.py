"""What the way out is verified with: the roots as their files were before the command could change them.

OpenSSL takes 30 ms to read a system's roots. So the files are copied first, into memory that has no name, and
the copies are read while the command starts; where there is no such memory they are read at once.
"""

from __future__ import annotations

import os
import threading

from secretrun.broker import trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping


class Roots:
    """Read once, in a thread, when `read` or `context` is first asked for.

    Args:
        environ: names the bundles.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._found: list[ssl.SSLContext | BaseException] = []
        self._copies = [copy for path in trust.roots(environ) if (copy := _copy(path)) is not None]
        self._reading: threading.Thread | None = None
        if not hasattr(os, "memfd_create"):
            self._read()

    def read(self) -> None:
        """Begin to read what was copied."""
        if self._reading is None and not self._found:
            self._reading = threading.Thread(target=self._read, daemon=True)
            self._reading.start()

    def _read(self) -> None:
        try:
            self._found.append(trust.way_out(self._copies))
        except Exception as error:  # noqa: BLE001  told where it is asked for
            self._found.append(error)

    @property
    def context(self) -> ssl.SSLContext:
        """The client's side of TLS."""
        self.read()
        if self._reading is not None:
            self._reading.join()
        (found,) = self._found
        if isinstance(found, BaseException):
            raise found
        return found

    def __repr__(self) -> str:
        return f"<Roots of {len(self._copies)} files>"


def _copy(path: str) -> str | None:
    """A name of what a file holds now, None if it can't be read; its own name where memory has none."""
    if not hasattr(os, "memfd_create"):
        return path
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return None
    copy = os.memfd_create("roots", os.MFD_CLOEXEC)
    os.write(copy, content)
    return f"/proc/self/fd/{copy}"
