"""`secretrun read REFERENCE`: one value on stdout, unmasked, since that is what was asked for.

May import: registry, reference, resolve, settings.
"""

from __future__ import annotations

import os
import sys

from secretrun import reference, settings
from secretrun.errors import ResolutionError, SecretrunError
from secretrun.fetch import Stores, fetch
from secretrun.registry import Registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print the value; a newline follows it on a terminal or when it is text without one."""
    from secretrun import hygiene

    hygiene.protect()
    values = settings.Settings()
    settings.from_environment(values, os.environ)
    registry = Registry(
        dict(os.environ), timeout=options.timeout or values.seconds("timeout"), interactive=os.isatty(2)
    )
    wanted = reference.parse(options.reference, base=os.getcwd(), trusted=True)
    registry.known(wanted.scheme)
    answer = fetch([wanted], Stores(registry.backend, registry.context))[wanted]
    if isinstance(answer, SecretrunError):
        raise ResolutionError(f"{wanted.text}: {answer.message}", hint=answer.hint)
    sys.stdout.buffer.write(answer)
    if not options.no_newline and not answer.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    return 0
