"""`secretrun read REFERENCE`: one value on stdout, unmasked, since that is what was asked for."""

from __future__ import annotations

import os
import sys

from secretrun import reference
from secretrun.config import load
from secretrun.errors import ResolutionError, SecretrunError, UsageError
from secretrun.resolution.fetch import Stores, fetch
from secretrun.resolution.registry import Registry
from secretrun.resolution.waiting import Waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print the value, with a newline after one that does not end in a newline, unless `-n`."""
    from secretrun.posix import dumpable

    dumpable.forbid()
    environ = dict(os.environ)
    try:
        directory = os.getcwd()
    except OSError:
        raise UsageError("the current directory is gone") from None
    # For the stores' options and the time limit only: templates have no say in what is read here.
    configured = load.load(environ, lambda name: getattr(options, name, None), directory)
    registry = Registry(
        environ,
        timeout=configured.settings.seconds("timeout"),
        options=configured.backends,
        interactive=os.isatty(2),
    )
    registry.check_options()
    wanted = reference.parse(options.reference, base=directory, trusted=True)
    registry.known(wanted.scheme)  # speaks up for a slip
    say = options.messages.note if os.isatty(2) else None
    stores = Stores(registry.backend, registry.context, edge=Waiting(environ, say))
    answer = fetch([wanted], stores)[wanted]
    if isinstance(answer, SecretrunError):
        raise ResolutionError(f"{wanted.text}: {answer.message}", hint=answer.hint)
    sys.stdout.buffer.write(answer)
    if not options.no_newline and not answer.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    return 0
