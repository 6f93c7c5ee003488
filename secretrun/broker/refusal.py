"""Why the broker says no: one table of reasons, what a client is told, and the exception that carries it."""

from __future__ import annotations

from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# reason: (HTTP status, what to do about it). The texts go to a coding agent: they say whom to ask.
REASONS: Mapping[str, tuple[int, str]] = {
    "bad_request": (400, "send a request that HTTP/1.1 allows"),
    "bad_host": (400, "name the host as a plain DNS name"),
    "not_a_proxy_request": (400, "use this port as an HTTP proxy: CONNECT, or an absolute http:// address"),
    "proxy_authentication": (407, "use the proxy address of HTTPS_PROXY as it is, its password included"),
    "host_mismatch": (400, "the Host header must name the host of the tunnel"),
    "too_large": (413, "a body whose fields hold a secret may have 1 MiB, a head 64 KiB"),
    "host_not_allowed": (403, "ask the user to add a rule for this host"),
    "port_not_allowed": (403, "ask the user to add a rule for this port"),
    "method_not_allowed": (403, "ask the user to add a rule for this method"),
    "path_not_allowed": (403, "ask the user to add a rule for this path"),
    "path_not_canonical": (403, "write the path without '.', '..', '//', ';', '\\' or an encoded slash"),
    "location_not_allowed": (403, "the rule allows this secret in another place of the request"),
    "too_many_uses": (403, "the rule allows fewer placeholders in one request"),
    "denied": (403, "a deny rule stands against this request"),
    "cleartext": (403, "use https: a secret never goes out in clear text"),
    "address_not_allowed": (403, "the name leads to an address that is not public"),
    "unknown_placeholder": (403, "this token is not one of this run, or it was changed"),
    "expired": (403, "the token's time is over: make another from the placeholder"),
    "leak": (403, "the request holds the value of a secret where no rule puts one"),
    "encoded_body": (403, "send the body without Content-Encoding"),
    "upgrade_not_allowed": (403, "ask the user to add \"ws\" to the rule's 'in'"),
    "name_not_resolved": (502, "the host has no address"),
    "upstream_unreachable": (502, "the host does not answer"),
    "upstream_not_verified": (502, "the host's certificate does not verify"),
    "upstream_failed": (502, "the host broke off, or answered something that is not HTTP/1.1"),
    "response_not_inspectable": (502, "the host answered in an encoding that can't be looked into"),
}


class Refused(SecretrunError):
    """The broker refuses a request.

    Attributes:
        reason: a key of `REASONS`.
        secret: the name of the secret it is about, or None.
        detail: more for the person, never a value.
        misuse: a placeholder was where no rule allows it.
    """

    code = "broker.refused"

    def __init__(
        self, reason: str, *, secret: str | None = None, detail: str | None = None, misuse: bool = False
    ) -> None:
        status, hint = REASONS[reason]
        super().__init__(reason if detail is None else f"{reason}: {detail}", hint=hint)
        self.reason = reason
        self.status = status
        self.secret = secret
        self.detail = detail
        self.misuse = misuse


def body(refused: Refused, path: str | None = None) -> bytes:
    """What a client reads: JSON, without any value."""
    import json

    said: dict[str, str | None] = {
        "error": "secretrun_denied",
        "reason": refused.reason,
        "hint": refused.hint,
    }
    more = {"secret": refused.secret, "path": path, "detail": refused.detail}
    said.update((key, value) for key, value in more.items() if value is not None)
    return json.dumps(said).encode() + b"\n"
