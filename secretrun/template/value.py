"""A template value to its pieces: literal texts and references, in order.

A value is a whole reference, or text with `{{ reference }}`, vals' `ref+...+` or an unenclosed `op://`
in it. `{{ "text" }}` is literal text, for values that hold such braces; braces that hold no reference are
text. A scheme that others use too counts only where the text is ours: see `SHARED`. What was meant for a
reference and is none is an error, never a literal.

Source: 1Password's "secret reference syntax" and "template syntax" for `op://` in text and for `{{ }}`.
"""

from __future__ import annotations

from secretrun.errors import ConfigError, ReferenceSyntaxError
from secretrun.lazy_pattern import LazyPattern
from secretrun.model import Frozen, Reference
from secretrun.reference import SCHEME, VALS, VALS_LITERAL, parse, parse_vals

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable

# A hole stands for a value that is no text of this template. No input holds such a character: it is half
# a surrogate pair, and bytes that are not UTF-8 become the other half.
HOLE = LazyPattern("[\ud800-\udbff]", beyond_ascii=True)
HOLES = 0xDBFF - 0xD800 + 1

# What 1Password allows in a name; everything else needs the object's id instead.
OP_NAME = r"[\w\-. \ud800-\udbff]+"
OP_WHOLE = LazyPattern(rf"(?i)op://{OP_NAME}(?:/{OP_NAME})*/?(?:\?[^#\s]*)?(?:#/.*)?", needs="://")
# Inside text: not preceded by a character that makes it part of a longer word, up to the first
# character that a name without blanks can't hold.
OP_INSIDE = LazyPattern(
    r"(?<![A-Za-z0-9\-+\\.])op://[A-Za-z0-9\-_./\ud800-\udbff]+(?:\?[A-Za-z0-9\-?_.=&\ud800-\udbff]*)?",
    needs="op://",
)
# The same where variables are still to be expanded.
OP_INSIDE_UNEXPANDED = LazyPattern(
    r"(?<![A-Za-z0-9\-+\\.])op://(?:[A-Za-z0-9\-_./]|\$\{[^}\n]*\}|\$[A-Za-z_])+(?:\?[A-Za-z0-9\-?_.=&]*)?",
    needs="op://",
)


