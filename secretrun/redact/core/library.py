"""The library itself: one file beside this one, for every Python, called by ctypes."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ctypes

ABI = 1  # of `core/src/boundary.rs`
_loaded: Library | None = None


class Library:
    """The functions of the core.

    Args:
        path: of the file.

    Attributes:
        abi: the number of its boundary.
        version: its own.

    Raises:
        OSError: it can't be loaded.
        ImportError: its boundary is another one: it was built from other sources than this file.
    """

    def __init__(self, path: str) -> None:
        import ctypes

        library = ctypes.CDLL(path)
        self.abi = int(library.secretrun_core_abi())
        if self.abi != ABI:
            raise ImportError(f"{path} has boundary {self.abi}, not {ABI}: build it anew")
        library.secretrun_core_version.restype = ctypes.c_char_p
        self.version = str(library.secretrun_core_version(), "ascii")
        self.functions: ctypes.CDLL = library

    def __repr__(self) -> str:
        return f"<Library {self.version}>"


def path() -> str:
    """Where the library is, if it is there."""
    name = "libsecretrun_core.dylib" if sys.platform == "darwin" else "libsecretrun_core.so"
    return __file__.rpartition("/")[0] + "/" + name


def load() -> Library | None:
    """The library, loaded once; None when it is not there.

    Raises:
        OSError: it can't be loaded.
        ImportError: see `Library`.
    """
    global _loaded  # noqa: PLW0603  one library in a process
    if _loaded is None:
        file = path()
        try:
            open(file, "rb").close()
        except FileNotFoundError:
            return None
        _loaded = Library(file)
    return _loaded
