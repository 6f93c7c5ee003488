"""Where configuration lies: the user's own directory, and the nearest files of a project.

May import: nothing.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATE = ".env.secretrun"
PROJECT = "secretrun.toml"


def user_directory(environ: Mapping[str, str]) -> str:
    """The user's own config directory of secretrun, by the XDG base directory specification.

    That tells to ignore a relative path; here it would let a directory one walks into speak for the user.
    """
    home = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(home):
        home = os.path.join(environ.get("HOME", ""), ".config")
    return os.path.join(home if os.path.isabs(home) else "/nonexistent", "secretrun")


def discover(directory: str) -> tuple[str | None, str | None]:
    """The nearest (secretrun.toml, .env.secretrun), from `directory` up to the repository's root.

    Outside a repository only `directory` itself is looked at: what lies in a parent that belongs to
    somebody else must not decide what runs here.
    """
    places = [directory]
    while not os.path.lexists(os.path.join(places[-1], ".git")):
        parent = os.path.dirname(places[-1])
        if parent == places[-1]:
            places = [directory]
            break
        places.append(parent)
    for place in places:
        found = [os.path.join(place, name) for name in (PROJECT, TEMPLATE)]
        here = [file if os.path.isfile(file) else None for file in found]
        if any(here):
            return here[0], here[1]
    return None, None