LITERAL = 'if it is meant literally write {{ "%s" }} for that part of the value'
# Schemes of ordinary URLs: literals, without a look at the installed plugins.
ORDINARY = frozenset((
    "amqp", "amqps", "cassandra", "clickhouse", "data", "db2", "ftp", "ftps", "git", "grpc",
    "grpcs", "gs", "http", "https", "imap", "imaps", "irc", "jdbc", "kafka", "ldap", "ldaps", "mailto",
    "mariadb", "memcached", "mongodb", "mqtt", "mqtts", "mssql", "mysql", "mysql2", "nats",
    "neo4j", "nfs", "oracle", "postgres", "postgresql", "redis", "rediss", "rtmp", "s3", "sentry", "sftp",
    "sip", "sips", "smb", "smtp", "smtps", "snowflake", "socks4", "socks5", "sqlite", "sqlite3", "sqlserver",
    "ssh", "tcp", "tls", "turn", "udp", "unix", "vnc", "ws", "wss",
))  # fmt: skip
# Who wrote a text: it was named or made for us; it lay around (a `.env` that was found); it was inherited.
OURS, FOUND, INHERITED = "ours", "found", "inherited"
# Schemes of other programs as well, and the shape that is ours alone: Spark's master is k8s://https://HOST,
# PowerShell's drive env:, file:///PATH anybody's, vault:// Spring's (SPRING_CONFIG_IMPORT), pass://
# Proton's, and keyring://, pass://, vault://HOST and bws:// are providers of SecretSpec's
# (SECRETSPEC_PROVIDER). None counts in what is inherited; elsewhere the first shape does, in a text that
# lay around the second too must fit.
_HOLED = r"[\w\ud800-\udbff]"
SHARED = {
    "bws": (None, None),
    "env": (LazyPattern(rf"(?is)env://{_HOLED}+(?:#/.*)?"), None),
    "exec": (None, None),
    "file": (None, LazyPattern(r"(?is)file://(?!/).*|[^?#]*\?(?:encode|format|trim)=.*|[^#]*#/.*")),
    "k8s": (
        LazyPattern(r"(?is)k8s://(?:[^/?#:]+/[^/?#]+/?(?:\?[^#]*)?(?:#/.*)?|v1/Secret/[^/]+/.*)"),
        LazyPattern(r"(?is)[^#]*#/.*|k8s://v1/.*"),
    ),
    "keyring": (None, LazyPattern(r"(?is)keyring://[^/?]+[/?].+")),
    "pass": (None, None),
    "vault": (None, LazyPattern(r"(?is)vault://[^/?#]+/[^#]*#/.*")),
}
# Addresses of other tools that name the same stores: those of Go's CDK, so of pulumi and cosign, and of
# SecretSpec. In what is inherited they are these tools'; where we are asked for a reference, a slip of one.
ELSEWHERE = frozenset((
    "akv", "awssecretsmanager", "awssm", "azurekeyvault", "azurekv", "bitwarden", "gcpsecretmanager", "gcsm",
    "hashivault", "keychain", "kubernetes", "onepassword", "openbao",
))  # fmt: skip
_ANYBODYS = ("env", "exec", "file", "k8s")  # with one slash too: file:/etc/hosts is a URL
# What looks like a reference at the beginning of a text and is none: a slash lost, an underscore in the
# scheme, blanks before it.
SLIP = LazyPattern(r"(\s*)([A-Za-z0-9][A-Za-z0-9+._-]*):(/{1,2})(?![/\s])", needs=":/")


class Draft(Frozen):
    """A reference whose `text` still has holes, so that it can't be parsed yet."""

    __slots__ = ("text",)

    text: str

    def __init__(self, text: str) -> None:
        self._set(text=text)


class Named(str):
    """The name of a variable that stands in braces, `{{ NAME }}`, in a file that is to be filled."""

    __slots__ = ()


class Quoted(str):
    """Literal text from `{{ "..." }}`: it is never looked through for references again."""

    __slots__ = ()


if TYPE_CHECKING:
    Found = list[str | Reference | Draft]


def hole(number: int) -> str:
    """The character that stands for value `number` (below `HOLES`) in a text for `split`."""
    return chr(0xD800 + number)


def is_whole(text: str, known: Callable[[str], bool], origin: str = OURS) -> bool:
    """Whether the whole of `text` is one reference of a known scheme, well-formed or not.

    Raises:
        ConfigError: by `known`, for a scheme that looks like a slip.
    """
    match = SCHEME.match(text) if "://" in text and "{{" not in text else None
    if not match:
        return False
    scheme = match.group(1).lower()
    if scheme.startswith(("ref+", "secretref+")):
        return VALS.fullmatch(text) is not None or VALS.match(text) is None
    if scheme == "op":
        inside = None if OP_WHOLE.fullmatch(text) else OP_INSIDE.match(text)
        # Too short for a reference: it ends at a character that can't stand in a name.
        return inside is None or len([part for part in inside.group()[5:].split("/") if part]) < 3
    if scheme in SHARED:
        return _is_ours(text, scheme, origin)
    return not (origin == INHERITED and scheme in ELSEWHERE) and known(scheme)


def _is_ours(text: str, scheme: str, origin: str) -> bool:
    """Whether a reference of a scheme that others use too is one of ours."""
    if origin == INHERITED:
        return False
    shapes = SHARED[scheme] if origin == FOUND else SHARED[scheme][:1]
    return all(shape is None or shape.fullmatch(text) for shape in shapes)


