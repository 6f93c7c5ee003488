"""How many first bytes of a value are public, and how many of the others are masked when it breaks off."""

from __future__ import annotations

from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

SHORTENED: Final = 12  # bytes of a beginning, of its own, that are masked when it breaks off
UNFINISHED: Final = 8  # the same at the end of a stream or next to an ellipsis

# Beginnings that many values share, and how long they are: DER and OpenSSH headers in base64, the
# header of a JSON Web Token, a PEM in base64.
_SHARED = (
    (b"MII", 8),
    (b"b3BlbnNzaC1rZXktdjE", 70),
    (b"eyJhbGciOi", 10),
    (b"eyJ0eXAiOi", 10),
    (b"LS0tLS1CRUdJTi", 40),
    # what issuers put before every key, where it is long enough to be taken for a part of one
    (b"AGE-SECRET-KEY-1", 16),
    (b"github_pat_", 11),
    (b"pypi-AgEIcHlwaS5vcmc", 20),
    (b"sk-ant-api03-", 13),
)
_BEGUN = frozenset(shared[:3] for shared, _ in _SHARED)
_FIRST = _BEGUN | {b"---"}
_PKCS8 = b"ADANBgkqhkiG9w0BAQEFAASC"  # version, algorithm and the next header of every RSA key
_LONGEST_NAME = 48


def public_heads(texts: Iterable[bytes]) -> list[int]:
    """`public_head` of each; of nearly all it is 0, which a few bytes tell."""
    return [
        public_head(text)
        if text[:3] in _FIRST or 0x3A in (begin := text[:_LONGEST_NAME]) or 0x3D in begin or 0x25 in begin
        else 0
        for text in texts
    ]


def public_head(text: bytes) -> int:
    """How many of the first bytes are no secret: they stand in other texts too.

    The armour of a PEM, the header of a token or a key, a scheme with its host or its user's name, the
    name before `=` or `:`.
    """
    if text.startswith(b"-----BEGIN"):
        end = text.find(b"-----", 10)
        rest = text[end + 5 :] if end > 0 else text
        return len(text) - len(rest.lstrip(SPACE))
    for shared, length in _SHARED if text[:3] in _BEGUN else ():
        if text.startswith(shared):
            token = text.find(b".", 0, 256) + 1 if shared.startswith(b"eyJ") else 0
            more = len(_PKCS8) + 18 if text.startswith(_PKCS8, length) else 0
            return min(max(token, length + more), len(text))
    start = text[:_LONGEST_NAME]
    if 0x2F in start or 0x25 in start:  # as in every address
        return _address(text) or _name(text)
    return _name(text) if 0x3A in start or 0x3D in start else 0


def _address(text: bytes) -> int:
    """The length of `scheme://user:` or `scheme://host/`."""
    for mark in (b"://", b"%3A%2F%2F", b":\\/\\/"):
        begin = text.find(mark, 1, 32)
        if begin > 0 and text[:begin].replace(b"+", b"").replace(b"-", b"").isalnum():
            begin += len(mark)
            end = min(
                [at for at in (text.find(byte, begin) for byte in b"/?# \n") if at >= 0], default=len(text)
            )
            user = text.rfind(b"@", begin, end)
            if user < 0:
                return min(end + 1, len(text))
            colon = text.find(b":", begin, user)
            return colon + 1 if colon >= 0 else begin
    return 0


def _name(text: bytes) -> int:
    """The length of `NAME=`, `"name": "`, `name = ` when enough is left for a value."""
    start = text[:_LONGEST_NAME]
    found = [at for at in (start.find(b"="), start.find(b":")) if at > 0]
    if not found:
        return 0
    name = start[: min(found)].strip(b" \t\r\n\"'{-")
    bare = name.replace(b"_", b"").replace(b"-", b"").replace(b".", b"")
    if not bare.isalnum() or bare[:1].isdigit():
        return 0
    rest = text[min(found) + 1 :].lstrip(b" \t\"'")
    return len(text) - len(rest) if len(rest) >= SHORTENED else 0
