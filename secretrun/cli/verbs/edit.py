"""`secretrun edit`: the store in the user's editor, through sops."""

from __future__ import annotations

import os

from secretrun.embedded_store import store
from secretrun.embedded_store.sops_file import Sops
from secretrun.launch import below
from secretrun.launch.allow import Upkeep
from secretrun.posix import dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Open the editor; returns the exit status of sops, 0 when nothing was changed.

    Raises:
        SecretrunError: for a missing store, or a sops that fails before or after the editor.
    """
    dumpable.forbid()
    below.refuse("secretrun edit", os.environ)
    path = store.locate(options.store, os.getcwd())
    sops = Sops(os.environ)
    with store.locked(
        os.path.dirname(path), lambda: options.messages.note("waiting for another secretrun to finish")
    ):
        upkeep = Upkeep(os.path.dirname(path), os.environ)
        status = sops.edit(path)
        upkeep.keep(options.messages.note)
    return status
