"""Pieces of a structured secret that are secrets by themselves.

May import: nothing.
"""

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


def json_parts(value: bytes) -> Iterator[bytes]:
    """The strings in a JSON value, and the value written compactly and by default."""
    bare = value.strip()
    if bare[:1] not in (b"{", b"["):
        return
    import json

    try:
        document = json.loads(bare)
    except (ValueError, RecursionError):
        return
    yield json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    yield json.dumps(document, separators=(",", ":")).encode()
    yield json.dumps(document).encode()
    yield json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    yield json.dumps(document, indent=2).encode()
    pending = [document]
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
