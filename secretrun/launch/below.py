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

    from secretrun.config.load import Config
    from secretrun.config.settings import Settings
    from secretrun.launch.prepare import Prepared
    from secretrun.model import Reference
    from secretrun.template.entry import Nested
    from secretrun.template.plan import Plan


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


def check_references(prepared: Prepared) -> None:
    """Refuse references that the owner has not agreed to, whatever names them: -e, --set, --from, a variable.

    Agreed to are those of the project's own files, once `secretrun allow` has said so, and those of the
    user's own configuration.

    Raises:
        RefusedBelow: naming them.
    """
    environ, config = prepared.environ, prepared.config
    above = who(environ)
    if not above or config.trust != "check" or _trusted_above(environ):
        return
    mine = tuple(f"{layer.label}:" for layer in config.tables if layer.trusted)
    known = _agreed(config)
    asked: list[tuple[str, str, tuple[object, ...]]] = [
        (name, reference.text, _key(reference))
        for name, entry in prepared.plan.entries.items()
        if not (mine and entry.place.startswith(mine))
        for reference in entry.references()
    ]
    asked += [("--from", wanted.text, ("import", wanted.text)) for wanted, _ in prepared.plan.imports]
    unknown = [one for one in asked if one[2] not in known]
    if unknown:  # the run's own choice of files may have left the project's out
        from secretrun.launch import consent
        from secretrun.launch.allow import Look

        look = Look(prepared.directory, environ)
        if consent.is_agreed(look.config, environ):
            known = _agreed(look.config)
            unknown = [one for one in unknown if one[2] not in known]
    if unknown:
        name, text, _ = unknown[0]
        raise RefusedBelow(
            f"{name}: {text} is refused here: {above} has started this, and nobody has agreed to it",
            hint="put it into the project's template, and have a person run: secretrun allow",
        )


def _trusted_above(environ: Mapping[str, str]) -> bool:
    """Whether the person started the agent with SECRETRUN_TRUST, which it does not hand on to its servers."""
    from secretrun.hooks import processes

    name = "SECRETRUN_TRUST"
    return name not in environ and processes.variable(name) in ("all", "owner")


def _agreed(config: Config) -> set[tuple[object, ...]]:
    """What the project's own files name; `prepare` has seen that this was agreed to."""
    entries = [said.entry for said in config.said if said.entry is not None]
    found = {_key(reference) for entry in entries for reference in entry.references()}
    return found | {("import", str(said.value)) for said in config.said if said.kind == "import"}


def _key(reference: Reference | Nested) -> tuple[object, ...]:
    """The same for two references to one value, wherever they are written."""
    import os

    from secretrun.template.entry import Nested

    if isinstance(reference, Nested):
        return reference.text, reference.base
    path = reference.path
    if reference.base and not os.path.isabs(path):
        path = os.path.normpath(os.path.join(reference.base, path))
    return reference.scheme, path, reference.options, reference.pointer


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
    if not environ.get(agents.BROKERED):
        return []
    names = [name for name, entry in plan.entries.items() if entry.references()]
    for name in names:
        del plan.entries[name]
    missing = [name for name in names if name not in environ]
    missing += [reference.text for reference, _ in plan.imports]
    plan.imports.clear()
    return missing
