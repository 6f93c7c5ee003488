"""How the stores are reached in one run, and what that needs of others: a cache, the operating system."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from secretrun.backend import Backend, Context
    from secretrun.model import Reference

    class Remembered(Protocol):
        """What `--cache` and `--offline` need of the cache's client: values, and listings (`--from`)."""

        def get(self, wanted: Iterable[Reference], *, stale: bool = False) -> dict[Reference, bytes]: ...

        def put(self, values: Mapping[Reference, bytes]) -> None: ...

        def get_listing(self, wanted: Reference, *, stale: bool = False) -> dict[str, bytes] | None: ...

        def put_listing(self, reference: Reference, listing: Mapping[str, bytes]) -> None: ...

        def claims(self, values: Iterable[Reference], listings: Iterable[Reference]) -> list[bytes]: ...

    class Turn(Protocol):
        """A context manager."""

        def __enter__(self) -> bool: ...

        def __exit__(self, *_: object) -> None: ...

    class Edge(Protocol):
        """What waiting needs of the operating system: `secretrun.resolution.waiting.Waiting`."""

        def pause(self, seconds: float) -> None: ...

        def turn(self, name: str, seconds: float | None, queued: Callable[[], None]) -> Turn: ...

        def claim(self, keys: Iterable[bytes], seconds: float | None, queued: Callable[[], None]) -> Turn: ...

        def progress(self, pending: Callable[[], Iterable[str]]) -> Turn: ...


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

    def claim(self, keys: list[bytes], seconds: float | None, queued: Callable[[], None]) -> Turn:
        """The right to ask for what `keys` stand for; its value says whether another run had it first."""
        return Nothing() if self.edge is None or not keys else self.edge.claim(keys, seconds, queued)

    def progress(self, pending: Callable[[], Iterable[str]]) -> Turn:
        """Something to look at while we wait for what `pending` names."""
        return Nothing() if self.edge is None else self.edge.progress(pending)


class Nothing:
    """A context manager that does nothing (contextlib costs start-up)."""

    def __enter__(self) -> bool:
        return False

    def __exit__(self, *_: object) -> None:
        return None