def refuse_slip(text: str, known: Callable[[str], bool]) -> None:
    """Refuse a text without references that was meant for one.

    Raises:
        ReferenceSyntaxError: it quotes nothing but the scheme, as the rest may be anything.
        ConfigError: by `known`, for a scheme that looks like a slip.
    """
    if ":/" not in text[:64] or SCHEME.match(text):
        return  # what has a scheme was looked at by `is_whole`
    match = SLIP.match(text)
    if match is None:
        return
    blanks, scheme, slashes = match.groups()
    scheme = scheme.lower()
    if scheme in _ANYBODYS or not known(scheme):
        return
    if slashes == "/":
        problem = f"'{scheme}:/' with one slash is no reference"
    else:
        problem = f"blanks before '{scheme}://'" if blanks else f"'{scheme}://' is no reference"
    raise ReferenceSyntaxError(
        problem, column=len(blanks) + 1, hint=f"{scheme}://... is one; {LITERAL % (scheme + ':')}"
    )


def split(
    text: str,
    known: Callable[[str], bool],
    *,
    base: str = ".",
    trusted: bool = False,
    origin: str = OURS,
    expand: Callable[[str], str] | None = None,
    places: list[int] | None = None,
    faults: list[ReferenceSyntaxError] | None = None,
    names: Callable[[str], bool] | None = None,
) -> Found:
    """Split a value into literal text and references; literals are never empty.

    Args:
        text: one value, quotes removed and variables expanded; references may hold holes.
        known: whether a scheme belongs to a backend.
        base: see `parse`.
        trusted: see `parse`.
        origin: who wrote the text: `OURS`, `FOUND` or `INHERITED`.
        expand: replaces variables in the text of each reference, or raises a ReferenceSyntaxError with
            the column in it. With it `text` is the content of a file, variables as they were, and never a
            whole reference.
        places: gets the offset in `text` of each reference and variable that is returned.
        faults: gets what is malformed, and the rest is read on; None raises at the first.
        names: whether what stands alone in braces is a variable of ours, or raises a ReferenceSyntaxError
            for a slip of one; None where braces hold references alone.

    Raises:
        ReferenceSyntaxError: with the column in `text`; it quotes nothing that is not a reference.
        ConfigError: by `known`, for a scheme that looks like a slip.
    """
    places = [] if places is None else places
    if expand is None and is_whole(text, known, origin):
        places.append(0)
        return _tidy([_read(text, base=base, trusted=trusted)])
    reader = _Reader(base, trusted, expand, places, faults)
    pieces: Found = []
    position = 0
    while position < len(text):
        opening = text.find("{{", position)
        plain_end = len(text) if opening < 0 else opening
        pieces.extend(reader.unenclosed(text[position:plain_end], position))
        if opening < 0:
            break
        inner, position = _enclosed(text, opening)
        if isinstance(inner, str):
            pieces.append(Quoted(inner))
            continue
        start, reference_text = inner
        try:
            if (
                names is not None
                and position >= 0
                and reference_text.isidentifier()
                and names(reference_text)
            ):
                places.append(start)
                pieces.append(Named(reference_text))
                continue
            ours = _names_store(reference_text, known)
        except ReferenceSyntaxError as error:
            reader.wrong(error, start)
            position = opening + 2 if position < 0 else position
            continue
        if not ours:  # braces of another language
            pieces.append("{")
            position = opening + 1
        elif position < 0:
            reader.wrong(ReferenceSyntaxError("'{{' is never closed by '}}'", hint=LITERAL % "{{"), opening)
            position = opening + 2
        else:
            pieces.extend(reader.read(reference_text, start))
    return _tidy(pieces)


