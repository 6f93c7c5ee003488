"""Gemini CLI (0.61.0): `~/.gemini/settings.json`.

It looks `bash` up on the PATH, below its rules and its own check of substitutions: a directory with a
`bash` that leads to `secretrun-shell` stands first on the PATH it is started with.
"""

from __future__ import annotations

import os

from secretrun.hooks import shims
from secretrun.hooks.contract import Answer, Call, Dialect, Setup, committed
from secretrun.hooks.settings_files import File, Put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def home(environ: Mapping[str, str]) -> str:
    return os.path.join(environ.get("GEMINI_CLI_HOME") or environ.get("HOME", ""), ".gemini")


class Gemini(Dialect):
    """Gemini CLI."""

    name = "gemini"

    def rewrite(self, call: Call, command: str) -> Answer:
        return Answer({
            "hookSpecificOutput": {
                "hookEventName": "BeforeTool",
                "tool_input": {**call.given, "command": command},
            }
        })  # fmt: skip

    def deny(self, reason: str) -> Answer:
        return Answer({"decision": "deny", "reason": reason})

    def replace(self, call: Call, masked: object) -> Answer:
        """The model gets the text as an error: the one way there is."""
        del call
        text = masked
        if isinstance(masked, dict):
            text = masked.get("llmContent", masked)
        if not isinstance(text, str):
            import json

            text = json.dumps(text, ensure_ascii=False)
        return Answer({"decision": "deny", "reason": text})

    def routed(self, environ: Mapping[str, str]) -> bool:
        return shims.first_is_ours("bash", environ)

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        if project is not None:
            raise committed("Gemini CLI", ".gemini/settings.json")
        hook = {
            "name": "secretrun",
            "type": "command",
            "command": shims.command("hook gemini"),
            "timeout": 60000,
        }
        entry = {"matcher": ".*", "hooks": [hook]}
        return Setup(
            [
                File(
                    os.path.join(home(environ), "settings.json"),
                    Put(("hooks", "BeforeTool"), entry, append=True),
                    Put(("hooks", "AfterTool"), entry, append=True),
                ),
                shims.bash(environ),
            ],
            (
                (
                    "commands go through secretrun-shell below your rules when Gemini CLI is started "
                    "with its bash first "
                    "on the PATH; put this into your shell's settings:"
                ),
                f"alias gemini='{shims.start_line('gemini', environ)}'",
                "started without it, its shell commands are refused",
                "a result that had to be masked afterwards reaches the model as an error",
            ),
        )

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        del call, environ
        return (
            "Gemini CLI was not started with the directory of secretrun's bash first on the PATH, so "
            "this command "
            "would not be masked: secretrun hook install gemini says how"
        )
