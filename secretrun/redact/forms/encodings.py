"""Base64, hexadecimal and wide characters: spellings that no byte of the value survives as it was."""

from __future__ import annotations

from binascii import b2a_base64

from secretrun.redact.engine.pattern import Rule, left_bit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

SHORTEST = 8  # characters below which an encoded form would match by chance

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_URL = bytes.maketrans(b"+/", b"-_")
_RULES: dict[tuple[int, int, bool], Rule] = {}


def base64(value: bytes) -> Iterator[tuple[bytes, Rule]]:
    """Base64 and base64url of `value` inside other data, as (text, rule).

    A byte of the value begins at any of three alignments, so there are three runs of characters that
    it determines in full (RFC 4648, section 4). Where its bits spill over into the character before or
    after a run, the rule takes that in, and the padding.
    """
    for text, rule in base64_runs(value):
        yield from _alphabets(text, rule)
        if b"+" in text or b"/" in text:  # the same in a query string
            escaped = text.replace(b"+", b"%2B").replace(b"/", b"%2F")
            yield escaped, rule
            yield escaped.replace(b"%2B", b"%2b").replace(b"%2F", b"%2f"), rule


def base64_utf16(value: bytes) -> Iterator[tuple[bytes, Rule]]:
    """Base64 of the value as UTF-16LE: what PowerShell's `-EncodedCommand` carries."""
    try:
        wide = value.decode().encode("utf-16-le")
    except UnicodeError:
        return
    for text, rule in base64_runs(wide):
        yield from _alphabets(text, rule)


def base64_twice(value: bytes) -> Iterator[tuple[bytes, Rule]]:
    """Base64 of a text that holds base64 of the value: docker's `auth` in a Kubernetes Secret.

    The inner run begins at any of three alignments, since a user's name may stand before the value, and so
    does the outer one. The characters of an inner one that belong to it in part are left out.
    """
    for inner, _rule in base64_runs(value):
        for text, rule in base64_runs(inner):
            yield text, rule
        if b"+" in inner or b"/" in inner:
            for text, rule in base64_runs(inner.translate(_TO_URL)):
                yield text, rule


def _alphabets(text: bytes, rule: Rule) -> Iterator[tuple[bytes, Rule]]:
    yield text, rule
    if b"+" in text or b"/" in text:
        yield text.translate(_TO_URL), rule


def base64_runs(value: bytes) -> Iterator[tuple[bytes, Rule]]:
    """The characters that `value` determines in full, for each alignment that has enough of them."""
    for shift in range(3):
        bits = 8 * (shift + len(value))
        begin, end = -(-8 * shift // 6), bits // 6
        if end - begin >= SHORTEST:
            text = b2a_base64(b"\0" * shift + value, newline=False)[begin:end]
            yield text, _rule(shift, value[0] if shift else 0, bits % 6 > 0)


def _rule(shift: int, first: int, right: bool) -> Rule:
    """The rule of a run that begins `shift` bytes into a group with the byte `first`: there are few."""
    rule = _RULES.get((shift, first, right))
    if rule is None:
        rule = _RULES[shift, first, right] = Rule(left=_before(shift, first), right=right)
    return rule


def _before(shift: int, first: int) -> int:
    """Which characters may stand before the run: `Rule.left`."""
    if not shift:
        return 0
    known = 4 if shift == 1 else 2  # bits of the value's first byte that its last bits hold
    left = 0
    for high in range(64 >> known):
        char = _ALPHABET[high << known | first >> (8 - known)]
        left |= left_bit(char, shift) | left_bit(_TO_URL[char], shift)
    return left


def hexadecimal(value: bytes) -> Iterator[bytes]:
    """Hex in both cases: run together (`xxd -p`, `hexdigest`), `aa:bb`, C strings, C arrays.

    Spaces between digits (`od -tx1`, `xxd`) are left to matching across whitespace.
    """
    if len(value) < SHORTEST // 2:
        return
    for digits, pairs in ((value.hex(), value.hex(" ")), (value.hex().upper(), value.hex(" ").upper())):
        yield digits.encode()
        yield pairs.replace(" ", ":").encode()
        yield ("\\x" + pairs.replace(" ", "\\x")).encode()
        yield ("0x" + pairs.replace(" ", ", 0x")).encode()


def wide(value: bytes) -> Iterator[bytes]:
    """UTF-16 in both byte orders, from the first byte to the last that is not the other half of one; Latin-1.

    For ASCII the two orders differ only in the NUL before or after it, so there is one text for both.
    """
    if value.isascii():
        yield value.decode().encode("utf-16-le")[:-1]
        return
    try:
        text = value.decode()
    except UnicodeError:
        return
    yield text.encode("utf-16-le").strip(b"\0")
    yield text.encode("utf-16-be").strip(b"\0")
    for coding in ("latin-1", "cp1252", "iso8859-15"):
        try:
            yield text.encode(coding)
        except UnicodeError:
            continue
