"""Telling one tool's file from another's, by what only that tool writes; and reading it.

One module a format, each with `read(text) -> Migration`. What can't be carried over is in
`Migration.left`, by line, and never dropped silently.
"""

from __future__ import annotations

import os
import re

from secretrun.errors import ConfigError
from secretrun.migrate.migration import Migration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Text

# What varlock's header may say (varlock.dev, "Root decorators" and "Item decorators").
DECORATORS = (
    "currentEnv", "defaultRequired", "defaultSensitive", "disable", "envFlag", "generateTypes", "import",
    "plugin", "preventLeaks", "redactLogs", "required", "sensitive",
)  # fmt: skip


def read(source: Text) -> Migration | None:
    """What a file says, or None when it is an env file.

    Told by its name where the tool has a fixed one, else by what is in it.
    """
    refuse_encrypted(source)
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
        migration.imports.append(f"aws-ssm:///{service.strip('/')}?recursive=true&names=upper")
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
    if name.startswith(".env.schema") or _has_header(text):
        return "varlock"
    if name.endswith((".yml", ".yaml", ".json")):
        # A plain map of names to values is read by the same reader, and said to be one.
        return "summon" if re.search(r":\s*!(?:var|file|str|default)\b", text) else "vals"
    return None


def _has_header(text: str) -> bool:
    """Whether an env file begins with varlock's header: comments with its decorators, and a divider."""
    known = False
    for line in text.splitlines():
        if re.match(r"#\s*-{3,}\s*$", line):
            return known
        if line.strip() and not line.startswith("#"):
            return False
        known = known or re.match(rf"#\s*@(?:{'|'.join(DECORATORS)})\b", line) is not None
    return False


def refuse_encrypted(source: Text) -> None:
    """Refuse a file that is a store already.

    Raises:
        ConfigError: sops or dotenvx has encrypted it; the hint says what to do instead.
    """
    if re.search(r"^\s*(?:export\s+)?\w+\s*=\s*['\"]?encrypted:[\w+/=-]{32}", source.text, re.MULTILINE):
        raise ConfigError(
            f"{source.path} is encrypted by dotenvx, and only its key opens it",
            hint="dotenvx decrypt first; then import the file, and remove it",
        )
    marks = r"^sops:\s*$|^\s*\"sops\":\s*\{|^sops_(?:version|mac)=|^\[sops\]\s*$"
    if re.search(marks, source.text, re.MULTILINE) and "ENC[" in source.text:
        raise ConfigError(
            f"{source.path} is encrypted by sops: it is a store already",
            hint=f"--from sops://{source.path} imports it, or from = [...] in [run] of secretrun.toml",
        )
