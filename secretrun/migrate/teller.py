"""teller: .teller.yml, providers with `maps` of a path and its keys.

Source: github.com/tellerops/teller (v2), README "Configuration".
"""

from __future__ import annotations

import re

from secretrun.migrate.documents import table, yaml
from secretrun.migrate.migration import Migration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Text

# kind: (reference of one key, reference of the whole path or None)
KINDS = {
    "aws_secretsmanager": ("aws-sm://{path}#/{key}", "aws-sm://{path}"),
    "dotenv": ("file://{path}?format=dotenv#/{key}", "file://{path}?format=dotenv"),
    "google_secretmanager": ("gcp-sm://{path}/{key}", None),
    "hashicorp": ("vault://{path}#/{key}", "vault://{path}"),
    "hashicorp_vault": ("vault://{path}#/{key}", "vault://{path}"),
    "ssm": ("aws-ssm://{path}/{key}", "aws-ssm://{path}?recursive=true"),
}


# What the kinds were called in teller 1, which has the keys of a provider in `env` and `env_sync`.
OLD = {"aws_ssm": "ssm", "hashicorp_vault": "hashicorp_vault"}
# {{ get_env(name="STAGE", default="dev") }}: the one function that paths use
GET_ENV = re.compile(
    r"""\{\{-?\s*get_env\(\s*name\s*=\s*["'](\w+)["']\s*(?:,\s*default\s*=\s*["']([^"'}]*)["']\s*)?\)\s*-?\}\}"""
)


def read(source: Text) -> Migration:
    """Every key of every map becomes a variable; a map without keys is imported whole."""
    found = Migration("teller")
    document = yaml(source)
    for key in document:
        if key != "providers":
            found.leave(source.line_of(key), key, "has no counterpart")
    for name, said in table(document.get("providers")).items():
        line, provider = source.line_of(name), table(said)
        kind = str(provider.get("kind") or OLD.get(name, name))
        if kind not in KINDS:
            found.leave(line, name, f"the kind {kind!r} can't be carried over")
            continue
        options = table(provider.get("options"))
        region = str(options.pop("region", "")) if kind in ("aws_secretsmanager", "ssm") else ""
        found.leave_rest(options, (), line, f"{name}.options")
        found.leave_rest(provider, ("kind", "name", "maps", "options", "env", "env_sync"), line, name)
        maps = provider.get("maps")
        for item in maps if isinstance(maps, list) else []:
            one = table(item)
            found.leave_rest(one, ("id", "path", "keys"), line, f"{name}.maps")
            keys = {key: key if new == "==" else str(new) for key, new in table(one.get("keys")).items()}
            _map(found, source, kind, str(one.get("path", "")), keys, region, line)
        _old(found, source, kind, provider, line)
    return found


def _old(found: Migration, source: Text, kind: str, provider: dict[str, object], line: int) -> None:
    """A provider as teller 1 had it: `env_sync` names a whole path, `env` a path for each variable."""
    sync = table(provider.get("env_sync"))
    if sync:
        found.leave_rest(sync, ("path",), line, "env_sync")
        _map(found, source, kind, str(sync.get("path", "")), {}, "", line)
    for name, written in table(provider.get("env")).items():
        said = table(written)
        found.leave_rest(said, ("path", "field", "decrypt"), source.line_of(name, line), name)
        path, key = str(said.get("path", "")), str(said.get("field") or name)
        if kind == "ssm":  # the path is the parameter
            path, _, key = path.rpartition("/")
        _map(found, source, kind, path, {key: name}, "", line)


def _map(
    found: Migration,
    source: Text,
    kind: str,
    path: str,
    keys: dict[str, str],
    region: str,
    provider_line: int,
) -> None:
    """The variables of one path: its keys to their names, or all of them when there are no keys."""
    one, whole = KINDS[kind]
    line = source.line_of("path", after=provider_line) or provider_line
    path = GET_ENV.sub(_variable, path)
    if "{{" in path or "{%" in path:
        found.leave(line, path, "a Tera template in the path: write $VARIABLE in a reference instead")
        return
    if kind == "google_secretmanager":
        path = path.strip("/").removeprefix("projects/").removesuffix("/secrets")
    if kind in ("hashicorp", "hashicorp_vault"):  # the API's path of a key-value store of version 2
        path = re.sub(r"^/?([^/]+)/data/", r"\1/", path)
    options = f"?region={region}" if region else ""
    for key, name in keys.items():
        reference = one.format(path=path.rstrip("/"), key=key)
        head, hash_mark, pointer = reference.partition("#")
        found.add(
            name, {"ref": head + options + hash_mark + pointer}, source.line_of(key, after=line) or line
        )
    if keys:
        return
    if whole is None:
        found.leave(line, path, "a whole project can't be imported: name its keys")
    elif "$" in path:
        found.leave(line, path, "a path with a variable can't be imported whole: name its keys")
    else:
        reference = whole.format(path=path)
        found.imports.append(reference + options.replace("?", "&" if "?" in reference else "?"))


def _variable(match: re.Match[str]) -> str:
    name, default = match.group(1), match.group(2)
    return f"${{{name}}}" if default is None else f"${{{name}:-{default}}}"
