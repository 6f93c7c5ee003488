"""`secretrun redact [FILE]...`: a filter that masks stdin or files with the secrets of the template here.

Exit status: 0; 125 with --fail-on-leak when something was masked.

May import: common, filter, masking, redact, resolve.
"""

from __future__ import annotations

import os
import sys

from secretrun.cli import masking
from secretrun.cli.common import prepare
from secretrun.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Mask what is read; returns the exit status."""
    from secretrun import filter as engine
    from secretrun import hygiene
    from secretrun.redact import Redactor
    from secretrun.resolve import resolve

    hygiene.protect()
    if options.in_place and (not options.files or "-" in options.files):
        raise UsageError("--in-place needs files to replace")
    prepared = prepare(options)
    messages = options.messages
    messages.quiet = prepared.settings.flag("quiet")
    resolved = resolve(prepared.plan, prepared.stores, consequence="nothing was masked or printed")
    prepared.warn_about_cache(messages)
    redactor = masking.make_redactor(prepared, masking.secrets_of(prepared, resolved), messages)
    if redactor is None:
        messages.warn("there is no secret to mask: everything passes as it is")
        redactor = Redactor({})
    messages.redactor = redactor
    terminal = 2 if os.isatty(2) and not messages.quiet else None
    if options.in_place:
        for path in options.files:
            engine.redact_in_place(path, redactor, terminal=terminal)
    else:
        sys.stdout.flush()
        engine.redact_files(options.files, 1, redactor, terminal=terminal)
    masking.report(prepared, redactor, 0, messages)
    return 0
