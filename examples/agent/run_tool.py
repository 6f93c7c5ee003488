"""A coding agent's shell tool: run one command with the project's secrets, hand the model masked text.

Reads {"command": "..."} on stdin, writes {"status": 0, "stdout": "...", "stderr": "...", "timed_out": false}
on stdout. The age key comes by the descriptor that AGE_KEY_FD names (AGE_KEY_FD=3 run_tool.py 3<keys.txt):
this process makes itself unreadable and gives the key to secretrun alone, which opens the store with it and
does not pass it on. A command that the model writes can use the secrets, and can't open the store.
"""

import json
import os
import sys

import secretrun

LIMIT = 30_000  # characters of each stream the model gets to see; cut after masking, never before
KEY = secretrun.Key(int(os.environ.pop("AGE_KEY_FD"))) if "AGE_KEY_FD" in os.environ else None


def run_tool(command: str, timeout: float = 600) -> dict[str, object]:
    """Run a shell command under secretrun; out of time, it is ended and what it printed is the answer."""
    done = secretrun.run(["sh", "-c", command], timeout=timeout, key=KEY)
    shown = {name: getattr(done, name).decode("utf-8", "replace")[:LIMIT] for name in ("stdout", "stderr")}
    return {"status": done.status, **shown, "timed_out": done.timed_out}


if __name__ == "__main__":
    json.dump(run_tool(json.load(sys.stdin)["command"]), sys.stdout)
