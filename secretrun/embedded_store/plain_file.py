"""A plain dotenv file taken apart for the embedded store: values to move, and lines to keep."""

from __future__ import annotations

import re

from secretrun.errors import ReferenceSyntaxError, TemplateError
from secretrun.formats.parse import parse_dotenv
from secretrun.redact import policy
from secretrun.template import dotenv
from secretrun.template import value as pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from secretrun.template.dotenv import Parts, Variable

# A name that says its value opens something, however short that is.
CREDENTIAL = re.compile(
    r"AUTH|CERT|CRED|DSN|KEY|PASS|PHRASE|PIN$|PIN_|PRIV|PWD|SALT|SECRET|TOKEN", re.IGNORECASE
)


class PlainFile:
    """What a plain file holds.

    Attributes:
        names: every variable, in order.
        values: the plain values by name.
        kept: by name, the lines that stay in the template as they were written.
        settings: those of them that hold no reference, but a value that no mask could hide.
    """

    __slots__ = ("kept", "names", "settings", "values")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.values: dict[str, str] = {}
        self.kept: dict[str, str] = {}
        self.settings: list[str] = []

    def __repr__(self) -> str:
        return f"<PlainFile {' '.join(self.names)}>"


def read(text: str, file: str, known: Callable[[str], bool]) -> PlainFile:
    """Sort the assignments of a dotenv file.

    Args:
        text: its content.
        file: its name in errors.
        known: whether a scheme belongs to a backend.

    Raises:
        TemplateError: at a malformed line, a name that is set twice, and a value that depends on a
            variable the file does not set, which could not be stored as what it stands for.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found = PlainFile()
    pairs = parse_dotenv(text, file, compose=True)
    for assignment, (name, value) in zip(dotenv.parse(text, file), pairs, strict=True):
        if name in found.names:
            raise TemplateError(
                f"{name} is set a second time", file=file, line=assignment.line, hint="keep one of the lines"
            )
        for variable in _variables(assignment.parts):
            if variable.name not in found.names:
                raise TemplateError(
                    f"{name} depends on ${variable.name}, which this file does not set",
                    file=file,
                    line=variable.line,
                    column=variable.column,
                    hint="single quotes round the value make the $ literal; else write the value out, "
                    "or move the line to the template by hand afterwards",
                )
        if _holds_reference(value, known, name, file, assignment.line):
            found.kept[name] = _source(text, name, assignment.line)
        elif is_setting(name, value):
            found.kept[name] = _source(text, name, assignment.line)
            found.settings.append(name)
        else:
            found.values[name] = value
        found.names.append(name)
    return found


def is_setting(name: str, value: str) -> bool:
    """Whether a value is a plain setting (`NODE_ENV=development`, `PRICE='$5'`), and no secret.

    That is one that is empty, or too short or too common to be masked where it stands, unless its name says
    that it opens something: in a store it would only make each run warn.
    """
    if not value:
        return True
    _, warnings = policy.decide({name: value}, min_length=policy.MIN_LENGTH)
    return bool(warnings) and not CREDENTIAL.search(name) and "{{" not in value


def _variables(parts: Parts) -> Iterator[Variable]:
    for part in parts:
        if not isinstance(part, str):
            yield part
            yield from _variables(part.word)


def _holds_reference(value: str, known: Callable[[str], bool], name: str, file: str, line: int) -> bool:
    try:
        return any(not isinstance(piece, str) for piece in pieces.split(value, known, origin=pieces.FOUND))
    except ReferenceSyntaxError:
        if pieces.is_whole(value, known, pieces.FOUND):
            # Its own message would quote the text.
            raise TemplateError(f"{name} looks like a reference and is none", file=file, line=line) from None
        return False  # braces that mean something to another program


def _source(text: str, name: str, line: int) -> str:
    """The lines of one assignment: the fewest from `line` on that parse."""
    lines = text.split("\n")[line - 1 :]
    for count in range(1, len(lines) + 1):
        source = "\n".join(lines[:count])
        try:
            if [assignment.name for assignment in dotenv.parse(source, "")] == [name]:
                return source + "\n"
        except TemplateError:  # in the midst of a quoted value
            continue
    raise AssertionError(name)  # the whole text did parse
