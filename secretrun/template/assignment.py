"""The nouns of a template: an assignment, whose value is literal texts and variables."""

from __future__ import annotations

TYPE_CHECKING = False


class Variable:
    """`$NAME` or `${NAME}`, with an operator and its word.

    Attributes:
        name: the variable.
        operator: "", ":-", "-", ":?", "?", ":+" or "+", with the shell's meaning.
        word: the parts after the operator.
        written: the whole expression as it stands in the text.
        line, column: where it stands, from 1.
    """

    __slots__ = ("column", "line", "name", "operator", "word", "written")

    def __init__(self, name: str, operator: str, word: Parts, written: str, line: int, column: int) -> None:
        self.name = name
        self.operator = operator
        self.word = word
        self.written = written
        self.line = line
        self.column = column


if TYPE_CHECKING:
    Parts = tuple[str | Variable, ...]


class Assignment:
    """One `NAME=value` of a template.

    Attributes:
        name: the variable it sets.
        parts: its literal texts and variables in order.
        file, line: where it stands.
        column: of the first character of the value, its quote not counted.
    """

    __slots__ = ("column", "file", "line", "name", "parts")

    def __init__(self, name: str, parts: Parts, file: str, line: int, column: int) -> None:
        self.name = name
        self.parts = parts
        self.file = file
        self.line = line
        self.column = column

    def __repr__(self) -> str:
        return f"<Assignment {self.name} {self.file}:{self.line}>"
