r"""Env-file text to assignments: Docker Compose's dotenv rules, checked strictly.

    NAME=value  # comment       export NAME=value       NAME='literal, \' is a quote'
    NAME="escapes \n and $VAR"  NAME=${VAR:-default}    NAME="several
    lines"                      NAME=

A line that is none of these is an error with its file, line and column; nothing is dropped and no
command is ever run. Values are kept as parts, since what a variable stands for is known only when
the assignments before it are.

Sources: docs.docker.com "Set environment variables: env file syntax" for quoting, comments and
`${VAR...}`, compose-go's template/template.go for `$$`; 1Password's "env file syntax" for blanks round
the name and value and for `\$`.
"""

from __future__ import annotations

from secretrun.errors import SecretrunError, TemplateError
from secretrun.lazy_pattern import DIGITS, LETTERS, LazyPattern, LeadingWord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    Parts = tuple[str | "Variable", ...]

TEMPLATE = ".env.secretrun"  # the file that is found without being named
NAME = LeadingWord(LETTERS + "_", LETTERS + DIGITS + "_")
_YAML = LazyPattern(r"[A-Za-z_][A-Za-z0-9_]*[ \t]*:", needs=":")
DEPTH = 50  # of `${A:-${B:-...}}`: far more than anybody writes, far less than the stack holds
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$", "`": "`"}


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


