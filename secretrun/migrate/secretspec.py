"""secretspec: secretspec.toml, profiles of declared secrets, each with `ref` and `providers`.

Secrets without a `ref` live at an address that secretspec computes per provider; those are left, by line,
but for `env` and dotenv files. Source: secretspec.dev, "secretspec.toml".
"""

from __future__ import annotations

import re

from secretrun.migrate.documents import table, toml
from secretrun.migrate.migration import Migration, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from secretrun.migrate.migration import Text

REF = ("item", "field", "section", "vault")
CARRIED = ("description", "required", "default", "providers", "ref", "as_path", "composed")


def read(source: Text) -> Migration:
    """`[profiles.default]` becomes [secrets], the other profiles ours of the same name."""
    found = Migration("secretspec")
    document = toml(source)
    providers = table(document.get("providers"))
    for key in document:
        if key not in ("project", "providers", "profiles"):
            found.leave(source.line_of(key), key, "has no counterpart")
    project = table(document.get("project"))
    if project.get("extends"):
        found.leave(source.line_of("extends"), "extends", "import the extended files one by one")
    for key in project:
        if key not in ("name", "revision", "extends"):
            found.leave(source.line_of(key), f"project.{key}", "has no counterpart")
    for name, said in providers.items():
        found.leave_rest(table(said), ("uri",), source.line_of(name), f"providers.{name}")
    profiles = {name: table(secrets) for name, secrets in table(document.get("profiles")).items()}
    base = profiles.get("default", {})
    for profile, secrets in profiles.items():
        start = source.line_of(profile)
        mine = table(secrets.get("defaults"))
        found.leave_rest(mine, ("providers", "inherit"), start, f"{profile}.defaults")
        inherits = profile != "default" and mine.get("inherit", True)
        if profile != "default" and not inherits:
            found.leave(start, f"{profile}.defaults.inherit", "a profile here adds to [secrets], always")
        defaults = mine.get("providers") or (
            table(base.get("defaults")).get("providers") if inherits else None
        )
        for name, said in secrets.items():
            if name != "defaults":
                line = source.line_of(name, start)
                # what an override does not say is what the default profile says
                whole = {**(table(base.get(name)) if inherits else {}), **table(said)}
                entry = _entry(found, name, whole, providers, defaults, line)
                if entry is not None:
                    found.add(name, entry, line, None if profile == "default" else profile)
    return found


def _entry(
    found: Migration, name: str, said: dict[str, Any], providers: dict[str, Any], defaults: object, line: int
) -> dict[str, object] | None:
    found.leave_rest(said, CARRIED, line, name)
    entry: dict[str, object] = {}
    if "composed" in said:
        # Only ${NAME} and $$ mean something there.
        entry["value"] = re.sub(r"\$\$", r"\\$", str(said["composed"])).replace("{{", '{{ "{{" }}')
        found.leave_rest(said, ("composed", "description"), line, name)
        return entry
    chain = said.get("providers") or defaults or ["env"]
    chain = chain if isinstance(chain, list) else [chain]
    if len(chain) > 1:
        found.leave(line, f"{name}.providers", f"only the first provider is carried over, {chain[0]!r}")
    uri = providers.get(str(chain[0]), str(chain[0]))
    uri = str(table(uri).get("uri", uri) if isinstance(uri, dict) else uri)
    ref = table(said.get("ref"))
    found.leave_rest(ref, REF, line, f"{name}.ref")
    named = bool(said.get("providers") or defaults)
    # An item without a provider is one of the store that the user has chosen elsewhere.
    reference = _reference(uri, ref, name) if named or not ref else None
    if reference is None:
        found.leave(line, name, f"the address in {uri!r} can't be carried over: name its value by hand")
        return None
    entry["ref"] = reference
    required = said.get("required", True)
    if "default" in said:
        entry["default"] = str(said["default"])
    elif required is not True:
        entry["required"] = required
    if said.get("as_path"):
        entry["as"] = "file"
    if said.get("description"):
        entry["description"] = literal(said["description"])
    return entry


def _reference(uri: str, ref: dict[str, Any], name: str) -> str | None:
    scheme, _, rest = uri.partition(":")
    rest = rest.removeprefix("//")
    if scheme == "env":
        return f"env://{name}"
    if scheme == "dotenv":
        return f"file://{rest or '.env'}?format=dotenv#/{name}"
    if scheme == "null":
        return None
    if scheme == "onepassword" and {"item", "field"} <= set(ref):
        vault = ref.get("vault") or rest.partition("@")[2] or rest
        section = f"{ref['section']}/" if ref.get("section") else ""
        return f"op://{vault}/{ref['item']}/{section}{ref['field']}" if vault else None
    if scheme == "pass" and ref.get("item"):
        return f"pass://{ref['item']}" + (f"#/{ref['field']}" if ref.get("field") else "")
    if scheme == "awssm" and ref.get("item"):
        return f"aws-sm://{ref['item']}" + (f"#/{ref['field']}" if ref.get("field") else "")
    if scheme in ("vault", "openbao") and {"item", "field"} <= set(ref):
        return f"vault://{ref.get('vault', 'secret')}/{ref['item']}#/{ref['field']}"
    return None
