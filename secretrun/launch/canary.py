"""Placeholders in what the command prints: left as they are, and remembered."""

from __future__ import annotations

from secretrun.launch.onlooker import Onlooker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.redact.masker import Masker


class Canary(Onlooker):
    """A masker that also notes which placeholders pass.

    Args:
        inner: masks.
        names: the secrets' names by their placeholders.
        seen: the names that were seen; shared by twins.
    """

    def __init__(self, inner: Masker, names: Mapping[bytes, str], seen: set[str] | None = None) -> None:
        super().__init__(inner)
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

    def twin(self) -> Canary:
        return Canary(self._inner.twin(), self._names, self.seen)
