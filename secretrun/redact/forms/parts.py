"""Pieces of a structured secret that are secrets by themselves."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = 8  # bytes a line of a longer secret needs

# The first body line of every OpenSSH private key: the magic, the cipher and the key type.
_SHARED_LINE = b"b3BlbnNzaC1rZXktdjE"


def trimmed(value: bytes) -> Iterator[bytes]:
    """The value without the whitespace around it, and without a pair of quotes."""
    bare = value.strip()
    yield bare
    if len(bare) > 8 and bare[0] == bare[-1] and bare[0] in b"'\"":
        yield bare[1:-1]


def line_ends(value: bytes) -> Iterator[bytes]:
    """A multi-line value with other line ends: as a terminal writes them, joined by `echo $VALUE`."""
    if b"\n" not in value and b"\r" not in value:
        return
    unix = value.replace(b"\r\n", b"\n")
    yield unix
    for end in (b"\r\n", b"\r\r\n", b"\r", b" ", b""):
        yield unix.replace(b"\n", end)


def unescaped(value: bytes) -> Iterator[bytes]:
    r"""A value whose line ends are written `\n`, as in many `.env` files: with those it stands for."""
    if b"\\n" in value and b"\n" not in value:
        yield value.replace(b"\\r\\n", b"\n").replace(b"\\n", b"\n")


def lines(value: bytes) -> Iterator[bytes]:
    """Each line of a multi-line value that is long enough, and no PEM armour."""
    pieces = value.replace(b"\r", b"\n").split(b"\n")
    if len(pieces) < 2:
        return
    for piece in pieces:
        line = piece.strip()
        if len(line) >= LINE and not line.startswith((b"-----", _SHARED_LINE)):
            yield line


def url_parts(value: bytes) -> Iterator[tuple[str, bytes]]:
    """The password of `scheme://user:password@host`, as written and decoded, and `user:password`."""
    scheme, mark, rest = value.partition(b"://")
    if not mark or not scheme or len(scheme) > 32 or b" " in scheme or b"\n" in value.strip():
        return
    authority = rest
    for end in b"/?#":
        # a password may hold these unescaped, so look behind the last @ too
        cut = authority.split(bytes((end,)), 1)[0]
        if b"@" in cut:
            authority = cut
    userinfo, at, _host = authority.rpartition(b"@")
    if not at:
        return
    user, colon, password = userinfo.partition(b":")
    if not colon:  # https://TOKEN@host
        yield "url-user", user
        return
    yield "url-password", password
    decoded = unquote(password)
    if decoded != password:
        yield "url-password", decoded
    if password:
        yield "url-userinfo", user + b":" + password
        yield "url-userinfo", unquote(user) + b":" + decoded
    if not password:
        yield "url-user", user


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


def json_layouts(value: bytes) -> Iterator[bytes]:
    """A JSON value written anew: compactly, by default, indented."""
    document = _document(value)
    if document is None:
        return
    import json

    for layout in (
        {"separators": (",", ":"), "ensure_ascii": False},
        {"separators": (",", ":")},
        {},
        {"ensure_ascii": False},
        {"indent": 2},
    ):
        try:
            text = json.dumps(document, **layout)
        except RecursionError:
            return  # nested deeper than anything that prints it
        if len(text) < 8 * len(value) + 1024:  # the indents of deep nesting grow with its square
            yield text.encode("utf-8", "surrogatepass")


def json_leaves(value: bytes) -> Iterator[bytes]:
    """The strings in a JSON value."""
    pending = [_document(value)]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, str):
            leaf = node.encode("utf-8", "surrogatepass")
            # a URL without a password names a place; those of service accounts are in every log
            if not leaf.startswith((b"http://", b"https://")) or b"@" in leaf:
                yield leaf


def _document(value: bytes) -> object:
    """The object or array that a value is, or None."""
    bare = value.strip()
    if bare[:1] not in (b"{", b"["):
        return None
    import json

    try:
        return json.loads(bare)
    except (ValueError, RecursionError):
        return None
