r"""Masking a protocol of JSON lines (JSON-RPC over stdio, JSON logs) so that every line stays valid JSON.

A line without a secret passes byte for byte. In a line with one, only the strings and numbers that
hold it are written anew; separators, order, duplicate keys and the other literals stay as they were.
Strings are compared by what they mean, so `\u0073ecret` and `a\/b` are no way around.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Match
    from re import Pattern as Expression

    from secretrun.redact.masker import Masker

_LONGEST = 64 * 1024 * 1024  # bytes without a line end after which the stream is not taken for lines


class JsonLines:
    """A filter for one stream; `feed` and `flush` as those of a `Redactor`.

    Args:
        redactor: what knows the secrets. Its counts and later additions are shared.
    """

    def __init__(self, redactor: Masker) -> None:
        self._redactor = redactor
        self._text = redactor.twin()  # for lines that are no JSON: they may be parts of one long secret
        self._pieces: list[bytes] = []  # of a line that has not ended yet
        self._size = 0

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return the lines they complete.

        Raises:
            RedactionError: the stream is over, nothing more comes out of it.
        """
        head, mark, rest = bytes(data).rpartition(b"\n")
        if not mark:
            self._pieces.append(rest)
            self._size += len(rest)
            if self._size > _LONGEST:
                return self._no_json(self._take())
            return b""
        self._pieces.append(head)
        lines = self._take().split(b"\n")
        if rest:
            self._pieces = [rest]
            self._size = len(rest)
        return b"".join([self._line(line, b"\n") for line in lines])

    def flush(self) -> bytes:
        """End the stream; a last line without an end counts as one."""
        line = self._take()
        out = self._line(line, b"") if line else b""
        return out + self._text.flush()

    @property
    def held(self) -> int:
        """The number of bytes that wait for the end of their line."""
        return self._size + self._text.held

    def __repr__(self) -> str:
        return f"<JsonLines of {self._redactor!r}>"

    def _take(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces = []
        self._size = 0
        return line

    def _no_json(self, data: bytes) -> bytes:
        return self._text.feed(data)

    def _line(self, line: bytes, end: bytes) -> bytes:
        suspect = self._redactor.probe().mask(line) != line
        if not suspect and b"\\" not in line:
            # most lines; one that is no JSON may still belong to a secret of several lines
            if line.lstrip()[:1] in (b"{", b"["):
                return self._text.flush() + line + end
            return self._no_json(line + end)
        text = _parsed(line)
        if text is None:
            return self._no_json(line + end)
        masked = _expression().sub(self._token, text).encode("utf-8", "surrogatepass")
        if self._redactor.probe().mask(masked) != masked:
            # a secret that reaches over several values: nothing of the line's structure can stay
            masked = _quoted(self._redactor.mask(line)).encode()
        return self._text.flush() + masked + end

    def _token(self, match: Match[str]) -> str:
        token = match.group()
        value = token
        if token.startswith('"'):
            import json

            value = json.loads(token)
        data = value.encode("utf-8", "surrogatepass")
        masked = self._redactor.mask(data)
        if masked == data:
            return token
        return _quoted(masked, ascii_only=token.isascii())


def _parsed(line: bytes) -> str | None:
    """The line as text when it is JSON, else None."""
    import json

    try:
        text = line.decode()
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    return text


def _quoted(data: bytes, *, ascii_only: bool = True) -> str:
    import json

    try:
        text = data.decode("utf-8", "surrogatepass")
    except UnicodeError:  # a mask has cut a character in two
        text = data.decode("utf-8", "replace")
    return json.dumps(text, ensure_ascii=ascii_only)


def _expression() -> Expression[str]:
    """Strings and numbers of a line that is known to be JSON. `re` keeps what it has compiled."""
    import re

    return re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*')
