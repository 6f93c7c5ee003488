"""What may be done with which secret: rules, and the one decision that they lead to. Knows no transport.

A request is allowed when every placeholder in it stands where some allow rule of its secret has it, and no
deny rule of that secret matches the request. With several rules, the refusal is that of the nearest one.
"""

from __future__ import annotations

import re

from secretrun.broker import hosts, paths, places
from secretrun.broker.refusal import Refused
from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from secretrun.broker.places import Occurrence

RESPONSES = ("redact", "block-on-echo", "trust")
ON_LEAK = ("block", "mask")
KEYS = ("host", "port", "methods", "paths", "in", "uses", "response", "on_leak", "raw")
DENY_KEYS = ("host", "port", "methods", "paths")
HTTPS = 443

# How near a rule came to a request: the reason of the nearest one is the one that helps.
_STEPS = (
    "host_not_allowed", "port_not_allowed", "method_not_allowed", "path_not_canonical", "path_not_allowed",
    "location_not_allowed", "too_many_uses",
)  # fmt: skip


_GRANT = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\s]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?::(?P<methods>\*|[A-Za-z]+(?:,[A-Za-z]+)*)(?::(?P<path>/.*))?)?"
)


class Rule:
    """One allow or deny rule of one secret. Immutable by custom.

    Attributes:
        secret: its name.
        host: see `hosts.pattern`.
        port: of the host.
        methods: upper case; empty allows all.
        paths: globs; empty allows all.
        places: where the placeholder may stand, see `places`.
        uses: placeholders of this secret in one request.
        response: what is done about echoes: one of `RESPONSES`.
        on_leak: what is done about real values in a request to this host: one of `ON_LEAK`.
        raw: ambiguous paths are compared too, as they are decoded once.
        deny: it forbids.
    """

    __slots__ = (
        "_globs", "deny", "host", "methods", "on_leak", "paths", "places", "port", "raw", "response",
        "secret", "uses",
    )  # fmt: skip

    def __init__(
        self,
        secret: str,
        host: str,
        *,
        port: int = HTTPS,
        methods: Iterable[str] = (),
        paths_: Iterable[str] = (),
        places_: Iterable[str] = places.DEFAULT,
        uses: int = 1,
        response: str = "redact",
        on_leak: str = "block",
        raw: bool = False,
        deny: bool = False,
    ) -> None:
        self.secret = secret
        self.host = hosts.pattern(host)
        self.port = port
        self.methods = tuple(method.upper() for method in methods)
        self.paths = tuple(paths_)
        self.places = tuple(places.spelled(place) for place in places_)
        self.uses = uses
        self.response = response
        self.on_leak = on_leak
        self.raw = raw
        self.deny = deny
        self._globs = tuple((text, paths.glob(text)) for text in self.paths)

    def reaches(self, host: str, port: int) -> bool:
        return port == self.port and hosts.matches(host, self.host)

    def path(self, path: str) -> str | None:
        """The glob that a canonical path matches ("/**" when the rule names none), or None."""
        if not self._globs:
            return "/**"
        return next((text for text, matches in self._globs if matches(path)), None)

    def said(self) -> dict[str, object]:
        """The rule as data, for the broker's process; `from_said` reads it."""
        said: dict[str, object] = {
            "secret": self.secret, "host": self.host, "port": self.port, "methods": list(self.methods),
            "paths": list(self.paths), "deny": self.deny,
        }  # fmt: skip
        if not self.deny:
            said |= {
                "in": list(self.places), "uses": self.uses, "response": self.response,
                "on_leak": self.on_leak, "raw": self.raw,
            }  # fmt: skip
        return said

    def __str__(self) -> str:
        port = "" if self.port == HTTPS else f":{self.port}"
        methods = ",".join(self.methods) or "*"
        return f"{self.secret}@{self.host}{port}:{methods}:{' '.join(self.paths) or '/**'}"

    def __repr__(self) -> str:
        return f"<Rule {'deny ' if self.deny else ''}{self}>"


class Decision:
    """What a request may do.

    Attributes:
        rules: the rule that let each secret in, by its name.
        template: the glob of a rule that the path matched, which an audit may keep.
    """

    __slots__ = ("rules", "template")

    def __init__(self, rules: dict[str, Rule], template: str | None) -> None:
        self.rules = rules
        self.template = template

    def __repr__(self) -> str:
        return f"<Decision {self.rules}>"


