"""opencode (1.18.33): `shell` in its `opencode.json`, below its rules, and a plugin for the rest.

Its plugins are JavaScript: ours hands each event to `secretrun hook opencode` and does what that answers.
"""

from __future__ import annotations

import json
import os

from secretrun.hooks import shims
from secretrun.hooks.contract import Answer, Call, Dialect, Setup, committed
from secretrun.hooks.settings_files import File, Put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

PLUGIN = """\
// Written by `secretrun hook install opencode`; `secretrun hook uninstall opencode` takes it away.
import { spawnSync } from "node:child_process"
const ask = (event, call, args, result) => {
  const said = { hook_event_name: event, tool_name: call.tool, tool_input: args, tool_response: result,
    cwd: process.cwd(), session_id: call.sessionID }
  const done = spawnSync(%(program)s, ["hook", "opencode"],
    { input: JSON.stringify(said), encoding: "utf8", maxBuffer: 1 << 28 })
  if (done.status !== 0) throw new Error((done.stderr || "no answer from the hook").trim())
  return done.stdout ? JSON.parse(done.stdout) : {}
}
export const Secretrun = async () => ({
  "tool.execute.before": async (call, output) => {
    const said = ask("PreToolUse", call, output.args)
    if (said.args) Object.assign(output.args, said.args)
  },
  "tool.execute.after": async (call, output) => {
    const said = ask("PostToolUse", call, call.args ?? {}, { title: output.title, output: output.output,
      metadata: output.metadata })
    if (said.result) Object.assign(output, said.result)
  },
})
"""


def home(environ: Mapping[str, str]) -> str:
    from secretrun.posix import directories

    return environ.get("OPENCODE_CONFIG_DIR") or directories.configuration(environ, "opencode")


def settings_file(environ: Mapping[str, str]) -> str:
    """The file of settings that is there, else the one to make."""
    places = [
        os.path.join(home(environ), name) for name in ("opencode.jsonc", "opencode.json", "config.json")
    ]
    return next((place for place in places if os.path.exists(place)), places[1])


class OpenCode(Dialect):
    """opencode: what it is answered is our plugin's own shape."""

    name = "opencode"

    def rewrite(self, call: Call, command: str) -> Answer:
        return Answer({"args": {**call.given, "command": command}})

    def replace(self, call: Call, masked: object) -> Answer:
        del call
        return Answer({"result": masked})

    def routed(self, environ: Mapping[str, str]) -> bool:
        from secretrun.hooks import jsonc

        if shims.leads_here(environ.get("SHELL", "")):
            return True
        try:
            with open(settings_file(environ), encoding="utf-8") as file:
                said = jsonc.parse(file.read())
        except (OSError, ValueError):
            return False
        return isinstance(said, dict) and shims.leads_here(str(said.get("shell", "")))

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        if project is not None:
            raise committed("opencode", "opencode.json")
        plugin = PLUGIN % {"program": json.dumps(shims.executable("secretrun"))}
        return Setup(
            [
                File(
                    settings_file(environ),
                    Put(("shell",), shims.executable(shims.NAME), replaces=shims.is_stale),
                ),
                File(os.path.join(home(environ), "plugin", "secretrun.js"), whole=plugin),
            ],
            (
                "commands go through secretrun-shell below your rules: deny, ask and allow count as before",
                (
                    "where the npm registry can't be reached, opencode waits a minute for it when there "
                    "is a plugin: "
                    "fetch-retries=0 in ~/.npmrc mends that"
                ),
            ),
        )

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        del call, environ
        return (
            "opencode's shell is not secretrun-shell, so this command would not be masked: "
            "secretrun hook install opencode"
        )
