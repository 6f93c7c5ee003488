"""Cursor, by its documents (cursor.com/docs/hooks.md): `~/.cursor/hooks.json`.

Not run here: no registry has it.

Shell output can't be replaced there, so a command is rewritten, without a `permission`, which keeps its
prompts. Its rules judge the rewritten command, as everywhere: `install` says so.
"""

from __future__ import annotations

import os

from secretrun.hooks import shims
from secretrun.hooks.contract import Answer, Call, Dialect, Setup, committed
from secretrun.hooks.settings_files import File, Put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Cursor(Dialect):
    """Cursor, its editor and its command line."""

    name = "cursor"

    def call(self, event: Mapping[str, object]) -> Call:
        name = event.get("hook_event_name")
        if name == "beforeReadFile":
            return Call("read", {"file_path": event.get("file_path")}, event)
        if name == "beforeShellExecution":  # it can only be refused there: `preToolUse` has rewritten it
            return Call("other", {}, event)
        given = event.get("tool_input")
        return Call(
            str(event.get("tool_name", "")),
            given if isinstance(given, dict) else {},
            event,
            result=event.get("tool_output"),
            after=name in ("postToolUse", "afterMCPExecution"),
        )

    def deny(self, reason: str) -> Answer:
        return Answer({"permission": "deny", "user_message": reason, "agent_message": reason})

    def rewrite(self, call: Call, command: str) -> Answer:
        return Answer({"updated_input": {**call.given, "command": command}})

    def replace(self, call: Call, masked: object) -> Answer:
        if str(call.event.get("hook_event_name")) == "afterMCPExecution" or call.tool.startswith("MCP"):
            return Answer({"updated_mcp_tool_output": masked})
        return Answer()

    def routed(self, environ: Mapping[str, str]) -> bool:
        del environ
        return False

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        if project is not None:
            raise committed("Cursor", ".cursor/hooks.json")
        command = shims.command("hook cursor")
        return Setup(
            [File(
                os.path.join(environ.get("HOME", ""), ".cursor", "hooks.json"),
                Put(("version",), 1, replaces=lambda there: there == 1),
                Put(("hooks", "preToolUse"), {"command": command, "failClosed": True}, append=True),
                Put(("hooks", "beforeReadFile"), {"command": command, "failClosed": True}, append=True),
                Put(("hooks", "afterMCPExecution"), {"command": command}, append=True),
            )],
            (
                "by Cursor's documents alone: it could not be had here to be tried",
                ("Cursor judges the rewritten command, so rules for single commands don't match any more: "
                "keep asking on, or leave Cursor without this hook"),
                "what a command printed can't be changed afterwards: masking in the process stands alone",
            ),
        )  # fmt: skip

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        del call, environ
        return "yes"
