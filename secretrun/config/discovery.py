"""Where the nearest files of a project lie."""

from __future__ import annotations

import os

from secretrun.posix import directories
from secretrun.template.dotenv import TEMPLATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from secretrun.trust.ownership import Whose

PROJECT = "secretrun.toml"


def discover(
    directory: str, whose: Callable[[], Whose] | None = None, say: Callable[[str], None] = lambda _: None
) -> tuple[str | None, str | None]:
    """The nearest (secretrun.toml, .env.secretrun), from `directory` up to the repository's root.

    Outside a repository only `directory` itself is looked at: what lies in a parent that belongs to
    somebody else must not decide what runs here. Nor does another's `.git` make a repository of ours.

    Args:
        directory: where to start.
        whose: says who counts as us, where that is to be known; with None everybody does.
        say: is told what there is to say about the search.

    Raises:
        NotOurs: what lies beside another's `.git` is another's too, and would have counted.
    """
    places = directories.up_to_repository(directory)
    root = places[-1]
    dot = os.path.join(root, ".git")
    if whose is not None and root != directory and not (us := whose()).owns(dot):
        from secretrun.trust import ownership

        for file in _files(root):
            if file is not None:
                us.require(file, file)
        places = [directory]
        say(f"{dot} belongs to {ownership.owner(dot)}: not taken for this directory's repository")
    for place in places:
        here = _files(place)
        if any(here):
            return here[0], here[1]
    return None, None


def _files(place: str) -> list[str | None]:
    found = [os.path.join(place, name) for name in (PROJECT, TEMPLATE)]
    return [file if os.path.isfile(file) else None for file in found]


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
