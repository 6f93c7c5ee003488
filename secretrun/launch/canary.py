"""Placeholders in what the command prints: left as they are, and remembered."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.model import Secret
    from secretrun.redact.masker import Masker
    from secretrun.redact.report import Report


class Canary:
    """A masker that also notes which placeholders pass.

    Args:
        inner: masks.
        names: the secrets' names by their placeholders.
        seen: the names that were seen; shared by twins.
    """

    def __init__(self, inner: Masker, names: Mapping[bytes, str], seen: set[str] | None = None) -> None:
        self._inner = inner
        self._names = dict(names)
        self._longest = max(map(len, self._names), default=1)
        self._end = b""
        self.seen: set[str] = set() if seen is None else seen

    def feed(self, data: bytes) -> bytes:
        text = self._end + data
        for placeholder, name in self._names.items():
            if placeholder in text:
                self.seen.add(name)
        self._end = text[-(self._longest - 1) :] if self._longest > 1 else b""
        return self._inner.feed(data)

    def flush(self) -> bytes:
        return self._inner.flush()

    def release(self) -> bytes:
        return self._inner.release()

    def mask(self, data: bytes) -> bytes:
        return self._inner.mask(data)

    def twin(self) -> Canary:
        return Canary(self._inner.twin(), self._names, self.seen)

    def probe(self) -> Masker:
        return self._inner.probe()

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        self._inner.add(secrets)

    def report(self) -> Report:
        return self._inner.report()

    @property
    def held(self) -> int:
        return self._inner.held

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._inner.warnings

    def __repr__(self) -> str:
        return f"<Canary {self._inner!r}>"
