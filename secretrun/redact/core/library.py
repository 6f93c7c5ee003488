"""The library itself: one extension module beside this file, for every Python with a GIL."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ABI = 4  # of `core/src/module.rs`
NAME = "secretrun.redact.core.secretrun_core"
_loaded: Library | None = None


class Library:
    """The core.

    Args:
        path: of the file.

    Attributes:
        abi: the number of its boundary.
        version: its own.

    Raises:
        ImportError: it can't be loaded, by this Python or at all; or its boundary is another one: it was
            built from other sources than this file.
    """

    def __init__(self, path: str) -> None:
        lack = unfit()
        if lack:
            raise ImportError(lack)
        spec, extension = _machinery()
        loader = extension(NAME, path)
        module = loader.create_module(spec(NAME, loader, origin=path))
        loader.exec_module(module)
        self.abi = int(getattr(module, "abi", 0))
        if self.abi != ABI:
            raise ImportError(f"{path} has boundary {self.abi}, not {ABI}: build it anew")
        self.version = str(module.version)
        sys.modules[NAME] = module

    def __repr__(self) -> str:
        return f"<Library {self.version}>"


def _machinery() -> tuple[Any, Any]:
    """`ModuleSpec` and `ExtensionFileLoader`, without the time that importing `importlib.machinery` takes."""
    try:
        from _frozen_importlib import ModuleSpec
        from _frozen_importlib_external import ExtensionFileLoader
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        from importlib.machinery import ExtensionFileLoader, ModuleSpec
    return ModuleSpec, ExtensionFileLoader


def unfit() -> str:
    """Why this Python can't load the library, however well it is built, or ""."""
    if sys.implementation.name != "cpython":
        return f"{sys.implementation.name} has not CPython's stable ABI"
    return "a Python without a GIL has no stable ABI" if "t" in sys.abiflags else ""


def path() -> str:
    """Where the library is, if it is there."""
    return __file__.rpartition("/")[0] + "/secretrun_core.abi3.so"


def load() -> Library | None:
    """The library, loaded once; None when it is not there.

    Raises:
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
