"""`secretrun mask [NAME]`: in a command that runs under secretrun, a value to mask from now on, on stdin."""

from __future__ import annotations

import os
import sys

from secretrun.errors import SecretrunError, UsageError
from secretrun.model import Secret
from secretrun.posix import dumpable
from secretrun.redact import policy
from secretrun.session import late_masks

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Register the value; returns 0 once every stream of the run masks it.

    Raises:
        UsageError: for a value that is empty, or too short or common to be masked where it stands.
        SecretrunError: when there is no run to register with.
    """
    dumpable.forbid()
    if os.isatty(0):
        raise UsageError("the value is read from stdin", hint="mint-a-token | secretrun mask")
    value = sys.stdin.buffer.read().removesuffix(b"\n")
    secret = Secret(value, (options.name,))
    policies, _ = policy.decide([secret], min_length=policy.MIN_LENGTH)
    if not any(one.anywhere for one in policies):
        raise UsageError(
            f"{options.name} is too short or too common to be masked, or empty",
            hint=f"{policy.MIN_LENGTH} bytes at least",
        )
    if not late_masks.register([secret], os.environ):
        raise SecretrunError(
            f"there is no run of secretrun around this, so {options.name} is not masked",
            hint="it is for a command that runs under secretrun, and has something to mask",
        )
    return 0
