"""One run once its values are there: deliver, start, audit, report, and leave as the command left."""

from __future__ import annotations

import os
import sys

from secretrun.child import environment
from secretrun.errors import ConfigError, SecretrunError, UsageError
from secretrun.hooks import agents
from secretrun.launch import masking
from secretrun.launch.prepare import resolve_all
from secretrun.sign_in import SIGN_IN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from secretrun.broker.process import Remote
    from secretrun.child.delivery import Delivery
    from secretrun.launch.broker import Brokered
    from secretrun.launch.prepare import Prepared
    from secretrun.messages import Messages
    from secretrun.model import Resolved
    from secretrun.redact.masker import Masker
    from secretrun.session import Ending
    from secretrun.session.beforehand import Aside, Beforehand


def run(prepared: Prepared, argv: list[bytes], messages: Messages, remote: Remote | None = None) -> int:
    """Resolve what is prepared and run the command; returns only when --watch has ended.

    Args:
        prepared: the run.
        argv: the command.
        messages: prints what is to be said.
        remote: the broker's process, where it was known from the options that there is to be one.

    Raises:
        SecretrunError: for whatever keeps it from being run.
    """
    settings = prepared.settings
    messages.quiet = settings.flag("quiet")
    if settings.text("report"):
        from secretrun.launch import audit

        audit.check_place(settings.text("report"))  # now, and not when the deploy is done
    if prepared.agent or any(map(prepared.environ.get, (agents.SESSION, agents.BROKERED))):
        from secretrun.launch import below

        below.check(settings, prepared.environ)
        below.check_references(prepared)
        for name in below.leave_unresolved(prepared.plan, prepared.environ):
            messages.warn(f"{name} is not resolved: this is inside a run with --broker")
    asks = bool(prepared.plan.imports) or any(entry.references() for entry in prepared.plan.entries.values())
    if asks:
        from secretrun.posix import dumpable

        dumpable.forbid()
    if settings.flag("verbose"):
        for name, entry in prepared.plan.entries.items():
            said = ", ".join(reference.text for reference in entry.references()) or "literal"
            messages.note(f"{name}: {said} ({entry.place})")
    brokered = broker(prepared, remote)
    spare = Spare(prepared, asks=asks, alone=brokered is None)
    if asks:
        prepared.stores.spare = spare.use
    try:
        return _run(prepared, argv, messages, brokered, spare)
    except BaseException:
        spare.dismiss()
        raise


def _run(
    prepared: Prepared, argv: list[bytes], messages: Messages, brokered: Brokered | None, spare: Spare
) -> int:
    settings = prepared.settings
    resolved = resolve_all(prepared)
    prepared.warn_about_cache(messages)
    if resolved.kept_out:
        messages.warn(
            f"--from brings {', '.join(sorted(resolved.kept_out))}, which decides what runs: left out; "
            "a line of the template can name it"
        )
    if settings.flag("watch"):
        if brokered is not None:
            raise UsageError(
                "--watch and --broker exclude each other", hint="the rules of a broker are frozen"
            )
        return watch(prepared, resolved, argv, messages)
    return start(prepared, resolved, argv, messages, brokered, spare)


def broker(prepared: Prepared, remote: Remote | None) -> Brokered | None:
    """The broker of a run that is to have one, its process starting while the stores are asked.

    Raises:
        ConfigError: a rule that can't be read, or a package that is missing.
    """
    settings = prepared.settings
    if not (settings.flag("broker") or settings.items("grant") or settings.text("sandbox")):
        return None
    if remote is None:
        from secretrun.broker.process import Remote

        remote = Remote()
    from secretrun.launch.broker import Brokered

    return Brokered(prepared, remote)


RUNNERS = frozenset(("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"))  # the marks of those that read mask commands
LONGEST_VARIABLE = 128 << 10  # bytes of NAME=value and its NUL


