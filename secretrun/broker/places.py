"""Where in a request a placeholder may stand: a table of places, each found and filled in its own encoding.

    header            any header but those that get around (`SINKS`); also the parts of Basic credentials
    header:NAME       that header, and no other
    basic:user  basic:password    a part of Basic credentials, which are decoded and encoded again
    query:NAME  path  form:NAME  json:a.b  body  ws

`ws` is no place of a placeholder: a rule that names it allows the request to become a WebSocket.
"""

from __future__ import annotations

import base64
import binascii

from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from secretrun.broker.known import Known, Mention

DEFAULT = ("header",)
# Headers that end up in logs, caches and other sites' hands: never by default, only where a rule names one.
SINKS = frozenset(
    (
        "cookie", "host", "referer", "origin", "user-agent", "via", "forwarded", "from", "x-forwarded-for",
        "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "x-original-url", "x-rewrite-url",
    )
)  # fmt: skip
WITH_NAME = ("header", "query", "form", "json", "basic")
ALONE = ("header", "path", "body", "ws")
CREDENTIALS = ("authorization", "proxy-authorization")
_CREDENTIALS = tuple(name.encode("ascii") for name in CREDENTIALS)


class Occurrence:
    """A placeholder in a request.

    Attributes:
        secret: whose.
        place: such as "header:authorization"; "query-name" and "elsewhere" are no place of any rule.
        mention: what was written there: the placeholder, or a token made from it.
    """

    __slots__ = ("mention", "place")

    def __init__(self, place: str, mention: Mention) -> None:
        self.place = place
        self.mention = mention

    @property
    def secret(self) -> str:
        return self.mention.secret

    def __repr__(self) -> str:
        return f"<Occurrence of {self.secret} in {self.place}>"


def spelled(text: str) -> str:
    """A place as rules hold it.

    Raises:
        Refused: there is no such place.
    """
    kind, colon, name = text.partition(":")
    kind = kind.strip().lower()
    if colon and kind in WITH_NAME and name:
        if kind == "basic" and name not in ("user", "password"):
            raise Refused("bad_request", detail=f"no place {text!r}: basic:user or basic:password")
        return f"{kind}:{name.lower() if kind == 'header' else name}"
    if not colon and kind in ALONE:
        return kind
    raise Refused(
        "bad_request",
        detail=f"no place {text!r}: header[:NAME] basic:password query:NAME path form:NAME json:A.B body ws",
    )


def covers(places: Iterable[str], place: str) -> bool:
    """Whether a rule's places allow a placeholder where it is."""
    places = tuple(places)
    if place in places:
        return True
    kind, _, name = place.partition(":")
    if "header" in places:
        if kind == "header":
            return name not in SINKS and not name.startswith("x-forwarded-")
        return kind == "basic"
    if kind == "basic":
        return "header:authorization" in places
    return kind in ("form", "json") and "body" in places


class Head:
    """The head of a request whose placeholders were found, and can be filled.

    Args:
        known: finds what is mentioned.
        path, query: raw, the query None without "?".
        headers: (name as written, value), in order.
    """

    __slots__ = ("_basic", "_headers", "_path", "_query", "credentials", "occurrences")

    def __init__(
        self, known: Known, path: bytes, query: bytes | None, headers: Sequence[tuple[bytes, bytes]]
    ) -> None:
        from secretrun.broker import paths

        self._path = path
        self._query = query
        self._headers = headers
        self._basic: dict[int, tuple[bytes, bytes, bytes]] = {}
        self.credentials: list[tuple[Mention, bytes]] = []  # Basic ones as they were filled, encoded
        found: list[Occurrence] = []
        in_path = known.mentioned(path) or known.mentioned(paths.unquoted(path).encode("latin-1", "replace"))
        found += [Occurrence("path", mention) for mention in in_path]
        if query is not None and (b"%" in query or known.mentioned(query)):
            for field, text, _, _ in paths.pairs(query):
                found += [Occurrence("query-name", mention) for mention in known.mentioned(_raw(field))]
                found += [Occurrence(f"query:{field}", mention) for mention in known.mentioned(_raw(text))]
            fields = [field for field, *_ in paths.pairs(query)]
            for occurrence in found:
                field = occurrence.place.removeprefix("query:")
                if occurrence.place.startswith("query:") and fields.count(field) > 1:
                    raise Refused(
                        "location_not_allowed", secret=occurrence.secret, misuse=True,
                        detail="the field stands there twice",
                    )  # fmt: skip
        block = b"\0".join([part for pair in headers for part in pair])
        anywhere = bool(known.mentioned(block))
        for number, (name, value) in enumerate(headers):
            if not anywhere and name.lower() not in _CREDENTIALS:
                continue
            lower = name.decode("latin-1").lower()
            credentials = basic(value) if lower in CREDENTIALS else None
            if credentials is not None:
                user, password, _ = credentials
                parts = [("basic:user", user), ("basic:password", password)]
                here = [
                    Occurrence(place, mention) for place, part in parts for mention in known.mentioned(part)
                ]
                if here:
                    self._basic[number] = credentials
                found += here
            found += [Occurrence(f"header:{lower}", mention) for mention in known.mentioned(value)]
            found += [Occurrence("header-name", mention) for mention in known.mentioned(name)]
        self.occurrences = found

    def filled(self, known: Known) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """Target and headers with the real values in them; asked only after all of it was allowed."""
        if not self.occurrences:
            return _target(self._path, self._query), list(self._headers)
        path = known.filled(self._path, percent)
        query = None if self._query is None else _filled_fields(known, self._query, percent)
        headers = []
        for number, (name, value) in enumerate(self._headers):
            if number in self._basic:
                user, password, scheme = self._basic[number]
                pair = known.filled(user, plain) + b":" + known.filled(password, plain)
                coded = base64.b64encode(pair)
                mentions = known.mentioned(user) + known.mentioned(password)
                self.credentials.append((mentions[0], coded))
                headers.append((name, scheme + coded))
            else:
                headers.append((name, known.filled(value, plain)))
        return _target(path, query), headers


