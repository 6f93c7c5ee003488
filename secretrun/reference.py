"""Text to Reference: `scheme://path[?option=value&...][#/pointer]`, and vals' `ref+backend://...`.

Strict: what does not parse is an error with a column, never a literal that slips through.

Sources: 1Password's "secret reference syntax" for `op://`; vals' `expand_match.go` for the `ref+`
expression; RFC 3986 for percent-escapes; RFC 6901 for the pointer's `~0` and `~1`.

May import: errors, model.
"""

from __future__ import annotations

import re

from secretrun.errors import ReferenceSyntaxError
from secretrun.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9.-]*)://")

# What 1Password allows in a name; everything else needs the object's id instead.
OP_WHOLE = re.compile(r"op://[^/?#{}]+(?:/[^/?#{}]+)*(?:\?[^#\s]*)?(?:#/.*)?", re.IGNORECASE)
# Inside text: not preceded by a character that makes it part of a longer word, up to the first
# character that a name without blanks can't hold.
OP_INSIDE = re.compile(r"(?<![A-Za-z0-9\-+\\.])op://[A-Za-z0-9\-_./]+(?:\?[A-Za-z0-9\-?_.=&]*)?")

# The same where variables are still to be expanded.
OP_INSIDE_UNEXPANDED = re.compile(
    r"(?<![A-Za-z0-9\-+\\.])op://(?:[A-Za-z0-9\-_./]|\$\{[^}\n]*\}|\$[A-Za-z_])+(?:\?[A-Za-z0-9\-?_.=&]*)?"
)

# vals' own expression: it ends at a "+", a blank or the end, and not in a quote or comma.
VALS = re.compile(r"(?:secret)?ref\+([^+:\s]*)://([^+\n ]*[^+\n \",])(\+?)")
VALS_SCHEMES = {
    "awssecrets": "aws-sm",
    "awsssm": "aws-ssm",
    "azurekeyvault": "azure-kv",
    "bw": "bw",
    "doppler": "doppler",
    "exec": "exec",
    "file": "file",
    "gcpsecrets": "gcp-sm",
    "infisical": "infisical",
    "k8s": "k8s",
    "keychain": "keyring",
    "onepasswordconnect": "op",
    "op": "op",
    "sops": "sops",
    "vault": "vault",
}
VALS_LITERAL = ("echo", "envsubst")  # their value is the text itself, variables expanded


def parse(text: str, *, base: str = ".", trusted: bool = False) -> Reference:
    """Parse a whole reference.

    Args:
        text: the reference, variables already expanded.
        base: the absolute directory its relative path starts from.
        trusted: see `Reference`.

    Raises:
        ReferenceSyntaxError: with the column (from 1) in `text`.
    """
    vals = VALS.fullmatch(text)
    if vals:
        parsed = parse_vals(vals.group(1), vals.group(2), base=base, trusted=trusted)
        if isinstance(parsed, str):
            raise ReferenceSyntaxError(f"{text!r} is a literal, not a reference to a store")
        return parsed
    match = SCHEME.match(text)
    if not match:
        raise ReferenceSyntaxError(
            f"not a reference: {text!r}", hint="a reference looks like sops://secrets.yaml#/db/password"
        )
    scheme = match.group(1).lower()
    for column, character in enumerate(text, 1):
        if character < " " or character == "\x7f":
            raise ReferenceSyntaxError(f"control character in the reference {text!r}", column=column)
    rest = text[match.end() :]
    rest, hash_mark, fragment = rest.partition("#")
    path, question_mark, query = rest.partition("?")
    if not path.strip("/ "):
        raise ReferenceSyntaxError(f"the reference {text!r} names nothing", column=match.end() + 1)
    return Reference(
        text,
        scheme,
        path if scheme == "op" else _decode(path, text),
        options=_options(query, text) if question_mark else (),
        pointer=_pointer(fragment, text) if hash_mark else None,
        base=base,
        trusted=trusted,
    )


def parse_vals(backend: str, rest: str, *, base: str, trusted: bool) -> Reference | str:
    """The reference (or literal text) that vals' `ref+BACKEND://REST` stands for."""
    if backend in VALS_LITERAL:
        return rest
    scheme = VALS_SCHEMES.get(backend)
    if scheme is None:
        known = ", ".join(sorted((*VALS_SCHEMES, *VALS_LITERAL)))
        raise ReferenceSyntaxError(f"unknown vals backend 'ref+{backend}'", hint=f"known ones: {known}")
    reference = parse(f"{scheme}://{rest}", base=base, trusted=trusted)
    return Reference(
        f"ref+{backend}://{rest}",
        reference.scheme,
        reference.path,
        options=reference.options,
        pointer=reference.pointer,
        base=base,
        trusted=trusted,
    )


def is_whole(text: str, known: Callable[[str], bool]) -> bool:
    """Whether the whole of `text` is one reference of a known scheme."""
    if text.startswith(("ref+", "secretref+")):
        return VALS.fullmatch(text) is not None
    match = SCHEME.match(text)
    if not match or "{{" in text:
        return False
    scheme = match.group(1).lower()
    if scheme == "op":
        return OP_WHOLE.fullmatch(text) is not None and "\n" not in text
    return known(scheme)


