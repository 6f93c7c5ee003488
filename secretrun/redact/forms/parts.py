"""A secret in other shapes of the same: trimmed, with other line ends, its JSON laid out anew."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def trimmed(value: bytes) -> Iterator[bytes]:
    """The value without the whitespace around it, and without a pair of quotes."""
    bare = value.strip()
    yield bare
    if len(bare) > 8 and bare[0] == bare[-1] and bare[0] in b"'\"":
        yield bare[1:-1]


def line_ends(value: bytes) -> Iterator[bytes]:
    """A multi-line value with other line ends: as a terminal writes them, joined by `echo $VALUE`."""
    if 0x0A not in value and 0x0D not in value:
        return
    unix = value.replace(b"\r\n", b"\n")
    yield unix
    for end in (b"\r\n", b"\r\r\n", b"\r", b" ", b""):
        yield unix.replace(b"\n", end)


def unescaped(value: bytes) -> Iterator[bytes]:
    r"""A value whose line ends are written `\n`, as in many `.env` files: with those it stands for."""
    if 0x5C in value and b"\\n" in value and 0x0A not in value:
        yield value.replace(b"\\r\\n", b"\n").replace(b"\\n", b"\n")


def unquote(text: bytes) -> bytes:
    """Percent-decode; a `%` that begins no escape stays."""
    head, *pieces = text.split(b"%")
    out = [head]
    for piece in pieces:
        try:
            out.append(
                bytes((int(piece[:2].decode("ascii"), 16),)) + piece[2:] if len(piece) > 1 else b"%" + piece
            )
        except ValueError:
            out.append(b"%" + piece)
    return b"".join(out)


def json_layouts(value: bytes, *, loose: bool) -> Iterator[bytes]:
    """A JSON value written anew: compactly, by default, indented; the last two only where blanks count."""
    tree = document(value)
    if tree is None:
        return
    import json

    for layout in _LAYOUTS[: 2 if loose else None]:
        try:
            text = json.dumps(tree, **layout)  # type: ignore[arg-type]
        except RecursionError:
            return  # nested deeper than anything that prints it
        if len(text) < 8 * len(value) + 1024:  # the indents of deep nesting grow with its square
            yield text.encode("utf-8", "surrogatepass")


_LAYOUTS: tuple[Mapping[str, object], ...] = (
    {"separators": (",", ":"), "ensure_ascii": False},
    {"separators": (",", ":")},
    {},
    {"ensure_ascii": False},
    {"indent": 2},
)


def document(value: bytes) -> object:
    """The object or array that a value is, or None."""
    bare = value.strip()
    if bare[:1] not in (b"{", b"["):
        return None
    import json

    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return None