def basic(value: bytes) -> tuple[bytes, bytes, bytes] | None:
    """User, password, and the scheme as written with its blanks, of Basic credentials; None for any other."""
    scheme, blank, coded = value.partition(b" ")
    if scheme.lower() != b"basic" or not blank:
        return None
    try:
        pair = base64.b64decode(coded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    user, colon, password = pair.partition(b":")
    return (user, password, scheme + b" ") if colon else None


def plain(value: bytes) -> bytes:
    return value


def percent(value: bytes) -> bytes:
    """As it stands in a path or a query."""
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(value, safe="").encode("ascii")


def in_json(value: bytes) -> bytes:
    """As it stands inside a JSON string."""
    import json

    return json.dumps(value.decode("utf-8", "surrogateescape"), ensure_ascii=False)[1:-1].encode(
        "utf-8", "surrogateescape"
    )


def _filled_fields(known: Known, text: bytes, encode: Callable[[bytes], bytes]) -> bytes:
    """A query or form with its values filled; a value written with escapes is decoded for it."""
    from secretrun.broker import paths

    out, at = [], 0
    for _, value, begin, end in paths.pairs(text):
        if known.mentioned(_raw(value)):
            out += [text[at:begin], known.filled(_raw(value), encode, other=encode)]
            at = end
    return b"".join([*out, text[at:]])


def form(known: Known, body: bytes) -> list[Occurrence]:
    """The placeholders in a form's body."""
    from secretrun.broker import paths

    found: list[Occurrence] = []
    for name, value, _, _ in paths.pairs(body):
        found += [Occurrence("form-name", mention) for mention in known.mentioned(_raw(name))]
        found += [Occurrence(f"form:{name}", mention) for mention in known.mentioned(_raw(value))]
    return found


def fill_form(known: Known, body: bytes) -> bytes:
    return _filled_fields(known, body, percent)


def json_(known: Known, body: bytes) -> list[Occurrence]:
    """The placeholders in a JSON body; those that are not plainly in a string of it are "elsewhere".

    Raises:
        Refused: it is not JSON.
    """
    import json

    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise Refused("bad_request", detail="the body is not the JSON it says it is") from None
    found: list[Occurrence] = []
    _leaves(known, document, "", found)
    plainly = len(known.mentioned(body))
    if plainly != len(
        found
    ):  # a name given twice, or written with escapes: what is filled is not what was judged
        found += [Occurrence("elsewhere", mention) for mention in known.mentioned(body)[:1]] or [
            Occurrence("elsewhere", found[0].mention)
        ]
    return found


def fill_json(known: Known, body: bytes) -> bytes:
    return known.filled(body, in_json)


def _leaves(known: Known, value: object, at: str, found: list[Occurrence]) -> None:
    if isinstance(value, str):
        found += [Occurrence(f"json:{at}", mention) for mention in known.mentioned(_raw(value))]
    elif isinstance(value, dict):
        for key, inner in value.items():
            found += [Occurrence("json-name", mention) for mention in known.mentioned(_raw(key))]
            _leaves(known, inner, f"{at}.{key}" if at else key, found)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            _leaves(known, inner, f"{at}.{number}" if at else str(number), found)


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _target(path: bytes, query: bytes | None) -> bytes:
    return path if query is None else path + b"?" + query
