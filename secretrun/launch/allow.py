"""Agreeing: what the files of a directory reach in each of their profiles, and keeping what is agreed to.

`look` reads the files as a run would, and asks no store.
"""

from __future__ import annotations

import os

from secretrun.child import environment
from secretrun.config import fill, load
from secretrun.errors import SecretrunError
from secretrun.launch import consent
from secretrun.resolution.registry import Registry
from secretrun.sign_in import SIGN_IN
from secretrun.template.plan import Plan
from secretrun.trust.agreement import Agreement, Agreements
from secretrun.trust.ownership import Whose

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.config.load import Config
    from secretrun.trust.digest import Reach

# What names other files than those that lie there.
NAMING = ("SECRETRUN_ENV_FILE", "SECRETRUN_FROM", "SECRETRUN_KEEP_ENV")


class Look:
    """What the discovered files of a directory reach.

    Attributes:
        config: of the run without a profile of the command line.
        reaches: profile ("" is none) to what is reached with it.
        failed: profile to why it can't be read.
    """

    def __init__(
        self,
        directory: str,
        environ: Mapping[str, str],
        profiles: list[str] | None = None,
        chosen: list[str] | None = None,
    ) -> None:
        self._chosen = chosen
        self._environ = {name: value for name, value in environ.items() if name not in NAMING}
        self._directory = directory
        self.reaches: dict[str, Reach] = {}
        self.failed: dict[str, SecretrunError] = {}
        self.config = self._one(profiles)
        self.reaches[",".join(profiles or ())] = consent.reach_of(self.config)
        for profile in [] if profiles else self.config.profiles:
            try:
                self.reaches[profile] = consent.reach_of(self._one([profile]))
            except SecretrunError as error:
                self.failed[profile] = error

    def _one(self, profiles: list[str] | None) -> Config:
        config = load.load(self._environ, {"profile": profiles, "set": self._chosen}.get, self._directory)
        settings = config.settings
        plan = Plan(self._environ, Registry(self._environ, options=config.backends).known)

        def withheld(name: str) -> bool:
            return environment.withheld(
                name, SIGN_IN, settings.items("pass"), pristine=settings.flag("pristine")
            )

        fill.fill(plan, config, self._directory, lambda: b"", withheld)
        return config

    @property
    def path(self) -> str:
        """The project's file that agreements are remembered by, or ""."""
        return self.config.found[0] if self.config.found else ""

    def agreements(self) -> Agreements:
        return Agreements(self._environ, self.config.whose)

    def is_agreed(self) -> bool:
        """Whether there is nothing to ask about."""
        known = {one.digest for one in self.agreements().of(self.path)} if self.path else set()
        return all(not reach.asks or reach.digest() in known for reach in self.reaches.values())

    def agree(self) -> None:
        """Remember that the user agreed to all of it.

        Raises:
            ConfigError: it can't be remembered.
        """
        agreements = self.agreements()
        for reach in reversed(self.reaches.values()):  # the one without a profile is the latest then
            if reach.asks:
                agreements.add(self.path, Agreement(reach.digest(), reach.texts()))


class Upkeep:
    """Keeps an agreement while we change the files ourselves: `init`, `set`, `edit`.

    Attributes:
        whose: who counts as us.

    What was not agreed to before is not afterwards either; what we write into it is no reason.
    """

    def __init__(self, directory: str, environ: Mapping[str, str]) -> None:
        self._directory = directory
        self._environ = environ
        self.whose = Whose(environ)
        try:
            look = Look(directory, environ)
            self.whose = look.config.whose
            # What we write into a directory that had no such files is all of it, whatever lies above.
            self._agreed = look.is_agreed() or os.path.dirname(look.path) != directory
        except SecretrunError:  # it can't be read as it is: nobody has agreed to that
            self._agreed = False

    def keep(self, say: Callable[[str], None]) -> None:
        """Agree to what the files say now; `say` is told when that can't be."""
        try:
            look = Look(self._directory, self._environ)
            if not look.path or look.is_agreed():
                return
            if self._agreed:
                look.agree()
            elif look.config.trust == "check":
                say(f"{os.path.relpath(look.path)} is not agreed to yet: secretrun allow")
        except SecretrunError as error:
            say(f"not agreed to yet ({error.message}): secretrun allow")
