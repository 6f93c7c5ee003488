"""teller: .teller.yml, providers with `maps` of a path and its keys.

Source: github.com/tellerops/teller (v2), README "Configuration".
"""

from __future__ import annotations

from secretrun.migrate import Migration
from secretrun.migrate.documents import table, yaml

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate import Text

# kind: (reference of one key, reference of the whole path or None)
KINDS = {
    "aws_secretsmanager": ("aws-sm://{path}#/{key}", "aws-sm://{path}"),
    "dotenv": ("file://{path}?format=dotenv#/{key}", None),
    "google_secretmanager": ("gcp-sm://{path}/{key}", None),
    "hashicorp": ("vault://{path}#/{key}", "vault://{path}"),
    "hashicorp_vault": ("vault://{path}#/{key}", "vault://{path}"),
    "ssm": ("aws-ssm://{path}/{key}", "aws-ssm://{path}?recursive=true"),
}


def read(source: Text) -> Migration:
    """Every key of every map becomes a variable; a map without keys is imported whole."""
    found = Migration("teller")
    document = yaml(source)
    for key in document:
        if key != "providers":
            found.leave(source.line_of(key), key, "has no counterpart")
    for name, provider in table(document.get("providers")).items():
        line = source.line_of(name)
        kind = str(table(provider).get("kind", ""))
        if kind not in KINDS:
            found.leave(line, name, f"the kind {kind!r} can't be carried over")
            continue
        maps = table(provider).get("maps")
        for item in maps if isinstance(maps, list) else []:
            _map(found, source, table(item), kind, line)
    return found


def _map(found: Migration, source: Text, said: dict[str, object], kind: str, provider_line: int) -> None:
    one, whole = KINDS[kind]
    path = (
        str(said.get("path", "")).strip("/") if kind == "google_secretmanager" else str(said.get("path", ""))
    )
    line = source.line_of("path", after=provider_line) or provider_line
    if "{{" in path or "{%" in path:
        found.leave(line, path, "a Tera template in the path: write $VARIABLE in a reference instead")
        return
    if kind == "google_secretmanager":
        path = path.removeprefix("projects/").removesuffix("/secrets")
    keys = table(said.get("keys"))
    for key, target in keys.items():
        name = key if target == "==" else str(target)
        found.add(name, {"ref": one.format(path=path.rstrip("/"), key=key)}, source.line_of(key, after=line))
    if not keys and whole is not None:
        found.imports.append(whole.format(path=path))
    elif not keys:
        found.leave(line, path, "a whole file or project can't be imported: name its keys")
