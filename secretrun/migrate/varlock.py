"""varlock: .env.schema, an env file with decorators in its comments and functions as values.

Everything without a value is expected from the environment, so it becomes `env://NAME`, and is masked.
Functions other than `op(...)` and `ref(...)` are left, by line. Source: varlock.dev, "@env-spec reference".
"""

from __future__ import annotations

import re

from secretrun.migrate import Migration, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate import Text

ITEM = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
DECORATOR = re.compile(r"@(\w+)(?:=(\"[^\"]*\"|[^\s(]+(?:\([^)]*\))?)|(\([^)]*\)))?")
FUNCTION = re.compile(r"(\w+)\((.*)\)\s*(?:#.*)?")
TYPES = {"url": "url", "port": "port"}
# Decorators that say nothing a run would need.
SILENT = (
    "sensitive", "public", "required", "optional", "type", "example", "docs", "icon", "tag",
    "defaultSensitive", "defaultRequired", "deprecated", "internal",
)  # fmt: skip


def read(source: Text) -> Migration:
    """One variable a line, with the decorators of the comments above it."""
    found = Migration("varlock")
    decorators: dict[str, str] = {}
    optional_by_default = False
    for number, line in enumerate(source.text.splitlines(), 1):
        text = line.strip()
        if text.startswith("#"):
            for match in DECORATOR.finditer(text) if re.match(r"#\s*@", text) else ():
                name = match.group(1)
                decorators[name] = match.group(2) or match.group(3) or "true"
                if name not in SILENT:
                    found.leave(number, f"@{name}", "has no counterpart")
            if re.match(r"#\s*-{3,}", text):
                optional_by_default = decorators.get("defaultRequired") == "false"
                decorators = {}
            continue
        if not text:
            decorators = {}
            continue
        item = ITEM.fullmatch(text)
        if item is None:
            found.leave(number, text.partition("=")[0][:40], "not NAME=VALUE")
            continue
        _item(found, number, item.group(1), item.group(2), decorators, optional_by_default)
        decorators = {}
    return found


def _item(
    found: Migration, line: int, name: str, value: str, decorators: dict[str, str], optional: bool
) -> None:
    entry: dict[str, object] = {}
    function = FUNCTION.fullmatch(value)
    value = value if value[:1] in "\"'" else re.sub(r"\s+#.*$", "", value)
    quote = value[:1] if len(value) > 1 and value[:1] in "\"'`" and value[-1:] == value[:1] else ""
    bare = value[1:-1] if quote else value
    if function and not quote:
        arguments = [part.strip().strip("\"'`") for part in function.group(2).split(",")]
        if function.group(1) == "op" and arguments[-1].startswith("op://"):
            entry["ref"] = arguments[-1]
        elif function.group(1) == "ref" and len(arguments) == 1:
            entry["value"] = f"${{{arguments[0]}}}"
        else:
            found.leave(line, name, f"the function {function.group(1)}() can't be carried over")
            return
    elif not bare:
        entry["ref"] = f"env://{name}"
    else:
        entry["value"] = literal(bare) if quote == "'" else bare
    kind = decorators.get("type", "").partition("(")[0]
    if kind in TYPES:
        entry["type"] = TYPES[kind]
    if (
        "optional" in decorators
        or decorators.get("required") == "false"
        or (optional and decorators.get("required") != "true")
    ):
        entry["required"] = False
    if decorators.get("sensitive") == "false" or "public" in decorators:
        entry["mask"] = "never"
    found.add(name, entry, line)
