"""Telling one tool's file from another's, by what only that tool writes; and reading it.

One module a format, each with `read(text) -> Migration`. What can't be carried over is in
`Migration.left`, by line, and never dropped silently.
"""

from __future__ import annotations

import os
import re

from secretrun.migrate.migration import Migration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Text


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
