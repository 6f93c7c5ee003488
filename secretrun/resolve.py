"""Plan and backends to environment and secrets, in one pass.

Nothing is ever resolved in part: either every variable has its value, or one error names all that failed.

May import: errors, model, plan, fetch.
"""

from __future__ import annotations

from secretrun.errors import BackendError, NotFound, ResolutionError, SecretrunError
from secretrun.fetch import Stores, fetch
from secretrun.model import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.fetch import Answers
    from secretrun.plan import Entry, Plan


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
    failures: list[tuple[str, str, SecretrunError]] = []
    imported = _imports(plan, stores, failures)
    answers = fetch([r for entry in plan.entries.values() for r in entry.references()], stores)
    environment: dict[str, bytes] = {}
    secrets = _Collector()
    left_out: list[str] = []
    for name, (value, place) in imported.items():
        if name in plan.entries or (plan.keep_env and name in plan.inherited):
            continue
        if b"\0" in value:
            failures.append((place, name, _nul()))
        environment[name] = value
        secrets.add(value, name)
    for name, entry in plan.entries.items():
        composed = _compose(entry, answers, failures, secrets)
        if composed is None:
            left_out.append(name)
        else:
            environment[name] = composed
    failures += _groups(plan, environment)
    if failures:
        raise report(failures, consequence)
    deliver = {
        name: entry.deliver
        for name, entry in plan.entries.items()
        if entry.deliver != "env" and name in environment
    }
    return Resolved(environment, secrets.secrets(), left_out, deliver)


def _imports(
    plan: Plan, stores: Stores, failures: list[tuple[str, str, SecretrunError]]
) -> dict[str, tuple[bytes, str]]:
    imported: dict[str, tuple[bytes, str]] = {}
    for reference, place in plan.imports:
        try:
            backend = stores.backend(reference.scheme)
            listing = getattr(backend, "fetch_all", None)
            if listing is None:
                raise BackendError(
                    f"{backend.info.title} can't be imported whole",
                    hint="name each value in a template instead",
                )
            for name, value in listing(reference, stores.context(backend)).items():
                if not name or "=" in name or "\0" in name:
                    raise BackendError(f"the key {name!r} can't be a variable's name")
                imported[name] = (value, place)
        except SecretrunError as error:
            failures.append((place, reference.text, error))
    return imported


def _compose(
    entry: Entry,
    answers: Answers,
    failures: list[tuple[str, str, SecretrunError]],
    secrets: _Collector,
) -> bytes | None:
    """The value of one variable, or None when it is optional and missing or has failed."""
    errors = [
        (reference, answer)
        for reference in entry.references()
        if isinstance(answer := answers[reference], SecretrunError)
    ]
    if errors and all(isinstance(error, NotFound) for _, error in errors):
        if entry.default is not None:
            return encode(entry.default)
        if not entry.required:
            return None
    if errors:
        failures.extend((entry.place, f"{entry.name}: {r.text}", error) for r, error in errors)
        return None
    chunks: list[bytes] = []
    for piece in entry.pieces:
        if isinstance(piece, str):
            chunks.append(encode(piece))
            continue
        value = answers[piece]
        assert isinstance(value, bytes)  # noqa: S101  errors returned above
        if b"\0" in value and entry.deliver == "env":
            failures.append((entry.place, f"{entry.name}: {piece.text}", _nul()))
            return None
        secrets.add(value, entry.name, entry.mask, entry.min_length)
        chunks.append(value)
    whole = b"".join(chunks)
    if entry.check is not None:
        try:
            entry.check(whole)
        except SecretrunError as error:
            failures.append((entry.place, entry.name, error))
    return whole


def _groups(plan: Plan, environment: dict[str, bytes]) -> list[tuple[str, str, SecretrunError]]:
    """A failure for every group of which too few or too many members have a value."""
    members: dict[tuple[str, str], list[Entry]] = {}
    for entry in plan.entries.values():
        if entry.group is not None:
            members.setdefault(entry.group, []).append(entry)
    failures: list[tuple[str, str, SecretrunError]] = []
    for (rule, group), entries in members.items():
        present = [entry.name for entry in entries if entry.name in environment]
        if not present or (rule == "exactly_one" and len(present) > 1):
            names = ", ".join(entry.name for entry in entries)
            found = f"{', '.join(present)} have values" if present else "none has a value"
            wanted = "exactly one" if rule == "exactly_one" else "at least one"
            problem = NotFound(f"{wanted} of {names} must have a value, {found}")
            failures.append((entries[0].place, f"group {group}", problem))
    return failures


def _nul() -> BackendError:
    return BackendError(
        "the value holds a NUL byte, which no environment variable can",
        hint='deliver it as a file: as = "file" in secretrun.toml',
    )


def report(failures: list[tuple[str, str, SecretrunError]], consequence: str) -> ResolutionError:
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
