"""Pairs of a key and a value in the formats that are known to hold credentials; grammar only."""

from __future__ import annotations

from secretrun.redact.forms import decoded
from secretrun.redact.forms.credential import by_key, by_shape

_DECLARED = (
    b"export ", b"set ", b"const ", b"let ", b"var ", b"local ", b"env ", b"ENV ", b"ARG ", b"- ", b"? ",
)  # fmt: skip
WORD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."


def connection(value: bytes) -> list[tuple[str, bytes]]:
    """The pairs of a connection string, or none.

    ADO.NET, ODBC, JDBC, a cookie: `;`; Redis and Kafka: `,`; libpq: blanks.
    """
    if 0x3D not in value:
        return []
    for mark in (b";", b",", b" "):
        if value.strip(mark).find(mark) < 0:
            continue
        pairs = [_field(piece) for piece in _split(value, mark)]
        good = [pair for pair in pairs if pair is not None]
        said = any(by_key(key) for key, _ in good)
        if said if mark == b"," else good and (len(good) > 1 or said) and (mark == b";" or None not in pairs):
            return good
    return []


def _field(piece: bytes) -> tuple[str, bytes] | None:
    key, equals, text = piece.strip().partition(b"=")
    key = key.strip()
    if not equals or not key or len(key) > 48 or key.translate(None, WORD + b" "):
        return None
    text = text.strip()
    if text[:1] == b"{" and text[-1:] == b"}":
        text = text[1:-1].replace(b"}}", b"}")
    elif len(text) > 1 and text[:1] == text[-1:] and text[:1] in (b"'", b'"'):
        quote = text[:1]
        text = text[1:-1].replace(quote * 2, quote).replace(b"\\" + quote, quote).replace(b"\\\\", b"\\")
    return key.decode("utf-8", "replace"), text


def _split(value: bytes, mark: bytes) -> list[bytes]:
    """`value` at each `mark` outside quotes and braces."""
    pieces: list[bytes] = []
    begin = at = 0
    end = {b"'": b"'", b'"': b'"', b"{": b"}"}
    while at < len(value):
        char = value[at : at + 1]
        if char == mark:
            pieces.append(value[begin:at])
            begin = at + 1
        elif char in end and value[at - 1 : at].strip() == b"=":
            close = value.find(end[char], at + 1)
            while close > 0:  # but for one that is escaped or doubled
                if value[close - 1 : close] == b"\\":
                    close = value.find(end[char], close + 1)
                elif value[close + 1 : close + 2] == end[char]:
                    close = value.find(end[char], close + 2)
                else:
                    at = close
                    break
        at += 1
    pieces.append(value[begin:])
    return [piece for piece in pieces if piece.strip()]


def pgpass(row: bytes) -> list[bytes]:
    r"""The password of a line of `.pgpass`, `host:port:database:user:password`, and as written."""
    if row.count(b":") < 4:
        return []
    fields = row.replace(b"\\\\", b"\0").replace(b"\\:", b"\1").split(b":")
    if len(fields) != 5 or not (fields[1].isdigit() or fields[1] == b"*"):
        return []
    password = fields[4]
    plain = password.replace(b"\1", b":").replace(b"\0", b"\\")
    written = password.replace(b"\1", b"\\:").replace(b"\0", b"\\\\")
    return [plain] if plain == written else [plain, written]


def easy_connect(value: bytes) -> list[bytes]:
    """The password of Oracle's `user/password@//host:1521/service`, also behind `jdbc:oracle:thin:`."""
    kind, thin, rest = value.rpartition(b":thin:") if value.startswith(b"jdbc:oracle:") else (b"", b"", value)
    login, at, place = rest.rpartition(b"@")
    user, slash, password = login.partition(b"/")
    if not (at and slash and user and password) or (kind and not thin) or user.translate(None, WORD + b'"'):
        return []
    host, _, port = place.lstrip(b"/").partition(b"/")[0].partition(b":")
    if not thin and not place.startswith(b"//") and not (port.partition(b":")[0].isdigit() and host):
        return []
    return [password.strip(b'"')]


def table(rows: list[bytes]) -> list[tuple[str, bytes]]:
    """(column's name, text) of what a console or a password manager exports: commas, names first."""
    rows = [row for row in rows if row]
    names = [cell.strip() for cell in _cells(rows[0].removeprefix(b"\xef\xbb\xbf"))] if len(rows) > 1 else []
    keys = [name.decode("utf-8", "replace") for name in names]
    if len(keys) < 2 or not any(map(by_key, keys)) or 0x3D in rows[0] or not all(names):
        return []
    cells = [_cells(row) for row in rows[1:]]
    if any(len(row) != len(keys) for row in cells):
        return []
    return [(key, text) for row in cells for key, text in zip(keys, row, strict=True) if text]


def _cells(row: bytes) -> list[bytes]:
    """A line's cells, without the quotes round them."""
    cells: list[bytes] = []
    while True:
        if row[:1] == b'"':
            end = row.find(b'"', 1)
            while end >= 0 and row[end + 1 : end + 2] == b'"':
                end = row.find(b'"', end + 2)
            if end >= 0:
                cells.append(row[1:end].replace(b'""', b'"'))
                rest = row[end + 1 :]
                if not rest.startswith(b","):
                    return cells
                row = rest[1:]
                continue
        cell, comma, row = row.partition(b",")
        cells.append(cell)
        if not comma:
            return cells


def assignment(row: bytes) -> tuple[str, bytes] | None:
    """`KEY=VALUE`, `KEY: VALUE`, `export KEY="VALUE"`, `"KEY": "VALUE",`, `KEY => VALUE`."""
    while row.startswith(_DECLARED):
        row = row.partition(b" ")[2].strip()
    places = [place for place in (row.find(b"="), row.find(b": "), row.find(b'":')) if place > 0]
    if not places and not row.endswith(b":"):
        return None
    for place in sorted(places or [len(row) - 1]):
        key = row[:place].strip().rstrip(b":+?").strip(b"\"'` ")
        if not key or len(key) > 128 or key.translate(None, _KEY) or not key.translate(None, _NO_LETTER):
            continue
        text = row[place + 1 :].lstrip(b":=>").strip()
        if by_shape(key) or (not text and row[place : place + 1] == b"="):
            continue  # a line of base64, whose padding is no sign of a pair
        return key.decode("latin-1"), _unwrapped(text)
    return None


_KEY = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@[]$"
_NO_LETTER = b"0123456789_-./:@[]$"


def _unwrapped(text: bytes) -> bytes:
    """A value without its quotes and what follows it."""
    quote = text[:1]
    if quote in (b"'", b'"', b"`"):
        end = text.find(quote, 1)
        while end > 0 and quote == b'"' and text[end - 1 : end] == b"\\":
            end = text.find(quote, end + 1)
        if end > 0:
            inner = text[1:end]
            return next(decoded.escapes(inner), inner) if quote == b'"' and 0x5C in inner else inner
    for comment in (b" #", b" //"):
        text = text.split(comment, 1)[0]
    return text.rstrip(b" ,;)").strip(b"\"'")


def unescaped(text: bytes) -> bytes:
    """XML's own five entities as characters."""
    if 0x26 not in text:
        return text
    for entity, char in _ENTITIES:
        text = text.replace(entity, char)
    return text


_ENTITIES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))
