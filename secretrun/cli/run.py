"""`secretrun -- COMMAND`: resolve, build the child's environment, run it masked, leave as it left.

May import: common, environment, masking; execute, hygiene and session when they are needed.
"""

from __future__ import annotations

import os

from secretrun import environment
from secretrun.cli import masking
from secretrun.cli.common import prepare
from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import NoReturn

    from secretrun.cli.common import Prepared
    from secretrun.cli.messages import Messages
    from secretrun.cli.options import Options
    from secretrun.delivery import Delivery
    from secretrun.redact import Redactor
    from secretrun.resolve import Resolved
    from secretrun.session import Ending


def run(options: argparse.Namespace | Options) -> int:
    """Run the command; returns only when it ended with a status (a signal is died of)."""
    messages: Messages = options.messages
    prepared = prepare(options)
    settings = prepared.settings
    messages.quiet = settings.flag("quiet")
    if prepared.plan.imports or any(entry.references() for entry in prepared.plan.entries.values()):
        from secretrun import hygiene

        hygiene.protect()
    if settings.flag("verbose"):
        for name, entry in prepared.plan.entries.items():
            said = ", ".join(reference.text for reference in entry.references()) or "literal"
            messages.note(f"{name}: {said} ({entry.place})")
    prepared.stores.spare = _load_session
    resolved = _resolve(prepared)
    prepared.warn_about_cache(messages)
    argv = [os.fsencode(word) for word in options.command]
    if settings.flag("watch"):
        return _watch(prepared, resolved, argv, messages)
    return launch(prepared, resolved, argv, messages)


def _load_session() -> None:
    """Import what is needed once the stores have answered: 4 ms, while one of them is waited for."""
    from secretrun import session  # noqa: F401  loading it is the purpose

    if os.isatty(1) or os.isatty(2):
        from secretrun import on_terminal  # noqa: F401  as above
    else:
        from secretrun import with_pipes  # noqa: F401  as above


def launch(prepared: Prepared, resolved: Resolved, argv: list[bytes], messages: Messages) -> NoReturn:
    """Run the command with what was resolved, and end as it ends.

    Raises:
        SecretrunError: when it could not be run, masked or reported.
    """
    settings = prepared.settings
    secrets = masking.secrets_of(prepared, resolved)
    redactor = None if settings.flag("no_masking") else masking.make_redactor(prepared, secrets, messages)
    delivery = _deliver(prepared, resolved)
    try:
        child = child_environment(prepared, resolved)
        stay = delivery is not None and delivery.must_stay
        if redactor is None and not (stay or settings.text("report") or settings.text("tty") == "always"):
            from secretrun import execute

            _audit(prepared, resolved, argv, "replaced")
            execute.replace(argv, child)
        from secretrun import session

        messages.redactor = redactor
        _audit(prepared, resolved, argv, "started")
        ending = session.run(
            argv, child, redactor=redactor, tty=settings.text("tty"), stdio=settings.flag("stdio")
        )
    finally:
        if delivery is not None:
            delivery.remove()
    _finish(prepared, ending, redactor, messages)


def _deliver(prepared: Prepared, resolved: Resolved) -> Delivery | None:
    """Put what is not meant for a variable into its file, descriptor or stdin."""
    if not resolved.deliver:
        return None
    from secretrun.delivery import Delivery

    delivery = Delivery()
    values = {name: (way, resolved.environment.pop(name)) for name, way in resolved.deliver.items()}
    delivery.deliver(values, prepared.environ)
    resolved.environment.update(delivery.variables)
    return delivery


def _watch(prepared: Prepared, resolved: Resolved, argv: list[bytes], messages: Messages) -> int:
    """Run the command again whenever a value changes."""
    import signal

    from secretrun import session
    from secretrun.watch import Watch

    settings = prepared.settings

    def start(values: Resolved) -> NoReturn:
        try:
            launch(prepared, values, argv, messages)
        except SecretrunError as error:
            messages.error(error)
            os._exit(error.exit_status)

    prepared.stores.cache = None  # it would answer for the stores that are to be watched
    code = Watch(
        start,
        lambda: _resolve(prepared),
        interval=settings.seconds("watch_interval"),
        stop_signal=int(getattr(signal, f"SIG{settings.text('watch_signal')}")),
        grace=settings.seconds("watch_grace"),
        warn=messages.warn,
        note=messages.note,
    ).run(resolved)
    session.leave(session.Ending(code))


def _resolve(prepared: Prepared) -> Resolved:
    from secretrun.resolve import resolve

    return resolve(prepared.plan, prepared.stores)


def child_environment(prepared: Prepared, resolved: Resolved) -> dict[bytes, bytes]:
    """The environment the command starts with."""
    from secretrun.registry import SIGN_IN

    settings = prepared.settings
    return environment.build(
        os.environb,
        resolved.environment,
        sign_in=SIGN_IN,
        passed=settings.items("pass"),
        pristine=settings.flag("pristine"),
        dropped=resolved.left_out,
    )


def _audit(prepared: Prepared, resolved: Resolved, argv: list[bytes], outcome: str) -> None:
    if prepared.settings.text("audit"):
        from secretrun import audit

        audit.append(prepared.settings.text("audit"), prepared.plan, resolved, argv, outcome)


def _finish(prepared: Prepared, ending: Ending, redactor: Redactor | None, messages: Messages) -> NoReturn:
    """Report what was masked, then end as the command ended."""
    from secretrun import session

    masking.report(prepared, redactor, ending.status, messages)
    session.leave(ending)
