"""One byte string to mask, and the rule for where it counts."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

SPACE: Final = b" \t\r\n\v\f"
LOOSE_LENGTH: Final = 16  # non-space bytes a pattern needs to be matched across line breaks
SHORTENED: Final = 12  # bytes of a beginning, of its own, that are masked when it breaks off
UNFINISHED: Final = 8  # the same at the end of a stream or next to an ellipsis


class Rule:
    """Where a pattern counts, and what else belongs to it.

    Attributes:
        word: only between bytes that are no letters, digits or `_`.
        left: which bytes belong to it when they stand just before it, see `base64_edge.belongs`.
        right: so does the base64 character after it, and its padding.
    """

    __slots__ = ("left", "right", "word")

    def __init__(self, *, word: bool = False, left: int = 0, right: bool = False) -> None:
        self.word = word
        self.left = left
        self.right = right

    def __or__(self, other: Rule) -> Rule:
        """The rule for bytes that are asked for under both."""
        if self is other:
            return self
        return Rule(
            word=self.word and other.word, left=self.left | other.left, right=self.right or other.right
        )

    def __repr__(self) -> str:
        return f"<Rule word={self.word} left={self.left:#x} right={self.right}>"


ANYWHERE: Final = Rule()
WORD: Final = Rule(word=True)


class Pattern:
    """One byte string to mask, and how it may appear.

    Attributes:
        text: the bytes as they appear, whitespace included.
        key: `text` without whitespace (the same object when there is none).
        loose: `key` is also found with line breaks, blanks and tabs anywhere in it.
        rule: where it counts.
        owner: which secret, an index.
        form: the dialect, for the report.
        order: the place in registration order, from 0.
    """

    __slots__ = ("form", "key", "loose", "order", "owner", "rule", "text")

    def __init__(self, text: bytes, *, squeeze: bool, rule: Rule, owner: int, form: str, order: int) -> None:
        self.text = text
        key = text.translate(None, SPACE) if squeeze else text
        self.key = text if len(key) == len(text) else key
        self.loose = squeeze and len(key) >= LOOSE_LENGTH and not rule.word
        self.rule = rule
        self.owner = owner
        self.form = form
        self.order = order

    def __repr__(self) -> str:
        return f"<Pattern {self.order} {self.form}>"


# Beginnings that many values share, and how long they are: DER and OpenSSH headers in base64, the
# header of a JSON Web Token, a PEM in base64.
_SHARED = (
    (b"MII", 8),
    (b"b3BlbnNzaC1rZXktdjE", 70),
    (b"eyJhbGciOi", 10),
    (b"eyJ0eXAiOi", 10),
    (b"LS0tLS1CRUdJTi", 40),
)
_PKCS8 = b"ADANBgkqhkiG9w0BAQEFAASC"  # version, algorithm and the next header of every RSA key
_LONGEST_NAME = 48


def public_head(text: bytes) -> int:
    """How many of the first bytes are no secret: they stand in other texts too.

    The armour of a PEM, the header of a token or a key, a scheme with its host or its user's name, the
    name before `=` or `:`.
    """
    if text.startswith(b"-----BEGIN"):
        end = text.find(b"-----", 10)
        rest = text[end + 5 :] if end > 0 else text
        return len(text) - len(rest.lstrip(SPACE))
    for shared, length in _SHARED:
        if text.startswith(shared):
            token = text.find(b".", 0, 256) + 1 if shared.startswith(b"eyJ") else 0
            more = len(_PKCS8) + 18 if text.startswith(_PKCS8, length) else 0
            return min(max(token, length + more), len(text))
    return _address(text) or _name(text)


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
