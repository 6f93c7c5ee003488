"""`secretrun completion bash|zsh|fish`: print the completion script of a shell.

Made from the argparse trees, so an option can't be missing from it. After `--` every script hands
over to the completion of the command that is to be run.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

SHELLS = ("bash", "zsh", "fish")


def run(options: argparse.Namespace) -> int:
    """Print the script; returns the exit status."""
    sys.stdout.write(script(options.shell))
    return 0


def script(shell: str) -> str:
    """The completion script of a shell, one of SHELLS."""
    import importlib

    from secretrun.cli.completion.tree import words

    module = importlib.import_module(f"secretrun.cli.completion.{shell}")
    text: str = module.script(words())
    return text
