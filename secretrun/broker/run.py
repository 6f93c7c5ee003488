"""One run as the broker's process is told of it: rules, values, and what finds and hides them."""

from __future__ import annotations

import base64

from secretrun.broker.placeholders import Placeholder
from secretrun.broker.policy import Policy, from_said
from secretrun.model import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.redact import Redactor


class Run:
    """What a run says, as it came through the socket.

    Attributes:
        policy: rules, egress, hosts that are looked through or masked.
        placeholders: of the brokered secrets.
        others: secrets that the command does not get, or gets as they are; they are kept from going out too.
        networks: what names may lead to besides public addresses; None for any.
        audit: the journal's path.
        environ: of the supervisor.
        sandboxed: the listener comes from inside a sandbox.
        kill: end the run when a placeholder is misused.
        assurance: for the audit.
        session: its name there.
    """

    def __init__(self, said: dict[str, object]) -> None:
        rules = said["rules"]
        secrets, others = said["secrets"], said["others"]
        assert isinstance(rules, list)  # noqa: S101  `launch.broker` made it
        assert isinstance(secrets, list)  # noqa: S101
        assert isinstance(others, list)  # noqa: S101
        self.policy = Policy(
            [from_said(rule) for rule in rules],
            egress=str(said["egress"]),
            inspect=said["inspect"],  # type: ignore[arg-type]
            masked=said["masked"],  # type: ignore[arg-type]
        )
        self.placeholders = [
            Placeholder(one["name"], one["text"], base64.b64decode(one["value"])) for one in secrets
        ]
        self.others = [(str(one["name"]), base64.b64decode(one["value"])) for one in others]
        import ipaddress

        addresses = said["addresses"]
        self.networks = (
            None if addresses == "any" else [ipaddress.ip_network(text) for text in addresses]  # type: ignore[attr-defined]
        )
        self.audit = str(said["audit"])
        self.environ: dict[str, str] = said["environ"]  # type: ignore[assignment]
        self.sandboxed = bool(said["sandboxed"])
        self.kill = bool(said["kill"])
        self.assurance = str(said["assurance"])
        self.session = str(said["session"])

    def __repr__(self) -> str:
        return f"<Run {self.session} of {len(self.placeholders)} placeholders>"

    def outgoing(self) -> Redactor:
        """What finds real values in requests: all of the run's, by their names."""
        brokered = [Secret(one.reveal(), (one.name,), mask="always") for one in self.placeholders]
        others = [Secret(value, (name,)) for name, value in self.others]
        return _redactor([*brokered, *others], mask="[REDACTED:{name}]")

    def incoming(self, *, solid: bool = False) -> Redactor:
        """What hides them in answers: a brokered value behind its placeholder, so an echo still works.

        Args:
            solid: the answers are no text.
        """
        brokered = [Secret(one.reveal(), (one.text,), mask="always") for one in self.placeholders]
        others = [Secret(value, (f"REDACTED.{name}",)) for name, value in self.others]
        return _redactor([*brokered, *others], mask="{name}", without=("wrapped",) if solid else ())


def _redactor(secrets: list[Secret], *, mask: str, without: tuple[str, ...] = ()) -> Redactor:
    """Without forms with terminal escapes: HTTP has no terminal, and bytes are cleared 20 times as fast."""
    from secretrun.redact import DEFAULT_FORMS, Redactor  # the broker is ready without it

    forms = tuple(form for form in DEFAULT_FORMS if form not in ("terminal", *without))
    return Redactor(secrets, mask=mask, forms=forms)
