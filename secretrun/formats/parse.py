"""JSON, YAML, dotenv and ini text to one kind of tree: what content of any format is walked as.

Numbers keep the text they are written with: a parser that goes through floating point would turn 1e6
into 1000000.0 and cut long digits. No message ever quotes the text; keys are named, values never.
"""

from __future__ import annotations

from secretrun.errors import BadAnswer, BadReference, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from secretrun.template.dotenv import Parts

KINDS = ("auto", "json", "yaml", "dotenv", "ini")


class Literal(str):
    """A number or boolean: its text, which in JSON stands without quotes."""

    __slots__ = ()


def parse(content: bytes, *, kind: str = "auto", what: str) -> Any:
    """The content as dicts, lists, text, `Literal`, bytes (YAML's `!!binary`) and None.

    Raises:
        BadAnswer: the content is not of that kind.
        BadReference: `kind` is none of `KINDS`.
        Unavailable: the content is YAML and PyYAML is not installed.
    """
    if kind not in KINDS:
        raise BadReference(f"unknown format {kind!r}", hint=f"one of {', '.join(KINDS)}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadAnswer(
            f"{what} is binary, a pointer can't look into it", hint="leave out the #/... to get all of it"
        ) from None
    if kind == "auto":
        kind = _guess(text)
    if kind == "json":
        return _json(text, what)
    if kind == "dotenv":
        return _dotenv(text, what)
    if kind == "ini":
        return _ini(text, what)
    return _yaml(text, what)


def _guess(text: str) -> str:
    """The kind of a document by its first line that says something; YAML when in doubt."""
    import re

    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith(("#", ";")):
            continue
        if re.fullmatch(r"\[[^\[\]\"',{}:]+\]\s*", line) and re.search(
            r"^\s*[^\s=\[{]+\s*=", text, re.MULTILINE
        ):
            return "ini"
        if line.lstrip()[0] in '{["':
            return "json"
        if re.match(r"(?:export\s+)?[A-Za-z_][A-Za-z0-9_.-]*\s*=", line):
            return "dotenv"
        break
    return "yaml"


class _Scanning:
    """What json's scanner in C is told by: every number as it is written."""

    strict = True
    object_hook = array_hook = None  # the latter since Python 3.15
    parse_int = parse_float = Literal

    def __init__(self, pairs: Callable[[list[tuple[str, Any]]], Any], constant: Callable[[str], Any]) -> None:
        self.object_pairs_hook = pairs
        self.parse_constant = constant


