"""Every question of a plan, in one pass over the stores; only what needs an answer is asked for later."""

from __future__ import annotations

from secretrun.errors import BackendError, BadReference, SecretrunError
from secretrun.model import Reference
from secretrun.reference import parse
from secretrun.resolution.fetch import fetch, fetch_both
from secretrun.template.entry import ENVIRONMENT, Entry, Nested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from secretrun.resolution.batch import Answer, Listing
    from secretrun.resolution.stores import Stores
    from secretrun.template.plan import Plan

    Values = dict[Reference | Nested, Answer]


class Gathered:
    """What the stores said to a plan.

    Attributes:
        entries: the variables that count: those an import replaces are not among them.
        answers: the value or the error of every reference in them.
        listings: the same of every import, in the order they were given.
    """

    __slots__ = ("answers", "entries", "listings")

    def __init__(
        self, entries: dict[str, Entry], answers: Values, listings: dict[Reference, Listing]
    ) -> None:
        self.entries = entries
        self.answers = answers
        self.listings = listings

    def __repr__(self) -> str:
        return f"<Gathered {len(self.answers)} references, {len(self.listings)} imports>"


def gather(plan: Plan, stores: Stores) -> Gathered:
    """Ask for everything in a plan, its imports beside the references.

    The exception: an import replaces what the environment says of a variable, and what is replaced is
    never asked for, so references in the environment wait for the imports where there are any.
    """
    imports = dict.fromkeys(reference for reference, _ in plan.imports)
    yields = bool(imports) and not plan.keep_env
    first = {n: e for n, e in plan.entries.items() if not (yields and e.place == ENVIRONMENT)}
    answers, listings = _answer(first.values(), stores, imports)
    imported = {name for said in listings.values() if not isinstance(said, SecretrunError) for name in said}
    later = {n: e for n, e in plan.entries.items() if n not in first and n not in imported}
    answers.update(_answer(later.values(), stores, known=answers)[0])
    entries = {name: entry for name, entry in plan.entries.items() if name in first or name in later}
    return Gathered(entries, answers, {reference: listings[reference] for reference in imports})


def answer(entries: Iterable[Entry], stores: Stores) -> Values:
    """The value or error of every reference of some variables."""
    return _answer(entries, stores)[0]


def _answer(
    entries: Iterable[Entry],
    stores: Stores,
    imports: Iterable[Reference] = (),
    known: Values | None = None,
) -> tuple[Values, dict[Reference, Listing]]:
    """The answer to every reference, and to every import; one that needs others' values comes after them.

    A plan has no circles: a variable stands for what was assigned before it.
    """
    answers: Values = dict(known or {})
    waiting: list[Nested] = []
    first: list[Reference] = []
    found = [reference for entry in entries for reference in entry.references() if reference not in answers]
    while found:
        reference = found.pop(0)
        if isinstance(reference, Reference):
            first.append(reference)
        elif reference not in waiting:
            waiting.append(reference)
            found += reference.needs()
    said = fetch_both((reference for reference in first if reference not in answers), imports, stores)
    answers.update(said.values.items())
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
    return answers, said.listings


def _complete(nested: Nested, answers: Values) -> Reference | BackendError:
    """The reference that a nested one is, now that what it needs has answers; no error quotes a value."""
    texts: list[str] = []
    resolved = False  # a value stands before the pointer
    for part in nested.parts:
        said = part if isinstance(part, str) else answers[part]
        if isinstance(said, SecretrunError):
            return BackendError(f"it needs {getattr(part, 'text', '')}: {said.message}", hint=said.hint)
        if isinstance(said, bytes):
            resolved = resolved or not any("#" in text for text in texts)
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
        nested=resolved,
    )
