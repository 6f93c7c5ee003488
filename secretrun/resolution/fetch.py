"""Asking the stores: every one once, side by side, each with an end to the waiting.

References are deduplicated and grouped by backend, whole stores (`--from`) among them; each group is one
batch, in a thread that has ended when `fetch` returns well (the child is forked after). Stores that may
prompt are asked one after the other, beside the rest. Runs side by side that let the cache remember ask
once: who comes second waits for the first, and finds in the cache what it got.
"""

from __future__ import annotations

from secretrun.errors import BackendError, BadReference, SecretrunError
from secretrun.resolution.batch import Answers, Batch
from secretrun.resolution.call import Call
from secretrun.resolution.remember import remember, remembered, stand_ins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from secretrun.backend import Backend
    from secretrun.model import Reference
    from secretrun.resolution.batch import Answer
    from secretrun.resolution.stores import Stores

PROMPTS = " (it may be asking for you)"
QUEUED = " (another run is asking it)"


def fetch(wanted: Iterable[Reference], stores: Stores) -> dict[Reference, Answer]:
    """Values for references, from the cache or else from the stores; each gets its value or its error."""
    return fetch_both(wanted, (), stores).values


def fetch_both(wanted: Iterable[Reference], whole: Iterable[Reference], stores: Stores) -> Answers:
    """`fetch`, and in the same pass every key with its value of the stores in `whole` (`--from`)."""
    values, listings = list(dict.fromkeys(wanted)), list(dict.fromkeys(whole))
    known = remembered(values, listings, stores)
    batches, found = _batches(values, listings, known, stores)
    if batches:
        found.update(_claim(batches, stores))
    if stores.offline:
        found.update(stand_ins(found, stores))
    known.update(found)
    return known


def _batches(
    values: Iterable[Reference], listings: Iterable[Reference], known: Answers, stores: Stores
) -> tuple[list[Batch], Answers]:
    """What is still wanted, by store, and an error for what no store is there for."""
    wrong = Answers()
    batches: dict[int, Batch] = {}  # by identity: a name may be taken twice

    def batch_of(reference: Reference) -> Batch:
        backend = _backend(reference, stores)
        return batches.setdefault(id(backend), Batch(backend))

    for reference in values:
        if reference not in known.values:
            try:
                batch_of(reference).values.append(reference)
            except SecretrunError as error:
                wrong.values[reference] = error
    for reference in listings:
        if reference not in known.listings:
            try:
                batch_of(reference).listings.append(reference)
            except SecretrunError as error:
                wrong.listings[reference] = error
    return list(batches.values()), wrong


def _claim(batches: list[Batch], stores: Stores) -> Answers:
    """Ask, unless another run is asking the same for the cache: then wait, and take what it got."""
    if stores.cache is None:
        return _ask(batches, stores)
    values = [reference for batch in batches for reference in batch.values]
    listings = [reference for batch in batches for reference in batch.listings]
    limits = [stores.context(batch.backend).timeout for batch in batches]
    longest = None if None in limits else max(limit for limit in limits if limit is not None)
    said: list[str] = []  # what is waited for
    titles = [batch.backend.info.title + QUEUED for batch in batches]
    with (
        stores.progress(lambda: said),
        stores.claim(stores.cache.claims(values, listings), longest, lambda: said.extend(titles)),
    ):
        said.clear()
        # Looked up once more, waited for or not: another may have got it between our first look and now.
        found = remembered(values, listings, stores)
        rest = [left for batch in batches if (left := batch.without(found))]
        if rest:
            found.update(_ask(rest, stores))
    return found


def _ask(batches: list[Batch], stores: Stores) -> Answers:
    """Ask every store once for what is wanted of it."""
    pending: dict[str, str] = {}  # the titles of the stores that have not answered, with a remark

    def call(batch: Batch) -> Call:
        title = batch.backend.info.title
        return Call(batch, stores.context, stores.pause, lambda: pending.pop(title, None))

    serial = [batch for batch in batches if _may_prompt(batch, stores)]
    parallel = [batch for batch in batches if batch not in serial]
    pending.update((batch.backend.info.title, "") for batch in parallel)
    with stores.progress(lambda: [title + remark for title, remark in list(pending.items())]):
        started = [call(batch) for batch in parallel]
        # Stores that may prompt go one after the other: one question at a time. Runs side by side queue
        # up, and find in the cache what the first one got.
        found = Answers()
        for batch in serial:
            found.update(_take_turn(batch, call, pending, stores))
        beside = Answers()
        for one in started:
            beside.update(one.found(stores.meanwhile))
    remember(beside, stores)
    found.update(beside)
    return found


def _may_prompt(batch: Batch, stores: Stores) -> bool:
    backend = batch.backend
    if not backend.info.serial:
        return False
    may_prompt = getattr(backend, "may_prompt", None)  # see `backend.Prompting`
    return may_prompt is None or may_prompt([*batch.values, *batch.listings], stores.context(backend))


def _take_turn(
    batch: Batch, call: Callable[[Batch], Call], pending: dict[str, str], stores: Stores
) -> Answers:
    """Ask a store that may prompt, when no other run is asking it."""
    title, prompts = batch.backend.info.title, stores.context(batch.backend).interactive

    def queued() -> None:
        pending[title] = QUEUED

    pending[title] = ""
    with stores.turn(batch.backend, queued) as waited:
        pending[title] = PROMPTS if prompts else ""
        found = remembered(batch.values, batch.listings, stores) if waited else Answers()
        rest = batch.without(found)
        if rest:
            asked = call(rest).found(stores.meanwhile)
            remember(asked, stores)  # before the next run gets its turn
            found.update(asked)
    pending.pop(title, None)
    return found


def _backend(reference: Reference, stores: Stores) -> Backend:
    """The backend of a reference, which must be allowed to ask it."""
    backend = stores.backend(reference.scheme)
    if backend.info.trusted_only and not (reference.trusted or stores.allow_untrusted):
        raise BackendError(
            f"{reference.scheme}:// references work only from --set or your own config",
            hint="if you trust this file: --allow-exec",
        )
    if reference.nested and backend.info.in_arguments:
        raise BadReference(
            f"the value of another reference would be an argument of {backend.info.title}'s program, "
            "where others can read it",
            hint="write that part out, or take it from a plain variable; in the pointer it may stand",
        )
    return backend
