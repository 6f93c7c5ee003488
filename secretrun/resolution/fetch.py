"""Asking the stores: every one once, side by side, each with an end to the waiting.

References are deduplicated and grouped by backend, whole stores (`--from`) among them; each group is one
batch, in a thread that has ended when `fetch` returns well (the child is forked after). Stores that may
prompt are asked one after the other, beside the rest.
"""

from __future__ import annotations

from secretrun.errors import BackendError, RateLimited, SecretrunError, TimedOut, Unavailable
from secretrun.model import Reference
from secretrun.resolution.call import Asking, Batch, Found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from secretrun.backend import Backend, Context
    from secretrun.resolution.call import Answer, Listing

    Answers = dict[Reference, Answer]

    class Remembered(Protocol):
        """What `--cache` and `--offline` need of the cache's client."""

        def get(self, wanted: Iterable[Reference], *, stale: bool = False) -> dict[Reference, bytes]: ...

        def put(self, values: Mapping[Reference, bytes]) -> None: ...

    class Turn(Protocol):
        """A context manager."""

        def __enter__(self) -> bool: ...

        def __exit__(self, *_: object) -> None: ...

    class Edge(Protocol):
        """What waiting needs of the operating system: `secretrun.resolution.waiting.Waiting`."""

        def pause(self, seconds: float) -> None: ...

        def turn(self, name: str, seconds: float | None, queued: Callable[[], None]) -> Turn: ...

        def progress(self, pending: Callable[[], Iterable[str]]) -> Turn: ...


UNREACHABLE = (RateLimited, TimedOut, Unavailable)  # a store that says no is not out of reach
PROMPTS = " (it may be asking for you)"
QUEUED = " (another run is asking it)"
ALL = ("\0", "all")  # marks what the cache remembers of a whole store; no reference can be written so


class Stores:
    """How `resolve` reaches the stores.

    Args:
        backend: scheme to backend; raises SecretrunError when there is none or it can't be loaded.
        context: backend to the context of its calls.
        allow_untrusted: references of `trusted_only` backends work from anywhere (`--allow-exec`).
        cache: where values are looked up before a store is asked, and kept after, or None.
        edge: what waiting needs of the operating system; nothing, when None.
        offline: what the cache remembers from before may stand in for a store that can't be reached.
    """

    def __init__(
        self,
        backend: Callable[[str], Backend],
        context: Callable[[Backend], Context],
        *,
        allow_untrusted: bool = False,
        cache: Remembered | None = None,
        edge: Edge | None = None,
        offline: bool = False,
    ) -> None:
        self.backend = backend
        self.context = context
        self.allow_untrusted = allow_untrusted
        self.cache = cache
        self.edge = edge
        self.offline = offline
        self.spare: Callable[[], None] | None = None  # what can be done, once, while a store is waited for

    def meanwhile(self) -> None:
        """Use the time that a store takes."""
        spare, self.spare = self.spare, None
        if spare is not None:
            spare()

    def pause(self, seconds: float) -> None:
        """Wait before asking a store that throttles again."""
        if self.edge is not None:
            self.edge.pause(seconds)

    def turn(self, backend: Backend, queued: Callable[[], None]) -> Turn:
        """Our turn with a store that may prompt; its value says whether we had to wait for another run."""
        if self.edge is None:
            return Nothing()
        return self.edge.turn(backend.info.name, self.context(backend).timeout, queued)

    def progress(self, pending: Callable[[], Iterable[str]]) -> Turn:
        """Something to look at while we wait for what `pending` names."""
        return Nothing() if self.edge is None else self.edge.progress(pending)


class Nothing:
    """A context manager that does nothing (contextlib costs start-up)."""

    def __enter__(self) -> bool:
        return False

    def __exit__(self, *_: object) -> None:
        return None


def fetch(wanted: Iterable[Reference], stores: Stores) -> Answers:
    """Values for references, from the cache or else from the stores; each gets its value or its error."""
    return fetch_both(wanted, (), stores).values


def fetch_both(wanted: Iterable[Reference], whole: Iterable[Reference], stores: Stores) -> Found:
    """`fetch`, and in the same pass every key with its value of the stores in `whole` (`--from`)."""
    found = Found()
    batches: dict[int, Batch] = {}  # by identity: a name may be taken twice

    def batch_of(reference: Reference) -> Batch:
        backend = _backend(reference, stores)
        return batches.setdefault(id(backend), Batch(backend))

    values, listings = list(dict.fromkeys(wanted)), list(dict.fromkeys(whole))
    remembered = _remembered(values, listings, stores)
    for reference in values:
        if reference in remembered.values:
            continue
        try:
            batch_of(reference).values.append(reference)
        except SecretrunError as error:
            found.values[reference] = error
    for reference in listings:
        if reference in remembered.listings:
            continue
        try:
            batch_of(reference).listings.append(reference)
        except SecretrunError as error:
            found.listings[reference] = error
    if batches:
        found.update(_ask(list(batches.values()), stores))
    if stores.offline:
        found.update(_stale(found, stores))
    remembered.update(found)
    return remembered