class _Reader:
    """Reads the references of one text, and keeps where they stand."""

    def __init__(
        self,
        base: str,
        trusted: bool,
        expand: Callable[[str], str] | None,
        places: list[int],
        faults: list[ReferenceSyntaxError] | None,
    ) -> None:
        self._base = base
        self._trusted = trusted
        self._expand = expand
        self._places = places
        self._faults = faults

    def wrong(self, error: ReferenceSyntaxError, offset: int) -> None:
        """Note an error of the text at `offset`, or raise it."""
        error.column += offset
        if self._faults is None:
            raise error from None
        self._faults.append(error)

    def read(self, text: str, offset: int, match: re.Match[str] | None = None) -> Found:
        """The reference (or literal) that stands at `offset`; nothing when it is malformed and noted."""
        try:
            if match is not None:
                piece: str | Reference | Draft = parse_vals(match, base=self._base, trusted=self._trusted)
            else:
                whole = self._expand(text) if self._expand else text
                piece = _read(whole, base=self._base, trusted=self._trusted)
        except ReferenceSyntaxError as error:
            self.wrong(error, offset)
            return []
        if not isinstance(piece, str):
            self._places.append(offset)
        return [piece]

    def unenclosed(self, text: str, offset: int) -> Found:
        """`op://` and `ref+` references that stand in text without braces."""
        if "op://" not in text and "ref+" not in text:
            return [text]
        pieces: Found = []
        position = 0
        inside = OP_INSIDE_UNEXPANDED if self._expand else OP_INSIDE
        matches = sorted(
            (*inside.finditer(text), *VALS.finditer(text)),
            key=lambda match: (match.start(), -match.end()),
        )
        for match in matches:
            if match.start() < position:
                continue  # an op:// inside a ref+op://
            pieces.append(text[position : match.start()])
            position = match.end()
            # what follows a vals expression is looked at as well
            vals = match.re is VALS.compiled and not self._expand and not HOLE.search(match.group())
            pieces += self.read(match.group(), offset + match.start(), match if vals else None)
        pieces.append(text[position:])
        return pieces


def _read(text: str, *, base: str, trusted: bool) -> str | Reference | Draft:
    vals = VALS.fullmatch(text)
    if HOLE.search(text) and not (vals and vals.group(1) in VALS_LITERAL):
        return Draft(text)
    if vals:
        return parse_vals(vals, base=base, trusted=trusted)
    return parse(text, base=base, trusted=trusted)


def _names_store(text: str, known: Callable[[str], bool]) -> bool:
    """Whether what stands between braces is a reference; variables in it may be unexpanded.

    Raises:
        ReferenceSyntaxError: it was meant for one; it quotes nothing, as it may be a secret.
    """
    try:
        match = SCHEME.match(text)
        if match is None:
            refuse_slip(text, known)
            return False
        scheme = match.group(1).lower()
        if scheme.startswith(("ref+", "secretref+")) or known(scheme):
            return True
    except ConfigError as error:  # here there is a place to name
        raise ReferenceSyntaxError(error.message, hint=error.hint) from None
    if scheme in ORDINARY:
        return False
    raise ReferenceSyntaxError(f"{scheme}:// between the braces is no store's scheme")


def _enclosed(text: str, opening: int) -> tuple[str | tuple[int, str], int]:
    """Read `{{ ... }}` at `opening`: (a literal, or (offset, inner text)), and where it ends, -1 nowhere."""
    start = opening + 2
    while start < len(text) and text[start] in " \t":
        start += 1
    if start < len(text) and text[start] == '"':
        literal, end = [], start + 1
        while end < len(text) and text[end] != '"':
            if text[end] == "\\" and end + 1 < len(text) and text[end + 1] in '"\\':
                end += 1
            literal.append(text[end])
            end += 1
        closing = end + 1
        while closing < len(text) and text[closing] in " \t":
            closing += 1
        if end < len(text) and text.startswith("}}", closing):
            return "".join(literal), closing + 2
    end = text.find("}}", start)
    if end < 0:
        return (start, text[start:]), -1
    return (start, text[start:end].rstrip(" \t")), end + 2


def _tidy(pieces: Found) -> Found:
    """Join neighbouring literals and drop the empty ones; quoted text stays by itself."""
    tidy: Found = []
    for piece in pieces:
        last = tidy[-1] if tidy else None
        if type(piece) is str and type(last) is str:
            tidy[-1] = last + piece
        elif piece != "":
            tidy.append(piece)
    return tidy
