"""`secretrun set NAME`: one value from a prompt without echo, or from stdin, into the store."""

from __future__ import annotations

import os
import sys

from secretrun.embedded_store import store
from secretrun.embedded_store.sops_file import Sops
from secretrun.errors import UsageError
from secretrun.launch.allow import Upkeep
from secretrun.posix import atomic_file, dumpable
from secretrun.template.dotenv import TEMPLATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

# The longest line a terminal hands over; the kernel drops the rest without a word.
LONGEST_LINE = 1023 if sys.platform == "darwin" else 4095


def run(options: argparse.Namespace) -> int:
    """Ask for the value and store it; returns 0.

    Raises:
        SecretrunError: for a bad name or value, a missing store, or a sops that fails.
    """
    dumpable.forbid()
    name: str = options.name
    store.check_name(name)
    path = store.locate(options.store, os.getcwd())
    sops = Sops(os.environ)
    value = store.check_value(name, _prompt(name) if os.isatty(0) else _piped(name))
    with store.locked(
        os.path.dirname(path), lambda: options.messages.note("waiting for another secretrun to finish")
    ):
        changed = store.with_reference(path, name)  # a malformed template is said before anything changes
        upkeep = Upkeep(os.path.dirname(path), os.environ)
        sops.set(path, name, value)
        if changed is not None and changed[1] is not None:
            atomic_file.write_atomic(
                changed[0], changed[1], mode=os.stat(changed[0]).st_mode & 0o777, replace=True
            )
        upkeep.keep(options.messages.note)
    if changed is None:
        line = store.reference_line(path, name).rstrip("\n")
        options.messages.note(f"no {TEMPLATE} beside the store; to use the value: {line}")
    return 0


def _piped(name: str) -> bytes:
    value = sys.stdin.buffer.read()
    if not value:
        raise UsageError(
            f"stdin is empty, so {name} is left as it was",
            hint=f"did the command before it fail? for an empty value: echo | secretrun set {name}",
        )
    return value.removesuffix(b"\n")


def _prompt(name: str) -> bytes:
    import getpass

    try:
        value = getpass.getpass(f"value of {name}: ")
        again = getpass.getpass(f"value of {name}, again: ")
    except EOFError:
        raise UsageError(f"no value given, so {name} is left as it was") from None
    except UnicodeDecodeError:
        raise UsageError(
            f"the value of {name} is not UTF-8 text", hint="store binary data in base64"
        ) from None
    if value != again:
        raise UsageError(f"the two values differ, so {name} is left as it was", hint="try again")
    raw = value.encode("utf-8", "surrogateescape")
    if not raw:
        raise UsageError(
            f"the value is empty, so {name} is left as it was",
            hint=f"for an empty value: echo | secretrun set {name}",
        )
    if len(raw) >= LONGEST_LINE:
        raise UsageError(
            f"the value of {name} is too long for a terminal, which may have cut it",
            hint=f"pipe it in: secretrun set {name} < FILE",
        )
    return raw
