"""A template value to its pieces: literal texts and references, in order.

A value is a whole reference, or text with `{{ reference }}`, vals' `ref+...+` or an unenclosed `op://`
in it. `{{ "text" }}` is literal text, for values that hold braces.

Source: 1Password's "secret reference syntax" and "template syntax" for `op://` in text and for `{{ }}`.
"""

from __future__ import annotations

import re

from secretrun.errors import ConfigError, ReferenceSyntaxError
from secretrun.model import Frozen, Reference
from secretrun.reference import SCHEME, VALS, VALS_LITERAL, parse, parse_vals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# A hole stands for a value that is no text of this template. No input holds such a character: it is half
# a surrogate pair, and bytes that are not UTF-8 become the other half.
HOLE = re.compile("[\ud800-\udbff]")
HOLES = 0xDBFF - 0xD800 + 1

# What 1Password allows in a name; everything else needs the object's id instead. These three are compiled
# (and then kept, by `re`) when there is an op:// to look at: it takes a millisecond.
OP_NAME = r"[\w\-. \ud800-\udbff]+"
OP_WHOLE = rf"(?i)op://{OP_NAME}(?:/{OP_NAME})*/?(?:\?[^#\s]*)?(?:#/.*)?"
# Inside text: not preceded by a character that makes it part of a longer word, up to the first
# character that a name without blanks can't hold.
OP_INSIDE = (
    r"(?<![A-Za-z0-9\-+\\.])op://[A-Za-z0-9\-_./\ud800-\udbff]+(?:\?[A-Za-z0-9\-?_.=&\ud800-\udbff]*)?"
)
# The same where variables are still to be expanded.
OP_INSIDE_UNEXPANDED = (
    r"(?<![A-Za-z0-9\-+\\.])op://(?:[A-Za-z0-9\-_./]|\$\{[^}\n]*\}|\$[A-Za-z_])+(?:\?[A-Za-z0-9\-?_.=&]*)?"
)


class Draft(Frozen):
    """A reference whose `text` still has holes, so that it can't be parsed yet."""

    __slots__ = ("text",)

    text: str

    def __init__(self, text: str) -> None:
        self._set(text=text)


class Quoted(str):
    """Literal text from `{{ "..." }}`: it is never looked through for references again."""

    __slots__ = ()


if TYPE_CHECKING:
    Found = list[str | Reference | Draft]


def hole(number: int) -> str:
    """The character that stands for value `number` (below `HOLES`) in a text for `split`."""
    return chr(0xD800 + number)


def is_whole(text: str, known: Callable[[str], bool]) -> bool:
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
        return re.fullmatch(OP_WHOLE, text) is not None or re.match(OP_INSIDE, text) is None
    return known(scheme)


def split(
    text: str,
    known: Callable[[str], bool],
    *,
    base: str = ".",
    trusted: bool = False,
    expand: Callable[[str], str] | None = None,
) -> Found:
    """Split a value into literal text and references; literals are never empty.

    Args:
        text: one value, quotes removed and variables expanded; references may hold holes.
        known: whether a scheme belongs to a backend.
        base: see `parse`.
        trusted: see `parse`.
        expand: replaces variables in the text of each reference, or raises a ReferenceSyntaxError with
            the column in it. With it `text` is the content of a file, variables as they were, and never a
            whole reference.

    Raises:
        ReferenceSyntaxError: with the column in `text`; it quotes nothing that is not a reference.
        ConfigError: by `known`, for a scheme that looks like a slip.
    """
    if expand is None and is_whole(text, known):
        return _tidy([_read(text, base=base, trusted=trusted)])
    pieces: Found = []
    position = 0
    while position < len(text):
        opening = text.find("{{", position)
        plain_end = len(text) if opening < 0 else opening
        pieces.extend(_unenclosed(text[position:plain_end], position, base, trusted, expand))
        if opening < 0:
            break
        inner, position = _enclosed(text, opening)
        if isinstance(inner, str):
            pieces.append(Quoted(inner))
            continue
        column, reference_text = inner
        try:
            if expand:
                reference_text = expand(reference_text)
            _require_store(reference_text, known)
            pieces.append(_read(reference_text, base=base, trusted=trusted))
        except ReferenceSyntaxError as error:
            error.column += column - 1
            raise
    return _tidy(pieces)


def _read(text: str, *, base: str, trusted: bool) -> str | Reference | Draft:
    vals = VALS.fullmatch(text)
    if HOLE.search(text) and not (vals and vals.group(1) in VALS_LITERAL):
        return Draft(text)
    if vals:
        return parse_vals(vals, base=base, trusted=trusted)
    return parse(text, base=base, trusted=trusted)


def _require_store(text: str, known: Callable[[str], bool]) -> None:
    """Refuse what stands between braces and names no store; not quoted, as it may be a secret."""
    match = SCHEME.match(text)
    if match is None:
        raise ReferenceSyntaxError(
            "no reference between the braces",
            hint='for braces that are meant literally write {{ "{{ text }}" }}',
        )
    scheme = match.group(1).lower()
    try:
        store = VALS.fullmatch(text) or known(scheme)
    except ConfigError as error:  # here there is a place to name
        raise ReferenceSyntaxError(error.message, hint=error.hint) from None
    if not store:
        raise ReferenceSyntaxError(f"{scheme}:// between the braces is no store's scheme")


def _enclosed(text: str, opening: int) -> tuple[str | tuple[int, str], int]:
    """Read `{{ ... }}` at `opening`: (a literal, or (column, reference text)), and where it ends."""
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
        closing = re.compile(r'"[ \t]*\}\}').match(text, end)
        if not closing:
            raise ReferenceSyntaxError('the literal {{ " is never closed by " }}', column=opening + 1)
        return "".join(literal), closing.end()
    end = text.find("}}", start)
    if end < 0:
        raise ReferenceSyntaxError(
            "'{{' is never closed by '}}'",
            column=opening + 1,
            hint='for braces that are meant literally write {{ "{{" }}',
        )
    return (start + 1, text[start:end].rstrip(" \t")), end + 2


def _unenclosed(
    text: str, offset: int, base: str, trusted: bool, expand: Callable[[str], str] | None
) -> Found:
    """`op://` and `ref+` references that stand in text without braces."""
    if "op://" not in text and "ref+" not in text:
        return [text]
    pieces: Found = []
    position = 0
    matches = sorted(
        (*re.finditer(OP_INSIDE_UNEXPANDED if expand else OP_INSIDE, text), *VALS.finditer(text)),
        key=lambda match: (match.start(), -match.end()),
    )
    for match in matches:
        if match.start() < position:
            continue  # an op:// inside a ref+op://
        pieces.append(text[position : match.start()])
        position = match.end()
        try:
            if match.re is VALS and not expand and not HOLE.search(match.group()):
                pieces.append(parse_vals(match, base=base, trusted=trusted))  # it looks at what follows
            else:
                found = expand(match.group()) if expand else match.group()
                pieces.append(_read(found, base=base, trusted=trusted))
        except ReferenceSyntaxError as error:
            error.column += offset + match.start()
            raise
    pieces.append(text[position:])
    return pieces


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
