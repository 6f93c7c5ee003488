"""A run through the broker: which secrets it holds, what the command gets instead, and its process."""

from __future__ import annotations

import os
import sys

from secretrun.broker import placeholders, process, proxy, sandbox, trust
from secretrun.broker.policy import Rule, from_said, grant
from secretrun.errors import ConfigError
from secretrun.hooks import agents
from secretrun.launch import confinement, masking

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.broker.placeholders import Placeholder
    from secretrun.config.load import Config
    from secretrun.launch.prepare import Prepared
    from secretrun.messages import Messages
    from secretrun.model import Resolved
    from secretrun.template.entry import Entry

KEYS = ("egress", "addresses", "on_misuse", "audit", "inspect")
PROJECT = ("egress", "addresses", "on_misuse", "inspect")  # and these only narrower
# Variables that the broker's process goes by: roots, the way out, where a directory may lie.
_TOLD = (*trust.BUNDLES, trust.EXTRA, *proxy.NAMES, *proxy.EXEMPT, "XDG_RUNTIME_DIR", "TMPDIR")
_AS_IT_IS = ("env", "file", "fd", "fifo", "stdin")


class Options:
    """What all `[broker]` tables and options come to.

    Attributes:
        egress: "deny" or "tunnel".
        addresses: "any", or the networks that names may lead to besides public addresses.
        kill: a misused placeholder ends the run.
        audit: path of the journal.
        inspect: hosts that are looked through though no secret goes there.
    """

    __slots__ = ("addresses", "audit", "egress", "inspect", "kill")

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        from secretrun.broker import journal

        self.egress = "deny"
        self.addresses: str | list[str] = []
        self.kill = False
        self.audit = journal.default_path(environ)
        self.inspect: list[str] = []
        for place, said, trusted in config.broker:
            self._take(place, said, trusted=trusted)
        settings = config.settings
        if settings.source("egress") != "default":
            self.egress = settings.text("egress")

    def _take(self, place: str, said: Mapping[str, object], *, trusted: bool) -> None:
        for key in said:
            if key not in KEYS:
                raise ConfigError(f"{place}: unknown key {key!r}", hint=f"there are {', '.join(KEYS)}")
            if not trusted and key not in PROJECT:
                raise ConfigError(
                    f"{place}: {key} can't be set by a project", hint="set it in your own config.toml"
                )
        wider = None
        if (egress := said.get("egress")) is not None:
            if egress not in ("deny", "tunnel"):
                raise ConfigError(f"{place}: 'egress' must be deny or tunnel")
            wider = "egress" if egress == "tunnel" else None
            self.egress = str(egress)
        if (addresses := said.get("addresses")) is not None:
            wider = wider or ("addresses" if addresses != "public" else None)
            self.addresses = "any" if addresses == "any" else _networks(addresses, place)
        if (misuse := said.get("on_misuse")) is not None:
            if misuse not in ("block", "block+kill"):
                raise ConfigError(f"{place}: 'on_misuse' must be block or block+kill")
            wider = wider or ("on_misuse" if self.kill and misuse == "block" else None)
            self.kill = misuse == "block+kill"
        if wider and not trusted:
            raise ConfigError(
                f"{place}: a project may only narrow what the broker lets out, and {wider} widens it",
                hint="set it in your own config.toml",
            )
        if (audit := said.get("audit")) is not None:
            if not isinstance(audit, str) or not audit:
                raise ConfigError(f"{place}: 'audit' must be a path")
            self.audit = os.path.join(os.path.expanduser("~"), os.path.expanduser(audit))
        inspect = said.get("inspect", [])
        if not isinstance(inspect, list) or not all(isinstance(host, str) for host in inspect):
            raise ConfigError(f"{place}: 'inspect' must be a list of hosts")
        self.inspect += inspect


def _networks(said: object, place: str) -> list[str]:
    import ipaddress

    if said == "public":
        return []
    try:
        if not isinstance(said, list):
            raise ValueError  # noqa: TRY004  both ways to be wrong are one to the user
        return [str(ipaddress.ip_network(text)) for text in said]
    except ValueError:
        raise ConfigError(f"{place}: 'addresses' must be public, any or a list of networks") from None


