"""HTTP/1.1 as the broker takes it: stricter than h11, since two readings of one message are an attack.

Heads are checked here as raw bytes before h11 sees them; h11 frames the bodies. What goes on is built
anew from what was understood, never spliced through.
"""

from __future__ import annotations

import re

from secretrun.broker import hosts
from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Headers = Sequence[tuple[bytes, bytes]]

LONGEST_HEAD = 1 << 16
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_METHOD = re.compile(rb"[A-Z]{1,32}")
_VALUE = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_HOP = frozenset(
    (
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection",
        b"te", b"trailer", b"transfer-encoding", b"upgrade",
    )
)  # fmt: skip
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"host"))


class RequestHead:
    """A request's head, checked.

    Attributes:
        method: upper case.
        target: as written.
        version: b"1.1" or b"1.0".
        headers: (name as written, value), in order.
        length: of Content-Length, or None.
        chunked: the body comes in chunks.
    """

    __slots__ = ("_values", "chunked", "headers", "length", "method", "target", "version")

    def __init__(
        self, method: str, target: bytes, version: bytes, headers: list[tuple[bytes, bytes]]
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        values: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            values.setdefault(name.lower(), []).append(value)
        self._values = values
        if len(values.get(b"host", ())) > 1:
            raise Refused("bad_request", detail="more than one Host")
        lengths = values.get(b"content-length", [])
        codings = values.get(b"transfer-encoding", [])
        if len(lengths) > 1 or (lengths and (codings or not lengths[0].isdigit() or len(lengths[0]) > 18)):
            raise Refused("bad_request", detail="more than one idea of the body's length")
        if codings and (len(codings) > 1 or codings[0].lower() != b"chunked" or version == b"1.0"):
            raise Refused("bad_request", detail="a transfer coding other than chunked")
        if any(value.lower() != b"100-continue" for value in values.get(b"expect", ())):
            raise Refused("bad_request", detail="Expect other than 100-continue")
        self.length = int(lengths[0]) if lengths else None
        self.chunked = bool(codings)

    def get(self, name: bytes) -> bytes | None:
        """The first value of a header, by its name in lower case."""
        found = self._values.get(name)
        return found[0] if found else None

    @property
    def has_body(self) -> bool:
        return self.chunked or bool(self.length)

    def named_by_connection(self) -> frozenset[bytes]:
        """The headers that `Connection` makes hop-by-hop."""
        said = b",".join(self._values.get(b"connection", ()))
        named = frozenset(word.strip().lower() for word in said.split(b",") if word.strip())
        if named & _FRAMING:
            raise Refused("bad_request", detail="Connection names a header that frames the message")
        return named

    @property
    def websocket(self) -> bool:
        """Whether it asks to become something else; only a WebSocket may be asked for."""
        upgrade = self._values.get(b"upgrade")
        if not upgrade or b"upgrade" not in self.named_by_connection():
            return False
        if [value.lower() for value in upgrade] != [b"websocket"] or self.method != "GET" or self.has_body:
            raise Refused("upgrade_not_allowed")
        return True

    def __repr__(self) -> str:
        return f"<RequestHead {self.method}>"


def head_end(buffer: bytes | bytearray) -> int:
    """Where the body begins, or -1 while the head is not complete.

    Raises:
        Refused: a line end that is not CRLF, or a head that is too long.
    """
    end = buffer.find(b"\r\n\r\n")
    begin = bytes(buffer[: end + 4] if end >= 0 else buffer[: LONGEST_HEAD + 1])
    bare = _BARE.search(begin)
    if bare is not None and not (bare.group() == b"\r" and bare.end() == len(begin)):
        raise Refused("bad_request", detail="a line end that is not CRLF")
    if end > LONGEST_HEAD or (end < 0 and len(begin) > LONGEST_HEAD):
        raise Refused("too_large")
    return end + 4 if end >= 0 else -1


def read_head(raw: bytes) -> RequestHead:
    """A head, its blank line included, or the refusal of anything that could be read in two ways.

    Raises:
        Refused: bad_request.
    """
    first, *lines = raw[:-4].split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Refused("bad_request", detail="not an HTTP/1.1 request line")
    method, target, version = words
    if not _METHOD.fullmatch(method) or not _TARGET.fullmatch(target):
        raise Refused("bad_request", detail="a method or target with characters that may not be there")
    headers = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise Refused("bad_request", detail="a malformed header")  # also a folded one, and "Name :"
        headers.append((name, value.strip(b" \t")))
    return RequestHead(method.decode("ascii"), target, version[5:], headers)


def proxy_target(head: RequestHead) -> tuple[str, int, str | None]:
    """Host, port, and for `http://` the origin-form target, of a request to a proxy.

    Raises:
        Refused: it is none, or names a user.
    """
    target = head.target.decode("ascii")
    if head.method == "CONNECT":
        if head.has_body:
            raise Refused("bad_request", detail="CONNECT with a body")
        return (*hosts.authority(target), None)
    scheme, mark, rest = target.partition("://")
    if not mark or scheme.lower() != "http":
        raise Refused("not_a_proxy_request")
    named, slash, path = rest.partition("/")
    if "@" in named or "?" in named or "#" in rest:
        raise Refused("bad_host")
    return (*hosts.authority(named, 80), slash + path if slash else "/")


def address(url: str) -> tuple[str, int, bytes]:
    """Host, port and target of an address, for whoever asks what a request would be told.

    Raises:
        Refused: cleartext, or it is no address.
    """
    scheme, mark, rest = url.partition("://")
    if not mark or scheme.lower() not in ("https", "http"):
        raise Refused("bad_request", detail="an address begins with https://")
    if scheme.lower() == "http":
        raise Refused("cleartext")
    cut = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    named, target = rest[:cut], rest[cut:].partition("#")[0]
    if "@" in named:
        raise Refused("bad_host")
    if not target.startswith("/"):
        target = f"/{target}"
    return (*hosts.authority(named, 443), target.encode("utf-8"))


def same_authority(head: RequestHead, host: str, port: int, default_port: int) -> None:
    """Refuse a request whose `Host` is not that of the tunnel it came through.

    Raises:
        Refused: host_mismatch.
    """
    said = head.get(b"host")
    if said is None:
        if head.version == b"1.0":
            return
        raise Refused("host_mismatch", detail="no Host")
    try:
        named = hosts.authority(said.decode("ascii"), default_port)
    except (Refused, UnicodeDecodeError):
        raise Refused("host_mismatch") from None
    if named != (host, port):
        raise Refused("host_mismatch")


def forwarded(
    headers: Headers,
    head: RequestHead,
    host: str,
    port: int,
    default_port: int,
    *,
    whole: bool,
    keep_coding: bool,
) -> list[tuple[bytes, bytes]]:
    """The headers that go on: our own `Host`, nothing that is only for this hop, no framing.

    Args:
        headers: as filled.
        head: of the client.
        host: where it goes.
        port: where it goes.
        default_port: that need not be named.
        whole: the answer has to be a whole one (no ranges), so that no secret comes in two halves.
        keep_coding: the answer is not looked into, so it may be encoded.
    """
    named = head.named_by_connection()
    authority = hosts.written(host) if port == default_port else f"{hosts.written(host)}:{port}"
    out = [(b"Host", authority.encode("ascii"))]
    for name, value in headers:
        lower = name.lower()
        if lower in _HOP or lower in named or lower in (b"host", b"content-length", b"expect"):
            continue
        if lower.startswith((b"x-secretrun-", b"proxy-")):
            continue
        if (lower == b"accept-encoding" and not keep_coding) or (whole and lower in (b"range", b"if-range")):
            continue
        out.append((name, value))
    if not keep_coding:
        out.append((b"Accept-Encoding", b"identity"))
    return out


def answered(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of an answer that go on to the client, without framing."""
    headers = list(headers)
    said = b",".join(value for name, value in headers if name.lower() == b"connection")
    named = frozenset(word.strip().lower() for word in said.split(b","))
    dropped = _HOP | named | {b"content-length"}
    return [(name, value) for name, value in headers if name.lower() not in dropped]
