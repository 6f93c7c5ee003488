"""`secretrun rename OLD NEW`: another name for a value of the store, in the template beside it too."""

from __future__ import annotations

import os

from secretrun.embedded_store import store, template_lines
from secretrun.embedded_store.sops_file import Sops
from secretrun.errors import UsageError
from secretrun.launch.allow import Upkeep
from secretrun.posix import dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Rename the value; returns 0.

    Raises:
        SecretrunError: when OLD is not there, NEW is, or a line needs a person; nothing is changed then.
    """
    dumpable.forbid()
    old: str = options.old
    new: str = options.new
    store.check_name(new)
    path = store.locate(options.store, os.getcwd())
    sops = Sops(os.environ)
    with store.locked(
        os.path.dirname(path), lambda: options.messages.note("waiting for another secretrun to finish")
    ):
        store.check_there(path, old)
        if new in store.names(path):
            raise UsageError(
                f"the store has a {new} already",
                hint=f"secretrun unset {new} takes it out, or choose another name",
            )
        template_lines.check_project(path, old)
        template = template_lines.Template(path)
        upkeep = Upkeep(os.path.dirname(path), os.environ)
        changed = template.renamed(old, new)
        sops.rename(path, old, new)
        template.write(changed)
        upkeep.keep(options.messages.note)
    return 0
