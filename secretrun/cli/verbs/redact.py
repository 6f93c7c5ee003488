"""`secretrun redact [FILE]...`: a filter that masks stdin or files with the secrets of the template here.

Exit status: 0; 125 with --fail-on-leak when something was masked.
"""

from __future__ import annotations

import os
import sys

from secretrun.cli import plain_options
from secretrun.errors import UsageError
from secretrun.launch import masking
from secretrun.launch.prepare import prepare, resolve_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Mask what is read; returns the exit status."""
    from secretrun.posix import dumpable
    from secretrun.redact import Redactor
    from secretrun.redact import files as engine

    dumpable.forbid()
    if options.in_place and (not options.files or "-" in options.files):
        raise UsageError("--in-place needs files to replace")
    prepared = prepare(plain_options.reader(options), options.messages)
    messages = options.messages
    messages.quiet = prepared.settings.flag("quiet")
    resolved = resolve_all(prepared, consequence="nothing was masked or printed")
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
