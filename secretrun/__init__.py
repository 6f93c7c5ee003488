"""secretrun: run a command with the secrets it needs, and keep them out of what it prints.

From a program: `run`, `arun`, `resolve` and `Key`, loaded on their first use.
"""

__version__ = "0.1.0"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.api import arun, resolve, run
    from secretrun.key import Key

__all__ = ["Key", "arun", "resolve", "run"]


def __getattr__(name: str) -> object:
    """Hand on what a program may call; the command line never pays for it."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Key":
        from secretrun.key import Key

        return Key
    from secretrun import api

    return getattr(api, name)
