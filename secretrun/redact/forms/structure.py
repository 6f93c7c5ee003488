"""A structured secret taken apart by what it is: JSON, a URL, a connection string, lines of pairs, a key.

Only the parts that are credentials are handed out, each with the name it goes by; see `credential`.
"""

from __future__ import annotations

from secretrun.redact.forms import decoded
from secretrun.redact.forms.credential import by_key, by_shape, is_credential, is_header, is_plain
from secretrun.redact.forms.pairs import WORD, assignment, connection, easy_connect, pgpass, table, unescaped
from secretrun.redact.forms.parts import document, unquote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    # The form it is reported under, the name it goes by, and the text.
    Part: TypeAlias = "tuple[str, str, bytes]"

LINE = 8  # bytes a line of a longer secret needs

# The first body line of every OpenSSH private key: the magic, the cipher and the key type.
_SHARED_LINE = b"b3BlbnNzaC1rZXktdjE"
_COMMENT = (b"#", b"//", b";", b"--", b"/*", b"*", b"<!--")
_SCHEMES = (b"bearer ", b"basic ", b"token ", b"apikey ", b"digest ", b"negotiate ")
_FORM = WORD + b"&=%+*~!$'(),/:@?[]"  # what a query is written with
TOKEN = "token"  # noqa: S105  the name of a part that only its shape tells
_NAMES = ("name", "key")  # `- name: DB_PASSWORD` before `value: ...`


def credentials(value: bytes, depth: int = 2) -> Iterator[Part]:
    """The parts of `value` that are credentials, and theirs: JSON may hold a key, or a URL, or more JSON."""
    yield from _inside(value.strip(), "", depth)


def _inside(value: bytes, name: str, depth: int) -> Iterator[Part]:
    if depth < 0 or len(value) < LINE:
        return
    tree = document(value)
    if tree is not None:
        yield from _tree(tree, name, depth)
    elif 0x0A in value or 0x0D in value:
        yield from _text(value, name, depth)
    else:
        yield from _one_line(value, name, depth)


def _found(
    form: str, name: str, key: str, text: bytes, depth: int, inherited: bool | None = None
) -> Iterator[Part]:
    """A part and what stands in it, as far as they are credentials."""
    if len(text) < 4:
        return
    if text.lower().startswith(_SCHEMES):  # `Authorization: Bearer ...`
        key, text = "token", text.partition(b" ")[2].strip()
    several = 0x0A in text
    if several:
        secret = (by_key(key) if key else inherited) is True or b"PRIVATE KEY" in text[:64]
    else:
        secret = is_credential(key, text, inherited)
    if secret:
        yield form, name, text
    if secret or several or not text.isalnum():
        yield from _inside(text, name, depth - 1)
    if secret and not several:
        yield from _carried(form, name, text, depth)


def _carried(form: str, name: str, text: bytes, depth: int) -> Iterator[Part]:
    """What a credential is the base64 of: docker's `auth` and npm's `_auth` are that of `user:password`."""
    for kind, plain in decoded.base64_text(text):
        if kind == "bytes":
            yield kind, name, plain
            continue
        yield form, name, plain
        _, colon, password = plain.partition(b":")
        if colon and 0x20 not in plain and 0x0A not in plain:
            yield form, _joined(name, "password"), password
        yield from _inside(plain, name, depth - 1)


def _joined(name: str, key: str) -> str:
    return f"{name}.{key}" if name and key else name or key


# JSON


def _tree(tree: object, name: str, depth: int) -> Iterator[Part]:
    pending: list[tuple[object, str, str, bool | None]] = [(tree, name, "", None)]
    while pending:
        node, path, key, inherited = pending.pop()
        if isinstance(node, dict):
            said = by_key(key) if key else None
            said = inherited if said is None else said
            if len(node) == 2 and "value" in node:  # {"name": "DB_PASSWORD", "value": "..."}
                named = next((str(node[word]) for word in _NAMES if isinstance(node.get(word), str)), "")
                node = {named: node["value"]} if named else node
            pending += [(child, _joined(path, word), word, said) for word, child in reversed(node.items())]
        elif isinstance(node, list):
            pending += [(child, path, key, inherited) for child in reversed(node)]
        elif isinstance(node, str):
            yield from _found("json-part", path, key, node.encode("utf-8", "surrogatepass"), depth, inherited)
        elif isinstance(node, int) and by_key(key) and abs(node) >= 100_000 and not isinstance(node, bool):
            yield "json-part", path, str(node).encode()


# One line


