"""Asking the stores: every one once, side by side, each with an end to the waiting.

References are deduplicated and grouped by backend, each group is fetched in one batch, the groups in
threads that have ended when `fetch` returns well (the child is forked after). Stores that may prompt are
asked one after the other on the calling thread.

May import: errors, model, backend.
"""

from __future__ import annotations

from secretrun.errors import BackendError, BadAnswer, RateLimited, SecretrunError, TimedOut, Unavailable
from secretrun.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from secretrun.backend import Backend, Context

    Answer = bytes | SecretrunError
    Answers = dict[Reference, Answer]

    class Remembered(Protocol):
        """What `--cache` and `--offline` need of the agent's client."""

        def get(self, wanted: Iterable[Reference], *, stale: bool = False) -> dict[Reference, bytes]: ...

        def put(self, values: Mapping[Reference, bytes]) -> None: ...

    class Turn(Protocol):
        """A context manager."""

        def __enter__(self) -> bool: ...

        def __exit__(self, *_: object) -> None: ...

    class Edge(Protocol):
        """What waiting needs of the operating system: `secretrun.waiting.Waiting`."""

        def pause(self, seconds: float) -> None: ...

        def turn(self, name: str) -> Turn: ...

        def progress(self, titles: list[str], prompting: bool) -> Turn: ...


UNREACHABLE = (RateLimited, TimedOut, Unavailable)  # a store that says no is not out of reach
RETRIES = (0.3, 0.9, 2.7)  # seconds before asking again what was throttled; the pause adds jitter
GRACE = 2.0  # seconds a store gets, beyond its own time limit, to report that limit itself


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

    def pause(self, seconds: float) -> None:
        """Wait before asking a store that throttles again."""
        if self.edge is not None:
            self.edge.pause(seconds)

    def turn(self, name: str) -> Turn:
        """Our turn with a store that may prompt; its value says whether we had to wait for another run."""
        return Nothing() if self.edge is None else self.edge.turn(name)

    def progress(self, titles: list[str], prompting: bool) -> Turn:
        """Something to look at while we wait."""
        return Nothing() if self.edge is None else self.edge.progress(titles, prompting)


class Nothing:
    """A context manager that does nothing (contextlib costs start-up)."""

    def __enter__(self) -> bool:
        return False

    def __exit__(self, *_: object) -> None:
        return None


def fetch(wanted: list[Reference], stores: Stores) -> Answers:
    """Values for references, from the cache or else from the stores; each gets its value or its error."""
    unique = list(dict.fromkeys(wanted))
    cache = stores.cache
    if cache is None or not unique:
        return _ask(unique, stores)
    remembered = cache.get(unique)
    missing = [reference for reference in unique if reference not in remembered]
    asked = _ask(missing, stores)
    cache.put({r: answer for r, answer in asked.items() if isinstance(answer, bytes)})
    if stores.offline:
        out_of_reach = [r for r, answer in asked.items() if isinstance(answer, UNREACHABLE)]
        asked.update(cache.get(out_of_reach, stale=True))
    return {**remembered, **asked}


def _ask(wanted: list[Reference], stores: Stores) -> Answers:
    """Ask every store once for what is wanted of it."""
    answers: Answers = {}
    groups: dict[int, tuple[Backend, list[Reference]]] = {}  # by identity: a name may be taken twice
    for reference in wanted:
        try:
            backend = _backend(reference, stores)
        except SecretrunError as error:
            answers[reference] = error
            continue
        groups.setdefault(id(backend), (backend, []))[1].append(reference)
    serial = [group for group in groups.values() if group[0].info.serial]
    parallel = [group for group in groups.values() if not group[0].info.serial]
    if not groups:
        return answers
    with stores.progress([backend.info.title for backend, _ in groups.values()], bool(serial)):
        threads = [_Thread(backend, batch, stores) for backend, batch in parallel]
        # Stores that may prompt go one after the other, on this thread: one question at a time, and
        # Ctrl-C reaches it. Runs side by side queue up, and find in the cache what the first one got.
        for backend, batch in serial:
            with stores.turn(backend.info.name) as waited:
                found = _remembered(batch, stores) if waited else {}
                rest = [reference for reference in batch if reference not in found]
                answers.update(found)
                asked = _fetch_group(backend, rest, stores) if rest else {}
                answers.update(asked)
                if stores.cache is not None:
                    stores.cache.put({r: answer for r, answer in asked.items() if isinstance(answer, bytes)})
        for thread in threads:
            answers.update(thread.answers())
    return answers


