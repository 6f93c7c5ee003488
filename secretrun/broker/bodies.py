"""The body of a request on its way out: placeholders judged and filled, real values kept in.

Bytes in, bytes out. Whatever is not yet known to be harmless stays; a refusal leaves the message
unfinished, so that no server takes the part it got for the whole.
"""

from __future__ import annotations

import zlib

from secretrun.broker import places
from secretrun.broker.places import Occurrence
from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from secretrun.broker.known import Known, Mention
    from secretrun.redact.redactor import Redactor

    Judge = Callable[[Sequence[Occurrence]], None]

BUFFERED = 1 << 20  # bytes of a body whose fields are looked at
MASKED = 1 << 26  # bytes of a body that is masked as JSON
_PIECE = 1 << 18


class Leaks:
    """Looks for real values in what goes out.

    Args:
        probe: of the run's secrets, for this request alone.
        mask: they are masked and counted, not refused.
    """

    __slots__ = ("_probe", "mask")

    def __init__(self, probe: Redactor, *, mask: bool) -> None:
        self._probe = probe
        self.mask = mask

    def feed(self, data: bytes) -> bytes:
        return self._passed(self._probe.feed(data))

    def finish(self) -> bytes:
        return self._passed(self._probe.flush())

    def whole(self, data: bytes) -> bytes:
        """`data` as a stream of its own."""
        return self._passed(self._probe.feed(data) + self._probe.flush())

    def _passed(self, data: bytes) -> bytes:
        if not self.mask:
            for name in self.found():
                raise Refused("leak", secret=name, misuse=True)
        return data

    def found(self) -> list[str]:
        """The names of the secrets that were there."""
        return list(self._probe.report().masks)

    @property
    def held(self) -> int:
        return self._probe.held

    def __repr__(self) -> str:
        return "<Leaks>"


class Plain:
    """A body that streams: placeholders are filled where "body" is allowed.

    Args:
        known: finds and fills.
        leaks: looks for real values, before anything is filled.
        judge: told what was found, all of it each time; raises what the policy refuses.
        encode: how a value is written in this body.
        lenient: a placeholder that no rule allows here is left as it is, and told to `seen`.
        seen: see `lenient`.
    """

    def __init__(
        self,
        known: Known,
        leaks: Leaks,
        judge: Judge,
        encode: Callable[[bytes], bytes],
        *,
        lenient: bool,
        seen: Callable[[Mention], None],
    ) -> None:
        self._known = known
        self._leaks = leaks
        self._judge = judge
        self._encode = encode
        self._lenient = lenient
        self._seen = seen
        self._rest = b""
        self._found: list[Occurrence] = []

    def feed(self, data: bytes) -> bytes:
        return self._fill(self._leaks.feed(data), final=False)

    def finish(self) -> bytes:
        return self._fill(self._leaks.finish(), final=True)

    def _fill(self, data: bytes, *, final: bool) -> bytes:
        known = self._known
        text = self._rest + data if self._rest else data
        cut = len(text) if final else len(text) - known.unfinished(text)
        text, self._rest = text[:cut], text[cut:]
        mentions = known.mentioned(text)
        if not mentions:
            return text
        if self._lenient:
            for mention in mentions:
                self._seen(mention)
            return text
        self._found += [Occurrence("body", mention) for mention in mentions]
        self._judge(self._found)
        return known.filled(text, self._encode)


class Fields(Plain):
    """A form or a JSON document, looked at as a whole before any of it goes out."""

    def __init__(
        self,
        known: Known,
        leaks: Leaks,
        judge: Judge,
        *,
        kind: str,
        lenient: bool,
        seen: Callable[[Mention], None],
        most: int = BUFFERED,
    ) -> None:
        super().__init__(known, leaks, judge, places.in_json, lenient=lenient, seen=seen)
        self._kind = kind
        self._parts: list[bytes] = []
        self._size = 0
        self._most = most

    def feed(self, data: bytes) -> bytes:
        self._size += len(data)
        if self._size > self._most:
            raise Refused("too_large")
        self._parts.append(data)
        return b""

    def finish(self) -> bytes:
        body = b"".join(self._parts)
        self._parts = []
        clean = self._leaks.whole(body)
        if clean != body and self._kind == "json" and not _parses(clean):
            for (
                name
            ) in self._leaks.found():  # masking broke it: what the server would read is not what was sent
                raise Refused("leak", secret=name, misuse=True)
        mentions = self._known.mentioned(clean)
        if self._lenient:
            for mention in mentions:
                self._seen(mention)
            return clean
        if self._kind == "form":
            found = places.form(self._known, clean)
            fill = places.fill_form
        else:
            if not mentions and b"\\u" not in clean:
                return clean
            found = places.json_(self._known, clean)
            fill = places.fill_json
        if not found:
            return clean
        self._judge(found)
        return fill(self._known, clean)


