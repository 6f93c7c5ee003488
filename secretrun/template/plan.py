"""What a run wants to know: every variable as literal text and references, before any store is asked.

Precedence, as `op run` has it: the inherited environment, then `--from` imports, then templates in the
order given (later wins), then `--set`. `keep_env` turns the first two rules round.

A variable is text where it stands: `op://$VAULT/db/password` is one reference. What is not text of the
template goes in as it is and is never looked through for references: the value of another reference
(which is then asked for first), and the inherited environment (which others may have written).
"""

from __future__ import annotations

from secretrun.errors import ConfigError, ReferenceSyntaxError, SecretrunError, TemplateError
from secretrun.model import Reference
from secretrun.reference import parse
from secretrun.template import value as grammar
from secretrun.template.dotenv import parse_text
from secretrun.template.entry import ENVIRONMENT, Entry, Nested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from secretrun.template.dotenv import Assignment, Parts, Variable
    from secretrun.template.entry import Piece, Pieces

    Values = list[tuple[Piece, str]]  # what the holes of a text stand for, and the variable's name


class Plan:
    """The variables to set, in order, and the whole stores to import.

    Args:
        inherited: the environment the wrapper was started with.
        known: whether a scheme belongs to a backend.
        keep_env: the inherited environment wins over templates and imports.
    """

    def __init__(
        self, inherited: Mapping[str, str], known: Callable[[str], bool], *, keep_env: bool = False
    ) -> None:
        self.entries: dict[str, Entry] = {}
        self.imports: list[tuple[Reference, str]] = []
        self.trail: dict[str, list[str]] = {}  # every place that sets a variable, the one that wins last
        self.inherited = inherited
        self.known = known
        self.keep_env = keep_env

    def add_inherited(self, base: str, withheld: Callable[[str], bool] = lambda _: False) -> None:
        """Take over the inherited variables whose whole value is a reference.

        Args:
            base: the directory their relative paths start from.
            withheld: whether a variable does not reach the command anyway.

        Raises:
            SecretrunError: naming the variable.
        """
        for name, value in self.inherited.items():
            if "://" not in value or withheld(name):
                continue
            try:
                if not grammar.is_whole(value, self.known):
                    continue
                pieces = self._pieces(value, [], base, trusted=False)
            except (ReferenceSyntaxError, ConfigError) as error:
                raise _placed(error, f"{ENVIRONMENT}: {name}") from None
            self.add(Entry(name, pieces, ENVIRONMENT))

    def add_template(self, assignments: Iterable[Assignment], base: str, *, trusted: bool = False) -> None:
        """Add the assignments of one env file; relative paths start at `base`.

        Raises:
            TemplateError: for an undefined variable or a malformed reference, with its place.
        """
        assignments = list(assignments)
        for number, assignment in enumerate(assignments):
            if self.keep_env and assignment.name in self.inherited:
                continue
            pieces = self._evaluate(assignment, base, trusted, assignments[number:])
            self.add(Entry(assignment.name, pieces, f"{assignment.file}:{assignment.line}"))

    def add(self, entry: Entry) -> None:
        """Add one variable, replacing what earlier sources said of it."""
        self.entries[entry.name] = entry
        self.trail.setdefault(entry.name, []).append(entry.place)

    def add_text(self, name: str, value: str, place: str, *, base: str, trusted: bool) -> None:
        """Add one variable from a text that may be or hold references (`--set NAME=VALUE`).

        Raises:
            ReferenceSyntaxError: naming the place and variable.
        """
        try:
            pieces = self._pieces(value, [], base, trusted=trusted)
        except (ReferenceSyntaxError, ConfigError) as error:
            raise _placed(error, f"{place}: {name}") from None
        self.add(Entry(name, pieces, place))

    def expand_text(self, name: str, text: str, place: str, base: str, *, trusted: bool) -> Pieces:
        """Variables, then references, of a text that is not part of an env file (a TOML value).

        Raises:
            ReferenceSyntaxError, TemplateError: naming the place.
        """
        return self._evaluate(parse_text(name, text, place), base, trusted, [])

    def expand(self, name: str, text: str, place: str) -> str:
        """The variables of a text, as text; references in it are left alone."""
        values: Values = []
        assignment = parse_text(name, text, place)
        return "".join(map(str, _filled(self._expand(assignment.parts, assignment, values, []), values)))

    def _evaluate(self, assignment: Assignment, base: str, trusted: bool, rest: list[Assignment]) -> Pieces:
        """Variables, then references; `rest` are the assignments from this one on."""
        values: Values = []
        text = self._expand(assignment.parts, assignment, values, rest)
        try:
            return self._pieces(text, values, base, trusted=trusted)
        except (ReferenceSyntaxError, ConfigError) as error:
            column = error.column if isinstance(error, ReferenceSyntaxError) else 1
            exact = assignment.parts == (text,) and "\n" not in text
            raise TemplateError(
                f"{assignment.name}: {error.message}",
                file=assignment.file,
                line=assignment.line,
                column=assignment.column + (column - 1 if exact else 0),
                hint=error.hint,
            ) from None

    def _expand(self, parts: Parts, assignment: Assignment, values: Values, rest: list[Assignment]) -> str:
        """The text of `parts`, with a hole for every value that is no text of a template."""
        return "".join(
            part if isinstance(part, str) else self._variable(part, assignment, values, rest)
            for part in parts
        )

    def _variable(
        self, variable: Variable, assignment: Assignment, values: Values, rest: list[Assignment]
    ) -> str:
        """What `$VAR` stands for: an assignment before it, else the inherited value."""
        pieces: Pieces | None = None
        if variable.name in self.entries:
            pieces = self.entries[variable.name].pieces
        elif variable.name in self.inherited:
            pieces = [grammar.Quoted(self.inherited[variable.name])]
        absent = pieces is None or (variable.operator.startswith(":") and not any(pieces))
        kind = variable.operator[-1:]
        if kind == "+":
            return "" if absent else self._expand(variable.word, assignment, values, rest)
        if pieces is not None and not absent:
            return "".join(
                piece if type(piece) is str else self._hole(piece, variable, assignment, values)
                for piece in pieces
                if piece
            )
        if kind == "-":
            return self._expand(variable.word, assignment, values, rest)
        if kind == "?":
            said = "".join(part for part in variable.word if isinstance(part, str))
            message, hint = f"{variable.name}: {said or 'is not set'}", None
        else:
            message, hint = _unset(variable.name, assignment, rest)
        raise TemplateError(
            message, file=assignment.file, line=variable.line, column=variable.column, hint=hint
        )

    def _hole(self, piece: Piece, variable: Variable, assignment: Assignment, values: Values) -> str:
        if len(values) == grammar.HOLES:
            raise TemplateError(
                f"more than {grammar.HOLES} variables in one value",
                file=assignment.file,
                line=variable.line,
                column=variable.column,
            )
        values.append((piece, variable.name))
        return grammar.hole(len(values) - 1)

    def _pieces(self, text: str, values: Values, base: str, *, trusted: bool) -> Pieces:
        """Find the references in a text, and put what the holes stand for in their places."""
        pieces: Pieces = []
        for found in grammar.split(text, self.known, base=base, trusted=trusted):
            if isinstance(found, Reference):
                pieces.append(found)
                continue
            written = found if isinstance(found, str) else found.text
            parts = _filled(written, values)
            if isinstance(found, str):
                quoted = isinstance(found, grammar.Quoted)
                pieces += [
                    grammar.Quoted(part) if quoted and isinstance(part, str) else part for part in parts
                ]
            elif all(isinstance(part, str) for part in parts):
                pieces.append(parse("".join(map(str, parts)), base=base, trusted=trusted))
            else:
                shown = "".join(_shown(character, values) for character in written)
                pieces.append(Nested(shown, parts, base=base, trusted=trusted))
        self._check(text, pieces)
        return _joined(pieces)

    def _check(self, text: str, pieces: Pieces) -> None:
        """Refuse what would reach the command as a reference, unresolved."""
        mixed = len(text) > 1 and grammar.HOLE.search(text)
        texts = [piece for piece in pieces if isinstance(piece, str)]
        if mixed and len(texts) == len(pieces) and grammar.is_whole("".join(texts), self.known):
            raise ReferenceSyntaxError("a variable can't bring the scheme of a reference, write it out")
        for piece in pieces:
            if isinstance(piece, Reference) and piece.scheme == "env":
                self._check_chain(piece)

    def _check_chain(self, reference: Reference) -> None:
        """Refuse `env://NAME` where NAME is a reference itself: its text would be taken for a value."""
        chain = [reference.path]
        while (value := self.inherited.get(chain[-1], "")) and grammar.is_whole(value, self.known):
            if not value.lower().startswith("env://"):
                name = chain[-1]
                raise ReferenceSyntaxError(
                    f"{reference.text}: {name} is a reference itself",
                    hint=f"${name} in a template is its value",
                )
            following = value[len("env://") :]
            if following in chain:
                raise ReferenceSyntaxError(
                    f"{reference.text}: goes round in a circle: {' -> '.join([*chain, following])}"
                )
            chain.append(following)
        if len(chain) > 1:
            raise ReferenceSyntaxError(
                f"{reference.text}: {chain[0]} is a reference itself", hint=f"use env://{chain[-1]}"
            )


