"""Walking JSON, YAML, dotenv and ini content by pointer, and turning what is there into a value.

No message ever quotes the content; keys are named, values never.
"""

from __future__ import annotations

from secretrun.errors import BadAnswer, NotFound
from secretrun.formats.parse import Literal
from secretrun.formats.parse import parse as parse  # noqa: PLC0414  re-exported: half of what `walk` is for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any


SHOWN_KEYS = 8  # how many names of keys a message lists


class Unfit(BadAnswer):
    """Some keys of what is imported whole hold no single value.

    Attributes:
        what: what they are keys of.
        unfit: their names.
        fit: the other keys, with their values.
        nested: those of `unfit` that hold a mapping or a list, as JSON.
    """

    def __init__(
        self,
        what: str,
        unfit: Sequence[str],
        fit: Mapping[str, bytes],
        nested: Mapping[str, bytes],
        *,
        hint: str | None = None,
    ) -> None:
        several = [name for name in unfit if name in nested]
        null = [name for name in unfit if name not in nested]
        said = []
        for names, holds in ((several, "several values, not one"), (null, "null")):
            if names:
                shown = ", ".join(map(repr, names))
                one = len(names) == 1
                said.append(f"the key{'' if one else 's'} {shown} in {what} hold{'s' if one else ''} {holds}")
        ways = "?names=skip leaves them out" + (", ?nested=json gives them as JSON" if several else "")
        super().__init__("; ".join(said), hint=f"{ways}; {hint}" if hint else ways)
        self.what = what
        self.unfit = tuple(unfit)
        self.fit = fit
        self.nested = nested


def select(content: bytes, pointer: tuple[str, ...] | None, *, kind: str = "auto", what: str) -> bytes:
    """The value at `pointer` in `content`.

    Text is given as it is, numbers as written, booleans as `true` and `false`, a mapping or a list as
    compact JSON. Items of a list, and the documents of a YAML stream that has several, are chosen by
    index from 0.

    Args:
        content: the whole document.
        pointer: the decoded tokens of a JSON pointer (RFC 6901), or None for `content` itself.
        kind: "json", "yaml", "dotenv", "ini", or "auto" to tell from the content.
        what: what the content is, for messages ("secrets.yaml").

    Raises:
        NotFound: there is nothing at the pointer, or null.
        BadAnswer: the content is not of that kind.
        BadReference: `kind` is none of those above.
        Unavailable: the content is YAML and PyYAML is not installed.
    """
    if pointer is None:
        return content
    return to_bytes(walk(parse(content, kind=kind, what=what), pointer, what=what), what=what)


def walk(node: Any, pointer: Sequence[str], *, what: str) -> Any:
    """What stands at `pointer` below `node`, a result of `parse`.

    Raises:
        NotFound: naming the first key that is not there, and the keys that are.
    """
    for depth, token in enumerate(pointer):
        place = what if depth == 0 else f"{what} at /{'/'.join(pointer[:depth])}"
        if isinstance(node, dict):
            if token not in node:
                raise NotFound(f"no key {token!r} in {place}", hint=_names(node))
            node = node[token]
        elif isinstance(node, list):
            if not (token.isascii() and token.isdigit()) or int(token) >= len(node):
                raise NotFound(
                    f"no item {token!r} in {place}", hint=f"it is a list of {len(node)}, counted from 0"
                )
            node = node[int(token)]
        else:
            raise NotFound(f"no key {token!r} in {place}: it is a single value, without keys")
    return node


def listing(
    content: bytes, pointer: tuple[str, ...] | None, *, kind: str = "auto", what: str
) -> dict[str, bytes]:
    """Every key, with its value, of the mapping at `pointer` in `content`: what `--from` imports.

    Raises:
        BadAnswer: it is no mapping, or a key holds a mapping or a list.
        NotFound, BadReference, Unavailable: as for `select`.
    """
    return entries(parse(content, kind=kind, what=what), pointer or (), what=what)


def entries(node: Any, pointer: tuple[str, ...], *, what: str) -> dict[str, bytes]:
    """`listing` for content that is parsed already."""
    node = walk(node, pointer, what=what)
    if not isinstance(node, dict):
        raise BadAnswer(f"what is to be imported from {what} is not a mapping of names to values")
    fit: dict[str, bytes] = {}
    nested: dict[str, bytes] = {}
    unfit: list[str] = []
    hint = None
    for name, value in node.items():
        place = f"{what} at {name}"
        if value is None or isinstance(value, (dict, list)):
            unfit.append(name)
        if isinstance(value, (dict, list)):
            nested[name] = to_bytes(value, what=place)
            if isinstance(value, dict) and hint is None:
                hint = f"import what is below it with #/{'/'.join((*pointer, name))}"
        elif value is not None:
            fit[name] = to_bytes(value, what=place)
    if unfit:
        raise Unfit(what, unfit, fit, nested, hint=hint)
    return fit


def to_bytes(node: Any, *, what: str) -> bytes:
    """A node as the value of an environment variable.

    Raises:
        NotFound: it is null.
        BadAnswer: it holds what JSON can't.
    """
    if node is None:
        raise NotFound(f"the value in {what} is null", hint='an empty value is written as ""')
    if isinstance(node, bytes):
        return node
    text = node if isinstance(node, str) else compact(node, what=what)
    try:
        return text.encode()
    except UnicodeEncodeError:  # JSON can escape half of a surrogate pair
        raise BadAnswer(f"the value in {what} is not valid Unicode") from None


def compact(node: Any, *, what: str) -> str:
    """A node as JSON without blanks, numbers as they were written.

    Raises:
        BadAnswer: binary data, which JSON has no place for.
    """
    import json

    if node is None:
        return "null"
    if isinstance(node, Literal):
        return node if _is_json_number(node) or node in ("true", "false") else json.dumps(node)
    if isinstance(node, str):
        return json.dumps(node, ensure_ascii=False)
    if isinstance(node, list):
        return f"[{','.join([compact(item, what=what) for item in node])}]"
    if isinstance(node, dict):
        pairs = [f"{json.dumps(k, ensure_ascii=False)}:{compact(v, what=what)}" for k, v in node.items()]
        return f"{{{','.join(pairs)}}}"
    raise BadAnswer(f"binary data in {what} can't be given as part of JSON", hint="point at it directly")


def _is_json_number(text: str) -> bool:
    import re

    return re.fullmatch(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", text) is not None


def _names(node: Mapping[str, object]) -> str:
    """The keys of a mapping, by name only, for a hint."""
    if not node:
        return "there are no keys at all"
    shown = ", ".join(list(node)[:SHOWN_KEYS])
    more = f" and {len(node) - SHOWN_KEYS} more" if len(node) > SHOWN_KEYS else ""
    return f"its keys: {shown}{more}"
