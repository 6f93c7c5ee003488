"""The keys of a whole store as names of variables: what `--from REFERENCE?names=...&nested=...` asks for.

A name is letters, digits and "_", as a shell has it (POSIX, "Name"): any other could be a line of its own, or
a command, where the environment is written for another program to read.
"""

from __future__ import annotations

import re

from secretrun.errors import BadAnswer, BadReference
from secretrun.formats.pointer import Unfit
from secretrun.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
OPTIONS = {"names": ("skip", "upper"), "nested": ("json",)}
SHOWN = 12  # keys that an error lists


def without_options(reference: Reference) -> Reference:
    """The reference as its backend knows it.

    Raises:
        BadReference: an option of ours has a value that means nothing.
    """
    for name, value in reference.options:
        if name in OPTIONS and value not in OPTIONS[name]:
            raise BadReference(f"{name}={value} is not known", hint=f"one of {', '.join(OPTIONS[name])}")
    options = tuple((name, value) for name, value in reference.options if name not in OPTIONS)
    return Reference(
        reference.text,
        reference.scheme,
        reference.path,
        options=options,
        pointer=reference.pointer,
        base=reference.base,
        trusted=reference.trusted,
        nested=reference.nested,
    )


def listed(reference: Reference, fetch_all: Callable[[], Mapping[str, bytes]]) -> dict[str, bytes]:
    """What a store has below a reference, by names that variables can have.

    Raises:
        BadAnswer: some keys can't be variables; it lists them all.
        BackendError: by `fetch_all`.
    """
    names = reference.option("names")
    try:
        found = dict(fetch_all())
    except Unfit as error:
        found = dict(error.fit)
        if reference.option("nested") == "json":
            found.update(error.nested)
        left = [key for key in error.unfit if key not in found]
        if left and names != "skip":
            raise Unfit(error.what, left, error.fit, error.nested) from None
    if names == "upper":
        return _upper(found)
    wrong = [key for key in found if not isinstance(key, str) or not NAME.fullmatch(key)]
    if wrong and names != "skip":
        raise BadAnswer(
            f"{_listed(wrong)} can't be a variable's name",
            hint="add ?names=skip to leave out what can't, or ?names=upper for A_B of a-b",
        )
    return {key: value for key, value in found.items() if key not in wrong}


def _upper(found: Mapping[str, bytes]) -> dict[str, bytes]:
    made: dict[str, bytes] = {}
    origin: dict[str, str] = {}
    for key, value in found.items():
        name = re.sub(r"[^A-Z0-9_]", "_", str(key).upper())
        name = f"_{name}" if not NAME.match(name) else name
        if name in made:
            raise BadAnswer(f"{_listed([origin[name], str(key)])} would both be {name}")
        made[name] = value
        origin[name] = str(key)
    return made


def _listed(keys: Sequence[object]) -> str:
    shown = ", ".join(repr(key)[:80] for key in keys[:SHOWN])
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f"the key{'s' if len(keys) > 1 else ''} {shown}{more}"
