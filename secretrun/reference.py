"""Text to Reference: `scheme://path[?option=value&...][#/pointer]`, and vals' `ref+backend://...`.

Strict: what does not parse is an error with a column, never a literal that slips through.

Sources: 1Password's "secret reference syntax" for `op://`; vals' `expand_match.go` for the `ref+`
expression; RFC 3986 for schemes and percent-escapes; RFC 6901 for the pointer's `~0` and `~1`.
"""

from __future__ import annotations

from secretrun.errors import ReferenceSyntaxError
from secretrun.lazy_pattern import DIGITS, LETTERS, LazyPattern, LeadingWord
from secretrun.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re

SCHEME = LeadingWord(LETTERS, LETTERS + DIGITS + "+.-", "://")  # group 1 is the scheme

# vals' own expression: it ends at a "+", a blank or the end, and not in a quote or comma.
VALS = LazyPattern(r"(?:secret)?ref\+([^+:\s]*)://([^+\n ]*[^+\n \",])(\+?)", needs="ref+")
VALS_NESTED = LazyPattern(r"[^+:\s]*://", needs="://")
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
        parsed = parse_vals(vals, base=base, trusted=trusted)
        if isinstance(parsed, str):
            raise ReferenceSyntaxError("a literal of vals, not a reference to a store")
        return parsed
    match = SCHEME.match(text)
    if not match:
        # Not quoted: what is not a reference may be a secret in the wrong place.
        raise ReferenceSyntaxError(
            "not a reference", hint="a reference looks like sops://secrets.yaml#/db/password"
        )
    scheme = match.group(1).lower()
    for column, character in enumerate(text, 1):
        if character < " " or character == "\x7f" or "\ud800" <= character <= "\udbff":
            raise ReferenceSyntaxError(f"control character in the reference {text!r}", column=column)
    rest, hash_mark, fragment = text[match.end() :].partition("#")
    path, question_mark, query = rest.partition("?")
    if not path.strip("/ "):
        raise ReferenceSyntaxError(f"the reference {text!r} names nothing", column=match.end() + 1)
    if scheme.startswith(("ref+", "secretref+")):
        raise ReferenceSyntaxError(
            f"the vals expression {text!r} is malformed",
            hint="it looks like ref+sops://secrets.yaml#/db/password",
        )
    options_at = match.end() + len(path) + 2
    pointer_at = match.end() + len(rest) + 2
    return Reference(
        text,
        scheme,
        path if scheme == "op" else _decode(path, text),
        options=_options(query, text, options_at) if question_mark else (),
        pointer=_pointer(fragment, text, pointer_at) if hash_mark else None,
        base=base,
        trusted=trusted,
    )


def parse_vals(match: re.Match[str], *, base: str, trusted: bool) -> Reference | str:
    """The reference (or literal text) that a match of `VALS` stands for.

    Raises:
        ReferenceSyntaxError: with the column in what was matched.
    """
    backend, rest = match.group(1), match.group(2)
    if match.group(3) and rest.endswith("ref") and VALS_NESTED.match(match.string[match.end() :]):
        raise ReferenceSyntaxError(
            "a ref+ inside another one", hint="give the inner one a variable of its own, and use $NAME here"
        )
    if backend in VALS_LITERAL:
        return rest
    scheme = VALS_SCHEMES.get(backend)
    if scheme is None:
        known = ", ".join(sorted((*VALS_SCHEMES, *VALS_LITERAL)))
        raise ReferenceSyntaxError(f"unknown vals backend 'ref+{backend}'", hint=f"known ones: {known}")
    try:
        reference = parse(f"{scheme}://{rest}", base=base, trusted=trusted)
    except ReferenceSyntaxError as error:
        error.column += match.end(1) - match.start() - len(scheme)
        raise
    return Reference(
        match.group().removesuffix("+"),
        reference.scheme,
        reference.path,
        options=reference.options,
        pointer=reference.pointer,
        base=base,
        trusted=trusted,
    )


def _options(query: str, text: str, column: int) -> tuple[tuple[str, str], ...]:
    options = []
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not name or not equals:
            raise ReferenceSyntaxError(
                f"option {part!r} of {text!r} is not of the form name=value", column=column
            )
        options.append((_decode(name, text), _decode(value, text)))
        column += len(part) + 1
    return tuple(options)


def _pointer(fragment: str, text: str, column: int) -> tuple[str, ...]:
    if not fragment.startswith("/"):
        raise ReferenceSyntaxError(
            f"the pointer of {text!r} does not start with '/'",
            column=column,
            hint=f"write #/{fragment}" if fragment else "write #/key",
        )
    tokens = tuple(
        _decode(token, text).replace("~1", "/").replace("~0", "~") for token in fragment[1:].split("/")
    )
    if tokens[-1] == "":  # vals allows a closing slash
        tokens = tokens[:-1]
    if not tokens or "" in tokens:
        raise ReferenceSyntaxError(f"an empty key in the pointer of {text!r}", column=column)
    return tokens


def _decode(text: str, whole: str) -> str:
    """Undo percent-escapes (RFC 3986), as UTF-8; a "%" that starts none stays as it is."""
    if "%" not in text:
        return text
    import re

    raw = re.sub(
        rb"%([0-9A-Fa-f]{2})",
        lambda match: bytes([int(match.group(1), 16)]),
        text.encode("utf-8", "surrogateescape"),
    )
    if b"\0" in raw:
        raise ReferenceSyntaxError(f"%00 in the reference {whole!r}")
    return raw.decode("utf-8", "surrogateescape")
