"""The lines of the template that refer to the store beside it: found, taken out, renamed.

A line goes only when it is nothing but our own reference. What a person made of a value (a text of several
parts, a variable that other lines use, a secretrun.toml) is theirs: an error says where.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote

from secretrun.embedded_store import store as store_lines
from secretrun.errors import ConfigError
from secretrun.posix import atomic_file
from secretrun.template import dotenv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from secretrun.template.dotenv import Assignment, Parts

PROJECT = "secretrun.toml"
# A reference to one name of a dotenv store; what follows must not make the name a longer one.
REFERENCE = re.compile(r"sops://([^\s#'\"{}]*)#/([A-Za-z_][A-Za-z0-9_]*)(?![A-Za-z0-9_/~%-])")


class Template:
    """The template beside a store.

    Args:
        store: the store's absolute path, links followed.

    Attributes:
        path: the file, links followed.
        text: its content, "" when there is none.
        assignments: what it assigns.

    Raises:
        TemplateError: when it is malformed.
    """

    def __init__(self, store: str) -> None:
        self.path = os.path.realpath(os.path.join(os.path.dirname(store), dotenv.TEMPLATE))
        self.text = _read(self.path)
        self.assignments = dotenv.parse(self.text, dotenv.TEMPLATE)
        self._store = store

    def names(self) -> set[str]:
        """The names of the store that it refers to."""
        return {name for said in self.assignments for name in self._names(said)}

    def without(self, name: str) -> str:
        """Its text without the lines that are nothing but a reference to `name`.

        Raises:
            ConfigError: when something else needs them, saying what and where.
        """
        mine = [said for said in self.assignments if self._is_only(said, name)]
        for said in self.assignments:
            if said not in mine and name in self._names(said):
                raise _needed(f"{dotenv.TEMPLATE}:{said.line}", f"{said.name} is made with {name}")
        self._check_variables({said.name for said in mine})
        lines = {said.line for said in mine}
        return "".join(line for number, line in enumerate(_lines(self.text), 1) if number not in lines)

    def edited(self, gone: Iterable[str], new: Iterable[str]) -> str:
        """Its text without the lines of names that are gone, and with a line for each new one.

        Raises:
            ConfigError: as `without`.
        """
        kept = self.text, self.assignments
        try:
            for name in gone:
                self.text = self.without(name)
                self.assignments = dotenv.parse(self.text, dotenv.TEMPLATE)
            text = self.text
        finally:
            there = {said.name for said in self.assignments}
            self.text, self.assignments = kept
        if not os.path.exists(self.path):
            return text
        for name in new:
            if name not in there:
                joint = "" if not text or text.endswith("\n") else "\n"
                text += joint + store_lines.reference_line(self._store, name)
        return text

    def renamed(self, old: str, new: str) -> str:
        """Its text with every reference to `old` turned to `new`, and the variable of that name with it.

        Raises:
            ConfigError: when a line uses the variable that would be renamed, or `new` is assigned already.
        """
        mine = [said for said in self.assignments if said.name == old and self._is_only(said, old)]
        if mine:
            self._check_variables({old})
            for said in self.assignments:
                if said.name == new:
                    raise _needed(f"{dotenv.TEMPLATE}:{said.line}", f"it assigns {new} already")
        lines = _lines(self.text)
        for said in mine:
            head, equals, tail = lines[said.line - 1].partition("=")
            lines[said.line - 1] = re.sub(rf"\b{old}\b", new, head) + equals + tail
        base = os.path.dirname(self.path)

        def turned(match: re.Match[str]) -> str:
            if match.group(2) != old or not _same(match.group(1), base, self._store):
                return match.group()
            return f"{match.group()[: -len(old)]}{new}"

        return REFERENCE.sub(turned, "".join(lines))

    def write(self, text: str) -> None:
        """Put a new text in its place, at once; without a template there is nothing to write."""
        if text != self.text:
            mode = os.stat(self.path).st_mode & 0o777
            data = text.encode("utf-8", "surrogateescape")
            atomic_file.write_atomic(self.path, data, mode=mode, replace=True)

    def _is_only(self, said: Assignment, name: str) -> bool:
        return REFERENCE.fullmatch(_text(said.parts)) is not None and self._names(said) == [name]

    def _names(self, said: Assignment) -> list[str]:
        return [name for name, _ in references(_text(said.parts), self._store)]

    def _check_variables(self, gone: set[str]) -> None:
        for said in self.assignments:
            for variable in gone & set(_variables(said.parts)):
                raise _needed(f"{dotenv.TEMPLATE}:{said.line}", f"{said.name} is made with ${variable}")


def references(text: str, store: str) -> Iterator[tuple[str, int]]:
    """The references in a text beside `store` that name a value of it: the names, and where they start."""
    for match in REFERENCE.finditer(text):
        if _same(match.group(1), os.path.dirname(store), store):
            yield match.group(2), match.start()


def check_project(store: str, name: str) -> None:
    """See that no secretrun.toml beside the store needs `name`: its lines are not ours to change.

    Raises:
        ConfigError: naming the line.
    """
    text = _read(os.path.join(os.path.dirname(store), PROJECT))
    for found, start in references(text, store):
        if found == name:
            line = text.count("\n", 0, start) + 1
            raise _needed(f"{PROJECT}:{line}", f"it refers to {name}")


def _needed(place: str, what: str) -> ConfigError:
    return ConfigError(f"{place}: {what}, so nothing was changed", hint="change that line first")


def _same(path: str, base: str, store: str) -> bool:
    return os.path.realpath(os.path.join(base, unquote(path.partition("?")[0]))) == store


def _text(parts: Parts) -> str:
    return "".join(part if isinstance(part, str) else "$" for part in parts)


def _variables(parts: Parts) -> Iterator[str]:
    for part in parts:
        if not isinstance(part, str):
            yield part.name
            yield from _variables(part.word)


def _lines(text: str) -> list[str]:
    """The lines as the template's grammar counts them, with their ends."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'unreadable').lower()}") from None
