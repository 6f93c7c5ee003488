"""One stream through the redactor: the matcher of a body, and what a secret is called and counted as."""

from __future__ import annotations

from secretrun.redact import body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from secretrun.redact.pattern import Origin
    from secretrun.redact.secret_set import SecretSet


class Stream:
    """The state of one stream.

    Args:
        secrets: what to mask; additions to it count from the first byte not shown yet.
        counts: masks written, by name and form.
    """

    def __init__(self, secrets: SecretSet, counts: dict[str, dict[str, int]]) -> None:
        self._shared = secrets
        self._patterns = secrets.patterns
        self._matcher = body.chosen().matcher(self._patterns, _masks(secrets, counts))

    def _renew(self) -> None:
        if self._patterns is not self._shared.patterns:
            self._patterns = self._shared.patterns
            self._matcher.add(self._patterns)

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that are decided."""
        if self._patterns is not self._shared.patterns:
            self._renew()
        return self._matcher.feed(data)

    def finish(self) -> bytes:
        """End the stream and begin another; return the rest of it."""
        self._renew()
        return self._matcher.finish()

    def release(self) -> bytes:
        """Return the held bytes that an idle terminal may show."""
        return self._matcher.release()

    @property
    def held(self) -> int:
        """The number of bytes that wait for what follows them."""
        return self._matcher.held


def _masks(secrets: SecretSet, counts: dict[str, dict[str, int]]) -> Callable[[Origin], bytes]:
    """The mask of a pattern that is written, and counted; it knows no stream, whose matcher has it."""

    def mask(pattern: Origin) -> bytes:
        forms = counts.setdefault(secrets.names[pattern.owner] or "secret", {})
        forms[pattern.form] = forms.get(pattern.form, 0) + 1
        return secrets.masks[pattern.owner]

    return mask
