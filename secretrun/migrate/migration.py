"""Reading the files of other tools, for `secretrun init --import FILE`: text in, a `Migration` out. Pure.

One module a format, each with `read(text, context) -> Migration`. What can't be carried over is in
`Migration.left`, by line, and never dropped silently.
"""

from __future__ import annotations

import os
import re

from secretrun.errors import ReferenceSyntaxError
from secretrun.reference import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Table = dict[str, object]


class Migration:
    """What a foreign file says, in our words.

    Attributes:
        secrets: variable to its table in `[secrets]`.
        profiles: the same, by profile.
        imports: references of whole stores, for `from` in `[run]`.
        left: (line from 1 or 0 for the whole file, what, why) of everything not carried over.
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.secrets: dict[str, Table] = {}
        self.profiles: dict[str, dict[str, Table]] = {}
        self.imports: list[str] = []
        self.left: list[tuple[int, str, str]] = []

    def __repr__(self) -> str:
        return f"<Migration from {self.tool}: {len(self.secrets)} variables, {len(self.left)} left>"

    def leave(self, line: int, what: str, why: str) -> None:
        """Note something that can't be carried over."""
        self.left.append((line, what, why))

    def leave_rest(self, said: Mapping[str, object], carried: Iterable[str], line: int, within: str) -> None:
        """Note every key of a table that is not among the `carried` ones."""
        for key in said:
            if key not in carried:
                self.leave(line, f"{within}.{key}", "has no counterpart")

    def add(self, name: str, entry: Table, line: int, profile: str | None = None) -> None:
        """Add one variable; a name that is none of ours is left, by line."""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.leave(line, name, "not a variable name")
            return
        reference = entry.get("ref")
        if isinstance(reference, str) and "ref+" not in reference:
            try:
                parse(reference)
            except ReferenceSyntaxError as error:
                self.leave(line, name, error.message)
                return
        target = self.secrets if profile is None else self.profiles.setdefault(profile, {})
        target[name] = entry


class Text:
    """The text of a foreign file, and what else its reader may look at."""

    def __init__(self, text: str, path: str, environ: Mapping[str, str]) -> None:
        self.text = text
        self.path = path
        self.environ = environ
        self._lines = text.splitlines()

    def line_of(self, key: str, after: int = 0) -> int:
        """The line (from 1) that sets `key`, in any of the formats; 0 when it is not to be found."""
        pattern = re.compile(rf"""^\s*(?:-\s+)?["']?{re.escape(key)}["']?\s*[:=.]""")
        table = re.compile(rf"""^\s*\[{{1,2}}(?:[^\]]*\.)?["']?{re.escape(key)}["']?[\].]""")
        for number, line in enumerate(self._lines, 1):
            if number > after and (pattern.match(line) or table.match(line)):
                return number
        return 0


def read(source: Text) -> Migration | None:
    """What a file says, or None when it is an env file.

    Told by its name where the tool has a fixed one, else by what is in it.
    """
    tool = _tool(os.path.basename(source.path), source.text)
    if tool is None:
        return None
    import importlib

    migration: Migration = importlib.import_module(f"secretrun.migrate.{tool}").read(source)
    return migration


def by_name(text: str) -> Migration | None:
    """`chamber:SERVICE[,SERVICE...]` and `doppler:PROJECT/CONFIG`, which keep no file; None for a file."""
    tool, colon, rest = text.partition(":")
    if not colon or tool not in ("chamber", "doppler") or not rest or os.path.lexists(text):
        return None
    migration = Migration(tool)
    if tool == "doppler":
        migration.imports.append(f"doppler://{rest.strip('/')}")
        return migration
    for service in rest.split(","):
        migration.imports.append(f"aws-ssm:///{service.strip('/')}?recursive=true")
    migration.leave(0, rest, "chamber upper-cases names; here they arrive as Parameter Store has them")
    return migration


def _tool(name: str, text: str) -> str | None:
    if re.fullmatch(r"\.?fnox(\..*)?\.toml", name):
        return "fnox"
    if name == "secretspec.toml":
        return "secretspec"
    if name in (".teller.yml", ".teller.yaml"):
        return "teller"
    if name in ("doppler.yaml", ".doppler.yaml"):
        return "doppler"
    if name.startswith(".env.schema") or re.search(r"^#\s*@\w+", text, re.MULTILINE):
        return "varlock"
    if name.endswith((".yml", ".yaml", ".json")):
        return "summon" if re.search(r":\s*!(?:var|file|str|default)\b", text) else "vals"
    return None


def to_toml(migration: Migration) -> str:
    """The migration as a secretrun.toml."""
    lines = [f"# Written by `secretrun init --import` from the configuration of {migration.tool}.", ""]
    if migration.imports:
        lines += ["[run]", f"from = {_value(migration.imports)}", ""]
    sections = [("secrets", migration.secrets)]
    sections += [(f"profile.{_key(name)}.secrets", found) for name, found in migration.profiles.items()]
    for heading, entries in sections:
        if entries:
            lines.append(f"[{heading}]")
            lines += [f"{name} = {_entry(entry)}" for name, entry in entries.items()]
            lines.append("")
    return "\n".join(lines)


def _entry(entry: Table) -> str:
    if set(entry) == {"ref"} or set(entry) == {"value"}:
        return _value(next(iter(entry.values())))
    return "{ " + ", ".join(f"{key} = {_value(value)}" for key, value in entry.items()) + " }"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: object) -> str:
    """A TOML value. TOML's basic strings are JSON's, but for the escapes of astral characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(str(key))} = {_value(item)}" for key, item in value.items()) + " }"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    escaped = re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match.group()):04x}", escaped)
    return f'"{escaped}"'


def escaped(text: str) -> str:
    """A name of another tool as part of a reference's path."""
    return text.replace("%", "%25").replace("#", "%23").replace("?", "%3F")


def literal(value: object, *, variables: bool = False) -> str:
    """A foreign literal as our text: its dollars and braces stand for themselves.

    With `variables` a `${NAME}` in it is a variable, for us as for the other tool.
    """
    if isinstance(value, bool):
        value = "true" if value else "false"
    dollar = r"\$(?!\{[A-Za-z_][A-Za-z0-9_]*\})" if variables else r"\$"
    text = re.sub(dollar, r"\\$", str(value))
    return text.replace("{{", '{{ "{{" }}')