def fetch_all(reference: Reference, stores: Stores) -> Mapping[str, bytes]:
    """Every key of a store with its value, for `--from`.

    Raises:
        SecretrunError: whatever is wrong with the store, its backend or a key.
    """
    backend = _backend(reference, stores)
    listing = getattr(backend, "fetch_all", None)
    if listing is None:
        raise BackendError(
            f"{backend.info.title} can't be imported whole", hint="name each value in a template instead"
        )
    try:
        found: dict[str, bytes] = dict(listing(reference, stores.context(backend)))
    except SecretrunError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001  see _broken
        raise _broken(backend, error) from None
    for name, value in found.items():
        if not name or "=" in name or "\0" in name:
            raise BadAnswer(f"the key {name!r} can't be a variable's name")
        if not isinstance(value, bytes):
            raise BadAnswer(
                f"the {backend.info.name} backend answered with {type(value).__name__}, not bytes"
            )
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


def _broken(backend: Backend, error: BaseException) -> BackendError:
    """A plugin's bug must not become a traceback with values in it, nor end the run as it likes."""
    return BackendError(f"the {backend.info.name} backend failed with {type(error).__name__}")


def _remembered(batch: list[Reference], stores: Stores) -> Answers:
    return {} if stores.cache is None else dict(stores.cache.get(batch))


class _Thread:
    """One batch in a thread of its own, with an end to the waiting.

    A daemon thread: when a store hangs past every limit the run fails, and must be able to end.
    """

    def __init__(self, backend: Backend, batch: list[Reference], stores: Stores) -> None:
        import threading
        import time

        self._backend = backend
        self._batch = batch
        self._limit = stores.context(backend).timeout
        self._until = None if self._limit is None else time.monotonic() + self._limit + GRACE
        self._found: Answers = {}
        self._thread = threading.Thread(
            target=lambda: self._found.update(_fetch_group(backend, batch, stores)),
            name=f"secretrun-{backend.info.name}",
            daemon=True,
        )
        self._thread.start()

    def answers(self) -> Answers:
        """Wait for the answers; when they are late, every reference gets that as its error."""
        import time

        self._thread.join(None if self._until is None else max(0.0, self._until - time.monotonic()))
        if self._thread.is_alive():
            late = TimedOut(
                f"{self._backend.info.title} did not answer within {self._limit:g} seconds",
                hint="allow more with --timeout SECONDS",
            )
            return dict.fromkeys(self._batch, late)
        return self._found


def _fetch_group(backend: Backend, batch: list[Reference], stores: Stores) -> Answers:
    """One batch; what a store throttles is asked for again, later each time."""
    answers = _fetch_once(backend, batch, stores.context(backend))
    for pause in RETRIES:
        again = [reference for reference, answer in answers.items() if isinstance(answer, RateLimited)]
        if not again:
            break
        stores.pause(pause)
        answers.update(_fetch_once(backend, again, stores.context(backend)))
    return answers


def _fetch_once(backend: Backend, batch: list[Reference], context: Context) -> Answers:
    """One batch; whatever goes wrong in a backend becomes an error of its references."""
    try:
        found = dict(backend.fetch(batch, context))
    except SecretrunError as error:
        return dict.fromkeys(batch, error)
    except (Exception, SystemExit) as error:  # noqa: BLE001  see _broken
        return dict.fromkeys(batch, _broken(backend, error))
    answers: Answers = {}
    for reference in batch:
        answer: object = found.get(reference)
        if isinstance(answer, (bytes, SecretrunError)):
            answers[reference] = answer
        else:
            said = "gave no answer" if answer is None else f"answered with {type(answer).__name__}, not bytes"
            answers[reference] = BadAnswer(f"the {backend.info.name} backend {said}")
    return answers
