"""What the verbs that resolve have in common: options to config, plan and stores."""

from __future__ import annotations

import os
import sys

from secretrun.child import environment
from secretrun.config import fill, load
from secretrun.errors import UsageError
from secretrun.hooks import agents
from secretrun.model import Resolved
from secretrun.posix import descriptors
from secretrun.sign_in import SIGN_IN, is_withheld
from secretrun.template.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.cache.client import Cache
    from secretrun.config.load import Config
    from secretrun.config.settings import Settings
    from secretrun.launch.choice import Choice
    from secretrun.messages import Messages
    from secretrun.resolution.registry import Registry
    from secretrun.resolution.stores import Stores


class Prepared:
    """Everything a verb needs before the stores are asked.

    Attributes:
        agent: a coding agent runs us: what it has in the clear is masked too.
        words: of its command, for the files that they name.
        again: reads everything anew, with what was asked for; None when standard input was part of it.
    """

    __slots__ = (
        "_registry", "_say", "_stores", "again", "agent", "cache", "choice", "config", "directory", "environ",
        "plan", "settings", "words",
    )  # fmt: skip

    def __init__(
        self, config: Config, directory: str, environ: dict[str, str], say: Callable[[str], None]
    ) -> None:
        self.config = config
        self.settings: Settings = config.settings
        self.directory = directory
        self.environ = environ
        self.agent = agents.detected(environ) is not None
        self.words: tuple[str, ...] = ()
        self.again: Callable[[], Prepared] | None = None
        self._say = say
        self._registry: Registry | None = None
        self._stores: Stores | None = None
        if config.backends:
            self.registry.check_options()
        self.plan = Plan(
            environ,
            self._known,
            keep_env=self.settings.flag("keep_env"),
            collects=True,
            withheld=lambda name: environment.withheld(
                name, SIGN_IN, self.settings.items("pass"), pristine=False
            ),
        )
        self.choice: Choice | None = None
        self.cache: Cache | None = None
        ttl = self.settings.value("cache")
        if isinstance(ttl, float) or self.settings.flag("offline"):
            from secretrun.cache.client import Cache
            from secretrun.cache.key import CacheKeys
            from secretrun.resolution.registry import BUILTIN

            allowed = self.settings.flag("allow_exec")
            keys = CacheKeys(
                environ,
                config.backends,
                known=BUILTIN,
                allowed=allowed,
                signs_in=lambda name: environment.matches(name, SIGN_IN),
            )
            self.cache = Cache(environ, ttl if isinstance(ttl, float) else None, keys)

    def _known(self, scheme: str) -> bool:
        """Whether a scheme is a backend's: what a plan without a reference never asks."""
        return self.registry.known(scheme)

    @property
    def registry(self) -> Registry:
        """The backends by their schemes, loaded when there is a reference to look at."""
        if self._registry is None:
            from secretrun.resolution.registry import Registry

            self._registry = Registry(
                self.environ,
                timeout=self.settings.seconds("timeout"),
                options=self.config.backends,
                interactive=os.isatty(2),
            )
        return self._registry

    @property
    def stores(self) -> Stores:
        """How the stores are reached in this run, loaded when one is to be asked."""
        if self._stores is None:
            from secretrun.resolution.stores import Stores
            from secretrun.resolution.waiting import Waiting

            heard = os.isatty(2) and not self.settings.flag("quiet")
            self._stores = Stores(
                self.registry.backend,
                self.registry.context,
                allow_untrusted=self.settings.flag("allow_exec"),
                cache=self.cache,
                edge=Waiting(self.environ, self._say if heard else None),
                offline=self.settings.flag("offline"),
            )
        return self._stores

    def warn_about_cache(self, messages: Messages) -> None:
        """Say what the cache could not do, and which values are old: never silently."""
        if self.cache is None:
            return
        if self.cache.problem is not None:
            messages.warn(f"--cache: {self.cache.problem.message}")
        for reference, age in self.cache.stale.items():
            messages.warn(
                f"{reference.text}: the store can't be reached, using the value of {age} seconds ago",
                insist=True,
            )


