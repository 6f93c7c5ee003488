"""A masker that also looks for secrets nobody told us of: in what another has masked already.

`[REDACTED:github-token?]`: the question mark says that it is a guess. Counted apart from what was resolved.
"""

from __future__ import annotations

from secretrun.redact.detect.find import BEFORE, Finder
from secretrun.redact.report import Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.model import Secret
    from secretrun.redact.masker import Masker


class Detecting:
    """A `Masker` behind another.

    Args:
        inner: masks what is known.
        finder: finds the rest.
        mask: what stands for a token, with `{name}`.
        show: let tokens through, and only count them.
    """

    def __init__(
        self,
        inner: Masker,
        finder: Finder,
        *,
        mask: str = "[REDACTED:{name}]",
        show: bool = False,
        counts: dict[str, int] | None = None,
    ) -> None:
        self._inner = inner
        self._finder = finder
        self._mask = mask
        self._show = show
        self.counts: dict[str, int] = {} if counts is None else counts
        self._text = b""  # some bytes that are decided, then those that are not
        self._start = 0  # the first that is not
        self._out = 0  # up to here it has been shown

    def feed(self, data: bytes) -> bytes:
        return self._take(self._inner.feed(data), final=False)

    def flush(self) -> bytes:
        out = self._take(self._inner.flush(), final=True)
        self._text, self._start, self._out = b"", 0, 0
        return out

    def release(self) -> bytes:
        """What an idle terminal may show: the beginning of a head, which is public; of a token, nothing."""
        out = self._take(self._inner.release(), final=False)
        if not self._show and not self._finder.holds_token(self._text, self._start):
            out += self._text[self._out :]
            self._out = len(self._text)
        return out

    def _take(self, data: bytes, *, final: bool) -> bytes:
        text = self._text + data
        found, undecided = self._finder.find(text, self._start, final=final)
        pieces: list[bytes] = []
        out = self._out
        for token in found:
            name = token.rule.name
            self.counts[name] = self.counts.get(name, 0) + 1
            if not self._show:
                pieces += [text[out : token.start], self._mask.replace("{name}", name + "?").encode()]
                out = max(out, token.end)
        end = len(text) if self._show else max(out, undecided)
        pieces.append(text[out:end])
        keep = max(0, undecided - BEFORE)
        self._text = text[keep:]
        self._start = undecided - keep
        self._out = end - keep
        return b"".join(pieces)

    def mask(self, data: bytes) -> bytes:
        stream = self.twin()
        return stream.feed(data) + stream.flush()

    def twin(self) -> Detecting:
        return self._with(self._inner.twin(), self.counts)

    def probe(self) -> Detecting:
        return self._with(self._inner.probe(), {})

    def _with(self, inner: Masker, counts: dict[str, int]) -> Detecting:
        return Detecting(inner, self._finder, mask=self._mask, show=self._show, counts=counts)

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        self._inner.add(secrets)

    def report(self) -> Report:
        return Report(self._inner.report().masks, self.counts)

    @property
    def held(self) -> int:
        return self._inner.held + len(self._text) - self._out

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._inner.warnings

    def __repr__(self) -> str:
        return f"<Detecting behind {self._inner!r}>"
