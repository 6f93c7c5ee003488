"""Spellings and pieces for `--paranoid`: likely enough to happen, too many or too short for every day."""

from __future__ import annotations

from secretrun.redact.forms.tables import C_ESCAPES, CONTROLS, HIGH, IDENTITY, spell, spelled, table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FRAGMENT = 12  # bytes


def rare(value: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (form, text) for every function below."""
    yield from (("base32", text) for text in base32(value))
    yield from (("quoted-printable", text) for text in quoted_printable(value))
    yield from (("visible", text) for text in visible(value))
    yield "dump", od_c(value)
    yield from (("fragment", text) for text in fragments(value))


def fragments(value: bytes) -> Iterator[bytes]:
    """Every run of `FRAGMENT` bytes, as it is and as the right column of `hexdump -C` shows it."""
    column = bytes(byte if 0x20 <= byte < 0x7F else 0x2E for byte in value)
    for text in {value, column}:
        for begin in range(len(text) - FRAGMENT + 1):
            yield text[begin : begin + FRAGMENT]


def base32(value: bytes) -> Iterator[bytes]:
    """RFC 4648 base32 at its five alignments, the characters determined in full, in both cases."""
    from base64 import b32encode

    for shift in range(5):
        begin, end = -(-8 * shift // 5), 8 * (shift + len(value)) // 5
        if end - begin >= FRAGMENT:
            text = b32encode(bytes(shift) + value)[begin:end]
            yield text
            yield text.lower()


def quoted_printable(value: bytes) -> Iterator[bytes]:
    """RFC 2045: `=` and what is not printable ASCII as `=XX`; lines are joined, as in headers."""
    escapes = spelled("=%02X", (*CONTROLS, *HIGH, 0x3D))
    yield spell(value, table(escapes))
    yield spell(value, table({**escapes, 0x20: b"_", 0x3F: b"=3F", 0x5F: b"=5F"}))


def visible(value: bytes) -> Iterator[bytes]:
    """`cat -v`, `cat -A` and `sed -n l`."""
    caret = {byte: b"^" + IDENTITY[byte ^ 0x40] for byte in CONTROLS}
    kept = {0x09: b"\t", 0x0A: b"\n"}
    meta = {byte: b"M-" + caret.get(byte & 0x7F, IDENTITY[byte & 0x7F]) for byte in HIGH}
    yield spell(value, table({**caret, **kept, **meta}))
    yield spell(value, table({**caret, **meta, 0x0A: b"$\n"}))
    octal = {**spelled("\\%03o", (*CONTROLS, *HIGH)), **C_ESCAPES, 0x0A: b"$\n"}
    yield spell(value, table(octal, backslash=b"\\"))


def od_c(value: bytes) -> bytes:
    """`od -c` without its blanks: matching across whitespace puts them back."""
    escapes = {**spelled("%03o", (*CONTROLS, *HIGH)), **C_ESCAPES, 0x00: b"\\0"}
    return spell(value, table(escapes))
