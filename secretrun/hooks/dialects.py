"""The agents' dialects by name; each module is loaded when its agent speaks."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.hooks.contract import Dialect

NAMES = ("claude", "codex", "copilot", "cursor", "gemini", "opencode", "qwen")
_CLASSES = {"opencode": "OpenCode"}


def dialect(name: str) -> Dialect:
    """The dialect of an agent of `NAMES`."""
    import importlib

    module = importlib.import_module(f"secretrun.hooks.{name}")
    made: Dialect = getattr(module, _CLASSES.get(name, name.capitalize()))()
    return made
