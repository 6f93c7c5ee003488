"""Base64, hexadecimal and wide characters: spellings that no byte of the value survives as it was."""

from __future__ import annotations

from binascii import b2a_base64

from secretrun.redact.pattern import Rule, left_bit

SHORTEST = 8  # characters below which an encoded form would match by chance

_LOST = (b"?", "\ufffd".encode(), b"")
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_URL = bytes.maketrans(b"+/", b"-_")
_UPPER = bytes.maketrans(b"abcdef", b"ABCDEF")
_RULES: dict[tuple[int, int], tuple[Rule, Rule, Rule]] = {}


def base64(value: bytes) -> list[tuple[bytes, Rule]]:
    """Base64 and base64url of `value` inside other data, as (text, rule).

    A byte of the value begins at any of three alignments, so there are three runs of characters that
    it determines in full (RFC 4648, section 4). Where its bits spill over into the character before or
    after a run, the rule takes that in, and the padding.
    """
    found = base64_runs(value)
    for text, rule in found[:]:
        if 0x2B in text or 0x2F in text:
            found.append((text.translate(_TO_URL), rule))
            escaped = text.replace(b"+", b"%2B").replace(b"/", b"%2F")  # the same in a query string
            found.append((escaped, rule))
            found.append((escaped.replace(b"%2B", b"%2b").replace(b"%2F", b"%2f"), rule))
    return found


def base64_utf16(value: bytes) -> list[tuple[bytes, Rule]]:
    """Base64 of the value as UTF-16LE: what PowerShell's `-EncodedCommand` carries."""
    try:
        return base64_runs(value.decode().encode("utf-16-le"))
    except UnicodeError:
        return []


def base64_twice(value: bytes) -> list[tuple[bytes, Rule]]:
    """Base64 of a text that holds base64 of the value: docker's `auth` in a Kubernetes Secret.

    The inner run begins at any of three alignments, since a user's name may stand before the value, and so
    does the outer one. The characters of an inner one that belong to it in part are left out.
    """
    found: list[tuple[bytes, Rule]] = []
    for inner, _rule in base64_runs(value):
        found += base64_runs(inner)
        if 0x2B in inner or 0x2F in inner:
            found += base64_runs(inner.translate(_TO_URL))
    return found


def base64_lines(value: bytes) -> list[bytes]:
    r"""Base64 in lines with `\n` between them, as JSON shows what Ruby, Python and openssl make."""
    if len(value) <= 45:
        return []
    text = b2a_base64(value, newline=False)
    return [
        b"\\n".join([text[at : at + width] for at in range(0, len(text), width)])
        for width in (60, 64, 76)
        if len(text) > width
    ]


def base64_runs(value: bytes) -> list[tuple[bytes, Rule]]:
    """The characters that `value` determines in full, for each alignment that has enough of them."""
    size = len(value)
    one, two, three = _RULES.get((value[0] >> 4, size % 3)) or _rules(value[0] >> 4, size % 3)
    # bytes of others stand before it in the group of three in which it begins: none, one, two
    found = [
        (b2a_base64(value)[: size * 8 // 6], one),
        (b2a_base64(b"\0" + value)[2 : (size + 1) * 8 // 6], two),
        (b2a_base64(b"\0\0" + value)[3 : (size + 2) * 8 // 6], three),
    ]
    if size < _ENOUGH:
        return [(text, rule) for text, rule in found if len(text) >= SHORTEST]
    return found


_ENOUGH = 7  # bytes from which each run has its eight characters


def _rules(first: int, rest: int) -> tuple[Rule, Rule, Rule]:
    """The rules of the three runs of a value that begins with four bits, `rest` bytes beyond threes."""
    one, two, three = (Rule(left=_before(shift, first), right=(rest + shift) % 3 > 0) for shift in range(3))
    rules = _RULES[first, rest] = one, two, three
    return rules


def _before(shift: int, first: int) -> int:
    """Which characters may stand before the run: `Rule.left`."""
    if not shift:
        return 0
    known = 4 if shift == 1 else 2  # of the value's first bits those that its last ones hold
    left = 0
    for high in range(64 >> known):
        char = _ALPHABET[high << known | first >> (4 - known)]
        left |= left_bit(char, shift) | left_bit(_TO_URL[char], shift)
    return left


def hexadecimal(value: bytes) -> list[bytes]:
    """Hex in both cases: run together (`xxd -p`, `hexdigest`), `aa:bb`, C strings, C arrays.

    Spaces between digits (`od -tx1`, `xxd`) are left to matching across whitespace.
    """
    if len(value) < SHORTEST // 2:
        return []
    pairs = value.hex(" ").encode()
    lower = [
        value.hex().encode(),
        value.hex(":").encode(),
        b"\\x" + pairs.replace(b" ", b"\\x"),
        b"0x" + pairs.replace(b" ", b", 0x"),
    ]
    return lower + [text.translate(_UPPER) for text in lower]


def wide(value: bytes) -> list[bytes]:
    """UTF-16 in both byte orders, from the first byte to the last that is not the other half of one; Latin-1.

    And UTF-8 that was taken for Latin-1 and made UTF-8 once more.

    For ASCII the two orders differ only in the NUL before or after it, so there is one text for both.
    """
    if value.isascii():
        return [value.decode().encode("utf-16-le")[:-1]]
    try:
        text = value.decode()
    except UnicodeError:
        return []
    from unicodedata import normalize

    found = [value.decode("latin-1").encode(), value.decode("cp1252", "replace").encode()]
    found += [text.encode("utf-16-le").strip(b"\0"), text.encode("utf-16-be").strip(b"\0")]
    for coding in ("latin-1", "cp1252", "iso8859-15", "cp437", "cp850"):
        found.append(text.encode(coding, "replace"))
    found += [normalize(form, text).encode() for form in ("NFC", "NFD")]
    # where only ASCII can be shown: a sign for each character, or for each byte
    found.append(text.encode("ascii", "replace"))
    found += [b"".join([bytes((byte,)) if byte < 128 else mark for byte in value]) for mark in _LOST]
    return found
