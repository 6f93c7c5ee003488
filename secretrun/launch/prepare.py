"""What the verbs that resolve have in common: options to config, plan and stores."""

from __future__ import annotations

import os
import sys

from secretrun.child import environment
from secretrun.config import fill, load
from secretrun.errors import UsageError
from secretrun.hooks import agents
from secretrun.launch import consent
from secretrun.resolution.registry import BUILTIN, SIGN_IN, Registry
from secretrun.resolution.stores import Stores
from secretrun.resolution.waiting import Waiting
from secretrun.template.plan import Plan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from secretrun.cache.client import Cache
    from secretrun.config.load import Config
    from secretrun.config.settings import Settings
    from secretrun.launch.choice import Choice
    from secretrun.messages import Messages
    from secretrun.resolution.resolve import Resolved


class Prepared:
    """Everything a verb needs before the stores are asked.

    Attributes:
        agent: a coding agent runs us: what it has in the clear is masked too.
        words: of its command, for the files that they name.
    """

    __slots__ = (
        "agent", "cache", "choice", "config", "directory", "environ", "plan", "registry", "settings",
        "stores", "words",
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
        self.registry = Registry(
            environ,
            timeout=self.settings.seconds("timeout"),
            options=config.backends,
            interactive=os.isatty(2),
        )
        if config.backends:
            self.registry.check_options()
        self.plan = Plan(environ, self.registry.known, keep_env=self.settings.flag("keep_env"), collects=True)
        self.choice: Choice | None = None
        self.cache: Cache | None = None
        ttl = self.settings.value("cache")
        if isinstance(ttl, float) or self.settings.flag("offline"):
            from secretrun.cache.client import Cache
            from secretrun.cache.key import CacheKeys

            allowed = self.settings.flag("allow_exec")
            keys = CacheKeys(
                environ,
                config.backends,
                known=BUILTIN,
                allowed=allowed,
                signs_in=lambda name: environment.matches(name, SIGN_IN),
            )
            self.cache = Cache(environ, ttl if isinstance(ttl, float) else None, keys)
        self.stores = Stores(
            self.registry.backend,
            self.registry.context,
            allow_untrusted=self.settings.flag("allow_exec"),
            cache=self.cache,
            edge=Waiting(environ, say if os.isatty(2) and not self.settings.flag("quiet") else None),
            offline=self.settings.flag("offline"),
        )

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
    from secretrun.resolution.resolve import resolve

    resolved = resolve(prepared.plan, prepared.stores, consequence=consequence)
    return resolved if prepared.choice is None else prepared.choice.apply(resolved, prepared.plan)


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
    config = load.load(environ, option, directory)
    prepared = Prepared(config, directory, environ, messages.note)
    settings = config.settings

    def withheld(name: str) -> bool:
        return environment.withheld(name, SIGN_IN, settings.items("pass"), pristine=settings.flag("pristine"))

    fill.fill(prepared.plan, config, directory, _stdin, withheld)
    for note in config.notes:
        messages.warn(note)
    if not prepared.plan.faults and agreed and config.found:
        consent.require(config, environ, messages)
    elif agreed and config.found and not consent.is_agreed(config, environ):
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
    return prepared


def _stdin() -> bytes:
    if sys.stdin is None:
        raise UsageError("-e - reads stdin, which is closed")
    return sys.stdin.buffer.read()
