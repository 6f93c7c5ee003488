"""What a shell may offer while a command line is typed: `secretrun __complete KIND WORD...`, a word a line.

The completion scripts call it. It reads files and asks no store; needs no agreement, since nothing of a file
is done; and prints names alone, of characters that no shell gives a meaning, since what is offered is then
typed by the shell. It never fails: where something is wrong nothing is offered.
"""

from __future__ import annotations

import itertools
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/+@")
MOST = 500  # words that are offered, and files that are looked at
HEAD = 1 << 16  # bytes of a file in which a store shows that it is one
READ_BY_SHAPE = (".env", ".yaml", ".yml", ".json", ".ini")
# Options of the words before that decide what there is, by their spelling.
OPTIONS = {
    "-e": "env_file", "--env-file": "env_file", "-p": "profile", "--profile": "profile", "--store": "store",
}  # fmt: skip


def run(words: Sequence[str]) -> int:
    """Print what there is of a kind; returns 0, whatever happens."""
    kind, *before = words or ("",)
    offer = OFFERS.get(kind)
    found: Iterable[str] = ()
    if offer is not None:
        try:
            found = offer(_said(before))
        except Exception:  # noqa: BLE001  a shell shows nothing, and waits for the next key
            found = ()
    named = [word for word in dict.fromkeys(found) if word and set(word) <= SAFE and word[0] != "-"]
    sys.stdout.write("".join(f"{word}\n" for word in named[:MOST]))
    return 0


def _said(before: Sequence[str]) -> dict[str, list[str]]:
    """The options in the words before the one that is typed; bash hands `--env-file=x` on as three words."""
    said: dict[str, list[str]] = {}
    words = [piece for word in before for piece in (word.split("=", 1) if word.startswith("--") else [word])]
    words = [word for word in words if word != "="]
    for word, following in itertools.pairwise(words):
        if word in OPTIONS and following != "-":
            said.setdefault(OPTIONS[word], []).append(following)
    return said


def _names(said: dict[str, list[str]]) -> Iterable[str]:
    """The variables of the template; what is wrong in it hides none of the others."""
    from secretrun.launch.prepare import prepare
    from secretrun.messages import Messages

    silent = Messages()
    silent.quiet = True
    return prepare(said.get, silent, keep_faults=True, agreed=False).plan.entries


def _profiles(_: dict[str, list[str]]) -> Iterable[str]:
    from secretrun.config import load

    return load.load(dict(os.environ), lambda _: None, os.getcwd(), faults=[]).profiles


def _stored(said: dict[str, list[str]]) -> Iterable[str]:
    """The names in the store."""
    from secretrun.embedded_store import store

    return store.names(store.locate(said.get("store", [""])[-1] or None, os.getcwd()))


def _members(said: dict[str, list[str]]) -> Iterable[str]:
    from secretrun.embedded_store import members, store
    from secretrun.posix import atomic_file

    path = store.locate(said.get("store", [""])[-1] or None, os.getcwd())
    return [key for _, key in members.of_store(atomic_file.read(path))]


def _templates(_: dict[str, list[str]]) -> Iterable[str]:
    """Env files here that are not encrypted, and a project's own file."""
    return [
        name
        for name in _files()
        if (name.endswith(".env") or name.startswith(".env") or name == "secretrun.toml")
        and not _is_encrypted(name)
    ]


def _stores(_: dict[str, list[str]]) -> Iterable[str]:
    return [name for name in _files() if name.endswith(READ_BY_SHAPE) and _is_encrypted(name)]


def _files() -> list[str]:
    with os.scandir(".") as found:
        return sorted(entry.name for entry in found if entry.is_file())[:MOST]


def _is_encrypted(name: str) -> bool:
    from secretrun.embedded_store import store

    with open(name, "rb") as file:
        return store.ENCRYPTED in file.read(HEAD)


OFFERS: dict[str, Callable[[dict[str, list[str]]], Iterable[str]]] = {
    "name": _names, "profile": _profiles, "stored": _stored, "member": _members, "template": _templates,
    "store": _stores,
}  # fmt: skip
