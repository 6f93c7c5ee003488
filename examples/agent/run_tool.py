"""A coding agent's shell tool: run one command with the project's secrets, hand the model masked text.

Reads {"command": "..."} on stdin, writes {"status": 0, "stdout": "...", "stderr": "...", "timed_out": false}
on stdout. The age key is in the wrapper's environment only (SOPS_AGE_KEY): secretrun opens the store with it
and does not pass it on, so a command the model writes can use the secrets but not open the store.
"""

import json
import sys

import secretrun

LIMIT = 30_000  # characters of each stream the model gets to see; cut after masking, never before


def run_tool(command: str, timeout: float = 600) -> dict[str, object]:
    """Run a shell command under secretrun; out of time, it is ended and what it printed is the answer."""
    done = secretrun.run(["sh", "-c", command], timeout=timeout)
    shown = {name: getattr(done, name).decode("utf-8", "replace")[:LIMIT] for name in ("stdout", "stderr")}
    return {"status": done.status, **shown, "timed_out": done.timed_out}


if __name__ == "__main__":
    json.dump(run_tool(json.load(sys.stdin)["command"]), sys.stdout)
