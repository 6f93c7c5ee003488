"""`secretrun version`: what `--version` shows."""

from __future__ import annotations

import sys

from secretrun import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(_: argparse.Namespace) -> int:
    """Print the version; returns 0."""
    sys.stdout.write(f"secretrun {__version__}\n")
    return 0