def split(
    text: str,
    known: Callable[[str], bool],
    *,
    base: str = ".",
    trusted: bool = False,
    expand: Callable[[str], str] | None = None,
) -> list[str | Reference]:
    """Split a template value into literal text and references, in order; literals are never empty.

    Whole references, `{{ reference }}`, unenclosed `op://` and vals' `ref+` are seen;
    `{{ "text" }}` is the literal text, for values that hold braces.

    Args:
        text: one value, quotes removed and variables expanded.
        known: whether a scheme belongs to a backend.
        base: see `parse`.
        trusted: see `parse`.
        expand: replaces variables in the text of each reference, where `text` still has them.

    Raises:
        ReferenceSyntaxError: with the column in `text`.
    """
    if is_whole(text, known):
        whole = expand(text) if expand else text
        return _tidy([_vals_or_reference(whole, base=base, trusted=trusted)])
    pieces: list[str | Reference] = []
    position = 0
    while position < len(text):
        opening = text.find("{{", position)
        plain_end = len(text) if opening < 0 else opening
        pieces.extend(_unenclosed(text[position:plain_end], position, base, trusted, expand))
        if opening < 0:
            break
        inner, position = _enclosed(text, opening)
        if isinstance(inner, str):
            pieces.append(inner)
            continue
        column, reference_text = inner
        if expand:
            reference_text = expand(reference_text)
        if not SCHEME.match(reference_text) and not VALS.fullmatch(reference_text):
            raise ReferenceSyntaxError(
                f"not a reference between the braces: {reference_text!r}",
                column=column,
                hint='for braces that are meant literally write {{ "{{ text }}" }}',
            )
        try:
            pieces.append(_vals_or_reference(reference_text, base=base, trusted=trusted))
        except ReferenceSyntaxError as error:
            error.column += column - 1
            raise
    return _tidy(pieces)


def _vals_or_reference(text: str, *, base: str, trusted: bool) -> str | Reference:
    vals = VALS.fullmatch(text)
    if vals:
        return parse_vals(vals.group(1), vals.group(2), base=base, trusted=trusted)
    return parse(text, base=base, trusted=trusted)


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
) -> list[str | Reference]:
    """`op://` and `ref+` references that stand in text without braces."""
    pieces: list[str | Reference] = []
    position = 0
    matches = sorted(
        (*(OP_INSIDE_UNEXPANDED if expand else OP_INSIDE).finditer(text), *VALS.finditer(text)),
        key=lambda match: (match.start(), -match.end()),
    )
    for match in matches:
        if match.start() < position:
            continue  # an op:// inside a ref+op://
        pieces.append(text[position : match.start()])
        try:
            found = expand(match.group()) if expand else match.group()
            pieces.append(_vals_or_reference(found, base=base, trusted=trusted))
        except ReferenceSyntaxError as error:
            error.column += offset + match.start()
            raise
        position = match.end()
    pieces.append(text[position:])
    return pieces


def _tidy(pieces: list[str | Reference]) -> list[str | Reference]:
    """Join neighbouring literals and drop the empty ones."""
    tidy: list[str | Reference] = []
    for piece in pieces:
        if isinstance(piece, str) and tidy and isinstance(tidy[-1], str):
            tidy[-1] += piece
        elif piece != "":
            tidy.append(piece)
    return tidy


def _options(query: str, text: str) -> tuple[tuple[str, str], ...]:
    options = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise ReferenceSyntaxError(
                f"option {part!r} of {text!r} is not of the form name=value", column=text.index("?") + 2
            )
        options.append((_decode(name, text), _decode(value, text)))
    return tuple(options)


def _pointer(fragment: str, text: str) -> tuple[str, ...]:
    if not fragment.startswith("/"):
        raise ReferenceSyntaxError(
            f"the pointer of {text!r} does not start with '/'",
            column=text.index("#") + 2,
            hint=f"write #/{fragment}" if fragment else "write #/key",
        )
    tokens = tuple(
        _decode(token, text).replace("~1", "/").replace("~0", "~") for token in fragment[1:].split("/")
    )
    if tokens[-1] == "":  # vals allows a closing slash
        tokens = tokens[:-1]
    if not tokens or "" in tokens:
        raise ReferenceSyntaxError(f"an empty key in the pointer of {text!r}", column=text.index("#") + 2)
    return tokens


def _decode(text: str, whole: str) -> str:
    """Undo percent-escapes (RFC 3986), as UTF-8; a "%" that starts none stays as it is."""
    if "%" not in text:
        return text
    raw = re.sub(
        rb"%([0-9A-Fa-f]{2})",
        lambda match: bytes([int(match.group(1), 16)]),
        text.encode("utf-8", "surrogateescape"),
    )
    if b"\0" in raw:
        raise ReferenceSyntaxError(f"%00 in the reference {whole!r}")
    return raw.decode("utf-8", "surrogateescape")
