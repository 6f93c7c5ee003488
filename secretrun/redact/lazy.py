"""A redactor that is made when the first byte comes: what a command that prints nothing need not wait for.

The forms of one secret and their automaton take 3 ms to make, those of fifty 15, which is as long as the
start of the wrapper itself. A command that does print waits as long as it would have before its start.
"""

from __future__ import annotations

from secretrun.posix.threads import lock
from secretrun.redact.report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from secretrun.model import Secret
    from secretrun.redact.masker import Masker


class Maker:
    """Makes the redactor once, whichever stream's thread is the first to need it.

    Args:
        make: makes it; what it raises is raised by every call that needs it, so no byte gets past it.
        said: its warnings that the user has been told already.
    """

    def __init__(self, make: Callable[[], Masker], *, said: Iterable[str] = ()) -> None:
        self.made: Masker | None = None
        self.said = frozenset(said)
        self._make = make
        self._lock = lock()

    def redactor(self) -> Masker:
        with self._lock:
            if self.made is None:
                self.made = self._make()
            return self.made


class LazyRedactor:
    """A `Masker` with something to mask, made by `maker` when there is a byte to look at."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._own: Masker | None = None

    def _now(self) -> Masker:
        if self._own is None:
            self._own = self._maker.redactor().twin()
        return self._own

    def twin(self) -> LazyRedactor:
        return LazyRedactor(self._maker)

    def feed(self, data: bytes) -> bytes:
        return self._now().feed(data) if data or self._own is not None else b""

    def flush(self) -> bytes:
        return self._own.flush() if self._own is not None else b""

    def release(self) -> bytes:
        return self._own.release() if self._own is not None else b""

    @property
    def held(self) -> int:
        return self._own.held if self._own is not None else 0

    @property
    def warnings(self) -> tuple[str, ...]:
        made = self._maker.made
        return () if made is None else tuple(text for text in made.warnings if text not in self._maker.said)

    def report(self) -> Report:
        made = self._maker.made
        return Report({}) if made is None else made.report()

    def mask(self, data: bytes) -> bytes:
        return self._now().mask(data)

    def probe(self) -> Masker:
        return self._now().probe()

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        self._now().add(secrets)

    def __repr__(self) -> str:
        return f"<LazyRedactor {self._maker.made!r}>"
