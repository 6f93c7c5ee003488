"""Tables for dialects that spell each byte by itself: 256 byte strings, indexed by byte."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ALNUM = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# Bytes that no dialect here spells in another way, so a value of these alone has only its raw spelling.
PLAIN = ALNUM

# A byte is asked for by its number in this room. Of `b"=" in value` Python first says in an error, which
# nobody sees, that `b"="` is no number: that takes eight times as long as `0x3D in value`.


class Table(list[bytes]):
    """How each byte is written, by its number.

    Attributes:
        changed: the bytes that are not written as themselves.
    """

    __slots__ = ("changed",)

    def __init__(self, texts: Iterable[bytes], changed: bytes) -> None:
        super().__init__(texts)
        self.changed = changed


IDENTITY = Table([bytes((byte,)) for byte in range(256)], b"")

# The C escapes that nearly all agree on.
C_ESCAPES = {
    0x07: b"\\a", 0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0B: b"\\v", 0x0C: b"\\f", 0x0D: b"\\r",
}  # fmt: skip

CONTROLS = (*range(0x20), 0x7F)
HIGH = range(0x80, 0x100)


def table(
    changes: Mapping[int, bytes] | None = None,
    *,
    backslash: bytes = b"",
    base: Table | None = None,
) -> Table:
    """`base` (or identity) with `backslash` bytes escaped, then `changes`."""
    before = IDENTITY if base is None else base
    result = Table(before, before.changed + backslash + bytes(changes or ()))
    for byte in backslash:
        result[byte] = b"\\" + IDENTITY[byte]
    for byte, text in (changes or {}).items():
        result[byte] = text
    return result


def composed(inner: Table, outer: Table) -> Table:
    """What the inner dialect makes of each byte, written once more in the outer one: JSON in JSON."""
    changed = bytes(set(inner.changed + outer.changed))
    result = Table(outer, changed)
    for byte in set(inner.changed):
        result[byte] = spell(inner[byte], outer)
    return result


def spelled(form: str, bytes_: Iterable[int]) -> dict[int, bytes]:
    r"""Each byte by a `%` format of its number: `spelled("\%03o", CONTROLS)`."""
    return {byte: (form % byte).encode() for byte in bytes_}


def spell(value: bytes, by: Table) -> bytes:
    """Write `value` with a table."""
    if len(value.translate(None, by.changed)) == len(value):
        return value
    return b"".join(map(by.__getitem__, value))


class Lazy:
    """Tables made when first asked for: most values need none, and each takes 20 microseconds."""

    __slots__ = ("_make", "_tables")

    def __init__(self, make: Callable[[], tuple[Table, ...]]) -> None:
        self._make = make
        self._tables: tuple[Table, ...] | None = None

    def __call__(self) -> tuple[Table, ...]:
        if self._tables is None:
            self._tables = self._make()
        return self._tables


def units(char: str, prefix: str, *, upper: bool) -> str:
    """The UTF-16 code units of a character, four hex digits each."""
    digits = char.encode("utf-16-be", "surrogatepass").hex()
    if upper:
        digits = digits.upper()
    return "".join(prefix + digits[i : i + 4] for i in range(0, len(digits), 4))
