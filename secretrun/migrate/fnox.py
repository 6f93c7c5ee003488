"""fnox: fnox.toml, `[providers]` and `[secrets] NAME = { provider = "...", value = "..." }`.

Source: fnox.jdx.dev, "Configuration reference" and the pages of the providers.
"""

from __future__ import annotations

from secretrun.migrate.documents import table, toml
from secretrun.migrate.migration import Migration, escaped, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from secretrun.migrate.migration import Text

TOP = ("providers", "secrets", "profiles", "if_missing", "default_provider", "root")
CARRIED = ("provider", "value", "default", "if_missing", "as_file", "json_path", "description", "env")
# What our references say of a provider; all else of it is for the backend's own configuration.
OPTIONS = {
    "1password": ("vault",),
    "aws-ps": ("prefix", "region"),
    "aws-sm": ("prefix", "region"),
    "azure-sm": ("prefix", "vault_url"),
    "bitwarden": (),
    "doppler": ("project", "config"),
    "gcp-sm": ("prefix", "project"),
    "keychain": ("prefix", "service"),
    "password-store": ("prefix",),
    "plain": (),
    "vault": ("path",),
}


def read(source: Text) -> Migration:
    """[secrets] and the secrets of every profile."""
    found = Migration("fnox")
    document = toml(source)
    for key in document:
        if key not in TOP:
            found.leave(source.line_of(key), key, "has no counterpart")
    providers = table(document.get("providers"))
    _providers(found, source, providers, 0)
    rules = _Rules(providers, document.get("default_provider"), document.get("if_missing"))
    for name, said in table(document.get("secrets")).items():
        _add(found, source.line_of(name, source.line_of("secrets") or 0), name, said, rules, None)
    for profile, written in table(document.get("profiles")).items():
        inner, start = table(written), source.line_of(profile)
        found.leave_rest(inner, TOP, start, f"profiles.{profile}")
        own = table(inner.get("providers"))
        _providers(found, source, own, start)
        more = _Rules(
            {**providers, **own},
            inner.get("default_provider", rules.default_provider),
            inner.get("if_missing", rules.if_missing),
        )
        for name, said in table(inner.get("secrets")).items():
            _add(found, source.line_of(name, start), name, said, more, profile)
    return found


class _Rules:
    """What holds for the secrets of one table: the providers, and what they say when they say nothing."""

    def __init__(self, providers: dict[str, Any], default_provider: object, if_missing: object) -> None:
        self.providers = providers
        self.default_provider = default_provider
        self.if_missing = if_missing


def _providers(found: Migration, source: Text, providers: dict[str, Any], after: int) -> None:
    """Note what of the providers stays behind: those we have no scheme for, and options of the others."""
    for name, written in providers.items():
        line, said = source.line_of(name, after), table(written)
        kind = str(said.get("type"))
        if kind not in OPTIONS:
            found.leave(line, f"providers.{name}", f"the kind {kind!r} can't be carried over")
        else:
            found.leave_rest(said, ("type", *OPTIONS[kind]), line, f"providers.{name}")


def _add(found: Migration, line: int, name: str, said: object, rules: _Rules, profile: str | None) -> None:
    said = table(said)
    if not said:
        found.leave(line, name, "not a table")
        return
    found.leave_rest(said, CARRIED, line, name)
    if said.get("env") is False:
        found.leave(line, name, "fnox never gives it to a command (env = false), and neither do we")
        return
    entry: dict[str, object] = {}
    value = said.get("value")
    provider = said.get("provider", rules.default_provider)
    if value is None and "default" in said:
        found.add(name, {"value": literal(said["default"], variables=True)}, line, profile)
        return
    config = table(rules.providers.get(str(provider)))
    plain = config.get("type") == "plain"
    reference = literal(value, variables=True) if plain else _reference(config, str(value or ""))
    if value is None or reference is None:
        kind = config.get("type", provider)
        found.leave(line, name, f"the provider {kind!r} can't be carried over: name its value by hand")
        return
    pointer = said.get("json_path")
    if pointer:
        steps = [step for step in str(pointer).replace("~", "~0").replace("/", "~1").split(".") if step]
        reference += ("/" if "#/" in reference else "#/") + "/".join(steps)
    entry["value" if plain else "ref"] = reference
    if "default" in said:
        entry["default"] = str(said["default"])
        if "${" in str(said["default"]):
            found.leave(line, f"{name}.default", "variables in a default are not expanded")
    elif said.get("if_missing", rules.if_missing) != "error":
        entry["required"] = False
    if said.get("as_file"):
        entry["as"] = "file"
    if said.get("description"):
        entry["description"] = str(said["description"])
    found.add(name, entry, line, profile)


def _reference(config: dict[str, Any], value: str) -> str | None:
    """Our reference for a value of one provider, or None."""
    kind = config.get("type")
    if kind != "1password":
        value = escaped(value)
    prefix = str(config.get("prefix", ""))
    region = f"?region={config['region']}" if config.get("region") else ""
    item, _, field = value.partition("/")
    if kind == "1password":
        if value.startswith("op://"):
            return value
        if "vault" in config:
            return f"op://{config['vault']}/{value}" + ("" if "/" in value else "/password")
    if kind == "aws-sm":
        return f"aws-sm://{prefix}{value}{region}"
    if kind == "aws-ps":
        return f"aws-ssm://{prefix}{value}{region}"
    if kind == "bitwarden":
        return f"bw://{value}" if field else f"bw://{value}/password"
    if kind == "doppler" and {"project", "config"} <= set(config):
        return f"doppler://{config['project']}/{config['config']}/{value}"
    if kind == "gcp-sm" and "project" in config:
        return f"gcp-sm://{config['project']}/{prefix}{value}"
    if kind == "azure-sm" and "vault_url" in config:
        host = str(config["vault_url"]).removeprefix("https://").split(".")[0]
        return f"azure-kv://{host}/{prefix}{value}"
    if kind == "keychain":
        return f"keyring://{config.get('service', 'fnox')}/{prefix}{value}"
    if kind == "password-store":
        return f"pass://{prefix}{value}"
    if kind == "vault" and "path" in config:
        return f"vault://{str(config['path']).strip('/')}/{item}#/{field or 'value'}"
    return None
