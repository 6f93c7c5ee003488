"""Base64 and hexadecimal: spellings that no byte of the value survives.

May import: nothing.
"""

from __future__ import annotations

from binascii import b2a_base64

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 8  # characters below which an encoded form would match by chance

_TO_URL = bytes.maketrans(b"+/", b"-_")


def base64(value: bytes) -> Iterator[tuple[bytes, str]]:
    """Base64 and base64url of `value` inside other data, as (text, rule).

    A byte of the value begins at any of three alignments, so there are three runs of characters that
    it determines in full (RFC 4648, section 4). Where the last bits spill over into one more character,
    the rule "base64" takes that and the padding in. The character before the run holds at most four
    bits of the value's first byte; to hide it, every last letter of a stream would have to wait.
    """
    for text, rule in _aligned(value):
        yield text, rule
        if b"+" in text or b"/" in text:
            yield text.translate(_TO_URL), rule
            # the same in a query string
            escaped = text.replace(b"+", b"%2B").replace(b"/", b"%2F")
            yield escaped, rule
            yield escaped.replace(b"%2B", b"%2b").replace(b"%2F", b"%2f"), rule


def _aligned(value: bytes) -> Iterator[tuple[bytes, str]]:
    for shift in range(3):
        bits = 8 * (shift + len(value))
        begin, end = -(-8 * shift // 6), bits // 6
        if end - begin >= SHORTEST:
            text = b2a_base64(b"\0" * shift + value, newline=False)[begin:end]
            yield text, "base64" if bits % 6 else ""


def base64_utf16(value: bytes) -> Iterator[tuple[bytes, str]]:
    """Base64 of the value as UTF-16LE: what PowerShell's `-EncodedCommand` carries."""
    try:
        wide = value.decode().encode("utf-16-le")
    except UnicodeError:
        return
    for text, rule in _aligned(wide):
        yield text, rule
        if b"+" in text or b"/" in text:
            yield text.translate(_TO_URL), rule


def hexadecimal(value: bytes) -> Iterator[bytes]:
    """Hex in both cases: run together (`xxd -p`, `hexdigest`), `aa:bb`, C strings, C arrays.

    Spaces between digits (`od -tx1`, `xxd`) are left to matching across whitespace.
    """
    if len(value) < SHORTEST // 2:
        return
    lower = value.hex()
    for digits in (lower, lower.upper()):
        pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
        yield digits.encode()
        yield ":".join(pairs).encode()
        yield ("\\x" + "\\x".join(pairs)).encode()
        yield ("0x" + ", 0x".join(pairs)).encode()
