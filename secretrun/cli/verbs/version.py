"""`secretrun version`, `--version`: its number, and which of the redactor's two bodies runs."""

from __future__ import annotations

import sys

from secretrun import __version__
from secretrun.redact import body

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(_: argparse.Namespace | None = None) -> int:
    """Print two lines; returns 0."""
    sys.stdout.write(f"secretrun {__version__}\nmasking: {body.chosen()}\n")
    return 0
