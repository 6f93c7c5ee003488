"""Claude Code (2.1.332): `~/.claude/settings.json`.

Commands go through `CLAUDE_CODE_SHELL_PREFIX`, below its rules.

The prefix alone masks what a failed command printed: `PostToolUseFailure` can't be changed.
"""

from __future__ import annotations

import os

from secretrun.hooks import shims
from secretrun.hooks.contract import Dialect, Setup
from secretrun.hooks.settings_files import File, Put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.hooks.contract import Call

PREFIX = "CLAUDE_CODE_SHELL_PREFIX"
MANAGED = ("/etc/claude-code/managed-settings.json",
           "/Library/Application Support/ClaudeCode/managed-settings.json")  # fmt: skip


def home(environ: Mapping[str, str]) -> str:
    return environ.get("CLAUDE_CONFIG_DIR") or os.path.join(environ.get("HOME", ""), ".claude")


class Claude(Dialect):
    """Claude Code."""

    name = "claude"

    def routed(self, environ: Mapping[str, str]) -> bool:
        return bool(environ.get(PREFIX))

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        path = os.path.join(home(environ), "settings.json")
        if project is not None:
            path = os.path.join(project, ".claude", "settings.local.json")
        hook = {"type": "command", "command": shims.command("hook claude"), "timeout": 60}
        before = {"matcher": "Bash|Read|Edit|MultiEdit|Write|NotebookEdit|Grep", "hooks": [hook]}
        return Setup(
            [File(
                path,
                Put(("env", PREFIX), shims.executable(shims.NAME), replaces=shims.is_stale),
                Put(("hooks", "PreToolUse"), before, append=True),
                Put(("hooks", "PostToolUse"), {"matcher": "*", "hooks": [hook]}, append=True),
            )],
            (
                "commands go through secretrun-shell below your rules: deny, ask and allow count as before",
                ("the result of a failed command can't be changed by a hook: there masking in the process "
                "stands alone"),
            ),
        )  # fmt: skip

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        """Only where no rule speaks about single commands: it judges the rewritten one."""
        project = environ.get("CLAUDE_PROJECT_DIR") or call.directory
        for path in (
            os.path.join(home(environ), "settings.json"),
            os.path.join(project, ".claude", "settings.json"),
            os.path.join(project, ".claude", "settings.local.json"),
            *MANAGED,
        ):
            if _has_rules(path):
                return (
                    f"{path} has rules for single commands, and {PREFIX} is not set: "
                    "secretrun hook install claude"
                )
        return "yes"


def _has_rules(path: str) -> bool:
    """Whether a settings file holds a rule such as Bash(npm:*); one that can't be read may."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    permissions = said.get("permissions") if isinstance(said, dict) else None
    lists = permissions.values() if isinstance(permissions, dict) else ()
    return any(str(rule).startswith("Bash(") for rules in lists if isinstance(rules, list) for rule in rules)
