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
    """The setup of this directory becomes `from = ["doppler://PROJECT/CONFIG"]`."""
    found = Migration("Doppler")
    setup = yaml(source).get("setup")
    entries = setup if isinstance(setup, list) else [setup]
    after = 0
    for entry in entries:
        said = table(entry)
        project, config = said.get("project"), said.get("config")
        where = str(said.get("path") or ".")
        line = after = source.line_of("project", after=after) or source.line_of("setup")
        if not project or not config:
            found.leave(source.line_of("setup"), "setup", "names no project and config")
        elif where.rstrip("/") not in (".", ""):
            found.leave(line, where, "belongs to another directory: import it there")
        elif found.imports:
            found.leave(line, f"{project}/{config}", "a second project of this directory")
        else:
            found.imports.append(f"doppler://{project}/{config}")
    return found