def parse(
    text: str, file: str, *, compose: bool = True, faults: list[SecretrunError] | None = None
) -> list[Assignment]:
    """Parse a whole template.

    Args:
        text: its content.
        file: only its name in errors.
        compose: `$$` is a dollar, as Docker Compose has it; otherwise two.
        faults: malformed lines are added to it, and the rest is read on; None raises at the first.

    Raises:
        TemplateError: at the first malformed line.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    return _Reader(text, file, compose=compose).assignments(faults)


def parse_text(name: str, text: str, file: str) -> Assignment:
    """One value on its own, unquoted: only variables (and an escaped `$`) mean anything in it.

    Raises:
        TemplateError: for a malformed `${`.
    """
    return Assignment(name, _Reader(text, file).run("", 0), file, 1, 1)


class _Reader:
    """A cursor over the text, with the place of every character known.

    Attributes:
        at: the next character.
        end: where the value that is being read ends at the latest.
        compose: `$$` is a dollar.
    """

    def __init__(self, text: str, file: str, *, compose: bool = True) -> None:
        self.text = text
        self.compose = compose
        self.file = file
        self.at = 0
        self.end = len(text)
        self.in_double_quotes = False
        self.depth = 0
        self.counted = 0  # up to here the newlines are counted
        self.newlines = 0
        self.line_start = 0

    def fail(self, message: str, at: int | None = None, hint: str | None = None) -> NoReturn:
        line, column = self.place(self.at if at is None else at)
        raise TemplateError(message, file=self.file, line=line, column=column, hint=hint)

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a character, both from 1."""
        if at < self.counted:
            self.counted = self.newlines = self.line_start = 0
        passed = self.text[self.counted : at]
        if "\n" in passed:
            self.newlines += passed.count("\n")
            self.line_start = self.counted + passed.rfind("\n") + 1
        self.counted = at
        return self.newlines + 1, at - self.line_start + 1

    def skip(self, characters: str) -> None:
        while self.at < len(self.text) and self.text[self.at] in characters:
            self.at += 1

    def line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def assignments(self, faults: list[SecretrunError] | None = None) -> list[Assignment]:
        found: list[Assignment] = []
        nul = self.text.find("\0")
        if nul >= 0:
            self.fail("a NUL byte, which no environment variable can hold", nul)
        while True:
            self.skip(" \t\n\r\f\v")
            if self.at >= len(self.text):
                return found
            if self.text[self.at] == "#":
                self.at = self.line_end()
                continue
            start = self.at
            try:
                found.append(self.assignment())
            except TemplateError as error:
                if faults is None:
                    raise
                faults.append(error)
                self.recover(start, error)

    def recover(self, start: int, error: TemplateError) -> None:
        """Go on behind a malformed line: the next one, or nowhere when a quote is never closed."""
        never = "is never closed" in error.message and "quote" in error.message
        self.at = len(self.text) if never else max(self.at, start)
        self.at = self.line_end()
        self.end = len(self.text)
        self.in_double_quotes = False
        self.depth = 0

    def assignment(self) -> Assignment:
        if self.text.startswith(("export ", "export\t"), self.at):
            word = self.at
            self.at += len("export")
            self.skip(" \t")
            if self.text.startswith("=", self.at):
                self.at = word  # a variable of that name
        start = self.at
        match = NAME.match(self.text, self.at)
        end = match.end() if match else self.at
        self.at = end
        self.skip(" \t")
        if match is None or self.text[self.at : self.at + 1] != "=":
            self.bad_name(start, end)
        self.at += 1
        self.skip(" \t")
        quoted = self.text[self.at : self.at + 1] in ("'", '"')
        line, column = self.place(self.at + quoted)
        parts = self.value()
        return Assignment(match.group(), parts, self.file, line, column)

    def bad_name(self, start: int, end: int) -> NoReturn:
        """No line may be echoed here: it can be a secret value that lost its name or its quotes."""
        line = self.text[start : self.line_end()]
        name, equals, _ = line.partition("=")
        if _YAML.match(line):
            self.fail("expected '=' after the name, found ':'", end)
        if not equals:
            self.fail(
                "expected NAME=VALUE",
                start,
                "a value of several lines needs quotes round it; to pass a variable through, leave it out",
            )
        if not name.strip():
            self.fail("no name before '='", start)
        at = max(start, end)
        self.fail(
            "not a variable name before '='",
            at,
            "a name has letters, digits and '_', and does not start with a digit",
        )

    def value(self) -> Parts:
        if self.at >= len(self.text):
            return ()
        quote = self.text[self.at]
        if quote == "'":
            parts: Parts = self.single_quoted()
        elif quote == '"':
            opening = self.at
            self.at += 1
            self.in_double_quotes = True
            parts = self.run('"', opening)
            self.in_double_quotes = False
            self.at += 1
        else:
            return self.unquoted()
        rest = self.text[self.at : self.line_end()]
        if rest.strip() and not (rest[0] in " \t" and rest.lstrip(" \t").startswith("#")):
            self.fail(
                "text after the closing quote",
                hint="put the whole value in quotes, or a blank before the '#' of a comment",
            )
        self.at = self.line_end()
        return parts

    def single_quoted(self) -> Parts:
        opening = self.at
        literal = []
        self.at += 1
        while self.text[self.at : self.at + 1] != "'":
            if self.at >= len(self.text):
                self.fail("the single quote is never closed", opening)
            if self.text.startswith("\\'", self.at):
                self.at += 1
            literal.append(self.text[self.at])
            self.at += 1
        self.at += 1
        return ("".join(literal),)

    def unquoted(self) -> Parts:
        end = self.line_end()
        # A '#' is a comment at the start of the value only when a blank stands before it.
        comments = [self.text.find(mark, self.at - 1, end) for mark in (" #", "\t#")]
        stop = min((at for at in comments if at >= 0), default=end)
        while stop > self.at and self.text[stop - 1] in " \t\r\f\v":
            stop -= 1
        parts: Parts = ()
        if stop > self.at:
            self.end = stop
            parts = self.run("", self.at)
            self.end = len(self.text)
        self.at = end
        return parts

    def run(self, closing: str, opening: int) -> Parts:
        """Text with variables, up to `closing` (a quote, "}" or, when "", the end)."""
        parts: list[str | Variable] = []
        literal: list[str] = []
        text = self.text
        while True:
            if self.at >= self.end:
                if closing == '"':
                    self.fail("the double quote is never closed", opening)
                if closing == "}":
                    self.fail("'${' is never closed by '}'", opening)
                break
            character = text[self.at]
            if closing and character == closing:
                break
            if character == '"' and self.in_double_quotes:
                # Inside "${A:-word": an open brace must not swallow the lines up to the next one.
                self.fail(
                    "'${' is not closed before the quote", opening, 'write \\" for a quote in the value'
                )
            following = text[self.at + 1] if self.at + 1 < self.end else ""
            if character == "\\" and following and following in ("$}" if closing == "}" else "$"):
                literal.append(following)
                self.at += 2
            elif character == "\\" and self.in_double_quotes and following in ESCAPES:
                literal.append(ESCAPES[following])
                self.at += 2
            elif character == "$" and following == "$" and self.compose:
                literal.append("$")
                self.at += 2
            elif character == "$" and (following == "{" or NAME.match(following)):
                parts += ["".join(literal), self.variable()]
                literal = []
            elif character == "$" and following == "(":
                self.fail(
                    "a template runs no commands",
                    hint="write \\$( for a literal, or use an exec:// reference with --set or --allow-exec",
                )
            else:
                literal.append(character)
                self.at += 1
        parts.append("".join(literal))
        return tuple(part for part in parts if part != "")

    def variable(self) -> Variable:
        start = self.at
        line, column = self.place(start)
        self.at += 1
        if self.text[self.at] != "{":
            match = NAME.match(self.text, self.at, self.end)
            assert match is not None  # noqa: S101  (the caller looked)
            self.at = match.end()
            return Variable(match.group(), "", (), self.text[start : self.at], line, column)
        if self.depth == DEPTH:
            self.fail(f"more than {DEPTH} '${{' inside each other", start)
        self.at += 1
        self.skip(" \t")
        match = NAME.match(self.text, self.at, self.end)
        if not match:
            self.fail("no variable name after '${'", start, "write \\${ for a literal")
        self.at = match.end()
        self.skip(" \t")
        operator = ":" if self.text.startswith(":", self.at, self.end) else ""
        kind = self.text[self.at + len(operator) : min(self.at + len(operator) + 1, self.end)]
        operator = operator + kind if kind and kind in "-?+" else ""
        word: Parts = ()
        if operator:
            self.at += len(operator)
            self.depth += 1
            word = self.run("}", start)
            self.depth -= 1
        if self.at >= self.end or self.text[self.at] != "}":
            self.fail(
                "'${' is never closed by '}'",
                start,
                "the forms are ${VAR}, ${VAR:-default}, ${VAR:?message} and ${VAR:+other}",
            )
        self.at += 1
        return Variable(match.group(), operator, word, self.text[start : self.at], line, column)
