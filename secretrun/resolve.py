"""Plan and backends to environment and secrets, in one pass.

Nothing is ever resolved in part: either every variable has its value, or one error names all that failed.

May import: errors, model, reference, entry, plan, fetch.
"""

from __future__ import annotations

from secretrun.entry import ENVIRONMENT, Entry, Nested
from secretrun.errors import BackendError, BadReference, NotFound, ResolutionError, SecretrunError
from secretrun.fetch import Stores, fetch, fetch_all
from secretrun.model import Reference, Secret
from secretrun.reference import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.fetch import Answer
    from secretrun.plan import Plan

    Answers = dict[Reference | Nested, Answer]
    Failure = tuple[str, str, SecretrunError]  # place, what, why

SHORTEST = 6  # characters; a shorter value is too common to be taken out of a message


class Resolved:
    """What resolution gives.

    Attributes:
        environment: the assigned variables, name to value.
        secrets: what must not be shown, each value once, with all names it goes by.
        left_out: optional variables whose reference names nothing.
        deliver: variables that do not hold their value: name to "file", "fd" or "stdin".
    """

    __slots__ = ("deliver", "environment", "left_out", "secrets")

    def __init__(
        self,
        environment: dict[str, bytes],
        secrets: list[Secret],
        left_out: list[str],
        deliver: dict[str, str],
    ) -> None:
        self.deliver = deliver
        self.environment = environment
        self.secrets = secrets
        self.left_out = left_out

    def __repr__(self) -> str:
        return f"<Resolved {len(self.environment)} variables, {len(self.secrets)} secrets>"


def resolve(plan: Plan, stores: Stores, *, consequence: str = "the command was not started") -> Resolved:
    """Resolve everything in the plan; `consequence` ends the message when that fails.

    Raises:
        ResolutionError: naming every variable that has no value, and why.
    """
    failures: list[Failure] = []
    imported = _imports(plan, stores, failures)
    entries = {name: entry for name, entry in plan.entries.items() if not _yields(entry, plan, imported)}
    answers = answer(entries.values(), stores)
    environment: dict[str, bytes] = {}
    secrets = _Collector()
    left_out: list[str] = []
    for name, (value, place) in imported.items():
        if name in entries or (plan.keep_env and name in plan.inherited):
            continue
        if b"\0" in value:
            failures.append((place, name, nul()))
        environment[name] = value
        secrets.add(value, name)
    for name, entry in entries.items():
        composed, wrong = compose(entry, answers)
        failures += [(entry.place, what, error) for what, error in wrong]
        if composed is None:
            left_out.append(name)
            continue
        environment[name] = composed
        for reference in entry.references():
            if isinstance(said := answers[reference], bytes):
                secrets.add(said, name, entry.mask, entry.min_length)
    failures += groups(entries.values(), environment)
    if failures:
        raise report([(place, what, scrubbed(e, answers)) for place, what, e in failures], consequence)
    deliver = {
        name: entry.deliver
        for name, entry in entries.items()
        if entry.deliver != "env" and name in environment
    }
    return Resolved(environment, secrets.secrets(), left_out, deliver)


def answer(entries: Iterable[Entry], stores: Stores) -> Answers:
    """The value or error of every reference; one that needs others' values is asked for after them.

    A plan has no circles: a variable stands for what was assigned before it.
    """
    waiting: list[Nested] = []
    first: list[Reference] = []
    found = [reference for entry in entries for reference in entry.references()]
    while found:
        reference = found.pop(0)
        if isinstance(reference, Reference):
            first.append(reference)
        elif reference not in waiting:
            waiting.append(reference)
            found += reference.needs()
    answers: Answers = dict(fetch(first, stores).items())
    while waiting:
        ready = {
            nested: _complete(nested, answers)
            for nested in waiting
            if all(needed in answers for needed in nested.needs())
        }
        asked = fetch([made for made in ready.values() if isinstance(made, Reference)], stores)
        for nested, made in ready.items():
            answers[nested] = asked[made] if isinstance(made, Reference) else made
        waiting = [nested for nested in waiting if nested not in ready]
    return answers


def _complete(nested: Nested, answers: Answers) -> Reference | BackendError:
    """The reference that a nested one is, now that what it needs has answers; no error quotes a value."""
    texts = []
    for part in nested.parts:
        said = part if isinstance(part, str) else answers[part]
        if isinstance(said, SecretrunError):
            return BackendError(f"it needs {getattr(part, 'text', '')}: {said.message}", hint=said.hint)
        texts.append(said if isinstance(said, str) else said.decode("utf-8", "surrogateescape"))
    try:
        made = parse("".join(texts), base=nested.base, trusted=nested.trusted)
    except SecretrunError:
        return BadReference("with the values of its variables it is no reference")
    return Reference(
        nested.text,
        made.scheme,
        made.path,
        options=made.options,
        pointer=made.pointer,
        base=nested.base,
        trusted=nested.trusted,
    )


