"""A migration as the text of a secretrun.toml."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Migration, Table


SCHEMA = "secretrun.schema.json"  # beside it, for editors


def to_toml(migration: Migration) -> str:
    """The migration as a secretrun.toml."""
    lines = [f"#:schema ./{SCHEMA}"]
    lines += [f"# Written by `secretrun init --import` from the configuration of {migration.tool}.", ""]
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
