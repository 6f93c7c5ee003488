"""How commands to a CI runner escape a value: `::error::...`, `##vso[...]...`, `##teamcity[...]`.

Each table is what the runner's documentation says, and what its own library for the purpose writes:
GitHub (and Gitea, Forgejo) `@actions/core`, Azure Pipelines `azure-pipelines-task-lib`, TeamCity's service
messages. A command is printed before the runner reads it, so the value is in the log in this spelling.
"""

from __future__ import annotations

from secretrun.redact.forms.tables import Lazy, Table, table, units

_PERCENT = {0x25: b"%25", 0x0D: b"%0D", 0x0A: b"%0A"}
_AZURE = {0x25: b"%AZP25", 0x0D: b"%0D", 0x0A: b"%0A"}
_PROPERTY = {0x3B: b"%3B", 0x5D: b"%5D"}


def _tables() -> tuple[Table, ...]:
    return (
        table(_PERCENT),  # GitHub: the message
        table({**_PERCENT, 0x3A: b"%3A", 0x2C: b"%2C"}),  # and a property
        table(_AZURE),  # Azure: the message
        table({**_AZURE, **_PROPERTY}),  # and a property
        table({**_PERCENT, **_PROPERTY}),  # before 2020, and PowerShell's VstsTaskSdk
        table({0x0D: b"%0D", 0x0A: b"%0A", **_PROPERTY}),  # with percents left as they are
        table({0x0D: b"%0D", 0x0A: b"%0A"}),
        table({0x27: b"|'", 0x0A: b"|n", 0x0D: b"|r", 0x7C: b"||", 0x5B: b"|[", 0x5D: b"|]"}),  # TeamCity
    )


TABLES = Lazy(_tables)


def teamcity_text(value: bytes, *, upper: bool) -> bytes:
    """TeamCity's service messages with what is not ASCII as `|0xNNNN`, a UTF-16 unit each."""
    by = TABLES()[-1]
    return b"".join(
        by[ord(char)] if char.isascii() else units(char, "|0x", upper=upper).encode()
        for char in value.decode("utf-8", "replace")
    )
