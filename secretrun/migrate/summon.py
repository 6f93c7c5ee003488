"""summon: secrets.yml, `NAME: !var path`, `!file`, `!str` and `!default='x'`, in sections or without.

The provider is chosen when summon runs, so it is taken from SUMMON_PROVIDER when we import.
Source: github.com/cyberark/summon, README "secrets.yml".
"""

from __future__ import annotations

import os
import re

from secretrun.migrate.documents import Tagged, yaml
from secretrun.migrate.migration import Migration, literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Text

SHARED = ("common", "default")


def read(source: Text) -> Migration:
    """Variables of the top level and of `common` go to [secrets], other sections become profiles."""
    found = Migration("summon")
    provider = os.path.basename(source.environ.get("SUMMON_PROVIDER", ""))
    for name, value in yaml(source).items():
        if isinstance(value, dict):
            profile = None if name in SHARED else name
            for inner, inner_value in value.items():
                _add(found, source, str(inner), inner_value, provider, profile)
        else:
            _add(found, source, name, value, provider, None)
    return found


def _add(
    found: Migration, source: Text, name: str, value: object, provider: str, profile: str | None
) -> None:
    if not isinstance(value, Tagged):
        if isinstance(value, (dict, list)):
            found.leave(source.line_of(name), name, "a nested value is no environment variable")
        else:
            found.add(name, {"value": literal("" if value is None else value)}, source.line_of(name), profile)
        return
    default = re.search(r"default='([^']*)'", value.tag)
    kinds = re.sub(r"default='[^']*'", "", value.tag).split(":")
    entry: dict[str, object] = {}
    path = re.sub(r"\$(\w+)", r"${\1}", value.text)  # summon's -D substitution is our $VAR
    if "var" in kinds:
        if not provider:
            found.leave(value.line, name, "the provider is not known: set SUMMON_PROVIDER and import again")
            return
        entry["ref"] = f"summon://{provider}/{path}"
    else:
        entry["value"] = path if path != value.text else literal(value.text)
        if not value.text and default:
            entry["value"] = literal(default.group(1))
    if default and "var" in kinds:
        entry["default"] = default.group(1)
    if "file" in kinds:
        entry["as"] = "file"
    unknown = [kind for kind in kinds if kind not in ("var", "file", "str", "")]
    if unknown:
        found.leave(value.line, name, f"the tag !{value.tag} is not known")
        return
    found.add(name, entry, value.line, profile)
