"""What a session needs of a redactor: the protocol that `Redactor` and `LazyRedactor` keep."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Protocol

    from secretrun.model import Secret
    from secretrun.redact.report import Report
else:
    Protocol = object


class Masker(Protocol):
    """A stream masker, whichever way it was made. See `Redactor` for what each method promises."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return what can be shown."""

    def flush(self) -> bytes:
        """End the stream; return what was held back."""

    def release(self) -> bytes:
        """Return what an idle terminal may show."""

    def mask(self, data: bytes) -> bytes:
        """Mask `data` as a whole stream of its own."""

    def twin(self) -> Masker:
        """One for another stream: same secrets and counts, own state."""

    def probe(self) -> Masker:
        """A twin whose masks are not counted."""

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        """Mask these too, from the first byte not shown yet."""

    def report(self) -> Report:
        """How many masks were written."""

    @property
    def held(self) -> int:
        """The number of bytes that wait for what follows them."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know about values that are not masked everywhere."""
