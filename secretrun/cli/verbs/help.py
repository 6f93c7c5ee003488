"""`secretrun help [VERB]`: what `--help` shows."""

from __future__ import annotations

import sys

from secretrun import hints
from secretrun.cli import parser, table
from secretrun.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print the help of a verb, or the overview; returns 0.

    Raises:
        UsageError: when there is no such verb.
    """
    if options.verb is None:
        sys.stdout.write(parser.overview(table.terminal_width() or 80))
        return 0
    verb = parser.ALIASES.get(options.verb, options.verb)
    if verb not in parser.VERBS:
        raise UsageError(
            f"unknown verb {options.verb!r}", hint=hints.one_of(options.verb, parser.VERBS, "verbs")
        )
    parser.build(verb).print_help()
    return 0