def rules_of(prepared: Prepared) -> list[Rule]:
    """Every rule of this run: of secretrun.toml, as far as it was agreed to, of presets, and of --grant.

    Raises:
        ConfigError: naming the place of the one that can't be read.
    """
    from secretrun.broker import presets

    rules: list[Rule] = []
    for name, entry in prepared.plan.entries.items():
        for key in ("allow", "deny"):
            tables = entry.broker.get(key, [])
            assert isinstance(tables, list)  # noqa: S101  config saw to it
            for number, table in enumerate(tables, 1):
                label = f"{entry.place}: {key} {number}"
                rules.append(from_said(table, deny=key == "deny", secret=name, label=label))
        if "use" in entry.broker:
            rules += presets.rules(str(entry.broker["use"]), name, entry.place)
    rules += [grant(text) for text in prepared.settings.items("grant")]
    return rules


class Brokered:
    """One run's side of the broker.

    Made before the stores are asked, so that what is wrong with a rule is said first.
    """

    def __init__(self, prepared: Prepared, remote: process.Remote | None) -> None:
        """What the run says of it.

        Args:
            prepared: the run.
            remote: its process, or None for `stand`.

        Raises:
            ConfigError: a rule that can't be read, or a package that is missing.
        """
        missing = [name for name in process.NEEDED if not _at_hand(name)]
        if missing:
            raise ConfigError(
                f"--broker needs {' and '.join(missing)}", hint="pip install 'secretrun[broker]'"
            )
        self._prepared = prepared
        self._via = proxy.of(prepared.environ)
        self.options = Options(prepared.config, prepared.environ)
        self.rules = rules_of(prepared)
        self._confinement = confinement.Confinement(prepared)
        self.assurance = self._confinement.assurance
        self.session = os.urandom(6).hex()
        self.placeholders: list[Placeholder] = []
        self._remote = remote

    def apply(self, resolved: Resolved, argv: list[bytes], messages: Messages) -> list[bytes]:
        """Put placeholders in place of values, start the broker, and point the command's programs at it.

        Returns the words to run: the command's own, or the sandbox's round them.

        Raises:
            ConfigError, BrokerError: nothing was started.
        """
        assert self._remote is not None  # noqa: S101  only `serve` stands alone
        self._replace(resolved, messages)
        said, handed = self._remote.begin(self._run(resolved))
        bundles = said["bundles"]
        assert isinstance(bundles, dict)  # noqa: S101  the broker made it
        address = f"127.0.0.1:{said['port'] or sandbox.PORT}"
        environ = self._prepared.environ
        resolved.environment.update(trust.variables(address, str(said["password"]), bundles, environ))
        resolved.environment[agents.BROKERED] = self.session.encode()
        exempted = trust.exempted(environ)
        if exempted:
            messages.warn(
                f"NO_PROXY is overridden: {', '.join(exempted)} would not have gone through the broker"
            )
        if self._prepared.settings.flag("verbose"):
            for rule in self.rules:
                messages.note(f"broker: {'deny' if rule.deny else 'allow'} {rule}")
            messages.note(f"broker: assurance {self.assurance}, audit {self.options.audit}")
            if self._via is not None:
                messages.note(f"broker: hosts are reached through {self._via.host}:{self._via.port}")
        self._confinement.say(messages)
        if not handed:
            return argv
        return self._confinement.wrap(argv, resolved, handed[0], str(said["directory"]))

    def _replace(self, resolved: Resolved, messages: Messages) -> None:
        plan = self._prepared.plan
        ruled = {rule.secret for rule in self.rules if not rule.deny}
        names = [
            name
            for name in resolved.environment
            if name not in plan.entries or plan.entries[name].references()
        ]
        for unknown in sorted(ruled.difference(names)):
            messages.warn(f"a rule is about {unknown}, which is no secret of this run")
        real: list[bytes] = []
        for name in names:
            entry = plan.entries.get(name)
            way = entry.broker.get("as") if entry is not None else None
            if way in _AS_IT_IS:
                messages.warn(f'{name} is given to the command as it is (as = "{way}"): it can read it')
                continue
            value = resolved.environment[name]
            if name not in ruled:
                del resolved.environment[name]
                resolved.left_out.append(name)
                resolved.deliver.pop(name, None)
                messages.warn(f"{name} has no rule, so the command does not get it", insist=False)
                real.append(value)
                continue
            start, end = _secret_part(name, value, entry, resolved)
            made = placeholders.mint(
                name,
                value[start:end],
                str(entry.broker.get("placeholder", "shape")) if entry is not None else "shape",
                [known.text for known in self.placeholders],
                os.urandom,
            )
            self.placeholders.append(made)
            resolved.environment[name] = value[:start] + made.text.encode("ascii") + value[end:]
            real.append(value[start:end])
        for name, text in self._prepared.environ.items():
            held = os.fsencode(text)
            if name not in resolved.environment and any(len(value) >= 8 and value in held for value in real):
                resolved.left_out.append(name)
                messages.warn(
                    f"{name} of the environment holds a secret of this run, so the command does not get it"
                )

    def _run(self, resolved: Resolved) -> dict[str, object]:
        """What the broker's process is told."""
        import base64

        from secretrun.broker import presets

        def coded(value: bytes) -> str:
            return base64.b64encode(value).decode("ascii")

        brokered = {known.reveal() for known in self.placeholders}
        return {
            "rules": [rule.said() for rule in self.rules],
            "egress": self.options.egress,
            "inspect": [*self.options.inspect, *(presets.MODELS if self.options.egress == "tunnel" else ())],
            "masked": list(presets.MODELS),
            "addresses": self.options.addresses,
            "secrets": [
                {"name": known.name, "text": known.text, "value": coded(known.reveal())}
                for known in self.placeholders
            ],
            "others": [
                {"name": secret.name, "value": coded(secret.reveal())}
                for secret in resolved.secrets
                if secret.mask != "never" and len(secret.reveal()) >= placeholders.SHORTEST
                and secret.reveal() not in brokered
            ],
            "audit": self.options.audit,
            "environ": {
                name: value
                for name, value in self._prepared.environ.items()
                if name in _TOLD
            },
            "sandboxed": self.assurance == "enforced",
            "kill": self.options.kill,
            "assurance": self.assurance,
            "session": self.session,
        }  # fmt: skip

    def stand(self, resolved: Resolved, messages: Messages, listen: str) -> int:
        """Be the broker in this very process, until a signal ends it.

        What a command needs is printed once, as `export` lines: placeholders, the proxy, the bundles.

        Raises:
            ConfigError: it can't listen there.
        """
        from secretrun.broker import run, serve
        from secretrun.formats import render

        self._replace(resolved, messages)
        self.assurance = "separate"

        def announce(address: str, password: str, bundles: Mapping[str, str]) -> None:
            variables = {known.name: resolved.environment[known.name] for known in self.placeholders}
            variables.update(trust.variables(address, password, bundles, self._prepared.environ))
            os.write(1, render.render(variables, "shell"))

        return serve.stand(run.Run(self._run(resolved)), listen, announce)

    def end(self, messages: Messages, printed: Iterable[str] = ()) -> None:
        """End the broker; say so when it had ended by itself, or the command printed placeholders."""
        assert self._remote is not None  # noqa: S101  only `serve` stands alone
        names = sorted(printed)
        if names:
            self._remote.say({"printed": names})
        if not self._remote.alive:
            messages.warn(
                "the broker ended before the command: its requests were refused from then on", insist=True
            )
        self._remote.end()
        self._confinement.look_again(messages)


def _at_hand(module: str) -> bool:
    if module in sys.modules:
        return sys.modules[module] is not None  # None says that it can't be had
    return masking.installed(module)


def _secret_part(name: str, value: bytes, entry: Entry | None, resolved: Resolved) -> tuple[int, int]:
    """Where in a variable's value the secret stands: `extract`'s group, the one reference in it, or all."""
    if entry is None:
        return 0, len(value)
    if "extract" in entry.broker:
        return placeholders.extracted(name, value, str(entry.broker["extract"]))
    if len(entry.pieces) > 1 and len(entry.references()) == 1:
        for secret in resolved.secrets:
            part = secret.reveal()
            at = value.find(part)
            if name in secret.names and part and part != value and at >= 0 and value.count(part) == 1:
                return at, at + len(part)
    return 0, len(value)
