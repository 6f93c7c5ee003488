"""GitHub Copilot CLI (1.0.102): `~/.copilot/hooks/*.json`.

It calls /bin/bash, so a hook rewrites the command.

It judges the rewritten command, and tells a hook nothing of its rules. They are options of its command
line, which the system shows on Linux: a command that none of them denies, and that they all allow, is
rewritten and allowed; any other is left to Copilot as it is (so that it asks about what would really run).
With `--bash-env` and the variable BASH_ENV that goes through us too, below its rules; else only its result
is masked.
"""

from __future__ import annotations

import json
import os

from secretrun.hooks import shims
from secretrun.hooks.commands import simple_commands
from secretrun.hooks.contract import Answer, Call, Dialect, Setup, committed
from secretrun.hooks.processes import ancestor
from secretrun.hooks.settings_files import File

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ALL = ("--allow-all", "--allow-all-tools", "--yolo")
TRUE = ("1", "true", "yes", "on", "y")


class Copilot(Dialect):
    """GitHub Copilot CLI."""

    name = "copilot"
    _one_by_one = False  # single commands are allowed, and the one looked at is

    def call(self, event: Mapping[str, object]) -> Call:
        given = event.get("toolArgs", event.get("tool_input"))
        if isinstance(given, str):  # as older versions sent them
            given = json.loads(given)
        result = event.get("toolResult", event.get("tool_result"))
        tool = str(event.get("toolName", event.get("tool_name", "")))
        return Call(
            tool, given if isinstance(given, dict) else {}, event, result=result, after=result is not None
        )

    def deny(self, reason: str) -> Answer:
        return Answer({"permissionDecision": "deny", "permissionDecisionReason": reason})

    def rewrite(self, call: Call, command: str) -> Answer:
        said: dict[str, object] = {"modifiedArgs": {**call.given, "command": command}}
        if self._one_by_one:
            said["permissionDecision"] = "allow"  # as the person's rules do, which could not know it again
        return Answer(said)

    def replace(self, call: Call, masked: object) -> Answer:
        del call
        return Answer({"modifiedResult": masked})

    def routed(self, environ: Mapping[str, str]) -> bool:
        del environ
        return False

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        if project is not None:
            raise committed("Copilot CLI", ".github/hooks")
        hook = {"type": "command", "bash": shims.command("hook copilot"), "timeoutSec": 60}
        text = (
            json.dumps({"version": 1, "hooks": {"preToolUse": [hook], "postToolUse": [hook]}}, indent=2)
            + "\n"
        )
        home = environ.get("COPILOT_HOME") or os.path.join(environ.get("HOME", ""), ".copilot")
        return Setup(
            [File(os.path.join(home, "hooks", "secretrun.json"), whole=text), shims.bash_env(environ)],
            (
                (
                    "start it as "
                    f'BASH_ENV="{shims.bash_env_path(environ)}" copilot --bash-env'
                    " : every command then goes through secretrun-shell below Copilot's rules; "
                    "started otherwise,"
                ),
                (
                    "a command is wrapped when the options that Copilot was started with allow it "
                    "(--allow-all, "
                    "--allow-tool 'shell(git:*)') and deny none of it"
                ),
                (
                    "any other is left to Copilot, which asks you about it as it is: it runs without the "
                    "project's "
                    "secrets, its result is masked for the model, and Copilot keeps the raw text on disk"
                ),
                "a result of a failed tool can't be changed by a hook",
            ),
        )

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        rules = Rules.of_parent(environ)
        if rules.everything and not rules.denied:
            return "yes"
        commands = simple_commands(call.command)
        if not commands:
            return "no"
        if any(_matches(words, rules.denied) for words in commands):
            return "no"
        allowed = rules.everything or all(_matches(words, rules.allowed) for words in commands)
        self._one_by_one = not rules.everything
        return "yes" if allowed else "no"


class Rules:
    """What the person who started Copilot said about shell commands.

    Attributes:
        everything: all are allowed, but for those denied.
        allowed: patterns such as "git:*", "" for all.
        denied: the same.
    """

    __slots__ = ("allowed", "denied", "everything")

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str]) -> None:
        self.everything = environ.get("COPILOT_ALLOW_ALL", "").strip().lower() in TRUE
        self.allowed: list[str] = []
        self.denied: list[str] = []
        into: list[str] | None = None
        for word in argv:
            flag, equals, value = word.partition("=")
            if word.startswith("-"):
                self.everything = self.everything or flag in ALL
                into = {"--allow-tool": self.allowed, "--deny-tool": self.denied}.get(flag)
                if into is not None and equals:
                    _add(into, value)
            elif into is not None:
                _add(into, word)
        self.everything = self.everything or "" in self.allowed

    @classmethod
    def of_parent(cls, environ: Mapping[str, str]) -> Rules:
        """The rules of the Copilot that runs us; where it can't be seen, none: it is left to judge."""
        above = ancestor("copilot")
        return cls(above.argv if above is not None else (), environ)

    def __repr__(self) -> str:
        return f"<Rules everything={self.everything} allowed={self.allowed} denied={self.denied}>"


def _add(patterns: list[str], said: str) -> None:
    for pattern in said.split(",") if "(" not in said else (said,):
        kind, parenthesis, inner = pattern.strip().partition("(")
        if kind == "shell":
            patterns.append(inner.removesuffix(")").strip() if parenthesis else "")


def _matches(words: list[str], patterns: Sequence[str]) -> bool:
    """Whether one of the patterns names a command.

    "touch", "git push" or, for all that begins so, "git:*".
    """
    line = " ".join(words)
    for pattern in patterns:
        stem = pattern.removesuffix(":*")
        if pattern == "" or line == stem or line.startswith(stem + " "):
            return True
    return False
