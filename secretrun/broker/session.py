"""What all connections of one run share: frozen at the start, but for the journal and the counts."""

from __future__ import annotations

import base64
import hmac
import time

from secretrun.broker import attenuation
from secretrun.broker.bodies import Leaks
from secretrun.broker.refusal import Refused
from secretrun.model import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from secretrun.broker.ca import Authority
    from secretrun.broker.journal import Journal
    from secretrun.broker.known import Known, Mention
    from secretrun.broker.places import Occurrence
    from secretrun.broker.policy import Decision, Policy
    from secretrun.broker.upstream import Dialer
    from secretrun.redact import Redactor


_MOST_LEARNT = 256  # Basic credentials that are recognised in answers; whoever makes up more is not served


class Session:
    """One run at the broker.

    Args:
        policy: the rules.
        known: the placeholders.
        authority: makes certificates.
        dialer: opens connections.
        journal: takes the events.
        password: of the proxy.
        outgoing: finds real values in requests.
        incoming: masks them in answers.
        solid: makes what masks answers that are no text.
        misused: called when a placeholder was where it may not be.
    """

    def __init__(
        self,
        policy: Policy,
        known: Known,
        authority: Authority,
        dialer: Dialer,
        journal: Journal,
        password: bytes,
        outgoing: Redactor,
        incoming: Redactor,
        solid: Callable[[], Redactor],
        misused: Callable[[], None],
    ) -> None:
        self.policy = policy
        self.known = known
        self.authority = authority
        self.dialer = dialer
        self.journal = journal
        self.incoming = incoming
        self.password = password
        self._outgoing = outgoing
        self._misused = misused
        self._spent: dict[bytes, int] = {}
        self._learnt: dict[bytes, str] = {}
        self._solid: Redactor | None = None
        self._make_solid = solid

    def leaks(self, host: str, port: int) -> Leaks:
        """A search for real values in one request to a host."""
        return Leaks(self._outgoing.probe(), mask=self.policy.on_leak(host, port) == "mask")

    def admits(self, credentials: bytes | None) -> bool:
        """Whether a Proxy-Authorization has the session's password; takes as long for any wrong one."""
        scheme, _, coded = (credentials or b"").partition(b" ")
        wanted = base64.b64encode(b"sr:" + self.password)
        return hmac.compare_digest(coded.strip(), wanted) and scheme.lower() == b"basic"

    def judge(
        self,
        occurrences: Sequence[Occurrence],
        *,
        host: str,
        port: int,
        method: str,
        path: str | None,
        paid: set[bytes],
    ) -> Decision:
        """The policy's decision, and that of the tokens' caveats.

        Args:
            occurrences: see `Policy.decide`, as the next four.
            host: where.
            port: where.
            method: how.
            path: where.
            paid: the tokens that this request has been counted for.

        Raises:
            Refused: as `Policy.decide` and `attenuation.check`.
        """
        decision = self.policy.decide(occurrences, host=host, port=port, method=method, path=path)
        for occurrence in occurrences:
            token = occurrence.mention.token
            if token is None or token.key in paid:
                continue
            used = self._spent.get(token.key, 0)
            try:
                attenuation.check(
                    token, host=host, method=method, path=path or "", now=time.time(), used=used
                )
            except Refused as refused:
                raise Refused(
                    refused.reason, secret=occurrence.secret, detail=refused.detail, misuse=True
                ) from None
            self._spent[token.key] = used + 1
            paid.add(token.key)
        return decision

    def solid(self) -> Redactor:
        """What masks answers that are no text; made when the first one comes."""
        if self._solid is None:
            self._solid = self._make_solid()
            if self._learnt:
                self._solid.add(
                    [Secret(coded, (text,), mask="always") for coded, text in self._learnt.items()]
                )
        return self._solid

    def learn(self, credentials: Iterable[tuple[Mention, bytes]]) -> None:
        """Basic credentials that were made of a secret are secrets themselves: an echo of them is one too."""
        for mention, coded in credentials:
            if coded not in self._learnt:
                if len(self._learnt) >= _MOST_LEARNT:
                    raise Refused(
                        "too_many_uses", secret=mention.secret, detail="too many users with one password"
                    )
                self._learnt[coded] = mention.placeholder
                for redactor in (self.incoming, *((self._solid,) if self._solid is not None else ())):
                    redactor.add([Secret(coded, (mention.placeholder,), mask="always")])
                self._outgoing.add([Secret(coded, (mention.secret,), mask="always")])

    def refused(self, refused: Refused, **facts: object) -> None:
        """Tell the audit, and whoever ends a run for it."""
        event = (
            "auth_failed"
            if refused.reason == "proxy_authentication"
            else "misuse"
            if refused.misuse
            else "refused"
        )
        self.journal.write(
            event, reason=refused.reason, secrets=[refused.secret] if refused.secret else None,
            decision="deny", status=refused.status, **facts,
        )  # fmt: skip
        if refused.misuse:
            self._misused()

    def quoted(self, text: str) -> str:
        """Text of a request as an audit may hold it: masked, without its query, short."""
        return self._outgoing.mask(text.partition("?")[0].encode("utf-8", "replace")).decode(
            "utf-8", "replace"
        )[:200]

    def __repr__(self) -> str:
        return f"<Session of {self.known!r}>"
