"""Codex CLI (0.169.0): `~/.codex/hooks.json`. It calls /bin/bash, so a hook rewrites the command.

It judges the rewritten command, so a command that a rule of the user's names is left to it as it is. That
goes through us below the rules, by the variable BASH_ENV that its settings give its commands; where that
can't be set, only its result is masked. An answer that it does not like makes it run the original command:
whatever is doubtful is refused by status 2, which it keeps to.
"""

from __future__ import annotations

import os

from secretrun.hooks import shims
from secretrun.hooks.commands import simple_commands
from secretrun.hooks.contract import Answer, Dialect, Setup, committed
from secretrun.hooks.settings_files import File, Put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.hooks.contract import Call

_LIMIT = 10  # seconds for all the rules to be looked at
_LONGEST = 20  # commands in a line; more are left to Codex


def home(environ: Mapping[str, str]) -> str:
    return environ.get("CODEX_HOME") or os.path.join(environ.get("HOME", ""), ".codex")


class Codex(Dialect):
    """Codex CLI."""

    name = "codex"

    def rewrite(self, call: Call, command: str) -> Answer:
        del call
        # it refuses `updatedInput` without `allow`; sandbox and approval policy still count, seen in 0.169.0
        return Answer({
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "allow",
                "updatedInput": {"command": command},
            }
        })  # fmt: skip

    def replace(self, call: Call, masked: object) -> Answer:
        del call
        text = masked if isinstance(masked, str) else str(masked)
        return Answer({"decision": "block", "reason": text})

    def routed(self, environ: Mapping[str, str]) -> bool:
        del environ
        return False

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        if project is not None:
            raise committed("Codex CLI", ".codex/hooks.json")
        hook = {"type": "command", "command": shims.command("hook codex"), "timeout": 60}
        entry = {"matcher": "Bash|apply_patch", "hooks": [hook]}
        files = [
            File(
                os.path.join(home(environ), "hooks.json"),
                Put(("hooks", "PreToolUse"), entry, append=True),
                Put(("hooks", "PostToolUse"), entry, append=True),
            )
        ]
        config = os.path.join(home(environ), "config.toml")
        below = _below(environ)
        left = "a command that a rule of yours names is left to Codex as it is"
        if _has_room(config, below):
            files += [shims.bash_env(environ), File(config, tail=below)]
            left += ", and goes through secretrun-shell below it where Codex runs it by bash"
        else:
            left += (
                ": without the project's secrets, its result masked for the model, its raw text on Codex's "
                f"disk and screen. {config} has a policy for the environment already, so add to it yourself: "
                f"BASH_ENV = {shims.bash_env_path(environ)!r}, which routes it below your rules"
            )
            files.append(shims.bash_env(environ))
        return Setup(
            files,
            (
                "Codex runs a hook only after you have trusted it: start codex, then /hooks",
                left,
                "approval prompts show the wrapped command; never choose 'always' for secretrun-shell",
                "the exit status is lost where a result had to be masked afterwards",
            ),
        )  # fmt: skip

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        rules = rule_files(call.directory, environ)
        if not rules:
            return "yes"
        commands = simple_commands(call.command)
        if commands is None or len(commands) > _LONGEST:
            return "no"
        for words in commands:
            said = _judged(words, rules)
            if said is None:
                return "the rules in " + ", ".join(rules) + " could not be looked at"
            if said:
                return "no"
        return "yes"


def _below(environ: Mapping[str, str]) -> str:
    """What makes bash hand the commands of Codex to us, below its rules; only commands have this variable."""
    import json

    path = json.dumps(shims.bash_env_path(environ))  # a string of JSON is one of TOML
    return f"\n# written by `secretrun hook install`\n[shell_environment_policy.set]\nBASH_ENV = {path}\n"


def _has_room(config: str, tail: str) -> bool:
    """Whether the tail may stand at the end of Codex's settings, or stands there."""
    import tomllib

    try:
        with open(config, "rb") as file:
            text = file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        tomllib.loads(text.replace(tail, "") + "\n" + tail)
    except (ValueError, RecursionError):
        return False
    return True


def rule_files(directory: str, environ: Mapping[str, str]) -> list[str]:
    """Codex's rule files, the user's and the project's."""
    from secretrun.posix.directories import up_to_repository

    places = [home(environ), "/etc/codex"]
    if directory:
        places += [os.path.join(place, ".codex") for place in up_to_repository(directory)]
    found = []
    for place in places:
        folder = os.path.join(place, "rules")
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        found += [os.path.join(folder, name) for name in names if name.endswith(".rules")]
    return found


def _judged(words: list[str], rules: list[str]) -> bool | None:
    """Whether a rule matches the command, by Codex's own judgement; None when it gives none."""
    import json
    import subprocess

    argv = [program(), "execpolicy", "check"]
    for path in rules:
        argv += ["--rules", path]
    try:
        done = subprocess.run([*argv, "--", *words], capture_output=True, timeout=_LIMIT, check=False,
                              stdin=subprocess.DEVNULL)  # fmt: skip
        said = json.loads(done.stdout)
        return bool(said["matchedRules"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def program() -> str:
    """Codex's executable: the one that runs us, else that on the PATH."""
    from secretrun.hooks.processes import ancestor

    above = ancestor("codex")
    return above.path if above is not None and above.path else "codex"
