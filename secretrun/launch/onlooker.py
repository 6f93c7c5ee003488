"""A masker around another one, for what only wants to look at the bytes on their way."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.model import Secret
    from secretrun.redact.masker import Masker
    from secretrun.redact.report import Report


class Onlooker:
    """Does what `inner` does, but for `feed` and `twin`, which are for who inherits to say.

    Args:
        inner: masks.
    """

    def __init__(self, inner: Masker) -> None:
        self._inner = inner

    def flush(self) -> bytes:
        return self._inner.flush()

    def release(self) -> bytes:
        return self._inner.release()

    def mask(self, data: bytes) -> bytes:
        return self._inner.mask(data)

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
        return f"<{type(self).__name__} {self._inner!r}>"
