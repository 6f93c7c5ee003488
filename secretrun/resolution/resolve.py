"""Plan and backends to environment and secrets, in one pass.

Nothing is ever resolved in part: either every variable has its value, or one error names all that failed.
"""

from __future__ import annotations

from secretrun.errors import BackendError, NotFound, ResolutionError, SecretrunError
from secretrun.model import Resolved, Secret
from secretrun.resolution.gather import gather
from secretrun.template.entry import ENVIRONMENT, Entry
from secretrun.trust.table import OURS, is_loader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.model import Reference
    from secretrun.resolution.batch import Listing
    from secretrun.resolution.gather import Gathered, Values
    from secretrun.resolution.stores import Stores
    from secretrun.template.plan import Plan

    Failure = tuple[str, str, SecretrunError]  # place, what, why

SHORTEST = 6  # characters; a shorter value is too common to be taken out of a message


def resolve(plan: Plan, stores: Stores, *, consequence: str = "the command was not started") -> Resolved:
    """Resolve everything in the plan; `consequence` ends the message when that fails.

    Raises:
        SecretrunError: a ResolutionError names every variable that has no value, and why.
    """
    failures: list[Failure] = []
    gathered = gather(plan, stores)
    entries, answers = gathered.entries, gathered.answers
    imported = _imported(gathered, plan, failures)
    environment: dict[str, bytes] = {}
    left_out: list[str] = []
    kept_out: list[str] = []
    for name, (value, place) in imported.items():
        if name in entries or (plan.keep_env and name in plan.inherited):
            continue
        if is_loader(name) or name.startswith(OURS):
            kept_out.append(name)
            continue
        if b"\0" in value:
            failures.append((place, name, nul()))
        environment[name] = value
    for name, entry in entries.items():
        composed, wrong = compose(entry, answers)
        failures += [(entry.place, what, error) for what, error in wrong]
        if composed is None:
            left_out.append(name)
            continue
        environment[name] = composed
    failures += groups(entries.values(), environment)
    if failures or plan.faults:
        clean = [
            (place, what, _beside(scrubbed(error, answers, gathered.listings), entries))
            for place, what, error in failures
        ]
        raise report(clean, consequence, plan.faults)
    deliver = {
        name: entry.deliver
        for name, entry in entries.items()
        if entry.deliver != "env" and name in environment
    }
    return Resolved(environment, secrets_of(gathered, plan), left_out, deliver, kept_out)


def secrets_of(gathered: Gathered, plan: Plan) -> list[Secret]:
    """What is to be masked of what the stores have said, whether all of it could be resolved or not."""
    found = _Collector()
    for name, (value, _place) in _imported(gathered, plan, []).items():
        if name not in gathered.entries and not (plan.keep_env and name in plan.inherited):
            found.add(value, name)
    for name, entry in gathered.entries.items():
        composed, _wrong = compose(entry, gathered.answers)
        if composed is None:
            continue
        for reference in entry.references():
            if isinstance(said := gathered.answers[reference], bytes):
                found.add(said, name, entry.mask, entry.min_length)
        if entry.mask == "always":  # gathered for, so a literal too, and a whole that is made of parts
            found.add(composed, name, entry.mask, entry.min_length)
    return found.secrets()


def _beside(error: SecretrunError, entries: Mapping[str, Entry]) -> SecretrunError:
    """An error whose hint names a variable of the template, which no store sees."""
    import re

    from secretrun.errors import NotFound

    if isinstance(error, NotFound):  # its hint names keys of the store
        return error
    mine = [name for name in re.findall(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", error.hint or "") if name in entries]
    places = {name: entries[name].place for name in mine if entries[name].place != ENVIRONMENT}
    if not places:
        return error
    said = ", ".join(f"{name} of {place}" for name, place in places.items())
    reach = "reaches" if len(places) == 1 else "reach"
    told = named(error.message, error)
    told.hint = f"{error.hint}; {said} {reach} the command only: export it for the stores"
    return told


def scrubbed(
    error: SecretrunError, answers: Values, listings: Mapping[Reference, Listing] | None = None
) -> SecretrunError:
    """An error without the values that were resolved beside it, should a store have quoted one."""
    message, hint = error.message, error.hint
    known = [(reference.text, said) for reference, said in answers.items() if isinstance(said, bytes)]
    for reference, listing in (listings or {}).items():
        if not isinstance(listing, SecretrunError):
            known += [(reference.text, value) for value in listing.values()]
    for text, said in known:
        value = said.decode("utf-8", "replace")
        if len(value) >= SHORTEST:
            message = message.replace(value, f"[{text}]")
            hint = hint.replace(value, f"[{text}]") if hint else hint
    if (message, hint) == (error.message, error.hint):
        return error
    clean = BackendError(message, hint=hint)
    clean.code = error.code
    return clean


def _imported(gathered: Gathered, plan: Plan, failures: list[Failure]) -> dict[str, tuple[bytes, str]]:
    """Name to value and place of what the imports bring; the later import wins."""
    imported: dict[str, tuple[bytes, str]] = {}
    for reference, place in plan.imports:
        said = gathered.listings[reference]
        if isinstance(said, SecretrunError):
            failures.append((place, reference.text, said))
        else:
            imported.update({name: (value, place) for name, value in said.items()})
    return imported


def compose(entry: Entry, answers: Values) -> tuple[bytes | None, list[tuple[str, SecretrunError]]]:
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


def report(
    failures: Iterable[Failure], consequence: str, faults: Iterable[SecretrunError] = ()
) -> SecretrunError:
    """One error for all failures: place, variable, reference, reason and hint of each.

    Args:
        failures: what the stores did not give.
        consequence: what did not happen, for the message.
        faults: what was wrong before any store was asked; a single one speaks for itself.
    """
    told = list(faults)
    references = [named(f"{place}: {what}: {error.message}", error) for place, what, error in failures]
    if len(told) == 1 and not references:
        return told[0]
    if told:
        count = f"{len(told) + len(references)} things are wrong"
    else:
        one = len(references) == 1
        count = f"{'a reference' if one else f'{len(references)} references'} could not be resolved"
    return ResolutionError(f"{count}, so {consequence}", faults=[*told, *references])


def named(message: str, error: SecretrunError) -> SecretrunError:
    """A store's error with another message, its code and its hint."""
    told = BackendError(message, hint=error.hint)
    told.code = error.code
    return told


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
