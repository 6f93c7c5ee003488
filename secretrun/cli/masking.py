"""What the masking verbs have in common: which values, the redactor, the report.

May import: audit, environment, redact.
"""

from __future__ import annotations

import os

from secretrun import environment
from secretrun.errors import SecretrunError
from secretrun.model import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.cli.common import Prepared
    from secretrun.cli.messages import Messages
    from secretrun.redact import Redactor
    from secretrun.resolve import Resolved


class LeakError(SecretrunError):
    """The command succeeded, but `--fail-on-leak` was asked for and something had to be masked."""

    code = "leak"


def secrets_of(prepared: Prepared, resolved: Resolved) -> list[Secret]:
    """What was resolved, and the inherited values that --mask-env names."""
    globs = prepared.settings.items("mask_env")
    return resolved.secrets + [
        Secret(os.fsencode(value), (name,))
        for name, value in prepared.environ.items()
        if globs and environment.matches(name, globs) and name not in resolved.environment
    ]


def make_redactor(prepared: Prepared, secrets: list[Secret], messages: Messages) -> Redactor | None:
    """The redactor of a run, or None when there is nothing to mask; says what it can't mask."""
    if not secrets:
        return None
    from secretrun.redact import Redactor

    settings = prepared.settings
    environ = prepared.environ
    redactor = Redactor(
        secrets,
        mask=settings.text("mask"),
        paranoid=settings.flag("paranoid"),
        common=[environ.get("USER", ""), environ.get("HOME", ""), prepared.directory],
    )
    for warning in redactor.warnings:
        messages.warn(warning)
    return None if redactor.empty else redactor


def report(prepared: Prepared, redactor: Redactor | None, status: int) -> None:
    """Write the report that was asked for, and fail if something was masked and that is a failure.

    Raises:
        LeakError: with --fail-on-leak, when `status` is 0 and something was masked.
    """
    settings = prepared.settings
    masks = redactor.report()["masks"] if redactor is not None else {}
    assert isinstance(masks, dict)  # noqa: S101  so its docstring says
    if settings.text("report"):
        from secretrun import audit

        audit.write_report(settings.text("report"), masks, status)
    if settings.flag("fail_on_leak") and masks and status == 0:
        raise LeakError(f"secrets were printed, and masked: {', '.join(sorted(masks))}")
