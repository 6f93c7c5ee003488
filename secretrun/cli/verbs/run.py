"""`secretrun -- COMMAND`: resolve, then run the command masked and leave as it left."""

from __future__ import annotations

import os

from secretrun.cli import plain_options
from secretrun.launch import start
from secretrun.launch.prepare import prepare

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.launch.prepare import Prepared
    from secretrun.messages import Messages


def run(options: argparse.Namespace | plain_options.Options) -> int:
    """Run the command; returns only when it ended with a status (a signal is died of)."""
    messages: Messages = options.messages
    option = plain_options.reader(options)
    remote = None
    if option("broker") or option("grant") or option("sandbox"):
        from secretrun.broker.process import Remote

        remote = Remote()  # what it loads takes longer than all that we do until it is given the values
    prepared = prepare(option, options.messages, keep_faults=True)
    settings = prepared.settings
    messages.quiet = settings.flag("quiet")
    if not (prepared.plan.entries or prepared.plan.imports or settings.items("mask_env")):
        _say_that_there_is_nothing(prepared, messages)
    return start.run(prepared, [os.fsencode(word) for word in options.command], messages, remote)


def _say_that_there_is_nothing(prepared: Prepared, messages: Messages) -> None:
    """Warn of a run that gets nothing because nothing was found: most often the wrong directory.

    A template that is there and empty, or a project's secretrun.toml, is somebody's choice.
    """
    if prepared.config.templates or any(not layer.trusted for layer in prepared.config.tables):
        return
    from secretrun.config import discovery

    messages.warn("no secretrun.toml, .env.secretrun or .env found: the command runs without secrets")
    above = discovery.passed_over(prepared.directory)
    if above is None:
        messages.hint("secretrun init starts a store, -e FILE names a template, -q leaves this warning out")
    elif above.endswith(".toml"):
        messages.hint(f"{above} is not looked at from here: outside a git repository, only this directory is")
    else:
        messages.hint(f"outside a git repository only this directory is looked at; name it: -e {above}")
