"""fnox: fnox.toml, `[providers]` and `[secrets] NAME = { provider = "...", value = "..." }`.

Source: fnox.jdx.dev, "Configuration reference" and the pages of the providers.
"""

from __future__ import annotations

from secretrun.migrate import Migration, literal
from secretrun.migrate.documents import table, toml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from secretrun.migrate import Text

CARRIED = ("provider", "value", "default", "if_missing", "as_file", "json_path", "description", "env")


def read(source: Text) -> Migration:
    """[secrets] and the secrets of every profile."""
    found = Migration("fnox")
    document = toml(source)
    providers = table(document.get("providers"))
    strict = document.get("if_missing") == "error"
    for key in document:
        if key not in ("providers", "secrets", "profiles", "if_missing", "default_provider", "root"):
            found.leave(source.line_of(key), key, "has no counterpart")
    default = document.get("default_provider")
    for name, said in table(document.get("secrets")).items():
        _add(found, source, name, said, providers, default, strict, None)
    for profile, inner in table(document.get("profiles")).items():
        own = {**providers, **table(table(inner).get("providers"))}
        for name, said in table(table(inner).get("secrets")).items():
            _add(found, source, name, said, own, default, strict, profile)
    return found


def _add(
    found: Migration,
    source: Text,
    name: str,
    said: object,
    providers: dict[str, Any],
    default_provider: object,
    strict: bool,
    profile: str | None,
) -> None:
    line = source.line_of(name)
    said = table(said)
    if not said:
        found.leave(line, name, "not a table")
        return
    for key in said:
        if key not in CARRIED:
            found.leave(line, f"{name}.{key}", "has no counterpart")
    entry: dict[str, object] = {}
    value = said.get("value")
    provider = said.get("provider", default_provider)
    if value is None and "default" in said:
        found.add(name, {"value": literal(said["default"])}, line, profile)
        return
    config = table(providers.get(str(provider)))
    reference = literal(value) if config.get("type") == "plain" else _reference(config, str(value or ""))
    if value is None or reference is None:
        kind = config.get("type", provider)
        found.leave(line, name, f"the provider {kind!r} can't be carried over: name its value by hand")
        return
    pointer = said.get("json_path")
    if pointer:
        reference += "#/" + str(pointer).replace("~", "~0").replace("/", "~1").replace(".", "/")
    entry["value" if config.get("type") == "plain" else "ref"] = reference
    if "default" in said:
        entry["default"] = str(said["default"])
    elif said.get("if_missing", "error" if strict else "warn") != "error":
        entry["required"] = False
    if said.get("as_file"):
        entry["as"] = "file"
    if said.get("description"):
        entry["description"] = str(said["description"])
    found.add(name, entry, line, profile)


def _reference(config: dict[str, Any], value: str) -> str | None:
    """Our reference for a value of one provider, or None."""
    kind = config.get("type")
    prefix = str(config.get("prefix", ""))
    region = f"?region={config['region']}" if config.get("region") else ""
    if kind == "1password":
        if value.startswith("op://"):
            return value
        if "vault" in config:
            return f"op://{config['vault']}/{value}" + ("" if "/" in value else "/password")
    if kind == "aws-sm":
        return f"aws-sm://{prefix}{value}{region}"
    if kind == "aws-ps":
        return f"aws-ssm://{prefix}{value}{region}"
    if kind == "gcp-sm" and "project" in config:
        return f"gcp-sm://{config['project']}/{prefix}{value}"
    if kind == "azure-sm" and "vault_url" in config:
        host = str(config["vault_url"]).removeprefix("https://").split(".")[0]
        return f"azure-kv://{host}/{prefix}{value}"
    if kind == "keychain":
        return f"keyring://{config.get('service', 'fnox')}/{prefix}{value}"
    if kind == "password-store":
        return f"pass://{prefix}{value}"
    return None
