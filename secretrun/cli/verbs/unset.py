"""`secretrun unset NAME`: a value out of the store, and its line out of the template beside it."""

from __future__ import annotations

import os

from secretrun.embedded_store import store, template_lines
from secretrun.embedded_store.sops_file import Sops
from secretrun.launch.allow import Upkeep
from secretrun.posix import dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Take the value out; returns 0.

    Raises:
        SecretrunError: when there is no such name, or something else still needs it; nothing is changed then.
    """
    dumpable.forbid()
    name: str = options.name
    path = store.locate(options.store, os.getcwd())
    sops = Sops(os.environ)
    with store.locked(
        os.path.dirname(path), lambda: options.messages.note("waiting for another secretrun to finish")
    ):
        store.check_there(path, name)
        template_lines.check_project(path, name)
        template = template_lines.Template(path)
        upkeep = Upkeep(os.path.dirname(path), os.environ)
        changed = template.without(name)
        sops.unset(path, name)
        template.write(changed)
        upkeep.keep(options.messages.note)
    return 0