class Encoded(Plain):
    """A body with a Content-Encoding: looked into, and passed on as it came when nothing is in it."""

    def __init__(self, known: Known, leaks: Leaks, judge: Judge, coding: bytes) -> None:
        leaks.mask = False  # what would be masked can't be encoded again here
        super().__init__(known, leaks, judge, places.plain, lenient=False, seen=_ignore)
        self._decode = decoder(coding, "encoded_body")
        self._waiting: list[tuple[int, bytes]] = []  # decoded bytes by its end, raw piece
        self._decoded = 0

    def feed(self, data: bytes) -> bytes:
        for piece in self._decode(data):
            self._decoded += len(piece)
            self._look(self._leaks.feed(piece), final=False)
        self._waiting.append((self._decoded, data))
        return self._out(self._decoded - self._leaks.held - len(self._rest))

    def finish(self) -> bytes:
        for piece in self._decode(b""):
            self._decoded += len(piece)
            self._look(self._leaks.feed(piece), final=False)
        self._look(self._leaks.finish(), final=True)
        return self._out(self._decoded)

    def _look(self, data: bytes, *, final: bool) -> None:
        text = self._rest + data
        cut = len(text) if final else len(text) - self._known.unfinished(text)
        self._rest = text[cut:]
        for mention in self._known.mentioned(text[:cut]):
            raise Refused("encoded_body", secret=mention.secret, misuse=True)

    def _out(self, sure: int) -> bytes:
        count = 0
        while count < len(self._waiting) and self._waiting[count][0] <= sure:
            count += 1
        out = b"".join(data for _, data in self._waiting[:count])
        del self._waiting[:count]
        return out


def _ignore(_: object) -> None:
    pass


def _parses(text: bytes) -> bool:
    import json

    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def decoder(coding: bytes, reason: str) -> Callable[[bytes], Iterator[bytes]]:
    """What takes a Content-Encoding off, piece by piece; each piece is of a bounded size.

    Called with the next bytes, and at the end with none.

    Raises:
        Refused: `reason`, for a coding that can't be looked into; also later, for what is not of that coding.
    """
    coding = coding.strip().lower()
    if coding in (b"", b"identity"):
        return lambda data: iter((data,) if data else ())
    if coding in (b"gzip", b"x-gzip"):
        return _Zlib(31, reason)
    if coding == b"deflate":
        return _Zlib(15, reason)
    if coding == b"br":
        return _brotli(reason)
    if coding == b"zstd":
        return _zstd(reason)
    raise Refused(reason, detail="an encoding that is not known")


class _Zlib:
    """gzip (its members one after another) or deflate, with or without a zlib head."""

    def __init__(self, bits: int, reason: str) -> None:
        self._bits = bits
        self._reason = reason
        self._codec = zlib.decompressobj(bits)
        self._begun = False

    def __call__(self, data: bytes) -> Iterator[bytes]:
        if not data:
            if self._begun and not self._codec.eof:
                raise Refused(self._reason, detail="the encoding breaks off")
            return
        if not self._begun and self._bits == 15 and data[0] & 15 != 8:
            self._codec = zlib.decompressobj(-15)  # some servers send it without the head
        while data:
            if self._codec.eof:
                if self._bits != 31:
                    raise Refused(self._reason, detail="something follows the encoding's end")
                self._codec = zlib.decompressobj(self._bits)
            self._begun = True
            try:
                piece = self._codec.decompress(data, _PIECE)
            except zlib.error:
                raise Refused(self._reason, detail="not of the encoding it says") from None
            data = self._codec.unconsumed_tail or self._codec.unused_data
            if piece:
                yield piece


def _brotli(reason: str) -> Callable[[bytes], Iterator[bytes]]:
    try:
        import brotli
    except ImportError:
        raise Refused(reason, detail="brotli, without the package that reads it") from None
    codec = brotli.Decompressor()

    def decode(data: bytes) -> Iterator[bytes]:
        try:
            if data:
                yield codec.process(data)
            elif not codec.is_finished():
                raise Refused(reason, detail="the encoding breaks off")
        except brotli.error:
            raise Refused(reason, detail="not of the encoding it says") from None

    return decode


def _zstd(reason: str) -> Callable[[bytes], Iterator[bytes]]:
    try:
        import zstandard
    except ImportError:
        raise Refused(reason, detail="zstd, without the package that reads it") from None
    codec = zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()

    def decode(data: bytes) -> Iterator[bytes]:
        try:
            if data:
                yield codec.decompress(data)
        except zstandard.ZstdError:
            raise Refused(reason, detail="not of the encoding it says") from None

    return decode
