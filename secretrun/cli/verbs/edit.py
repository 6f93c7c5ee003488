"""`secretrun edit`: the store in the user's editor; what comes out is looked at before it is written."""

from __future__ import annotations

import os
import sys

from secretrun.embedded_store import attended, editing, store, template_lines
from secretrun.embedded_store.sops_file import Sops
from secretrun.errors import SecretrunError
from secretrun.launch import below
from secretrun.launch.allow import Upkeep
from secretrun.posix import atomic_file, dumpable

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

    from secretrun.messages import Messages


def run(options: argparse.Namespace) -> int:
    """Open the editor and take over what was changed; returns 0.

    On a terminal a slip is said and the editor opened again; without one it is an error, and nothing changes.

    Raises:
        SecretrunError: for a missing store, an editor or sops that fails, and what can't be kept.
    """
    dumpable.forbid()
    messages: Messages = options.messages
    below.refuse("secretrun edit", os.environ)
    path = store.locate(options.store, os.getcwd())
    sops = Sops(os.environ)
    reader = reads_along(os.environ)
    if reader is not None:
        messages.warn(
            f"{reader} can send what it shows to a model, and it is going to show every value of the store"
        )
        messages.hint("turn its assistant off for this, or use another one: EDITOR=vi secretrun edit")
    with store.locked(
        os.path.dirname(path), lambda: messages.note("waiting for another secretrun to finish")
    ):
        upkeep = Upkeep(os.path.dirname(path), os.environ)
        content = atomic_file.read(path)
        if store.is_dotenv(path, content):
            status = _edit(sops, path, sops.decrypt(content, os.path.dirname(path)), messages)
        else:
            status = sops.edit(path)
        upkeep.keep(messages.note)
    return status


def _edit(sops: Sops, path: str, before: dict[str, str], messages: Messages) -> int:
    from secretrun.cli import editor

    with editor.Draft(editing.text(before), os.environ) as draft:
        while True:
            status = draft.open(attended.editor(os.environ))
            if status:
                return status
            try:
                after = editing.read(draft.read())
                if after == before:
                    messages.note("nothing was changed")
                    return 0
                _take_over(sops, path, before, after)
            except SecretrunError as error:
                if not os.isatty(0):
                    raise
                messages.error(error)
                sys.stderr.write("press Return to edit again, Ctrl-C to leave the store as it was ")
                sys.stderr.flush()
                if not sys.stdin.readline():
                    raise
            else:
                return 0


def _take_over(sops: Sops, path: str, before: dict[str, str], after: dict[str, str]) -> None:
    """Change the store and the template beside it, or neither."""
    gone = [name for name in before if name not in after]
    for name in gone:
        template_lines.check_project(path, name)
    template = template_lines.Template(path)
    changed = template.edited(gone, [name for name in after if name not in before])
    sops.change(path, before, after)
    template.write(changed)


def reads_along(environ: Mapping[str, str]) -> str | None:
    """The editor that is going to be started, when it is one with an assistant that reads what it shows."""
    words = attended.editor(environ).split()
    return next((ASSISTED[name] for word in words if (name := os.path.basename(word)) in ASSISTED), None)
