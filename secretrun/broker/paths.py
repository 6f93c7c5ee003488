"""The target of a request, in the one spelling that rules know; anything ambiguous is refused."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_HIDDEN = re.compile(rb"%(?:2f|5c|00|0a|0d|25(?:2e|2f|5c))", re.IGNORECASE)
_PLAIN = re.compile(rb"/[A-Za-z0-9_~!$&'()*+,=:@/-]*")
_DOUBLE = re.compile("%(?:2e|2f|5c)", re.IGNORECASE)


def split(target: bytes) -> tuple[bytes, bytes | None]:
    """Path and query of an origin-form target, as they stand.

    Raises:
        Refused: it is not of that form, or has a fragment.
    """
    if not target.startswith(b"/") or b"#" in target:
        raise Refused("bad_request", detail="the target must be a path")
    path, mark, query = target.partition(b"?")
    return path, query if mark else None


def canonical(path: bytes, *, raw: bool = False) -> str:
    r"""The decoded path that rules are compared with.

    Decoded once. What servers read in different ways (`..`, `%2e`, `%2f`, `//`, `;`, `\`) is refused unless
    a rule says `raw`; control characters and what is not UTF-8 always are.

    Raises:
        Refused: path_not_canonical.
    """
    if _PLAIN.fullmatch(path) and b"//" not in path:
        return path.decode("ascii")  # nothing to decode, no dot, no ';'
    if _ESCAPE.search(path):
        raise Refused("path_not_canonical")
    try:
        decoded = unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("path_not_canonical") from None
    if not all(c.isprintable() or c == " " for c in decoded):
        raise Refused("path_not_canonical")
    if raw:
        return decoded
    if (
        _HIDDEN.search(path)
        or _DOUBLE.search(decoded)
        or "\\" in decoded
        or ";" in decoded
        or "//" in decoded
    ):
        raise Refused("path_not_canonical")
    if any(segment in (".", "..") for segment in decoded.split("/")):
        raise Refused("path_not_canonical")
    return decoded


def glob(text: str) -> Callable[[str], object]:
    """A matcher for `/v1/*/items/**`: `*` within a segment, `**` across them, all else as it stands.

    Raises:
        Refused: it does not begin with a slash, or could never match.
    """
    if not text.startswith("/"):
        raise Refused("bad_request", detail=f"the path {text!r} must begin with '/'")
    canonical(text.encode("utf-8").replace(b"%", b"%25"))
    parts = re.split(r"(\*\*|\*)", text)
    across = {"**": ".*", "*": "[^/]*"}
    expression = "".join(across.get(part, re.escape(part)) for part in parts)
    return re.compile(expression, re.DOTALL).fullmatch


def pairs(query: bytes) -> list[tuple[str, str, int, int]]:
    """Name, value, and where the value stands, of every field of a query or a form.

    `;` divides fields for some servers and not for others: it is never taken for a divider here, and a
    placeholder next to one is found as part of the value it stands in.
    """
    found = []
    at = 0
    for field in query.split(b"&"):
        name, equals, value = field.partition(b"=")
        begin = at + len(name) + len(equals)
        found.append((unquoted(name), unquoted(value), begin, begin + len(value)))
        at += len(field) + 1
    return found


def unquoted(text: bytes) -> str:
    """A field's text decoded; bytes that are not UTF-8 as Latin-1, so that nothing is lost to a search."""
    decoded = unquote_to_bytes(text.replace(b"+", b" "))
    try:
        return decoded.decode("utf-8")
    except UnicodeDecodeError:
        return decoded.decode("latin-1")