def start(
    prepared: Prepared,
    resolved: Resolved,
    argv: list[bytes],
    messages: Messages,
    brokered: Brokered | None = None,
    spare: Spare | None = None,
) -> NoReturn:
    """Run the command with what was resolved, and end as it ends; with `brokered`, with placeholders.

    Raises:
        SecretrunError: when it could not be run, masked or reported.
    """
    settings = prepared.settings
    if settings.text("report"):
        from secretrun.launch import audit

        audit.open_report(settings.text("report"))
    secrets = masking.secrets_of(prepared, resolved)
    if prepared.environ.get("SECRETRUN_MASKS"):
        from secretrun.session import late_masks

        late_masks.register(secrets, prepared.environ)
    redactor = None if settings.flag("no_masking") else masking.make_redactor(prepared, secrets, messages)
    canary = None
    if brokered is not None:
        argv = brokered.apply(resolved, argv, messages)
        if redactor is not None:
            from secretrun.launch.canary import Canary

            redactor = canary = Canary(
                redactor, {one.text.encode("ascii"): one.name for one in brokered.placeholders}
            )
    if redactor is not None and (
        settings.text("register") != "none" or not RUNNERS.isdisjoint(prepared.environ)
    ):
        from secretrun.launch import mask_commands

        if mask_commands.listens(settings.text("register"), prepared.environ):
            redactor = mask_commands.MaskCommands(redactor)
    if settings.text("register") != "none":
        from secretrun.launch import registration

        name = registration.runner(settings.text("register"), prepared.environ)
        registration.register(name, secrets, prepared.environ)
    delivery = _deliver(prepared, resolved)
    try:
        child = child_environment(prepared, resolved)
        _require_room(child)
        stay = brokered is not None or (delivery is not None and delivery.must_stay)
        if redactor is None and not (stay or settings.text("report") or settings.text("tty") == "always"):
            from secretrun.child import execute

            _audit(prepared, resolved, argv, "replaced", redactor)
            if spare is not None:
                spare.dismiss()
            execute.replace(argv, child)
        from secretrun import session

        if agents.SESSION not in resolved.environment:
            child[agents.SESSION.encode()] = b"%d" % os.getpid()
        messages.redactor = redactor
        _audit(prepared, resolved, argv, "started", redactor)
        if spare is not None and delivery is not None:
            spare.dismiss()
        early = spare.take() if spare is not None else None
        ending = session.run(
            argv,
            child,
            redactor=redactor,
            tty=settings.text("tty"),
            stdio=settings.flag("stdio"),
            early=early,
        )
    finally:
        if delivery is not None:
            delivery.remove()
        if brokered is not None:
            brokered.end(messages, canary.seen if canary is not None else ())
    _finish(prepared, ending, redactor, messages)


def _deliver(prepared: Prepared, resolved: Resolved) -> Delivery | None:
    """Put what is not meant for a variable into its file, descriptor or stdin."""
    if not resolved.deliver:
        return None
    from secretrun.child.delivery import Delivery

    delivery = Delivery()
    values = {name: (way, resolved.environment.pop(name)) for name, way in resolved.deliver.items()}
    delivery.deliver(values, prepared.environ)
    resolved.environment.update(delivery.variables)
    return delivery


def watch(prepared: Prepared, resolved: Resolved, argv: list[bytes], messages: Messages) -> int:
    """Run the command again whenever a value changes."""
    import signal

    from secretrun import session
    from secretrun.launch.watch import Watch

    settings = prepared.settings

    def again(values: Resolved) -> NoReturn:
        try:
            start(prepared, values, argv, messages)
        except SecretrunError as error:
            messages.error(error)
            os._exit(error.exit_status)

    def read() -> Resolved:
        fresh = prepared if prepared.again is None else prepared.again()  # the template may have been edited
        fresh.stores.cache = None  # it would answer for the stores that are to be watched
        return resolve_all(fresh)

    code = Watch(
        again,
        read,
        interval=settings.seconds("watch_interval"),
        stop_signal=int(getattr(signal, f"SIG{settings.text('watch_signal')}")),
        grace=settings.seconds("watch_grace"),
        warn=messages.warn,
        note=messages.note,
    ).run(resolved)
    session.leave(session.Ending(code))


