"""Our own modules from their bytecode, without the search for each: a quarter of a start's imports.

To find a module Python lists directories, asks four kinds of loaders, and puts paths together anew; ours lie
beside the module that asks. What is read is what Python itself has written, by the rule it was written by
(PEP 3147, PEP 552): what is missing, older than its source or in another form is Python's own to look for,
compile and write. Nothing is written here.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

_OURS = ("secretrun.", "secretrun_backends.")
_MOST = 1 << 16  # bytes of bytecode that are read at once; what is longer is left to Python


def install() -> None:
    """Look for our modules so from now on; does nothing where this program was not loaded from such files."""
    try:
        spec = sys.modules[__name__].__spec__
        if spec is None or type(spec.loader).__name__ != "SourceFileLoader":
            return
        if not sys.flags.optimize and not sys.pycache_prefix:
            sys.meta_path.insert(0, Finder(spec))
    except Exception:  # noqa: BLE001, S110  whatever it is: a new Python may cost speed, never the answer
        pass


def _loader(usual: Any) -> Any:
    """The loader's class for modules whose code is there already; in all else it is the usual one."""

    class Loader(usual):  # type: ignore[misc]  # SourceFileLoader, which to import costs as much as is saved
        code: CodeType | None = None

        def get_code(self, fullname: str) -> Any:
            code, self.code = self.code, None
            return super().get_code(fullname) if code is None else code

    return Loader


class Finder:
    """Finds modules of our packages whose bytecode is what their source says."""

    def __init__(self, ours: ModuleSpec) -> None:
        import _frozen_importlib_external as machinery
        import _imp  # `importlib` gives both other names, at the price of what it imports

        self._head = machinery.MAGIC_NUMBER + bytes(4)  # checked by time and size, not by a hash
        self._tail = f".{sys.implementation.cache_tag}.pyc"
        self._spec = type(ours)
        self._loader = _loader(type(ours.loader))
        self._say_where = vars(_imp)["_fix_co_filename"]  # for what was moved since it was compiled

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002  only hints
    ) -> ModuleSpec | None:
        """As `importlib.abc.MetaPathFinder` says; None for whatever is not found so."""
        if path is None or not name.startswith(_OURS):
            return None
        try:
            (directory,) = path
            place = f"{directory}/{name.rpartition('.')[2]}"
            return self._read(name, f"{place}.py", "") or self._read(name, f"{place}/__init__.py", place)
        except Exception:  # noqa: BLE001  as above
            return None

    def _read(self, name: str, source: str, package: str) -> ModuleSpec | None:
        directory, _, file = source.rpartition("/")
        cached = f"{directory}/__pycache__/{file[:-3]}{self._tail}"
        try:
            descriptor = os.open(cached, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            data = os.read(descriptor, _MOST)
        finally:
            os.close(descriptor)
        said = os.stat(source)
        changed = (int(said.st_mtime) & 0xFFFFFFFF).to_bytes(4, "little")
        if data[:16] != self._head + changed + (said.st_size & 0xFFFFFFFF).to_bytes(4, "little"):
            return None
        code = marshal.loads(memoryview(data)[16:])  # noqa: S302  as Python does, from the same file
        self._say_where(code, source)
        loader = self._loader(name, source)
        loader.code = code
        found = self._spec(name, loader, origin=source)
        found.has_location = True
        found.cached = cached
        if package:
            found.submodule_search_locations = [package]
        return found

    def __repr__(self) -> str:
        return f"<finder of {' '.join(_OURS)}>"
