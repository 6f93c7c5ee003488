"""`secretrun -- COMMAND`: resolve, then run the command masked and leave as it left."""

from __future__ import annotations

import os

from secretrun.cli import plain_options
from secretrun.launch import start
from secretrun.launch.prepare import prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.messages import Messages


def run(options: argparse.Namespace | plain_options.Options) -> int:
    """Run the command; returns only when it ended with a status (a signal is died of)."""
    messages: Messages = options.messages
    prepared = prepare(plain_options.reader(options), options.messages)
    settings = prepared.settings
    messages.quiet = settings.flag("quiet")
    if prepared.plan.imports or any(entry.references() for entry in prepared.plan.entries.values()):
        from secretrun.posix import dumpable

        dumpable.forbid()
    if settings.flag("verbose"):
        for name, entry in prepared.plan.entries.items():
            said = ", ".join(reference.text for reference in entry.references()) or "literal"
            messages.note(f"{name}: {said} ({entry.place})")
    prepared.stores.spare = start.load_session
    resolved = start.resolve_all(prepared)
    prepared.warn_about_cache(messages)
    argv = [os.fsencode(word) for word in options.command]
    if settings.flag("watch"):
        return start.watch(prepared, resolved, argv, messages)
    return start.start(prepared, resolved, argv, messages)