def scrubbed(error: SecretrunError, answers: Answers) -> SecretrunError:
    """An error without the values that were resolved beside it, should a store have quoted one."""
    message, hint = error.message, error.hint
    for reference, said in answers.items():
        value = said.decode("utf-8", "replace") if isinstance(said, bytes) else ""
        if len(value) >= SHORTEST:
            message = message.replace(value, f"[{reference.text}]")
            hint = hint.replace(value, f"[{reference.text}]") if hint else hint
    if (message, hint) == (error.message, error.hint):
        return error
    clean = BackendError(message, hint=hint)
    clean.code = error.code
    return clean


def _yields(entry: Entry, plan: Plan, imported: dict[str, tuple[bytes, str]]) -> bool:
    """Whether an import replaces what the environment says of a variable."""
    return entry.place == ENVIRONMENT and entry.name in imported and not plan.keep_env


def _imports(plan: Plan, stores: Stores, failures: list[Failure]) -> dict[str, tuple[bytes, str]]:
    imported: dict[str, tuple[bytes, str]] = {}
    for reference, place in plan.imports:
        try:
            found = fetch_all(reference, stores)
        except SecretrunError as error:
            failures.append((place, reference.text, error))
            continue
        imported.update({name: (value, place) for name, value in found.items()})
    return imported


def compose(entry: Entry, answers: Answers) -> tuple[bytes | None, list[tuple[str, SecretrunError]]]:
    """The value of one variable, or None when it is optional and missing; and what is wrong with it."""
    found = [(reference, answers[reference]) for reference in entry.references()]
    errors = [(reference.text, said) for reference, said in found if isinstance(said, SecretrunError)]
    if errors and all(isinstance(error, NotFound) for _, error in errors):
        if entry.default is not None:
            return encode(entry.default), []
        if not entry.required:
            return None, []
    for reference, said in found:
        if isinstance(said, bytes) and b"\0" in said and entry.deliver == "env":
            errors.append((reference.text, nul()))
    if errors:
        return None, [(f"{entry.name}: {text}", error) for text, error in errors]
    chunks = [encode(piece) if isinstance(piece, str) else answers[piece] for piece in entry.pieces]
    whole = b"".join(chunk for chunk in chunks if isinstance(chunk, bytes))  # errors returned above
    if entry.check is not None:
        try:
            entry.check(whole)
        except SecretrunError as error:
            return None, [(entry.name, error)]
    return whole, []


def groups(among: Iterable[Entry], environment: Mapping[str, bytes]) -> list[Failure]:
    """A failure for every group of which too few or too many members have a value."""
    members: dict[tuple[str, str], list[Entry]] = {}
    for entry in among:
        if entry.group is not None:
            members.setdefault(entry.group, []).append(entry)
    failures: list[Failure] = []
    for (rule, group), entries in members.items():
        present = [entry.name for entry in entries if entry.name in environment]
        if not present or (rule == "exactly_one" and len(present) > 1):
            names = ", ".join(entry.name for entry in entries)
            found = f"{', '.join(present)} have values" if present else "none has a value"
            wanted = "exactly one" if rule == "exactly_one" else "at least one"
            problem = NotFound(f"{wanted} of {names} must have a value, {found}")
            failures.append((entries[0].place, f"group {group}", problem))
    return failures


def nul() -> BackendError:
    return BackendError(
        "the value holds a NUL byte, which no environment variable can",
        hint='deliver it as a file: as = "file" in secretrun.toml',
    )


def report(failures: list[Failure], consequence: str) -> ResolutionError:
    """One error for all failures, a line each: place, variable, reference, reason."""
    lines = [f"{place}: {what}: {error.message}" for place, what, error in failures]
    hints = dict.fromkeys(error.hint for *_, error in failures if error.hint)
    count = "a reference" if len(lines) == 1 else f"{len(lines)} references"
    return ResolutionError(
        f"{count} could not be resolved, so {consequence}",
        failures=lines,
        hint="\n".join(hints) or None,
    )


def encode(text: str) -> bytes:
    """Text to the bytes of an environment variable (undecodable input bytes survive)."""
    return text.encode("utf-8", "surrogateescape")


class _Collector:
    """Secrets by value, so that one value used under three names is one secret."""

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[list[str], str, int | None]] = {}

    def add(self, value: bytes, name: str, mask: str = "auto", min_length: int | None = None) -> None:
        names, known_mask, known_length = self._found.setdefault(value, ([], mask, min_length))
        if name not in names:
            names.append(name)
        if known_mask != mask or known_length != min_length:
            # Said differently under two names: the stricter wins, so that no name opens another's value.
            strict = "always" if "always" in (mask, known_mask) else "auto"
            self._found[value] = (names, strict, None)

    def secrets(self) -> list[Secret]:
        return [
            Secret(value, tuple(names), mask=mask, min_length=length)
            for value, (names, mask, length) in self._found.items()
        ]
