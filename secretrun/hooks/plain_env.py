"""Plain `.env*` files of a project: where they lie, and which of their values are credentials.

An agent that reads one, or runs `cat .env`, would have all of it: so its credentials are masked though no
template names them. Files that are made to be shown (`.env.example`) are not looked at.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SHOWN = ("example", "sample", "template", "dist", "tpl")  # endings of files that hold no values
_TEMPLATE = ".env.secretrun"  # ours: it names what is resolved
_PASSED_BY = ("node_modules", "vendor", "target", "dist", "build", "venv", "site-packages", "__pycache__")
_MOST_PLACES = 200  # directories looked into below the project's root: 2 ms
_LARGEST = 1 << 20  # bytes of a file of variables


def is_plain_env(name: str) -> bool:
    """Whether a file of this name (without directories) holds variables in the clear."""
    if name == _TEMPLATE or not (name == ".env" or name.startswith(".env.") or name.endswith(".env")):
        return False
    if name.endswith((".enc.env", ".sops.env")) or ".enc." in name or ".encrypted" in name:
        return False
    return not set(name.split(".")).intersection(SHOWN)


def files(directory: str, words: Iterable[str] = ()) -> list[str]:
    """The plain env files of the project that `directory` lies in, and those that a command's words name.

    From the directory up to the repository's root, and two levels below the root.
    """
    from secretrun.posix import directories

    upward = directories.up_to_repository(directory)
    found: dict[str, None] = {}
    places = 0
    level = [upward[-1]]
    for _ in range(3):
        below: list[str] = []
        for place in level:
            places += 1
            if places > _MOST_PLACES:
                break
            below += _look(place, found)
        level = below
    for place in (*upward, *_named(directory, words, found)):
        _look(place, found)
    return list(found)


def _look(place: str, found: dict[str, None]) -> list[str]:
    """Add the env files of one directory; the directories in it."""
    below = []
    try:
        with os.scandir(place) as entries:
            for entry in entries:
                name = entry.name
                if is_plain_env(name):
                    found[os.path.join(place, name)] = None
                elif (
                    not name.startswith(".")
                    and name not in _PASSED_BY
                    and entry.is_dir(follow_symlinks=False)
                ):
                    below.append(entry.path)
    except OSError:
        pass  # not ours to read, or gone
    return below


def _named(directory: str, words: Iterable[str], found: dict[str, None]) -> Iterator[str]:
    """Directories that stand in a command, as in `cd packages/api && cat .env`; env files in it are added."""
    for said in words:
        text = said
        for mark in ";|&()<>\"'`=\n\t":
            text = text.replace(mark, " ")
        for word in text.split()[:400]:
            if word.startswith("-") or len(word) > 300:
                continue
            path = os.path.join(directory, os.path.expanduser(word))
            if is_plain_env(os.path.basename(path)):
                if os.path.isfile(path):
                    found[os.path.normpath(path)] = None
            elif ("/" in word or word.isidentifier()) and os.path.isdir(path):
                yield os.path.normpath(path)


def read(path: str) -> str | None:
    """The text of a file of variables, or None where there is none to be had."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST)
    except OSError:
        return None
    return data.decode("utf-8", "surrogateescape")


def assignments(text: str) -> Iterator[tuple[str, str]]:
    """Names and values as a lenient reader finds them: a malformed line does not hide the next.

    A value is given without its quotes; one that goes over several lines, whole.
    """
    lines = iter(text.replace("\r\n", "\n").split("\n"))
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name, value = name.strip(), value.strip()
        if not equals or not name or name.startswith("#"):
            continue
        quote = value[:1]
        if quote in ("'", '"') and quote:
            body = value[1:]
            while quote not in body.replace("\\" + quote, "  "):
                more = next(lines, None)
                if more is None:
                    break
                body += "\n" + more
            end = _closing(body, quote)
            value = body[:end]
            if quote == '"':
                yield name, _unescaped(value)
        else:
            value = value.partition(" #")[0].rstrip()
        yield name, value


def _closing(body: str, quote: str) -> int:
    at = body.find(quote)
    while at > 0 and body[at - 1] == "\\":
        at = body.find(quote, at + 1)
    return at if at >= 0 else len(body)


def _unescaped(text: str) -> str:
    for written, meant in (("\\n", "\n"), ("\\t", "\t"), ('\\"', '"'), ("\\$", "$"), ("\\\\", "\\")):
        text = text.replace(written, meant)
    return text