def _one_line(value: bytes, name: str, depth: int) -> Iterator[Part]:
    if value.startswith(b"eyJ") and value.count(b".") == 2 and not value.translate(None, WORD):
        _header, payload, signature = value.split(b".")  # a JSON Web Token; its header is everybody's
        for part, text in (("payload", payload), ("signature", signature)):
            if len(text) >= 2 * LINE:
                yield "line", _joined(name, part), text
        return
    is_url = value.find(b"://", 0, 40) >= 0
    if is_url and 0x20 not in value:
        yield from _url(value, name, depth)
    if value[:1] == b"<" and value[-1:] == b">":
        yield from _markup(value, name, depth)
        return
    fields = connection(value)
    if fields:
        for key, text in fields:
            yield from _found("part", _joined(name, key), key, text, depth)
        return
    if is_url and 0x20 not in value.partition(b"://")[0]:
        return
    if 0x26 in value and 0x3D in value and not value.translate(None, _FORM) and 0x3B not in value:
        yield from _query(value, name, depth)
        return
    passwords = pgpass(value) or easy_connect(value)
    if passwords:
        for text in passwords:
            yield "part", _joined(name, "password"), text
        return
    if value.lower().startswith(_SCHEMES):
        yield from _found("part", name or "token", "token", value, depth)
        return
    pair = assignment(value)
    if pair is not None and (by_key(pair[0]) is not None or 0x20 not in value or is_header(pair[0])):
        yield from _found("part", _joined(name, pair[0]), pair[0], pair[1], depth)
        return
    if 0x20 in value or 0x09 in value:
        yield from _netrc(value.split(), name, depth)
        yield from _row(value, name, depth)
        return
    yield from _of_user(value, name)


def _of_user(value: bytes, name: str) -> Iterator[Part]:
    """The password of `user:password`."""
    user, colon, password = value.partition(b":")
    if colon and 0x3A not in password and not user.translate(None, WORD) and by_shape(password):
        yield "part", _joined(name, "password"), password


def _netrc(words: list[bytes], name: str, depth: int) -> Iterator[Part]:
    """The passwords of `machine HOST login USER password PASSWORD`, whose lines are free."""
    if b"login" in words or b"machine" in words:
        for word, text in zip(words, words[1:], strict=False):  # noqa: RUF007  itertools is one more import
            if word == b"password":
                yield from _found("part", _joined(name, "password"), "password", text, depth)


# URLs


def _url(value: bytes, name: str, depth: int) -> Iterator[Part]:
    """The password of `scheme://user:password@host`, as written and decoded, and `user:password`.

    And what a query names as a credential, and a path that holds a token, as a webhook's does.
    """
    scheme, mark, rest = value.partition(b"://")
    if not mark or not scheme or len(scheme) > 32:
        return
    authority = rest
    for end in b"/?#":
        # a password may hold these unescaped, so look behind the last @ too
        cut = authority.split(bytes((end,)), 1)[0]
        if 0x40 in cut:
            authority = cut
    userinfo, at, _host = authority.rpartition(b"@")
    if at:
        yield from _userinfo(scheme, userinfo, name)
        rest = rest[len(userinfo) + 1 :]
    path, _, query = rest.partition(b"?")
    path, _, fragment = path.partition(b"#")
    query, _, more = query.partition(b"#")
    yield from _query(query + b"&" + fragment + b"&" + more, name, depth)
    for piece in path.split(b"/")[1:]:
        if piece[:3] == b"bot" and by_shape(piece.rpartition(b":")[2]):
            yield "url-path", _joined(name, "path"), piece[3:]  # Telegram's: bot, its number, the token
        if len(piece) >= 16 and by_shape(unquote(piece)):
            yield "url-path", _joined(name, "path"), piece
            if 0x25 in piece:
                yield "url-path", _joined(name, "path"), unquote(piece)


def _query(query: bytes, name: str, depth: int) -> Iterator[Part]:
    """The credentials of `key=value&...`, as written and decoded."""
    for field in query.replace(b";", b"&").split(b"&"):
        key, equals, text = field.partition(b"=")
        if equals:
            word = key.decode("utf-8", "replace")
            for spelled in {text, unquote(text), unquote(text.replace(b"+", b" "))}:
                if is_credential(word, spelled):
                    yield "url-query", _joined(name, word), spelled
                    yield from _inside(spelled, _joined(name, word), depth - 1)


def _userinfo(scheme: bytes, userinfo: bytes, name: str) -> Iterator[Part]:
    user, _, password = userinfo.partition(b":")
    plain = unquote(user)
    token = scheme in (b"http", b"https") and not password and len(plain) >= LINE and not plain.isalpha()
    if token or by_shape(plain):
        yield "url-user", _joined(name, "user"), user  # https://TOKEN@host, https://TOKEN:x-oauth-basic@host
        yield "url-user", _joined(name, "user"), plain
    if password:
        decoded_password = unquote(password)
        yield "url-password", _joined(name, "password"), password
        yield "url-password", _joined(name, "password"), decoded_password
        yield "url-userinfo", _joined(name, "password"), user + b":" + password
        yield "url-userinfo", _joined(name, "password"), plain + b":" + decoded_password


