"""Placeholders made narrower by whoever holds them: a chain of HMACs in the manner of macaroons.

    key(0) = HMAC-SHA256(placeholder, "secretrun attenuation 1")
    key(n) = HMAC-SHA256(key(n - 1), caveat n)
    token  = "sra1_" + base64url(id of the placeholder, 8 bytes | caveats, a line each | last key)

The holder of a placeholder makes a token without asking anybody; the holder of a token can add caveats, and
nothing else: the key before the last one is not in it. The broker knows the placeholders, so it can follow
the chain. The rules hold beside the caveats: a token never allows what they don't.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from secretrun.broker import hosts, paths
from secretrun.broker.refusal import Refused
from secretrun.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PREFIX = "sra1_"
LONGEST = 4096  # characters of a token
TOKEN = re.compile(rb"sra1_[A-Za-z0-9_-]{56,4090}")
_START = b"secretrun attenuation 1"
_ID = 8
_KEY = 32
CAVEATS = ("host", "method", "path", "before", "uses")  # any other is a reason to refuse


class Token:
    """A token taken apart; nothing of it is trusted before `check`."""

    __slots__ = ("caveats", "id", "key")

    def __init__(self, text: str) -> None:
        """Take `text` apart.

        Raises:
            ValueError: it is no token.
        """
        if not text.startswith(PREFIX) or len(text) > LONGEST:
            raise ValueError("not a token")
        coded = text[len(PREFIX) :]
        raw = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
        if (
            len(raw) <= _ID + _KEY or _coded(raw) != coded
        ):  # bits that base64 leaves over are no second spelling
            raise ValueError("not a token")
        self.id = raw[:_ID]
        self.key = raw[-_KEY:]
        self.caveats = raw[_ID:-_KEY].split(b"\n")

    def __repr__(self) -> str:
        return f"<Token of {len(self.caveats)} caveats>"


def identity(placeholder: str) -> bytes:
    """What a token says of the placeholder it is made from; it does not lead back to it."""
    return hashlib.sha256(b"secretrun placeholder 1\0" + placeholder.encode()).digest()[:_ID]


def attenuate(holder: str, caveats: Sequence[str]) -> str:
    """A token that allows what `holder` (a placeholder or a token) does, and only where all caveats hold.

    Args:
        holder: a placeholder, or a token to narrow further.
        caveats: such as "host=api.example.com", at least one; see `caveat`.

    Raises:
        UsageError: no caveat, a malformed one, or a token that is none.
    """
    if not caveats:
        raise UsageError("nothing to narrow", hint="give at least one of --host --method --path --ttl --uses")
    for text in caveats:
        _read(text.encode())
    if holder.startswith(PREFIX):
        try:
            token = Token(holder)
        except ValueError:
            raise UsageError("not a token of secretrun", hint="is it complete?") from None
        start, before, key = token.id, token.caveats, token.key
    else:
        start, before, key = identity(holder), [], _step(holder.encode(), _START)
    for text in caveats:
        key = _step(key, text.encode())
    made = PREFIX + _coded(start + b"\n".join([*before, *(text.encode() for text in caveats)]) + key)
    if len(made) > LONGEST:
        raise UsageError("too many caveats for one token")
    return made


def caveat(kind: str, text: str) -> str:
    """One caveat in the spelling that is signed.

    Raises:
        UsageError: it says nothing that can be checked.
    """
    try:
        if kind == "host":
            text = hosts.pattern(text)
        elif kind == "method":
            text = ",".join(method.strip().upper() for method in text.split(","))
        _read(f"{kind}={text}".encode())
    except Refused as refused:
        raise UsageError(f"{kind}: {refused.message}") from None
    return f"{kind}={text}"


def owner(text: str, placeholders: Mapping[bytes, str]) -> tuple[str, Token] | None:
    """The placeholder a token was made from and the token, or None when no key leads to it.

    Args:
        text: the token.
        placeholders: by `identity`.
    """
    try:
        token = Token(text)
    except ValueError:
        return None
    placeholder = placeholders.get(token.id)
    if placeholder is None:
        return None
    key = _step(placeholder.encode(), _START)
    for said in token.caveats:
        key = _step(key, said)
    return (placeholder, token) if hmac.compare_digest(key, token.key) else None


def check(token: Token, *, host: str, method: str, path: str, now: float, used: int) -> None:
    """Refuse what the caveats of a genuine token do not allow.

    Args:
        token: see `owner`.
        host: of the request, canonical.
        method: of the request.
        path: of the request, canonical.
        now: seconds since the epoch.
        used: how often this very token went through before.

    Raises:
        Refused: with the reason of the first caveat that does not hold; an unknown caveat never holds.
    """
    for text in token.caveats:
        try:
            kind, value = _read(text)
        except UsageError:
            raise Refused("unknown_placeholder", detail="a caveat that is not known") from None
        if kind == "host" and not hosts.matches(host, value):
            raise Refused("host_not_allowed")
        if kind == "method" and method not in value.split(","):
            raise Refused("method_not_allowed")
        if kind == "path" and not paths.glob(value)(path):
            raise Refused("path_not_allowed")
        if kind == "before" and now >= int(value):
            raise Refused("expired")
        if kind == "uses" and used >= int(value):
            raise Refused("too_many_uses")


def _read(caveat: bytes) -> tuple[str, str]:
    """Kind and value of one caveat.

    Raises:
        UsageError: it is malformed or of an unknown kind.
    """
    try:
        text = caveat.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("a caveat must be text") from None
    kind, equals, value = text.partition("=")
    if not equals or kind not in CAVEATS or not value or not value.isprintable():
        raise UsageError(f"not a caveat: {kind!r}", hint=f"there are {', '.join(CAVEATS)}")
    try:
        if kind in ("before", "uses") and not (value.isascii() and value.isdigit() and len(value) < 12):
            raise UsageError(f"{kind} must be a number")
        if kind == "host" and hosts.pattern(value) != value:
            raise UsageError("a host must be lower case")
        if kind == "path":
            paths.glob(value)
    except Refused as refused:
        raise UsageError(f"{kind}: {refused.message}") from None
    return kind, value


def identities(placeholders: Iterable[str]) -> dict[bytes, str]:
    """Placeholders by what tokens call them."""
    return {identity(text): text for text in placeholders}


def _step(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
