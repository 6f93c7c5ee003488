"""`secretrun read NAME|REFERENCE`: one value on stdout, unmasked, since that is what was asked for."""

from __future__ import annotations

import os
import sys

from secretrun.errors import ResolutionError, SecretrunError, UsageError
from secretrun.launch import below
from secretrun.template import dotenv

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print the value, with a newline after one that does not end in a newline, unless `-n`.

    Raises:
        SecretrunError: when the template has no such variable, or a store does not give the value.
    """
    from secretrun.posix import dumpable

    dumpable.forbid()
    below.refuse("secretrun read", os.environ)
    if "://" in options.wanted:
        value = _reference(options)
    elif dotenv.NAME.fullmatch(options.wanted):
        value = _variable(options)
    else:  # not quoted: it may be a value
        raise UsageError(
            "neither the name of a variable nor a reference",
            hint="such as API_KEY, or sops://secrets.yaml#/db/password",
        )
    sys.stdout.buffer.write(value)
    if not options.no_newline and not value.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    return 0


def _variable(options: argparse.Namespace) -> bytes:
    """The value that the command would get in one variable; no store is asked for any other."""
    from secretrun.cli import plain_options
    from secretrun.cli.find_variable import find
    from secretrun.launch.prepare import prepare
    from secretrun.resolution.resolve import compose, report, scrubbed

    prepared = prepare(plain_options.reader(options), options.messages)
    entry, answers = find(prepared, options.wanted)
    value, wrong = compose(entry, answers)
    prepared.warn_about_cache(options.messages)
    if wrong:
        clean = [(entry.place, what, scrubbed(error, answers)) for what, error in wrong]
        raise report(clean, "nothing was printed")
    if value is None:
        raise ResolutionError(f"{entry.name} is optional, and its reference names nothing")
    return value


def _reference(options: argparse.Namespace) -> bytes:
    """The value of one reference; templates have no say in it."""
    from secretrun import reference
    from secretrun.config import load
    from secretrun.resolution.fetch import fetch
    from secretrun.resolution.registry import Registry
    from secretrun.resolution.resolve import named
    from secretrun.resolution.stores import Stores
    from secretrun.resolution.waiting import Waiting

    environ = dict(os.environ)
    try:
        directory = os.getcwd()
    except OSError:
        raise UsageError("the current directory is gone") from None
    configured = load.load(environ, lambda name: getattr(options, name, None), directory)
    registry = Registry(
        environ,
        timeout=configured.settings.seconds("timeout"),
        options=configured.backends,
        interactive=os.isatty(2),
    )
    registry.check_options()
    wanted = reference.parse(options.wanted, base=directory, trusted=True)
    registry.known(wanted.scheme)  # speaks up for a slip
    say = options.messages.note if os.isatty(2) else None
    stores = Stores(registry.backend, registry.context, edge=Waiting(environ, say))
    answer = fetch([wanted], stores)[wanted]
    if isinstance(answer, SecretrunError):
        raise named(f"{wanted.text}: {answer.message}", answer)
    return answer