def _require_room(child: dict[bytes, bytes]) -> None:
    """See that every variable fits: execve(2) only says that something was too long (Linux, MAX_ARG_STRLEN).

    Raises:
        ConfigError: naming the variable.
    """
    if sys.platform != "linux":
        return
    for name, value in child.items():
        if len(name) + len(value) + 2 > LONGEST_VARIABLE:
            raise ConfigError(
                f"the value of {os.fsdecode(name)} is longer than the 128 KiB that a variable can hold",
                hint='deliver it as a file: as = "file" in secretrun.toml',
            )


def child_environment(prepared: Prepared, resolved: Resolved) -> dict[bytes, bytes]:
    """The environment the command starts with."""
    settings = prepared.settings
    return environment.build(
        os.environb,
        resolved.environment,
        sign_in=SIGN_IN,
        passed=settings.items("pass"),
        pristine=settings.flag("pristine"),
        dropped=resolved.left_out,
    )


def _audit(
    prepared: Prepared, resolved: Resolved, argv: list[bytes], outcome: str, redactor: Masker | None
) -> None:
    if prepared.settings.text("audit"):
        from secretrun.launch import audit

        audit.append(
            prepared.settings.text("audit"), prepared.plan, resolved, argv, outcome, _who(prepared, redactor)
        )


def _who(prepared: Prepared, redactor: Masker | None) -> dict[str, str]:
    """Who asked for the run and why, as far as that is known."""
    agent = agents.detected(prepared.environ)
    reason = prepared.settings.text("reason")
    if reason and redactor is not None:
        reason = redactor.probe().mask(os.fsencode(reason)).decode("utf-8", "replace")
    said = {
        "reason": reason,
        "agent": agent.name if agent is not None else "",
        "agent_session": agents.session_of(agent, prepared.environ),
        "within": prepared.environ.get(agents.SESSION, ""),
    }
    return {name: value for name, value in said.items() if value}


def _finish(prepared: Prepared, ending: Ending, redactor: Masker | None, messages: Messages) -> NoReturn:
    """Report what was masked, then end as the command ended."""
    from secretrun import session

    masking.report(prepared, redactor, ending.status, messages)
    session.leave(ending)


class Spare:
    """What is done for the session while a store is waited for.

    Args:
        prepared: the run.
        asks: there is a store to ask.
        alone: there is no broker, which hands the command descriptors of its own.
    """

    def __init__(self, prepared: Prepared, *, asks: bool, alone: bool) -> None:
        settings = prepared.settings
        delivered = any(entry.deliver != "env" for entry in prepared.plan.entries.values())
        no_terminal = settings.text("tty") == "never" or settings.flag("stdio")
        unmasked = settings.flag("no_masking") or settings.flag("watch")
        # A descriptor for the command that is opened later, the processes would not have.
        self._forks = asks and alone and not (delivered or no_terminal or unmasked) and os.isatty(1)
        self._pipes = not (os.isatty(1) or os.isatty(2))
        self._forks_aside = self._pipes and not unmasked
        self._early: Aside | Beforehand | None = None
        if self._forks:
            from secretrun.child import start as child

            child.pty_process()  # now: while a store is asked other threads import too

    def use(self) -> None:
        """Load what is needed once the stores have answered (4 ms), and start what needs no value."""
        from secretrun.session import beforehand

        if self._forks_aside:
            self._early = beforehand.make_aside()
        from secretrun.posix import sockets
        from secretrun.redact import lazy, policy  # noqa: F401  loading them is the purpose

        sockets.load()
        if self._pipes:
            from secretrun.child import start as child
            from secretrun.session import with_pipes  # noqa: F401  as above

            child.fork_exec()
            return
        from secretrun.session import on_terminal, output_processing  # noqa: F401  as above

        if self._forks:
            self._early = beforehand.make()

    def take(self) -> Aside | Beforehand | None:
        """What was started, to be gone on with."""
        early, self._early = self._early, None
        return early

    def dismiss(self) -> None:
        """End what was started: there is no session to come."""
        early = self.take()
        if early is not None:
            early.dismiss()
