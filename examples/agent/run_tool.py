"""A coding agent's shell tool: run one command with the project's secrets, hand the model masked text.

Reads {"command": "..."} on stdin, writes {"status": 0, "stdout": "...", "stderr": "..."} on stdout.
The age key is in the wrapper's environment only (SOPS_AGE_KEY): secretrun opens the store with it and
does not pass it on, so a command the model writes can use the secrets but not open the store.
"""

import json
import subprocess
import sys

LIMIT = 30_000  # characters of each stream the model gets to see; cut after masking, never before


def run_tool(command: str, timeout: float = 600) -> dict[str, object]:
    """Run a shell command under secretrun; the text of both streams is masked."""
    done = subprocess.run(
        ["secretrun", "--tty", "never", "--", "sh", "-c", command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout,
        check=False,
    )
    return {
        "status": done.returncode,
        "stdout": done.stdout.decode("utf-8", "replace")[:LIMIT],
        "stderr": done.stderr.decode("utf-8", "replace")[:LIMIT],
    }


if __name__ == "__main__":
    json.dump(run_tool(json.load(sys.stdin)["command"]), sys.stdout)
