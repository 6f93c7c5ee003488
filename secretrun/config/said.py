"""What a discovered file says, so that it can be digested, shown and agreed to; and whom this run trusts."""

from __future__ import annotations

import os

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.template.dotenv import Parts
    from secretrun.template.entry import Entry

    Table = dict[str, object]

TRUST = ("check", "owner", "all")


class Said:
    """One thing that a discovered file says.

    Attributes:
        kind: "variable", "import" or "setting".
        name: the variable, or the key.
        parts: the text of a variable, where it is parsed already.
        table: its table in secretrun.toml.
        entry: what the plan made of it; None when the plan passed it over.
        value: of a setting; the reference of an import.
        asks: a setting or import that needs an agreement.
    """

    __slots__ = ("asks", "entry", "kind", "name", "parts", "table", "value")

    def __init__(
        self,
        kind: str,
        name: str,
        *,
        parts: Parts | None = None,
        table: Table | None = None,
        entry: Entry | None = None,
        value: object = None,
        asks: bool = False,
    ) -> None:
        self.kind = kind
        self.name = name
        self.parts = parts
        self.table = table
        self.entry = entry
        self.value = value
        self.asks = asks

    def __repr__(self) -> str:
        return f"<Said {self.kind} {self.name}>"


def trust(environ: Mapping[str, str]) -> str:
    """What SECRETRUN_TRUST says.

    Raises:
        ConfigError: it is none of `TRUST`.
    """
    chosen = environ.get("SECRETRUN_TRUST") or TRUST[0]
    if chosen not in TRUST:
        raise ConfigError(f"SECRETRUN_TRUST must be one of {', '.join(TRUST)}, not {chosen!r}")
    return chosen


def exceptions(said: Table, file: str) -> list[str]:
    """The directories below which everybody counts as us.

    Args:
        said: `[trust]` of the user's own file.
        file: its name in errors.

    Raises:
        ConfigError: naming the file and the key.
    """
    for key in said:
        if key != "directories":
            raise ConfigError(f"{file}: unknown key {key!r} in [trust]", hint="it has: directories")
    listed = said.get("directories", [])
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise ConfigError(f"{file}: [trust] directories must be a list of texts")
    found = [os.path.expanduser(one) for one in listed]
    for one in found:
        if not os.path.isabs(one):
            raise ConfigError(f"{file}: [trust] {one!r} is not an absolute path")
    return found


def ours(name: str, place: str) -> ConfigError:
    """The error for a template that sets a variable of secretrun itself."""
    return ConfigError(
        f"{place}: {name}: a template sets no variable of secretrun itself",
        hint="set it in your shell, or the setting in your own config.toml",
    )
