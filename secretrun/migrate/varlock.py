"""varlock: .env.schema, an env file with decorators in its comments and functions as values.

Everything without a value is expected from the environment, so it becomes `env://NAME`, and is masked.
Functions other than `op(...)` and `ref(...)` are left, by line. Source: varlock.dev, "@env-spec reference".
"""

from __future__ import annotations

import re

from secretrun.migrate.migration import Migration, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Text

ITEM = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
DECORATOR = re.compile(r"@(\w+)(?:=(\"[^\"]*\"|[^\s(]+(?:\([^)]*\))?)|(\([^)]*\)))?")
FUNCTION = re.compile(r"(\w+)\((.*)\)")
QUOTES = ('"""', "```", '"', "'", "`")
TYPES = {"url": "url", "port": "port"}
ANYTHING = ("", "string", "boolean", "number")  # types that a variable can hardly miss
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
# Decorators that say nothing a run would need.
SILENT = (
    "sensitive", "public", "required", "optional", "type", "example", "docs", "icon", "tag",
    "defaultSensitive", "defaultRequired", "deprecated", "internal",
)  # fmt: skip


def read(source: Text) -> Migration:
    """One variable a line, with the decorators of the comments above it and of the one behind it."""
    found = Migration("varlock")
    decorators: dict[str, str] = {}
    header: dict[str, str] = {}
    lines = list(enumerate(source.text.splitlines(), 1))
    while lines:
        number, line = lines.pop(0)
        text = line.strip()
        if text.startswith("#"):
            _decorators(found, number, text, decorators)
            if re.match(r"#\s*-{3,}", text):
                header, decorators = decorators, {}
            continue
        item = ITEM.fullmatch(text)
        if item is not None:
            value, comment = _value(item.group(2), lines)
            _decorators(found, number, comment, decorators)
            if value is None:
                found.leave(number, item.group(1), "its quote is never closed")
            else:
                _item(found, number, item.group(1), value, decorators, header)
        elif text:
            found.leave(number, text.partition("=")[0][:40], "not NAME=VALUE")
        decorators = {}
    return found


def _decorators(found: Migration, line: int, comment: str, decorators: dict[str, str]) -> None:
    """Take over the decorators of a comment; those without a counterpart are left."""
    for match in DECORATOR.finditer(comment) if re.match(r"#\s*@", comment) else ():
        name = match.group(1)
        decorators[name] = match.group(2) or match.group(3) or "true"
        if name not in SILENT:
            found.leave(line, f"@{name}", "has no counterpart")


def _value(text: str, lines: list[tuple[int, str]]) -> tuple[str | None, str]:
    """A value with its quotes, taking more lines as it needs them (None: never closed), and its comment."""
    quote = next((quote for quote in QUOTES if text.startswith(quote)), "")
    if not quote:
        value, _, comment = re.sub(r"(?:^|\s+)#", "\n#", text, count=1).partition("\n")
        return value.rstrip(), comment
    closing = re.compile(rf"(?<!\\){re.escape(quote)}\s*(#.*)?$")
    while True:
        end = closing.search(text, len(quote))
        if end is not None:
            return text[: end.start()] + quote, end.group(1) or ""
        if not lines:
            return None, ""
        text += "\n" + lines.pop(0)[1]


def _item(
    found: Migration, line: int, name: str, value: str, decorators: dict[str, str], header: dict[str, str]
) -> None:
    entry: dict[str, object] = {}
    quote = next((quote for quote in QUOTES if value.startswith(quote)), "")
    bare = value[len(quote) : -len(quote)] if quote else value
    function = FUNCTION.fullmatch(value)
    if function and not quote:
        arguments = [part.strip().strip("\"'`") for part in function.group(2).split(",")]
        if function.group(1) == "op" and arguments[-1].startswith("op://"):
            entry["ref"] = arguments[-1]
        elif function.group(1) == "ref" and len(arguments) == 1:
            entry["value"] = f"${{{arguments[0]}}}"
        else:
            found.leave(line, name, f"the function {function.group(1)}() can't be carried over")
            return
    elif not quote and value[:1] in ("[", "{"):
        found.leave(line, name, "a list or a record has no counterpart")
        return
    elif quote != "'" and "$(" in bare:
        found.leave(line, name, "a command in a value: nothing here runs it")
        return
    elif not bare or value == "undefined":
        entry["ref"] = f"env://{name}"
    else:
        if quote and quote != "'":
            bare = re.sub(r"\\(.)", lambda match: ESCAPES.get(match[1], match[1]), bare)
        entry["value"] = literal(bare, variables=quote != "'")
        if quote != "'":
            entry["value"] = re.sub(r"\\\$(?=[A-Za-z_])", "$", str(entry["value"]))
    _type(found, line, decorators.get("type", ""), entry)
    required = decorators.get("required", "false" if "optional" in decorators else "")
    if required == "false" or (not required and header.get("defaultRequired") == "false"):
        entry["required"] = False
    if decorators.get("sensitive") == "false" or "public" in decorators:
        entry["mask"] = "never"
    elif "value" in entry and not function:
        if "sensitive" in decorators:
            entry["mask"] = "always"
        elif not _sensitive(name, header.get("defaultSensitive", "true")):
            found.public.add((None, name))
    found.add(name, entry, line)


def _sensitive(name: str, default: str) -> bool:
    """Whether a variable without a decorator of its own is sensitive for varlock."""
    inferred = re.fullmatch(r"inferFromPrefix\(([^)]*)\)", default)
    return not name.startswith(inferred.group(1).strip("\"'")) if inferred else default != "false"


def _type(found: Migration, line: int, said: str, entry: dict[str, object]) -> None:
    kind, _, options = said.partition("(")
    if kind in TYPES:
        entry["type"] = TYPES[kind]
    elif kind == "enum":
        values = [value.strip().strip("\"'`") for value in options.rstrip(")").split(",")]
        entry["type"] = "regex"
        entry["pattern"] = "|".join(re.escape(value) for value in values)
    elif kind not in ANYTHING or options:
        found.leave(line, f"@type={said}", "is not looked at")