def _ask(batches: list[Batch], stores: Stores) -> Found:
    """Ask every store once for what is wanted of it."""
    pending: dict[str, str] = {}  # the titles of the stores that have not answered, with a remark

    def asking(batch: Batch) -> Asking:
        title = batch.backend.info.title
        return Asking(batch, stores.context, stores.pause, lambda: pending.pop(title, None))

    serial = [batch for batch in batches if _may_prompt(batch, stores)]
    parallel = [batch for batch in batches if batch not in serial]
    pending.update((batch.backend.info.title, "") for batch in parallel)
    with stores.progress(lambda: [title + remark for title, remark in list(pending.items())]):
        started = [asking(batch) for batch in parallel]
        # Stores that may prompt go one after the other: one question at a time. Runs side by side queue
        # up, and find in the cache what the first one got.
        found = Found()
        for batch in serial:
            found.update(_take_turn(batch, asking, pending, stores))
        beside = Found()
        for one in started:
            beside.update(one.found(stores.meanwhile))
    _remember(beside, stores)
    found.update(beside)
    return found


def _may_prompt(batch: Batch, stores: Stores) -> bool:
    backend = batch.backend
    if not backend.info.serial:
        return False
    may_prompt = getattr(backend, "may_prompt", None)  # see `backend.Prompting`
    return may_prompt is None or may_prompt([*batch.values, *batch.listings], stores.context(backend))


def _take_turn(
    batch: Batch, asking: Callable[[Batch], Asking], pending: dict[str, str], stores: Stores
) -> Found:
    """Ask a store that may prompt, when no other run is asking it."""
    title, prompts = batch.backend.info.title, stores.context(batch.backend).interactive

    def queued() -> None:
        pending[title] = QUEUED

    pending[title] = ""
    with stores.turn(batch.backend, queued) as waited:
        pending[title] = PROMPTS if prompts else ""
        found = _remembered(batch.values, batch.listings, stores) if waited else Found()
        rest = batch.without(found)
        if rest:
            asked = asking(rest).found(stores.meanwhile)
            _remember(asked, stores)  # before the next run gets its turn
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
    return backend


def _remembered(
    values: Iterable[Reference], listings: Iterable[Reference], stores: Stores, *, stale: bool = False
) -> Found:
    """What the cache has."""
    found = Found()
    values, keys = list(values), {_key(reference): reference for reference in listings}
    if stores.cache is None or not (values or keys):
        return found
    for reference, value in stores.cache.get([*values, *keys], stale=stale).items():
        if reference in keys:
            found.listings[keys[reference]] = _unpacked(value)
        else:
            found.values[reference] = value
    return found


def _remember(found: Found, stores: Stores) -> None:
    if stores.cache is None:
        return
    kept = {r: answer for r, answer in found.values.items() if isinstance(answer, bytes)}
    kept.update(
        (_key(r), _packed(listing))
        for r, listing in found.listings.items()
        if not isinstance(listing, SecretrunError)
    )
    stores.cache.put(kept)


def _stale(found: Found, stores: Stores) -> Found:
    """What the cache remembers from before of the stores that can't be reached."""
    return _remembered(
        [reference for reference, answer in found.values.items() if isinstance(answer, UNREACHABLE)],
        [reference for reference, answer in found.listings.items() if isinstance(answer, UNREACHABLE)],
        stores,
        stale=True,
    )


def _key(reference: Reference) -> Reference:
    """What a whole listing is remembered under."""
    return Reference(
        reference.text,
        reference.scheme,
        reference.path,
        options=(*reference.options, ALL),
        pointer=reference.pointer,
        base=reference.base,
        trusted=reference.trusted,
    )


def _packed(listing: Mapping[str, bytes]) -> bytes:
    """A listing as one value: names and values, each after its length."""
    texts = [
        text for name, value in listing.items() for text in (name.encode("utf-8", "surrogateescape"), value)
    ]
    return b"".join(b"%d:%b" % (len(text), text) for text in texts)


def _unpacked(value: bytes) -> Listing:
    texts, position = [], 0
    while position < len(value):
        colon = value.index(b":", position)
        start, length = colon + 1, int(value[position:colon])
        texts.append(value[start : start + length])
        position = start + length
    names = (name.decode("utf-8", "surrogateescape") for name in texts[::2])
    return dict(zip(names, texts[1::2], strict=True))