def resolve_all(prepared: Prepared, *, consequence: str = "the command was not started") -> Resolved:
    """Ask the stores of a prepared run; `consequence` ends the message when that fails.

    Raises:
        ResolutionError: naming all that failed.
    """
    resolved = _literal(prepared.plan)
    if resolved is None:
        from secretrun.resolution.resolve import resolve

        resolved = resolve(prepared.plan, prepared.stores, consequence=consequence)
    return resolved if prepared.choice is None else prepared.choice.apply(resolved, prepared.plan)


def _literal(plan: Plan) -> Resolved | None:
    """What a plan of texts alone gives, without anything that could ask a store; None for any other plan.

    What `resolve` would give; rules about its values (a type, a group, a mask) are `resolve`'s to keep.
    """
    if plan.imports or plan.faults:
        return None
    environment: dict[str, bytes] = {}
    deliver: dict[str, str] = {}
    for name, entry in plan.entries.items():
        ruled = entry.check is not None or entry.group is not None or entry.mask == "always"
        if ruled or not all(isinstance(piece, str) for piece in entry.pieces):
            return None
        environment[name] = "".join(map(str, entry.pieces)).encode("utf-8", "surrogateescape")
        if entry.deliver != "env":
            deliver[name] = entry.deliver
    return Resolved(environment, [], [], deliver)


def prepare(
    option: Callable[[str], object], messages: Messages, *, keep_faults: bool = False, agreed: bool = True
) -> Prepared:
    """Read the configuration and build the plan; no store is asked yet.

    Args:
        option: what the front was given for a setting, None where it says nothing.
        messages: prints what waiting has to say.
        keep_faults: what is wrong with the plan stays in its `faults`, for a report with what the stores say.
        agreed: what the discovered files reach must be agreed to. A front that says False asks no store for
            what they name unless `consent.is_agreed` says so.

    Raises:
        NotAgreed: it is not.
        SecretrunError: for whatever is wrong with a file or an option.
    """
    environ = dict(os.environ)
    try:
        directory = os.getcwd()
    except OSError:  # it is gone: nothing lies in it, and nothing that is relative can be found
        gone = environ.get("PWD", "")
        directory = gone if os.path.isabs(gone) else "/nonexistent"
    _keep_descriptors(environ)
    config = load.load(environ, option, directory, faults=[])
    prepared = Prepared(config, directory, environ, messages.note)
    settings = config.settings

    def withheld(name: str) -> bool:
        return environment.withheld(name, SIGN_IN, settings.items("pass"), pristine=settings.flag("pristine"))

    fill.fill(prepared.plan, config, directory, _stdin, withheld)
    for note in config.notes:
        messages.warn(note)
    if agreed and config.found:
        from secretrun.launch import consent

        if not prepared.plan.faults:
            consent.require(config, environ, messages)
        elif not consent.is_agreed(config, environ):
            keep_faults = False  # a file with a fault is not the one that was agreed to
    if prepared.plan.faults and not keep_faults:
        from secretrun.resolution.resolve import report

        raise report((), "nothing was done", prepared.plan.faults)
    if settings.items("only") or settings.items("except") or settings.items("show"):
        from secretrun.launch.choice import Choice

        prepared.choice = Choice(settings)
        prepared.choice.narrow(prepared.plan)
    if prepared.cache is not None:
        for entry in prepared.plan.entries.values():
            if entry.remember is not None:
                prepared.cache.limit((reference.text for reference in entry.references()), entry.remember)
    if "-" not in config.templates:
        prepared.again = lambda: prepare(option, _silent(), keep_faults=True)
    return prepared


def _silent() -> Messages:
    from secretrun.messages import Messages

    silent = Messages()
    silent.quiet = True
    return silent


def _keep_descriptors(environ: Mapping[str, str]) -> None:
    """A key that came by a descriptor (SOPS_AGE_KEY_FILE=/dev/fd/3) is not the command's to inherit."""
    for name, value in environ.items():
        if value.startswith(descriptors.PATHS) and is_withheld(name):
            try:
                os.set_inheritable(int(value.rpartition("/")[2]), False)
            except (OSError, ValueError):
                continue  # it is not open, which whoever reads it will say


def _stdin() -> bytes:
    if sys.stdin is None:
        raise UsageError("-e - reads stdin, which is closed")
    return sys.stdin.buffer.read()