class Policy:
    """All rules of a session; nothing about it changes once it is made.

    Args:
        rules: allow and deny rules.
        egress: what becomes of hosts that no rule names: "deny" or "tunnel".
        inspect: hosts (name or `*.name`) that are looked through though no secret goes there.
        masked: hosts whose requests are masked, not refused, when they hold a real value.
    """

    def __init__(
        self,
        rules: Iterable[Rule] = (),
        *,
        egress: str = "deny",
        inspect: Iterable[str] = (),
        masked: Iterable[str] = (),
    ) -> None:
        self.rules = tuple(rules)
        self.egress = egress
        self.inspect = tuple(hosts.pattern(host) for host in inspect)
        self.masked = tuple(hosts.pattern(host) for host in masked)
        self._allow: dict[str, list[Rule]] = {}
        self._deny: dict[str, list[Rule]] = {}
        for rule in self.rules:
            (self._deny if rule.deny else self._allow).setdefault(rule.secret, []).append(rule)

    def route(self, host: str, port: int) -> str:
        """What becomes of a tunnel to a canonical host: "inspect" or "tunnel".

        Decided by the name alone, before anybody looks it up.

        Raises:
            Refused: host_not_allowed, port_not_allowed.
        """
        if any(rule.reaches(host, port) for rule in self.rules if not rule.deny):
            return "inspect"
        if port == HTTPS and any(hosts.matches(host, wanted) for wanted in self.inspect):
            return "inspect"
        if self.egress == "tunnel":
            return "tunnel"
        if any(hosts.matches(host, rule.host) for rule in self.rules if not rule.deny):
            raise Refused("port_not_allowed")
        raise Refused("host_not_allowed")

    def hosts(self) -> tuple[str, ...]:
        """Every host whose TLS may be ended: what the run's certificates are good for."""
        return tuple(dict.fromkeys([*(rule.host for rule in self.rules if not rule.deny), *self.inspect]))

    def on_leak(self, host: str, port: int) -> str:
        """What is done about a real value in a request to this host."""
        if any(hosts.matches(host, wanted) for wanted in self.masked):
            return "mask"
        asked = {rule.on_leak for rule in self.rules if not rule.deny and rule.reaches(host, port)}
        return "mask" if asked == {"mask"} else "block"

    def response(self, host: str, port: int) -> str:
        """What is done about echoes in an answer: the strictest that a rule of the host asks for."""
        asked = {rule.response for rule in self.rules if not rule.deny and rule.reaches(host, port)}
        return next((said for said in ("block-on-echo", "redact", "trust") if said in asked), "redact")

    def raw_paths(self, host: str, port: int) -> bool:
        """Whether every rule of the host takes ambiguous paths."""
        asked = [rule.raw for rule in self.rules if not rule.deny and rule.reaches(host, port)]
        return bool(asked) and all(asked)

    def decide(
        self, occurrences: Sequence[Occurrence], *, host: str, port: int, method: str, path: str | None
    ) -> Decision:
        """Whether every placeholder of a request may be where it is.

        Args:
            occurrences: what was found, of the whole request or of a part of it.
            host: of the request, canonical.
            port: of the request.
            method: of the request.
            path: canonical, or None where it is ambiguous.

        Raises:
            Refused: with the reason, the secret's name, and `misuse`.
        """
        counts: dict[str, list[Occurrence]] = {}
        for occurrence in occurrences:
            counts.setdefault(occurrence.secret, []).append(occurrence)
        chosen: dict[str, Rule] = {}
        template = None
        for secret, found in counts.items():
            rule = self._rule(secret, found, host=host, port=port, method=method, path=path)
            for deny in self._deny.get(secret, ()):
                if self._denies(deny, host=host, port=port, method=method, path=path):
                    raise Refused("denied", secret=secret, misuse=True)
            chosen[secret] = rule
            template = template or rule.path(path or "")
        return Decision(chosen, template)

    def explain(
        self, occurrences: Sequence[Occurrence], *, host: str, port: int, method: str, target: bytes
    ) -> Decision:
        """What a request would be told: `route`, the path's spelling and `decide` in the broker's own order.

        Raises:
            Refused: as they do.
        """
        self.route(host, port)
        clean = paths.canonical(paths.split(target)[0], raw=self.raw_paths(host, port))
        return self.decide(occurrences, host=host, port=port, method=method, path=clean)

    def _denies(self, rule: Rule, *, host: str, port: int, method: str, path: str | None) -> bool:
        return (
            rule.reaches(host, port)
            and (not rule.methods or method in rule.methods)
            and (path is None or rule.path(path) is not None)
        )

    def _rule(
        self, secret: str, found: Sequence[Occurrence], *, host: str, port: int, method: str, path: str | None
    ) -> Rule:
        nearest = 0
        for rule in self._allow.get(secret, ()):
            if not hosts.matches(host, rule.host):
                step = 0
            elif rule.port != port:
                step = 1
            elif rule.methods and method not in rule.methods:
                step = 2
            elif path is None:
                step = 3
            elif rule.path(path) is None:
                step = 4
            elif not all(places.covers(rule.places, occurrence.place) for occurrence in found):
                step = 5
            elif len(found) > rule.uses:
                step = 6
            else:
                return rule
            nearest = max(nearest, step)
        raise Refused(_STEPS[nearest], secret=secret, misuse=True)

    def places_of(self, *, host: str, port: int, method: str, path: str | None) -> tuple[str, ...]:
        """Every place in which some rule allows a placeholder in such a request."""
        return tuple(
            place
            for rule in self.rules
            if not rule.deny
            and rule.reaches(host, port)
            and (not rule.methods or method in rule.methods)
            and path is not None
            and rule.path(path) is not None
            for place in rule.places
        )

    def __repr__(self) -> str:
        return f"<Policy of {len(self.rules)} rules, egress {self.egress}>"


