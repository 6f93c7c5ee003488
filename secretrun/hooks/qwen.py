"""Qwen Code, by its documents: `~/.qwen/settings.json`, Claude Code's events, Gemini CLI's tools.

It looks `bash` up on the PATH, as Gemini CLI does, whose descendant it is.
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


class Qwen(BashFirst):
    """Qwen Code."""

    name = "qwen"
    title = "Qwen Code"

    def replace(self, call: Call, masked: object) -> Answer:
        del call
        text = masked.get("llmContent", masked) if isinstance(masked, dict) else masked
        return Answer({"decision": "block", "reason": text if isinstance(text, str) else str(text)})

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        if project is not None:
            raise committed("Qwen Code", ".qwen/settings.json")
        hook = {"type": "command", "command": shims.command("hook qwen"), "timeout": 60000}
        entry = {"matcher": "*", "hooks": [hook]}
        return Setup(
            [
                File(
                    os.path.join(environ.get("HOME", ""), ".qwen", "settings.json"),
                    Put(("hooks", "PreToolUse"), entry, append=True),
                    Put(("hooks", "PostToolUse"), entry, append=True),
                ),
                shims.bash(environ),
            ],
            (
                "by Qwen Code's documents alone: it was not tried with the program",
                *self.how_to_start(environ),
            ),
        )
