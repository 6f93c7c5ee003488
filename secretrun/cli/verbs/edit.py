"""`secretrun edit`: the store in the user's editor, through sops."""

from __future__ import annotations

import os

from secretrun.embedded_store import store
from secretrun.embedded_store.sops_file import Sops
from secretrun.launch import below
from secretrun.launch.allow import Upkeep
from secretrun.posix import dumpable

# Editors whose assistant reads the open file, by the program's name: their own documentation.
ASSISTED = {
    "antigravity": "Antigravity", "code": "Visual Studio Code", "code-insiders": "Visual Studio Code",
    "codium": "VSCodium", "copilot": "GitHub Copilot", "cursor": "Cursor", "idea": "IntelliJ IDEA",
    "kiro": "Kiro",
    "pycharm": "PyCharm", "trae": "Trae", "void": "Void", "webstorm": "WebStorm", "windsurf": "Windsurf",
    "zed": "Zed", "zeditor": "Zed", "aider": "aider", "claude": "Claude Code", "codex": "Codex",
}  # fmt: skip

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def run(options: argparse.Namespace) -> int:
    """Open the editor; returns the exit status of sops, 0 when nothing was changed.

    Raises:
        SecretrunError: for a missing store, or a sops that fails before or after the editor.
    """
    dumpable.forbid()
    below.refuse("secretrun edit", os.environ)
    path = store.locate(options.store, os.getcwd())
    sops = Sops(os.environ)
    reader = reads_along(os.environ)
    if reader is not None:
        options.messages.warn(
            f"{reader} can send what it shows to a model, and it is going to show every value of the store"
        )
        options.messages.hint("turn its assistant off for this, or use another one: EDITOR=vi secretrun edit")
    with store.locked(
        os.path.dirname(path), lambda: options.messages.note("waiting for another secretrun to finish")
    ):
        upkeep = Upkeep(os.path.dirname(path), os.environ)
        status = sops.edit(path)
        upkeep.keep(options.messages.note)
    return status


def reads_along(environ: Mapping[str, str]) -> str | None:
    """The editor that sops is going to start, when it is one with an assistant that reads what it shows."""
    words = (environ.get("SOPS_EDITOR") or environ.get("EDITOR") or "").split()
    return next((ASSISTED[name] for word in words if (name := os.path.basename(word)) in ASSISTED), None)
