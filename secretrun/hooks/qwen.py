"""Qwen Code, by its documents: `~/.qwen/settings.json`, Claude Code's events, Gemini CLI's tools.

It looks `bash` up on the PATH, as Gemini CLI does, whose descendant it is.
"""

from __future__ import annotations

import os

from secretrun.hooks import shims
from secretrun.hooks.contract import Answer, Call, Dialect, Setup, committed
from secretrun.hooks.settings_files import File, Put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Qwen(Dialect):
    """Qwen Code."""

    name = "qwen"

    def replace(self, call: Call, masked: object) -> Answer:
        del call
        text = masked.get("llmContent", masked) if isinstance(masked, dict) else masked
        return Answer({"decision": "block", "reason": text if isinstance(text, str) else str(text)})

    def routed(self, environ: Mapping[str, str]) -> bool:
        return shims.first_is_ours("bash", environ)

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
                (
                    "commands go through secretrun-shell below your rules when it is started with its "
                    "bash first on the "
                    "PATH; put this into your shell's settings:"
                ),
                f"alias qwen='{shims.start_line('qwen', environ)}'",
                "started without it, its shell commands are refused",
            ),
        )

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        del call, environ
        return (
            "Qwen Code was not started with the directory of secretrun's bash first on the PATH, so this "
            "command "
            "would not be masked: secretrun hook install qwen says how"
        )
