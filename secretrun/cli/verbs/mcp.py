"""`secretrun mcp`: names, status and policy for an agent, by the Model Context Protocol."""

from __future__ import annotations

from secretrun import __version__
from secretrun.cli import plain_options
from secretrun.launch.prepare import prepare
from secretrun.mcp import server

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Answer on stdin and stdout until stdin ends."""
    from secretrun.posix import dumpable

    dumpable.forbid()
    return server.run(lambda: prepare(plain_options.reader(options), options.messages), __version__)
