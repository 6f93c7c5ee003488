"""Doppler: doppler.yaml, which names a project and a config; all of its secrets are imported.

Source: docs.doppler.com, "Doppler CLI: setup".
"""

from __future__ import annotations

from secretrun.migrate.documents import table, yaml
from secretrun.migrate.migration import Migration

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Text


def read(source: Text) -> Migration:
    """The first setup (that for this directory) becomes `from = ["doppler://PROJECT/CONFIG"]`."""
    found = Migration("Doppler")
    setup = yaml(source).get("setup")
    entries = setup if isinstance(setup, list) else [setup]
    for number, entry in enumerate(entries):
        said = table(entry)
        project, config = said.get("project"), said.get("config")
        where = str(said.get("path", "."))
        if not project or not config:
            found.leave(source.line_of("setup"), "setup", "names no project and config")
        elif number and where not in (".", "./"):
            found.leave(source.line_of("path"), where, "belongs to another directory: import it there")
        else:
            found.imports.append(f"doppler://{project}/{config}")
    return found
