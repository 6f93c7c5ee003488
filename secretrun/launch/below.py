"""What is refused where a coding agent or a run of ours has started us: what prints or unmasks values.

The marker is a variable, and a program of the same user can take it away: it keeps an agent from a mistake
and from the easy way, not from a fight. What closes that is another user or a sandbox (SECURITY.md).
"""

from __future__ import annotations

from secretrun.errors import SecretrunError
from secretrun.hooks import agents

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.config.settings import Settings
    from secretrun.template.plan import Plan

BROKERED = "SECRETRUN_BROKERED"  # what a run with --broker sets for its command: its name in the audit


class RefusedBelow(SecretrunError):
    """Not for a coding agent, nor below a run that masks."""

    code = "below"


def who(environ: Mapping[str, str]) -> str:
    """Who has started us: the agent's name, "a run of secretrun", or "" for neither."""
    agent = agents.detected(environ)
    if agent is not None:
        return agent.title
    return "a run of secretrun" if environ.get(agents.SESSION) else ""


def refuse(what: str, environ: Mapping[str, str], *, hint: str = "") -> None:
    """Refuse something that prints or unmasks.

    Raises:
        RefusedBelow: when a coding agent or a run of ours has started us.
    """
    above = who(environ)
    if above:
        raise RefusedBelow(
            f"{what} is refused here: {above} has started this, and would see the value",
            hint=hint or "name the variable in a command instead; a person can do it in a shell of their own",
        )


def check(settings: Settings, environ: Mapping[str, str]) -> None:
    """Refuse the options of a run that unmask, unless the person's own configuration sets them.

    Raises:
        RefusedBelow: as `refuse`.
    """
    if not who(environ):
        return
    for name, given in (
        ("no_masking", settings.flag("no_masking")),
        ("pass", settings.items("pass")),
        ("show", settings.items("show")),
        ("detect", settings.text("detect") in ("off", "warn")),
    ):
        if given and settings.source(name) in ("the command line", f"SECRETRUN_{name.upper()}"):
            refuse("--" + name.replace("_", "-"), environ)


def leave_unresolved(plan: Plan, environ: Mapping[str, str]) -> list[str]:
    """Inside a brokered run take out of the plan what a store would be asked for.

    The command has its placeholders by inheritance, and is to get no values; the run outside masks what it
    prints. Returns the names that it does not have.
    """
    if not environ.get(BROKERED):
        return []
    names = [name for name, entry in plan.entries.items() if entry.references()]
    for name in names:
        del plan.entries[name]
    missing = [name for name in names if name not in environ]
    missing += [reference.text for reference, _ in plan.imports]
    plan.imports.clear()
    return missing
