"""What an encoded secret says when its reader has decoded it: the text that a program prints in its stead.

A value is often stored as it travels: percent-encoded, as the inside of a JSON string, quoted for a
shell, in base64. What uses it decodes it first, and prints what it has then.
"""

from __future__ import annotations

from binascii import Error, a2b_base64

from secretrun.redact.forms.parts import unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 6  # bytes of what is decoded
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_STANDARD, _URL = _BASE64 + b"+/", _BASE64 + b"-_"
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_HEX = b"0123456789abcdefABCDEF"
# No text has these: controls but white space, and what is in no UTF-8. Random bytes nearly always have one.
_NO_TEXT = bytes([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xC0, 0xC1, *range(0xF5, 0x100)])
_C = {
    0x61: b"\a", 0x62: b"\b", 0x65: b"\x1b", 0x45: b"\x1b", 0x66: b"\f", 0x6E: b"\n", 0x72: b"\r",
    0x74: b"\t", 0x76: b"\v",
}  # fmt: skip
_DIGITS = {0x78: 2, 0x75: 4, 0x55: 8}  # of `\x`, `\u` and `\U`


def decoded(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (form, text) for every reading of `value`; texts may repeat, none is the value itself."""
    if not value.translate(None, _BASE64):
        if len(value) % 4 == 0 or not len(value.translate(None, _HEX)):
            yield from _of_digits(value)
        return
    for form, text in _readings(value):
        if len(text) >= SHORTEST and text != value:
            yield form, text


def _readings(value: bytes) -> Iterator[tuple[str, bytes]]:
    if 0x25 in value:
        yield "decoded", unquote(value)
        if 0x2B in value:
            yield "decoded", unquote(value.replace(b"+", b" "))
    if 0x5C in value:
        for text in escapes(value):
            yield "decoded", text
    if value[0] in b"'\"$" or 0x5C in value or 0x27 in value:
        word = shell_word(value)
        if word is not None:
            yield "decoded", word
    if 0x26 in value and 0x3B in value:
        yield "decoded", references(value)
    yield from _of_digits(value)


def _of_digits(value: bytes) -> Iterator[tuple[str, bytes]]:
    yield from base64_text(value)
    if len(value) >= 16 and len(value) % 2 == 0 and not value.translate(None, _HEX):
        plain = bytes.fromhex(value.decode())
        if _is_text(plain):
            yield "decoded", plain


def base64_text(value: bytes) -> Iterator[tuple[str, bytes]]:
    """What `value` is the base64 of: text; or bytes, where padding or line ends say that it is base64."""
    squeezed = value.translate(None, b" \t\r\n") if 0x0A in value else value
    bare = squeezed.rstrip(b"=")
    if len(bare) < 8 or len(bare) % 4 == 1 or value.startswith(b"-----"):
        return
    if bare.translate(None, _STANDARD) and bare.translate(None, _URL):
        return
    if squeezed != bare and len(squeezed) % 4:
        return
    try:
        plain = a2b_base64(bare.translate(_FROM_URL) + b"=" * (-len(bare) % 4))
    except Error:
        return
    if _is_text(plain):
        yield "decoded", plain.rstrip(b"\r\n")
    elif len(plain) >= 16 and (squeezed != bare or _is_wrapped(value)):
        yield "bytes", plain


def _is_wrapped(value: bytes) -> bool:
    """Lines of one length, as those who write base64 break it."""
    first, *rest = value.split()
    return len(rest) > 0 and len(first) >= 40 and all(len(line) == len(first) for line in rest[:-1])


def _is_text(plain: bytes) -> bool:
    """UTF-8 without controls but white space."""
    if len(plain.translate(None, _NO_TEXT)) < len(plain):
        return False
    try:
        text = plain.decode()
    except UnicodeError:
        return False
    return text.isprintable() or all(char.isprintable() or char in "\t\r\n" for char in text)


def escapes(value: bytes) -> Iterator[bytes]:
    r"""Backslash escapes as C, JSON, `$'...'` and most languages know them; first those of JSON in UTF-16."""
    body = value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b'"' else value
    body = body[2:-1] if body[:2] == b"$'" and body[-1:] == b"'" else body
    out: list[str | bytes] = []
    at = 0
    while at < len(body):
        mark = body.find(b"\\", at)
        if mark < 0 or mark + 1 == len(body):
            break
        out.append(body[at:mark])
        kind = body[mark + 1]
        at = mark + 2
        size = _DIGITS.get(kind, 0)
        digits = body[at : at + size]
        if kind == 0x75 and digits[:1] == b"{":
            digits = body[at + 1 : body.find(b"}", at)]
            size = len(digits) + 2
        if size and digits and not digits.translate(None, _HEX) and int(digits, 16) < 0x110000:
            code = int(digits, 16)
            out.append(bytes((code,)) if kind == 0x78 else chr(code))
            at += size
        elif 0x30 <= kind <= 0x37:
            octal = body[mark + 1 : mark + 4]
            octal = octal[: len(octal) - len(octal.lstrip(b"01234567"))]
            out.append(bytes((int(octal, 8) & 255,)))
            at = mark + 1 + len(octal)
        elif kind in _C:
            out.append(_C[kind])
        else:
            out.append(body[mark + 1 : mark + 2])
    out.append(body[at:])
    yield _joined(out)


def _joined(pieces: list[str | bytes]) -> bytes:
    r"""Bytes and characters in a row; a character beyond U+FFFF may be two of them, `\ud83d\udd11`."""
    texts = [piece if isinstance(piece, str) else piece.decode("latin-1") for piece in pieces]
    if all(isinstance(piece, bytes) for piece in pieces):
        return "".join(texts).encode("latin-1")
    whole = [
        piece if isinstance(piece, str) else piece.decode("utf-8", "surrogateescape") for piece in pieces
    ]
    try:
        return "".join(whole).encode("utf-16", "surrogatepass").decode("utf-16").encode()
    except UnicodeError:
        return "".join(whole).encode("utf-8", "replace")


def shell_word(value: bytes) -> bytes | None:
    r"""What a POSIX shell makes of a quoted word: `'it'\''s'`, `"a\"b"`, `a\ b`; None when it is several."""
    out = bytearray()
    quote = 0
    at = 0
    while at < len(value):
        byte = value[at]
        at += 1
        if quote == 0x27:
            if byte == quote:
                quote = 0
            else:
                out.append(byte)
        elif byte == 0x5C and at < len(value):
            if quote and value[at] not in b'"\\$`\n':
                out.append(byte)
            out.append(value[at])
            at += 1
        elif byte == quote:
            quote = 0
        elif not quote and byte in b"'\"":
            quote = byte
        elif not quote and byte in b" \t\n":
            return None
        else:
            out.append(byte)
    return bytes(out) if not quote else None


def references(value: bytes) -> bytes:
    """XML's and HTML's references as characters."""
    from html import unescape

    return unescape(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
