"""Least privilege for one command: which of the secrets it gets, and which of them may be seen.

A secret that is not chosen is not asked for, unless a chosen one is made with it: then it is resolved and
masked, and still not passed. What names nothing is an error: a slip must not hand out what was kept.
"""

from __future__ import annotations

from secretrun import hints
from secretrun.child.environment import matches
from secretrun.errors import ConfigError
from secretrun.model import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from secretrun.config.settings import Settings
    from secretrun.model import Resolved
    from secretrun.template.entry import Entry
    from secretrun.template.plan import Plan


class Choice:
    """What `--only`, `--except` and `--show` say of one run.

    Args:
        settings: where they stand.
    """

    def __init__(self, settings: Settings) -> None:
        self._only = settings.items("only")
        self._but = settings.items("except")
        self._show = settings.items("show")
        self._dropped: list[str] = []

    def narrow(self, plan: Plan) -> None:
        """Take out of the plan what the command does not get.

        Raises:
            ConfigError: for a name or glob that stands for nothing, where that is known by now.
        """
        if not plan.imports and not plan.faults:
            self._check(list(plan.entries), plan.inherited)
        for name, entry in list(plan.entries.items()):
            if matches(name, self._show):
                entry.mask = "never"
            if not self._takes(name, secret=_is_secret(entry)):
                del plan.entries[name]
                self._dropped.append(name)
        self._dropped += [name for name in plan.inherited if matches(name, self._but)]

    def apply(self, resolved: Resolved, plan: Plan) -> Resolved:
        """The same for the names that an import has brought; returns `resolved`, changed.

        Raises:
            ConfigError: for a name or glob that stands for nothing.
        """
        if plan.imports:
            self._check([*plan.entries, *self._dropped, *resolved.environment], plan.inherited)
            for name in list(resolved.environment):
                if name not in plan.entries and not self._takes(name, secret=True):
                    del resolved.environment[name]
                    self._dropped.append(name)
            resolved.secrets = [self._seen(secret) for secret in resolved.secrets]
        resolved.left_out += self._dropped
        return resolved

    def _takes(self, name: str, *, secret: bool) -> bool:
        return not matches(name, self._but) and (not secret or not self._only or matches(name, self._only))

    def _seen(self, secret: Secret) -> Secret:
        if not self._show or not all(matches(name, self._show) for name in secret.names):
            return secret
        return Secret(secret.reveal(), secret.names, mask="never")

    def _check(self, names: list[str], inherited: Iterable[str]) -> None:
        for option, globs, known in (
            ("--only", self._only, names),
            ("--except", self._but, [*names, *inherited]),
            ("--show", self._show, names),
        ):
            for glob in globs:
                if not any(matches(name, [glob]) for name in known):
                    raise ConfigError(
                        f"{option} {glob}: there is no such variable",
                        hint=hints.one_of(glob, names, "secretrun check lists them"),
                    )


def _is_secret(entry: Entry) -> bool:
    return bool(entry.references()) or entry.mask == "always"
