"""`secretrun rotate`: a new data key for the store, and with it all of its ciphertexts; the values stay."""

from __future__ import annotations

import os

from secretrun.embedded_store import store
from secretrun.embedded_store.sops_file import Sops
from secretrun.posix import dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Encrypt the store anew; returns 0.

    Raises:
        SecretrunError: when it can't be opened or encrypted; it is as it was then.
    """
    dumpable.forbid()
    path = store.locate(options.store, os.getcwd())
    with store.locked(
        os.path.dirname(path), lambda: options.messages.note("waiting for another secretrun to finish")
    ):
        Sops(os.environ).encrypt_anew(path)
    return 0
