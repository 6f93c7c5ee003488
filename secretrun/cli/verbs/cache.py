"""`secretrun cache start|stop|lock|unlock|status`."""

from __future__ import annotations

import os
import sys

from secretrun.cache import endpoint
from secretrun.cache.client import Connection
from secretrun.config import settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Do one of the five; returns the exit status (1 from `status` means that none runs)."""
    from secretrun.errors import ConfigError

    cache = Connection(os.environ)
    if options.action == "start":
        return _start(options)
    if options.action != "status":
        cache.ask(options.action.encode())
        return 0
    try:
        parts = cache.ask(b"status")
    except ConfigError as error:
        if options.json:
            sys.stdout.write('{"version": 1, "running": false}\n')
        else:
            sys.stdout.write(f"not running ({error.message})\n")
        return 1
    counts = {name.decode(): int(number) for name, number in zip(parts[::2], parts[1::2], strict=True)}
    if options.json:
        import json

        sys.stdout.write(json.dumps({"version": 1, "running": True, **counts}) + "\n")
        return 0
    state = "locked" if counts.pop("locked", 0) else "unlocked"
    sys.stdout.write(f"running, {state}: " + ", ".join(f"{n} {name}" for name, n in counts.items()) + "\n")
    return 0


def _start(options: argparse.Namespace) -> int:
    from secretrun.cache import server

    path = endpoint.socket_path(os.environ)
    idle = settings.duration(options.idle, "--idle")
    if options.foreground:
        server.serve(server.listen(path), path, idle)
        return 0
    pid = server.start(path, idle)
    options.messages.note(f"cache {pid} at {path}, ends after {options.idle} without a request")
    return 0
