"""Gemini CLI (0.61.0): `~/.gemini/settings.json`.

It looks `bash` up on the PATH, below its rules and its own check of substitutions: a directory with a
`bash` that leads to `secretrun-shell` stands first on the PATH it is started with.
"""

from __future__ import annotations

import os

from secretrun.hooks import shims
from secretrun.hooks.bash_first import BashFirst
from secretrun.hooks.contract import Answer, Call, Setup, committed
from secretrun.hooks.settings_files import File, Put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def home(environ: Mapping[str, str]) -> str:
    return os.path.join(environ.get("GEMINI_CLI_HOME") or environ.get("HOME", ""), ".gemini")


class Gemini(BashFirst):
    """Gemini CLI."""

    name = "gemini"
    title = "Gemini CLI"

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
                *self.how_to_start(environ),
                "a result that had to be masked afterwards reaches the model as an error",
            ),
        )
