"""`secretrun doctor --agent NAME`: what `hook install` has set up is seen to hold, or named."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from secretrun.errors import SecretrunError
from secretrun.hooks import agents, dialects, settings_files, shims

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

TESTED = {
    "claude": "2.1.332",
    "codex": "0.169.0",
    "copilot": "1.0.102",
    "gemini": "0.61.0",
    "opencode": "1.18.33",
}
_PATIENCE = 30  # seconds for one program


def run(options: argparse.Namespace) -> int:
    """Print a line for each thing that has to hold (or JSON); returns 0 when all does, else 125."""
    name: str = options.agent
    environ = {key: value for key, value in os.environ.items() if key != shims.WAY}
    rows = [_program(name, environ), *_settings(name, environ), _programs()]
    rows += [_command(name, environ), _event(name, environ)]
    notes = dialects.dialect(name).setup(environ, None).notes
    failed = [row for row in rows if row[0] == "error"]
    if options.json:
        said = {
            "version": 1,
            "ok": not failed,
            "agent": name,
            "checks": [{"status": status, "what": what, "detail": detail} for status, what, detail in rows],
            "notes": list(notes),
        }
        json.dump(said, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        width = max(len(what) for _, what, _ in rows)
        for status, what, detail in rows:
            sys.stdout.write(f"{status:8} {what:{width}}  {detail}\n")
        sys.stdout.write(f"\nwhat holds for {agents.BY_NAME[name].title}:\n")
        sys.stdout.writelines(f"  {note}\n" for note in notes)
    return 125 if failed else 0


def _program(name: str, environ: Mapping[str, str]) -> tuple[str, str, str]:
    import re

    program = agents.BY_NAME[name].program
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, timeout=_PATIENCE, check=False,
            stdin=subprocess.DEVNULL, env=dict(environ),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown", "the program", f"{program} is not to be found on the PATH, or does not answer"
    found = re.search(r"\d+\.\d+\.\d+", done.stdout.decode("utf-8", "replace"))
    version = found.group() if found is not None else "of unknown version"
    tested = TESTED.get(name)
    if tested is None:
        return "unknown", "the program", f"{program} {version}, known by its documents only"
    if version != tested:
        return "unknown", "the program", f"{program} {version}; tried with {tested}"
    return "ok", "the program", f"{program} {version}"


def _settings(name: str, environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    rows = []
    try:
        known = settings_files.load(settings_files.record_path(name, "user", environ))
        for file in dialects.dialect(name).setup(environ, None).files:
            edit = settings_files.plan(file, known.get(file.path))
            if not edit.changes:
                rows.append(("ok", "settings", file.path))
            else:
                remedy = f"secretrun hook install {name}"
                rows.append(("error", "settings", f"{file.path}: not as installed: {remedy}"))
    except SecretrunError as error:
        rows.append(("error", "settings", error.message))
    return rows


def _programs() -> tuple[str, str, str]:
    for program in ("secretrun", shims.NAME):
        path = shims.executable(program)
        if not (os.path.isabs(path) and os.access(path, os.X_OK)):
            return "error", "our programs", f"{path} is not there: install secretrun again, then hook install"
    return "ok", "our programs", shims.executable(shims.NAME)


def _command(name: str, environ: Mapping[str, str]) -> tuple[str, str, str]:
    """Start a command as the agent's own shell does, with the little environment of a login."""
    shell, said = shims.executable(shims.NAME), "echo started"
    argv = {
        "claude": [shell, said],
        "opencode": [shell, "-c", said],
        "gemini": [os.path.join(shims.directory(environ), "bash"), "-c", said],
        "qwen": [os.path.join(shims.directory(environ), "bash"), "-c", said],
        "copilot": ["/bin/bash", "--norc", "--noprofile", "-c", f"{shell} -c '{said}'"],
    }.get(name, ["/bin/bash", "-lc", f"{shell} -c '{said}'"])
    kept = ("HOME", "USER", "LANG", "SECRETRUN_TRUST", "SECRETRUN_ALLOW", "XDG_STATE_HOME", "XDG_CONFIG_HOME")
    env = {key: environ[key] for key in kept if key in environ} | {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    try:
        done = subprocess.run(
            argv, capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL, env=env
        )
    except (OSError, subprocess.SubprocessError) as error:
        return "error", "a command", f"{argv[0]} can't be started ({type(error).__name__})"
    if done.returncode or done.stdout != b"started\n":
        first = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        reason = first or f"status {done.returncode}"
        return "error", "a command", f"does not start through {argv[0]}: {reason}"
    return "ok", "a command", f"starts through {argv[0]}"


def _event(name: str, environ: Mapping[str, str]) -> tuple[str, str, str]:
    """Have the installed hook refuse to write our mask, in the agent's own shape."""
    given = {"file_path": "x", "content": "[REDACTED:X]"}
    event: dict[str, object] = {"cwd": os.getcwd()}
    if name == "copilot":
        event |= {"toolName": "create", "toolArgs": given}
    else:
        called = {"gemini": "BeforeTool", "cursor": "preToolUse"}.get(name, "PreToolUse")
        event |= {"hook_event_name": called, "tool_name": "write", "tool_input": given}
    try:
        done = subprocess.run(
            [shims.executable("secretrun"), "hook", name],
            input=json.dumps(event).encode(),
            capture_output=True,
            timeout=_PATIENCE,
            check=False,
            env=dict(environ),
        )
        said = json.loads(done.stdout) if done.stdout else {}
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return "error", "an event", f"is not answered ({type(error).__name__})"
    decision = said.get("permissionDecision") or said.get("decision") or said.get("permission")
    if done.returncode == 2 or (done.returncode == 0 and decision == "deny"):
        return "ok", "an event", "is answered: a call that must not be made is refused"
    return "error", "an event", f"a call that must not be made is let through (status {done.returncode})"
