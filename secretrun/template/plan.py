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


class Needless(SecretrunError):
    """A variable can't be read since another one has a fault, which is told."""


class Collecting:
    """See `Plan.collecting` (contextlib costs start-up)."""

    def __init__(self, plan: Plan, name: str | None) -> None:
        self._plan = plan
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, SecretrunError) or not self._plan.collects:
            return False
        self._plan.fail(error, self._name)
        return True


class Plan:
    """The variables to set, in order, and the whole stores to import.

    Args:
        inherited: the environment the wrapper was started with.
        known: whether a scheme belongs to a backend.
        keep_env: the inherited environment wins over templates and imports.
        withheld: whether an inherited variable signs in to a store: it expands nowhere.
        collects: what is wrong with one variable is kept in `faults`, and the rest is read on; else raised.
    """

    def __init__(
        self,
        inherited: Mapping[str, str],
        known: Callable[[str], bool],
        *,
        keep_env: bool = False,
        collects: bool = False,
        withheld: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.entries: dict[str, Entry] = {}
        self.imports: list[tuple[Reference, str]] = []
        self.trail: dict[str, list[str]] = {}  # every place that sets a variable, the one that wins last
        self.inherited = inherited
        self.known = known
        self.keep_env = keep_env
        self.collects = collects
        self.withheld = withheld
        self.chosen: dict[str, Pieces] = {}  # what `--set` says, and every `$NAME` stands for
        self.faults: list[SecretrunError] = []  # what is wrong with what was added, in order
        self._broken: set[str] = set()  # variables with a fault: who uses them has no other one

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
                if not grammar.is_whole(value, self.known, grammar.INHERITED):
                    continue
                pieces = self._pieces(value, [], base, trusted=False, origin=grammar.INHERITED)
            except (ReferenceSyntaxError, ConfigError) as error:
                self.fail(_placed(error, f"{ENVIRONMENT}: {name}"), name)
                continue
            self.add(Entry(name, pieces, ENVIRONMENT))

    def add_template(
        self,
        assignments: Iterable[Assignment],
        base: str,
        *,
        trusted: bool = False,
        origin: str = grammar.OURS,
    ) -> list[tuple[Assignment, Entry | None]]:
        """Add the assignments of one env file; relative paths start at `base`.

        Args:
            assignments: in order.
            base: the directory they start from.
            trusted: see `Reference`.
            origin: `FOUND` for a file that was written for other programs too, see `template.value`.

        Returns:
            Each with its entry: None where the inherited environment wins, or where there is a fault.

        Raises:
            TemplateError: for an undefined variable or a malformed reference, with its place.
        """
        assignments = list(assignments)
        added: list[tuple[Assignment, Entry | None]] = []
        for number, assignment in enumerate(assignments):
            entry: Entry | None = None
            if not (self.keep_env and assignment.name in self.inherited):
                with self.collecting(assignment.name):
                    pieces = self._evaluate(assignment, base, trusted, assignments[number:], origin)
                    entry = Entry(assignment.name, pieces, f"{assignment.file}:{assignment.line}")
                    self.add(entry)
            added.append((assignment, entry))
        return added

    def collecting(self, name: str | None = None) -> Collecting:
        """A context manager that keeps a SecretrunError in `faults`; `name` is the variable it is about."""
        return Collecting(self, name)

    def fail(self, error: SecretrunError, name: str | None = None) -> None:
        """Note what is wrong, unless that is only another variable it needs.

        Raises:
            SecretrunError: the error itself, when the plan does not collect.
        """
        if not self.collects:
            raise error from None
        if name is not None:
            self._broken.add(name)
        if not isinstance(error, Needless):
            self.faults.append(error)

    def add(self, entry: Entry) -> None:
        """Add one variable, replacing what earlier sources said of it."""
        self.entries[entry.name] = entry
        self.trail.setdefault(entry.name, []).append(entry.place)

    def choose(self, name: str, value: str, place: str, *, base: str) -> None:
        """Have `$NAME` stand for what `--set` says of it wherever it is used; `add_text` adds it."""
        self.chosen[name] = self._text(name, value, place, base, trusted=True)

    def add_text(self, name: str, value: str, place: str, *, base: str, trusted: bool) -> None:
        """Add one variable from a text that may be or hold references (`--set NAME=VALUE`).

        Raises:
            ReferenceSyntaxError: naming the place and variable.
        """
        self.add(Entry(name, self._text(name, value, place, base, trusted=trusted), place))

    def _text(self, name: str, value: str, place: str, base: str, *, trusted: bool) -> Pieces:
        try:
            return self._pieces(value, [], base, trusted=trusted)
        except (ReferenceSyntaxError, ConfigError) as error:
            raise _placed(error, f"{place}: {name}") from None

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

    def _evaluate(
        self,
        assignment: Assignment,
        base: str,
        trusted: bool,
        rest: list[Assignment],
        origin: str = grammar.OURS,
    ) -> Pieces:
        """Variables, then references; `rest` are the assignments from this one on."""
        values: Values = []
        text = self._expand(assignment.parts, assignment, values, rest)
        try:
            return self._pieces(text, values, base, trusted=trusted, origin=origin)
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
        if variable.name in self.chosen:
            pieces = self.chosen[variable.name]
        elif variable.name in self.entries:
            pieces = self.entries[variable.name].pieces
        elif variable.name in self.inherited and self.withheld(variable.name):
            remedy = f"if the command is meant to have it: --pass {variable.name}"
            fault = f"${variable.name} signs in to a store, and expands nowhere"
            raise _at(variable, assignment, fault, remedy)
        elif variable.name in self.inherited:
            pieces = [grammar.Quoted(self.inherited[variable.name])]
        elif variable.name in self._broken:
            raise Needless(variable.name)
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
        raise _at(variable, assignment, message, hint)

    def _hole(self, piece: Piece, variable: Variable, assignment: Assignment, values: Values) -> str:
        if len(values) == grammar.HOLES:
            raise _at(variable, assignment, f"more than {grammar.HOLES} variables in one value")
        values.append((piece, variable.name))
        return grammar.hole(len(values) - 1)

    def _pieces(
        self, text: str, values: Values, base: str, *, trusted: bool, origin: str = grammar.OURS
    ) -> Pieces:
        """Find the references in a text, and put what the holes stand for in their places."""
        pieces: Pieces = []
        for found in grammar.split(text, self.known, base=base, trusted=trusted, origin=origin):
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
        self._check(text, pieces, origin)
        return _joined(pieces)

    def _check(self, text: str, pieces: Pieces, origin: str) -> None:
        """Refuse what would reach the command as a reference, unresolved, or was meant for one."""
        mixed = len(text) > 1 and grammar.HOLE.search(text)
        texts = [piece for piece in pieces if isinstance(piece, str)]
        if len(texts) == len(pieces) and not any(isinstance(piece, grammar.Quoted) for piece in pieces):
            grammar.refuse_slip(text, self.known)
        if mixed and len(texts) == len(pieces) and grammar.is_whole("".join(texts), self.known, origin):
            raise ReferenceSyntaxError("a variable can't bring the scheme of a reference, write it out")
        for piece in pieces:
            if isinstance(piece, Reference) and piece.scheme == "env":
                inherited = self.inherited.get(piece.path, "")
                if grammar.is_whole(inherited, self.known, grammar.INHERITED):
                    raise ReferenceSyntaxError(
                        f"{piece.text}: {piece.path} is a reference itself",
                        hint=f"${piece.path} in a template is its value",
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


def _at(variable: Variable, assignment: Assignment, message: str, hint: str | None = None) -> TemplateError:
    """An error with the place of a variable."""
    return TemplateError(message, file=assignment.file, line=variable.line, column=variable.column, hint=hint)


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
    literal = "single quotes or \\$ make it literal"
    if not _is_name(name, assignment):
        return "a variable that is not set", literal
    return f"${name} is not set", f"${{{name}:-}} is empty when unset; {literal}"


def _is_name(name: str, assignment: Assignment) -> bool:
    """Whether a message may show what follows a "$": a name, and not the rest of a password.

    A name is in braces, or of one case with its words apart; never in the value of a variable whose own name
    says that it is a secret, nor behind a letter or digit, where a variable hardly ever stands.
    """
    before = ""
    for part in assignment.parts:
        if not isinstance(part, str) and part.name == name:
            if part.written.startswith("${"):
                return True
            break
        before = part if isinstance(part, str) else ""
    import re

    return (
        re.fullmatch(r"[A-Z]+(?:_[A-Z0-9]+)*|[a-z]+(?:_[a-z0-9]+)*|_+[A-Za-z_]+", name) is not None
        and re.search(r"(?i)pass|pwd|secret|token|key|cred|salt|auth", assignment.name) is None
        and not before[-1:].isalnum()
    )


def _placed(error: SecretrunError, place: str) -> SecretrunError:
    """The same error, of the same type, with its place before its message."""
    message = f"{place}: {error.message}"
    if isinstance(error, ReferenceSyntaxError):
        return ReferenceSyntaxError(message, column=error.column, hint=error.hint)
    return ConfigError(message, hint=error.hint)
