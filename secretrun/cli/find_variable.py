"""One variable by its name, for `check --explain` and `read`: where it is set, and what its stores say."""

from __future__ import annotations

from secretrun.errors import NotFound, SecretrunError
from secretrun.resolution.gather import answer, gather
from secretrun.template.entry import ENVIRONMENT, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.launch.prepare import Prepared
    from secretrun.resolution.gather import Values


def find(prepared: Prepared, name: str) -> tuple[Entry, Values]:
    """A variable of the plan or of an import, and what the stores say to its references.

    Raises:
        NotFound: it is neither.
    """
    plan = prepared.plan
    if name in plan.entries:
        entry = plan.entries[name]
        if not (plan.imports and entry.place == ENVIRONMENT):
            return entry, answer([entry], prepared.stores)
    gathered = gather(plan, prepared.stores)
    for reference, place in reversed(plan.imports):
        found = gathered.listings[reference]
        if not isinstance(found, SecretrunError) and name in found:
            return Entry(name, [reference], place), {reference: found[name]}
    if name in plan.entries:
        return plan.entries[name], gathered.answers
    from secretrun import hints

    where = "inherited, and no reference" if name in plan.inherited else "set nowhere"
    near = hints.closest(name, plan.entries)
    hint = "secretrun check lists the variables"
    raise NotFound(f"{name} is {where}", hint=f"did you mean {near}? {hint}" if near else hint)