def from_said(
    said: Mapping[str, object], *, deny: bool = False, secret: str | None = None, label: str = "rule"
) -> Rule:
    """A rule from data: a table of secretrun.toml, or what `Rule.said` gave.

    Args:
        said: its keys.
        deny: it forbids (a table's; `Rule.said` says so itself).
        secret: whose rule it is (the same).
        label: where it stands, for messages.

    Raises:
        ConfigError: naming the place and the key.
    """
    deny = bool(said.get("deny", deny))
    secret = str(said.get("secret", secret))
    for key in said:
        if key not in (DENY_KEYS if deny else KEYS) and key not in ("deny", "secret"):
            raise ConfigError(
                f"{label}: unknown key {key!r}", hint=f"there are {', '.join(DENY_KEYS if deny else KEYS)}"
            )
    host = said.get("host")
    if not isinstance(host, str):
        raise ConfigError(f"{label}: 'host' must be a name such as api.example.com")
    port = said.get("port", HTTPS)
    uses = said.get("uses", 1)
    raw = said.get("raw", False)
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65536:
        raise ConfigError(f"{label}: 'port' must be a number from 1 to 65535")
    if not isinstance(uses, int) or isinstance(uses, bool) or uses < 1:
        raise ConfigError(f"{label}: 'uses' must be a number above 0")
    if not isinstance(raw, bool):
        raise ConfigError(f"{label}: 'raw' must be true or false")
    try:
        return Rule(
            secret,
            host,
            port=port,
            methods=_texts(said, "methods", label),
            paths_=_texts(said, "paths", label),
            places_=_texts(said, "in", label) or places.DEFAULT,
            uses=uses,
            response=_choice(said, "response", RESPONSES, label),
            on_leak="mask" if _choice(said, "on_leak", ON_LEAK, label) == "mask" else "block",
            raw=raw,
            deny=deny,
        )
    except Refused as refused:
        raise ConfigError(f"{label}: {refused.detail or refused.reason}") from None


def grant(text: str) -> Rule:
    """A rule from `NAME@host[:port][:METHODS[:/path/**]]`; methods by commas, `*` for all.

    Raises:
        ConfigError: it is not of that form.
    """
    name, at, rest = text.partition("@")
    label = f"--grant {name}" if at and name else "--grant"
    match = _GRANT.fullmatch(rest)
    if not at or not name or match is None:
        raise ConfigError(
            f"{label}: not of the form NAME@HOST[:PORT][:METHODS[:PATH]]",
            hint="such as --grant 'STRIPE_KEY@api.stripe.com:GET,POST:/v1/customers/**'",
        )
    host, port, methods, path = match.group("host", "port", "methods", "path")
    said: dict[str, object] = {"host": host}
    if port:
        said["port"] = int(port)
    if methods and methods != "*":
        said["methods"] = methods.split(",")
    if path:
        said["paths"] = [path]
    return from_said(said, secret=name, label=label)


def _texts(said: Mapping[str, object], key: str, label: str) -> list[str]:
    value = said.get(key, [])
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise ConfigError(f"{label}: {key!r} must be a list of texts")
    return value


def _choice(said: Mapping[str, object], key: str, choices: Sequence[str], label: str) -> str:
    value = said.get(key, choices[0])
    if value not in choices:
        raise ConfigError(f"{label}: {key!r} must be one of {', '.join(choices)}")
    return str(value)
