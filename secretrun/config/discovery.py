"""Where the nearest files of a project lie."""

from __future__ import annotations

import os

from secretrun.posix import directories
from secretrun.template.dotenv import TEMPLATE

PROJECT = "secretrun.toml"


def discover(directory: str) -> tuple[str | None, str | None]:
    """The nearest (secretrun.toml, .env.secretrun), from `directory` up to the repository's root.

    Outside a repository only `directory` itself is looked at: what lies in a parent that belongs to
    somebody else must not decide what runs here.
    """
    for place in directories.up_to_repository(directory):
        found = [os.path.join(place, name) for name in (PROJECT, TEMPLATE)]
        here = [file if os.path.isfile(file) else None for file in found]
        if any(here):
            return here[0], here[1]
    return None, None


def passed_over(directory: str) -> str | None:
    """The template that a person may have meant: in a parent, where outside a repository nobody looks."""
    if len(directories.up_to_repository(directory)) > 1 or os.path.lexists(os.path.join(directory, ".git")):
        return None
    place = directory
    while place != os.path.dirname(place):
        place = os.path.dirname(place)
        for name in (PROJECT, TEMPLATE):
            if os.path.isfile(os.path.join(place, name)):
                return os.path.join(place, name)
    return None