# Several lines


def _text(value: bytes, name: str, depth: int) -> Iterator[Part]:
    rows = [row.strip() for row in value.replace(b"\r", b"\n").split(b"\n")]
    rows, armoured = _armour(rows)
    for row in armoured:
        yield "line", name or "line", row
    if value[:1] == b"<" and b"</" in value:
        yield from _markup(value, name, depth)
        return
    if b"password" in value and (b"login" in value or b"machine" in value):
        netrc = list(_netrc(value.split(), name, depth))
        if netrc:
            yield from netrc
            return
    columns = table(rows)
    if columns:
        for key, text in columns:
            yield from _found("part", _joined(name, key), key, text, depth)
        return
    loose: list[bytes] = []  # rows that are neither pairs nor marks of a language
    structured = bool(armoured)
    found = False
    before = ("", b"")
    for row in rows:
        if not row:
            continue
        pair = None
        if (row.startswith(_COMMENT) and not row.startswith(b"//")) or row[0] in b"[{}<":
            structured = True
        else:
            pair = assignment(row)
        passwords = pgpass(row)
        if passwords:
            structured = True
            parts: Iterable[Part] = [("part", _joined(name, "password"), text) for text in passwords]
        elif pair is not None:
            structured = True
            key, text = pair
            if key == "value" and before[0] in _NAMES:
                key = before[1].decode("utf-8", "replace")
            before = (key, text)
            parts = _found("part", _joined(name, key), key, text, depth)
        else:
            parts = list(_row(row, name, depth))
            by_shape_alone = all(said == _joined(name, TOKEN) for _, said, _ in parts)
            structured = structured or not by_shape_alone
            if row[0] not in b"[{}<#":
                loose.append(row)
        for part in parts:
            found = True
            yield part
    if structured:
        return
    for row in loose:  # nothing says what they are: each is a piece of the secret
        if len(row) >= LINE and not (found and is_plain(row)):
            yield "line", name or "line", row


def _armour(rows: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """(rows outside of keys, rows inside of them). Beside a private key certificates are no secret."""
    outside: list[bytes] = []
    inside: list[tuple[bool, bytes]] = []
    public: bool | None = None
    for row in rows:
        if 0x2D in row and b"-----BEGIN " in row:
            public = b" PUBLIC " in row or b"CERTIFICATE" in row
        elif 0x2D in row and b"-----END " in row:
            public = None
        elif public is None:
            outside.append(row)
        elif len(row) >= LINE and not (0x3A in row and b": " in row) and not row.startswith(_SHARED_LINE):
            inside.append((public, row))
    everything = all(said for said, _ in inside)
    return outside, [row for said, row in inside if everything or not said]


def _row(row: bytes, name: str, depth: int) -> Iterator[Part]:
    """Words of a line that is no pair: options, headers, URLs, tokens by their shape."""
    words = row.split()
    if len(words) == 2 and by_key(words[0].decode("latin-1")) and not words[1].isalpha():
        key = words[0].decode("latin-1")
        yield from _found("part", _joined(name, key), key, words[1].strip(b"\"'"), depth)
        return
    option = ""
    for word in words:
        bare = word.strip(b"\"'`,;()<>[]{}")
        if not bare:
            continue
        if option:
            if not bare.isalpha():
                yield from _found("part", _joined(name, option), option, bare, depth)
            option = ""
        elif bare[:1] == b"-" and 0x3D not in bare:
            option = bare.lstrip(b"-").decode("latin-1")
            option = option if by_key(option) else ""
        elif b"://" in bare:
            yield from _inside(bare, name, depth - 1)
        else:
            pair = assignment(bare.lstrip(b"-"))
            if pair is not None and by_key(pair[0]) is not None:
                yield from _found("part", _joined(name, pair[0]), pair[0], pair[1], depth)
            elif len(bare) >= 12 and by_shape(bare):
                yield "part", _joined(name, TOKEN), bare
            if pair is None:
                yield from _of_user(bare, name)


def _markup(value: bytes, name: str, depth: int) -> Iterator[Part]:
    """XML: `<password>...</password>`, `password="..."`, `<add key="ApiKey" value="..."/>`."""
    import re

    for tag, attributes, text in re.findall(rb"<([\w:.-]+)([^<>]*)>(?:([^<>]+)</)?", value):
        fields = {
            word.decode("latin-1"): unescaped(one or other)
            for word, one, other in re.findall(rb"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", attributes)
        }
        named = next((fields[word].decode("latin-1") for word in _NAMES if word in fields), "")
        for field, said in fields.items():
            key = named if field == "value" and named else field
            yield from _found("part", _joined(name, key), key, said, depth)
        key = named or tag.decode("latin-1")
        yield from _found("part", _joined(name, key), key, unescaped(text).strip(), depth)
