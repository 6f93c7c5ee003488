"""A coding agent's shell tool: run one command with the project's secrets, hand the model masked text.

Reads {"command": "..."} on stdin, writes {"status": 0, "stdout": "...", "stderr": "...", "timed_out": false}
on stdout. The age key comes by the descriptor that AGE_KEY_FD names (AGE_KEY_FD=3 run_tool.py 3<key). This
process makes itself unreadable, hands the key to secretrun, which opens the store with it and does not pass
it on, and drops it: a command the model writes can use the secrets but not open the store. (SOPS_AGE_KEY in
the environment works too, but every process of the same user can read that in /proc while the tool runs.)
"""

import ctypes
import json
import os
import sys

import secretrun

LIMIT = 30_000  # characters of each stream the model gets to see; cut after masking, never before


def take_key() -> dict[str, str]:
    """The environment for secretrun, with the key in it; ours has none, and can't be read."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: no /proc/PID/environ, no ptrace, no core
    environ = dict(os.environ)
    descriptor = environ.pop("AGE_KEY_FD", None)
    if descriptor is not None:
        with open(int(descriptor), encoding="ascii") as file:  # and closes it
            environ["SOPS_AGE_KEY"] = file.read().strip()
    return environ


def run_tool(command: str, timeout: float = 600) -> dict[str, object]:
    """Run a shell command under secretrun; out of time, it is ended and what it printed is the answer."""
    done = secretrun.run(["sh", "-c", command], timeout=timeout, env=take_key())
    shown = {name: getattr(done, name).decode("utf-8", "replace")[:LIMIT] for name in ("stdout", "stderr")}
    return {"status": done.status, **shown, "timed_out": done.timed_out}


if __name__ == "__main__":
    json.dump(run_tool(json.load(sys.stdin)["command"]), sys.stdout)