def _filled(text: str, values: Values) -> Pieces:
    """A text with the values in place of its holes; inherited text stays apart from the template's."""
    parts: Pieces = []
    start = 0
    for match in grammar.HOLE.finditer(text):
        parts += [text[start : match.start()], values[ord(match.group()) - ord(grammar.hole(0))][0]]
        start = match.end()
    parts.append(text[start:])
    return [part for part in parts if part != ""]


def _joined(pieces: Pieces) -> Pieces:
    """Neighbouring literals as one, which is quoted when a part of it is."""
    joined: Pieces = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, str) and isinstance(last, str):
            plain = type(piece) is type(last) is str
            joined[-1] = last + piece if plain else grammar.Quoted(last + piece)
        else:
            joined.append(piece)
    return joined


def _shown(character: str, values: Values) -> str:
    """A character of a reference for people: a hole as the variable it is."""
    if not grammar.HOLE.match(character):
        return character
    value, name = values[ord(character) - ord(grammar.hole(0))]
    return value if isinstance(value, str) else f"${{{name}}}"


def _unset(name: str, assignment: Assignment, rest: list[Assignment]) -> tuple[str, str]:
    """Message and hint for a variable that is not set; `rest` may assign it too late."""
    later: dict[str, Assignment] = {}
    for other in rest:
        later.setdefault(other.name, other)
    chain = [assignment.name, name]
    while chain[-1] in later and chain[-1] not in chain[:-1]:
        needed = [part.name for part in later[chain[-1]].parts if not isinstance(part, str)]
        chain += [other for other in needed if other in later][:1] or [""]
    if chain[-1] in chain[:-1]:
        circle = " -> ".join(chain[chain.index(chain[-1]) :])
        return (
            f"${name} goes round in a circle: {circle}",
            "a variable stands for what was assigned before it",
        )
    if name in later:
        return (
            f"${name} is not set here, but in line {later[name].line}",
            "a variable stands for what was assigned before it: move that line up",
        )
    return (
        f"${name} is not set",
        f"${{{name}:-}} is empty when unset; single quotes or \\$ make it literal",
    )


def _placed(error: SecretrunError, place: str) -> SecretrunError:
    """The same error, of the same type, with its place before its message."""
    message = f"{place}: {error.message}"
    if isinstance(error, ReferenceSyntaxError):
        return ReferenceSyntaxError(message, column=error.column, hint=error.hint)
    return ConfigError(message, hint=error.hint)
