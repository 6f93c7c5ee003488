"""`secretrun broker check|log|attenuate|serve`: explain a rule, read the audit, narrow a placeholder."""

from __future__ import annotations

import json
import os
import sys

from secretrun.cli import plain_options
from secretrun.errors import ConfigError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from secretrun.launch.prepare import Prepared

_PAUSE = 0.2  # seconds between looks at the audit with --follow
_WORDS = {"check": "NAME METHOD URL", "log": "", "attenuate": "PLACEHOLDER", "serve": ""}


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line may hold."""
    from secretrun.cli.arguments import add_settings, duration_text
    from secretrun.config import settings as table

    chosen = [setting for setting in table.CHILD if setting.name in ("grant", "egress")]
    add_settings(parser, (*table.RESOLUTION, *chosen, *table.OUTPUT))
    parser.add_argument("action", choices=("check", "log", "attenuate", "serve"), help="what to do")
    parser.add_argument(
        "words", nargs="*", metavar="ARG", help="check: NAME METHOD URL; attenuate: PLACEHOLDER"
    )
    parser.add_argument(
        "--in",
        dest="places",
        action="append",
        metavar="PLACE",
        help="check: where the placeholder stands (default: header:authorization); may be repeated",
    )
    parser.add_argument("--follow", action="store_true", help="log: wait for more, as tail -f does")
    parser.add_argument("--json", action="store_true", help="check, log: print JSON for programs")
    parser.add_argument("--host", metavar="HOST", help="attenuate: only this host, or *.NAME")
    parser.add_argument("--method", metavar="METHODS", help="attenuate: only these methods, by commas")
    parser.add_argument("--path", metavar="GLOB", help="attenuate: only these paths, such as /v1/items/**")
    parser.add_argument(
        "--ttl", type=duration_text, metavar="TIME", help="attenuate: for so long, such as 10m"
    )
    parser.add_argument("--uses", type=int, metavar="N", help="attenuate: for so many requests of this run")
    parser.add_argument(
        "--listen",
        default="127.0.0.1:0",
        metavar="ADDRESS",
        help="serve: HOST:PORT or unix:PATH (default: 127.0.0.1, a free port)",
    )


def run(options: argparse.Namespace) -> int:
    """Do one of the four; returns the exit status (1 from `check`: it would be refused)."""
    wanted = _WORDS[options.action].split()
    if len(options.words) != len(wanted):
        usage = f"secretrun broker {options.action} {_WORDS[options.action]}".rstrip()
        raise UsageError(f"{options.action} takes {len(wanted) or 'no'} arguments", hint=usage)
    actions = {"check": _check, "log": _log, "attenuate": _attenuate, "serve": _serve}
    return actions[options.action](options)


def _prepared(options: argparse.Namespace) -> Prepared:
    from secretrun.launch.prepare import prepare

    return prepare(plain_options.reader(options), options.messages)


def _check(options: argparse.Namespace) -> int:
    """Whether a request with the placeholder in it would be let through, and why not."""
    from secretrun.broker import wire
    from secretrun.broker.known import Mention
    from secretrun.broker.places import Occurrence, spelled
    from secretrun.broker.policy import Policy
    from secretrun.broker.refusal import Refused
    from secretrun.launch import broker

    name, method, url = options.words
    prepared = _prepared(options)
    config = broker.Options(prepared.config, prepared.environ)
    policy = Policy(broker.rules_of(prepared), egress=config.egress, inspect=config.inspect)
    try:
        host, port, target = wire.address(url)
        places = [spelled(place) for place in options.places or ["header:authorization"]]
        found = [Occurrence(place, Mention(name, b"", "", None)) for place in places]
        decision = policy.explain(found, host=host, port=port, method=method.upper(), target=target)
    except Refused as refused:
        if options.json:
            said = {"allowed": False, "reason": refused.reason, "secret": name, "hint": refused.hint}
            sys.stdout.write(json.dumps(said) + "\n")
        else:
            sys.stdout.write(f"refused: {refused.message}\n  {refused.hint}\n")
        return 1
    rules = [str(rule) for rule in decision.rules.values()]
    if options.json:
        sys.stdout.write(json.dumps({"allowed": True, "secret": name, "rule": rules}) + "\n")
    else:
        sys.stdout.write(f"allowed by {', '.join(rules)}\n")
    return 0


def _log(options: argparse.Namespace) -> int:
    """Print the audit."""
    from secretrun.config import load
    from secretrun.launch import broker

    environ = dict(os.environ)
    config = load.load(environ, plain_options.reader(options), os.getcwd())
    path = broker.Options(config, environ).audit
    try:
        for line in _lines(path, follow=options.follow):
            sys.stdout.write(line if options.json else _shown(json.loads(line)) + "\n")
            if options.follow:
                sys.stdout.flush()
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'unreadable').lower()}") from None
    return 0


def _lines(path: str, *, follow: bool) -> Iterator[str]:
    import time

    while follow and not os.path.exists(path):
        time.sleep(_PAUSE)
    with open(path, encoding="utf-8") as file:
        part = ""
        while True:
            part += file.readline()
            if part.endswith("\n"):
                yield part
                part = ""
            elif follow:
                time.sleep(_PAUSE)
            else:
                return


def _shown(record: dict[str, object]) -> str:
    """One event for people."""
    from secretrun.messages import printable

    where = f"{record.get('method', '')} {record.get('host', '')}{record.get('path', '')}".strip()
    secrets = record.get("secrets")
    parts = [
        str(record.get("time", "")),
        str(record.get("event", "")),
        ",".join(map(str, secrets)) if isinstance(secrets, list) else "",
        where,
        str(record.get("reason", record.get("status", record.get("assurance", "")))),
    ]
    return printable("  ".join(part for part in parts if part))


def _attenuate(options: argparse.Namespace) -> int:
    """Print a token that allows less than the placeholder does."""
    import time

    from secretrun.broker import attenuation
    from secretrun.config import settings

    caveats = []
    for kind in ("host", "method", "path"):
        said = getattr(options, kind)
        if said is not None:
            caveats.append(attenuation.caveat(kind, said))
    if options.ttl is not None:
        caveats.append(
            attenuation.caveat("before", str(int(time.time() + settings.duration(options.ttl, "--ttl"))))
        )
    if options.uses is not None:
        caveats.append(attenuation.caveat("uses", str(options.uses)))
    sys.stdout.write(attenuation.attenuate(options.words[0], caveats) + "\n")
    return 0


def _serve(options: argparse.Namespace) -> int:
    """Be the broker, in the foreground, for commands that somebody else starts."""
    from secretrun.launch import broker
    from secretrun.launch.prepare import resolve_all
    from secretrun.posix import dumpable

    dumpable.forbid()
    prepared = _prepared(options)
    stand = broker.Brokered(prepared, None)
    resolved = resolve_all(prepared)
    return stand.stand(resolved, options.messages, options.listen)