def _json(text: str, what: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise BadAnswer(f"the key {key!r} is there twice in {what}")
            found[key] = value
        return found

    def constant(name: str) -> NoReturn:
        raise ValueError(name)  # NaN and Infinity are not JSON

    try:
        # What is JSON needs the scanner alone; `json` itself compiles expressions for 1.3 ms first.
        from _json import make_scanner

        whole = text.strip(" \t\n\r")
        node, end = make_scanner(_Scanning(pairs, constant))(whole, 0)  # type: ignore[arg-type]  # any object will do
        if end == len(whole):
            return _booleans(node)
    except Exception:  # noqa: BLE001, S110  what is not JSON has its place in the error; a scanner may change
        pass
    import json

    try:
        node = json.loads(
            text, object_pairs_hook=pairs, parse_int=Literal, parse_float=Literal, parse_constant=constant
        )
    except json.JSONDecodeError as error:
        raise BadAnswer(f"{what} is not valid JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise BadAnswer(f"{what} is not valid JSON") from None
    return _booleans(node)


def _booleans(node: Any) -> Any:
    """The same node with `True` and `False` as their JSON text."""
    if isinstance(node, bool):
        return Literal("true" if node else "false")
    if isinstance(node, list):
        return [_booleans(item) for item in node]
    if isinstance(node, dict):
        return {key: _booleans(item) for key, item in node.items()}
    return node


def _yaml(text: str, what: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise Unavailable(
            f"PyYAML is needed to look into {what}", hint="pip install 'secretrun[yaml]'"
        ) from None
    try:
        documents = [_yaml_node(node, what, ()) for node in yaml.compose_all(text, Loader=yaml.SafeLoader)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise BadAnswer(f"{what} is not valid YAML{place}") from None
    except (yaml.YAMLError, RecursionError):
        raise BadAnswer(f"{what} is not valid YAML") from None
    if not documents:
        return None
    return documents[0] if len(documents) == 1 else documents


def _yaml_node(node: Any, what: str, above: tuple[int, ...]) -> Any:
    """A composed YAML node, scalars with the text they were written with."""
    if id(node) in above:
        raise BadAnswer(f"{what} holds a YAML alias to a node that it is part of")
    above = (*above, id(node))
    if node.id == "sequence":
        return [_yaml_node(item, what, above) for item in node.value]
    if node.id == "mapping":
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.id != "scalar":
                raise BadAnswer(f"{what} has a key that is not a scalar (line {key.start_mark.line + 1})")
            if key.tag == "tag:yaml.org,2002:merge":
                merged = {**_merge(value, what, above), **merged}
            elif key.value in own:
                raise BadAnswer(f"the key {key.value!r} is there twice in {what}")
            else:
                own[key.value] = _yaml_node(value, what, above)
        return {**merged, **own}
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "null":
        return None
    if kind == "bool":
        # YAML 1.2 knows true and false alone; what YAML 1.1 adds (yes, on ...) stays as written.
        lower = node.value.lower()
        return Literal(lower if lower in ("true", "false") else node.value)
    if kind in ("int", "float"):
        return Literal(node.value)
    if kind == "binary":
        import base64
        import binascii

        try:
            return base64.b64decode(node.value)
        except binascii.Error:
            raise BadAnswer(f"{what} has !!binary that is not base64") from None
    if kind in ("str", "timestamp", "value"):
        return node.value
    line = node.start_mark.line + 1
    raise BadAnswer(f"{what} has a value with the unknown YAML tag {node.tag!r} (line {line})")


def _merge(value: Any, what: str, above: tuple[int, ...]) -> dict[str, Any]:
    """What `<<: value` brings in; of several mappings the first wins."""
    node = _yaml_node(value, what, above)
    mappings = node if isinstance(node, list) else [node]
    found: dict[str, Any] = {}
    for mapping in mappings:
        if not isinstance(mapping, dict):
            raise BadAnswer(f"{what} merges ('<<') what is not a mapping")
        found = {**mapping, **found}
    return found


def parse_dotenv(text: str, file: str, *, compose: bool = False) -> list[tuple[str, str]]:
    """Names and plain values of a dotenv file, in order.

    Variables are taken from the lines before; any other stays as it is written, since in a password
    `$` is a character like another. So does `$$`, unless it is read as Docker Compose would (`compose`).

    Raises:
        TemplateError: at the first malformed line.
    """
    from secretrun.template import dotenv

    values: dict[str, str] = {}

    def expand(parts: Parts) -> str:
        texts = []
        for part in parts:
            if isinstance(part, str):
                texts.append(part)
                continue
            value = values.get(part.name)
            absent = value is None or (part.operator.startswith(":") and not value)
            if part.operator.endswith("+"):
                texts.append("" if absent else expand(part.word))
            elif not absent:
                texts.append(value or "")
            elif part.operator.endswith("-"):
                texts.append(expand(part.word))
            else:
                texts.append(part.written)
        return "".join(texts)

    pairs = []
    for assignment in dotenv.parse(text, file, compose=compose):
        values[assignment.name] = expand(assignment.parts)
        pairs.append((assignment.name, values[assignment.name]))
    return pairs


def _dotenv(text: str, what: str) -> dict[str, Any]:
    from secretrun.errors import TemplateError

    try:
        return dict(parse_dotenv(text, what))
    except TemplateError as error:
        raise BadAnswer(
            f"{what} is not a valid env file (line {error.line}, column {error.column})"
        ) from None


def _ini(text: str, what: str) -> dict[str, Any]:
    """Sections as mappings; keys before the first section stand beside the sections."""
    import configparser

    class Parser(configparser.RawConfigParser):
        def optionxform(self, optionstr: str) -> str:
            return optionstr

    top = "\0"  # no section of a file can have this name
    parser = Parser(default_section="\0\0", allow_no_value=False, strict=True)
    try:
        parser.read_string(f"[{top}]\n{text}", source=what)
    except configparser.Error:  # its message quotes the line
        raise BadAnswer(f"{what} is not a valid ini file") from None
    found: dict[str, Any] = dict(parser.items(top))
    for section in parser.sections():
        if section != top:
            found[section] = dict(parser.items(section))
    return found
