"""What a run wants to know: every variable as literal text and references, before any store is asked.

Precedence, as `op run` has it: the inherited environment, then `--from` imports, then templates in the
order given (later wins), then `--set`. `keep_env` turns the first two rules round.

May import: errors, model, reference, template.
"""

from __future__ import annotations

from secretrun import reference as references
from secretrun.errors import ReferenceSyntaxError, TemplateError
from secretrun.model import Reference
from secretrun.template import parse_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from secretrun.assignment import Assignment, Parts, Variable

    Pieces = list[str | Reference]


class Entry:
    """One variable of the plan.

    Attributes:
        name: the variable.
        pieces: literal texts and references, in order.
        place: where it was written, for messages: "app.env:3", "--set", "the environment".
        required: a missing value is an error; otherwise the variable is left out.
        group: ("at_least_one" or "exactly_one", the group's name) when it is one of several, or None.
        default: the text to use instead of a missing value, or None.
        mask, min_length: see `Secret`.
        deliver: "env", "file", "fd" or "stdin".
        check: looks at the resolved value and raises a BackendError, or None.
    """

    __slots__ = (
        "check", "default", "deliver", "group", "mask", "min_length", "name", "pieces", "place", "required",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        pieces: Pieces,
        place: str,
        *,
        required: bool = True,
        group: tuple[str, str] | None = None,
        default: str | None = None,
        mask: str = "auto",
        min_length: int | None = None,
        deliver: str = "env",
        check: Callable[[bytes], None] | None = None,
    ) -> None:
        self.name = name
        self.pieces = pieces
        self.place = place
        self.required = required
        self.default = default
        self.mask = mask
        self.min_length = min_length
        self.group = group
        self.deliver = deliver
        self.check = check

    def references(self) -> list[Reference]:
        return [piece for piece in self.pieces if isinstance(piece, Reference)]

    def __repr__(self) -> str:
        return f"<Entry {self.name} {self.place}>"


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

    def add_inherited(self, base: str) -> None:
        """Take over the inherited variables whose whole value is a reference."""
        for name, value in self.inherited.items():
            if "://" not in value or not references.is_whole(value, self.known):
                continue
            try:
                pieces = references.split(value, self.known, base=base)
            except ReferenceSyntaxError as error:
                raise _placed(error, f"the environment: {name}") from None
            self.add(Entry(name, pieces, "the environment"))

    def add_template(self, assignments: Iterable[Assignment], base: str, *, trusted: bool = False) -> None:
        """Add the assignments of one env file; relative paths start at `base`.

        Raises:
            TemplateError: for an undefined variable or a malformed reference, with its place.
        """
        for assignment in assignments:
            if self.keep_env and assignment.name in self.inherited:
                continue
            pieces = self._split(self._expand(assignment.parts, assignment), assignment, base, trusted)
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
            pieces = references.split(value, self.known, base=base, trusted=trusted)
        except ReferenceSyntaxError as error:
            raise _placed(error, f"{place}: {name}") from None
        self.add(Entry(name, pieces, place))

    def expand_text(self, name: str, text: str, place: str, base: str, *, trusted: bool) -> Pieces:
        """Variables, then references, of a text that is not part of an env file (a TOML value).

        Raises:
            ReferenceSyntaxError, TemplateError: naming the place.
        """
        assignment = parse_text(name, text, place)
        return self._split(self._expand(assignment.parts, assignment), assignment, base, trusted)

    def _expand(self, parts: Parts, assignment: Assignment) -> Pieces:
        pieces: Pieces = []
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
            else:
                pieces.extend(self._variable(part, assignment))
        return pieces

    def _variable(self, variable: Variable, assignment: Assignment) -> Pieces:
        """The pieces `$VAR` stands for: an assignment before it, else the inherited value."""
        pieces: Pieces | None = None
        if variable.name in self.entries:
            pieces = self.entries[variable.name].pieces
        elif variable.name in self.inherited:
            pieces = [self.inherited[variable.name]]
        absent = pieces is None or (variable.operator.startswith(":") and "".join(map(str, pieces)) == "")
        kind = variable.operator[-1:]
        if kind == "+":
            return [] if absent else self._expand(variable.word, assignment)
        if not absent:
            return pieces or []
        if kind == "-":
            return self._expand(variable.word, assignment)
        if kind == "?":
            said = "".join(part for part in variable.word if isinstance(part, str))
            message, hint = f"{variable.name}: {said or 'is not set'}", None
        else:
            message = f"${variable.name} is not set"
            hint = f"${{{variable.name}:-}} is empty when unset; single quotes or \\$ make it literal"
        raise TemplateError(
            message, file=assignment.file, line=variable.line, column=variable.column, hint=hint
        )

    def _split(self, pieces: Pieces, assignment: Assignment, base: str, trusted: bool) -> Pieces:
        """Find the references in the literal texts; spliced ones stay as they are."""
        joined: Pieces = []
        for piece in pieces:
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            else:
                joined.append(piece)
        found: Pieces = []
        for piece in joined:
            if not isinstance(piece, str):
                found.append(piece)
                continue
            try:
                found.extend(references.split(piece, self.known, base=base, trusted=trusted))
            except ReferenceSyntaxError as error:
                exact = assignment.parts == (piece,) and "\n" not in piece
                raise TemplateError(
                    f"{assignment.name}: {error.message}",
                    file=assignment.file,
                    line=assignment.line,
                    column=assignment.column + (error.column - 1 if exact else 0),
                    hint=error.hint,
                ) from None
        return found


def _placed(error: ReferenceSyntaxError, place: str) -> ReferenceSyntaxError:
    return ReferenceSyntaxError(f"{place}: {error.message}", column=error.column, hint=error.hint)
