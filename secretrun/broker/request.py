"""What is found out about one request before any of it goes out: what may be filled in, what may not go."""

from __future__ import annotations

from secretrun.broker import bodies, places
from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.broker.known import Mention
    from secretrun.broker.places import Occurrence
    from secretrun.broker.policy import Decision
    from secretrun.broker.session import Session
    from secretrun.broker.wire import RequestHead


class Request:
    """What was found out about one request."""

    def __init__(
        self,
        session: Session,
        host: str,
        port: int,
        head: RequestHead,
        path: str,
        found: Sequence[Occurrence],
    ) -> None:
        self._session = session
        self._at = {"host": host, "port": port, "method": head.method, "path": path}
        self._head = head
        self._found = list(found)
        self._paid: set[bytes] = set()
        self._canaries: list[str] = []
        self.decision: Decision
        self.resized = False  # filling may change the body's length
        self.echoes: list[str] = []
        self.received = 0

    def judge(self, in_body: Sequence[Occurrence]) -> None:
        self.decision = self._session.judge([*self._found, *in_body], paid=self._paid, **self._at)  # type: ignore[arg-type]

    def body(self, leaks: bodies.Leaks) -> bodies.Plain:
        """What looks after the body, by its type and by where rules allow a placeholder."""
        known = self._session.known
        coding = (self._head.get(b"content-encoding") or b"").strip().lower()
        if coding not in (b"", b"identity"):
            return bodies.Encoded(known, leaks, self.judge, coding)
        kind = (self._head.get(b"content-type") or b"").partition(b";")[0].strip().lower()
        is_json = kind == b"application/json" or kind.endswith(b"+json")
        is_form = kind == b"application/x-www-form-urlencoded"
        allowed = {place.partition(":")[0] for place in self._session.policy.places_of(**self._at)}  # type: ignore[arg-type]
        if leaks.mask:
            self.resized = True
            if is_json:
                return bodies.Fields(
                    known, leaks, self.judge, kind="json", lenient=True, seen=self._canary, most=bodies.MASKED
                )
            return bodies.Plain(known, leaks, self.judge, places.plain, lenient=True, seen=self._canary)
        if (is_json and "json" in allowed) or (is_form and "form" in allowed):
            return bodies.Fields(
                known, leaks, self.judge, kind="json" if is_json else "form", lenient=False, seen=self._canary
            )
        encode = places.in_json if is_json else places.percent if is_form else places.plain
        self.resized = "body" in allowed and not known.same_length(encode)
        return bodies.Plain(known, leaks, self.judge, encode, lenient=False, seen=self._canary)

    def _canary(self, mention: Mention) -> None:
        if mention.secret not in self._canaries:
            self._canaries.append(mention.secret)
            self._session.journal.write("canary", secrets=[mention.secret], **self._at)

    def note(self, facts: dict[str, object]) -> None:
        """What the audit may know: the rule's glob instead of the path."""
        if self.decision.template is not None:
            facts["path"] = self.decision.template
        facts["bytes"] = self.received


def without_leaks(
    leaks: bodies.Leaks, head: RequestHead, path: bytes, query: bytes | None
) -> list[tuple[bytes, bytes]] | None:
    """Headers without real values, or None when there were none; the target can only be refused.

    Raises:
        Refused: leak.
    """
    parts = [path, query or b"", *(part for pair in head.headers for part in pair)]
    block = b"\0".join(parts)
    clean = leaks.whole(block)
    if clean == block:
        return None
    masked = [leaks.whole(part) for part in parts]
    if masked[:2] != parts[:2] or any(masked[at] != parts[at] for at in range(2, len(parts), 2)):
        raise Refused("leak", secret=leaks.found()[0], misuse=True)
    return list(zip(parts[2::2], masked[3::2], strict=True))
