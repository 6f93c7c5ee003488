"""What the files and options say to the plan, lowest precedence first."""

from __future__ import annotations

import os

from secretrun.config.load import decode, section, shorten
from secretrun.config.said import Said, ours
from secretrun.errors import ConfigError, ReferenceSyntaxError
from secretrun.posix import atomic_file
from secretrun.template import dotenv, value
from secretrun.trust.table import OURS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from secretrun.config import order
    from secretrun.config.load import Config, Layer
    from secretrun.template.plan import Plan


def fill(
    plan: Plan,
    config: Config,
    directory: str,
    read_stdin: Callable[[], bytes],
    withheld: Callable[[str], bool] = lambda _: False,
) -> None:
    """Add every source to the plan, lowest precedence first; `withheld` as in `Plan.add_inherited`.

    A plan that collects gets what is wrong with one file, line or variable as one of its `faults`, and the
    rest is read on: a run has one report.

    Raises:
        TemplateError, ReferenceSyntaxError, ConfigError: with the place, unless the plan collects.
    """
    from secretrun import reference

    chosen = []
    for number, item in enumerate(config.settings.items("set"), 1):
        name, equals, text = item.partition("=")
        if not equals or not dotenv.NAME.fullmatch(name):
            # Not quoted: it may be a value without its name.
            plan.fail(ConfigError(f"--set: argument {number} is not of the form NAME=VALUE"))
            continue
        chosen.append((name, text))
        with plan.collecting(name):  # first, as what it says is what $NAME stands for in all that follows
            plan.choose(name, text, "--set", base=directory)
    for fault in config.faults or ():
        plan.fail(fault)
    plan.add_inherited(directory, withheld)
    for text, base, trusted in config.imports:
        try:
            wanted = reference.parse(text, base=base, trusted=trusted)
        except ReferenceSyntaxError as error:
            message = f"--from: {error.message}"
            plan.fail(ReferenceSyntaxError(message, column=error.column, hint=error.hint))
        else:
            plan.imports.append((wanted, "--from"))
    # The user's own file by itself: what it trusts must not be made of what a project says.
    for trusted in (True, False):
        layers = [layer for layer in config.tables if layer.trusted is trusted]
        if layers:
            with plan.collecting():
                _add_tables(plan, layers, config.said)
    for path in config.templates:
        with plan.collecting():
            _add_template(plan, config, path, directory, read_stdin)
    for name, text in chosen:
        if name in plan.chosen:
            plan.add_text(name, text, "--set", base=directory, trusted=True)


def _add_template(
    plan: Plan, config: Config, path: str, directory: str, read_stdin: Callable[[], bytes]
) -> None:
    shown = "<stdin>" if path == "-" else shorten(path, directory)
    if path.endswith(".toml"):
        raise ConfigError(
            f"{shown} is no env file", hint="a secretrun.toml is found from its directory: run there"
        )
    asked = path in config.found
    if path == "-":
        raw = read_stdin()
    else:
        raw = config.whose.read(path, shown) if asked else atomic_file.read(path, shown)
    text = decode(raw, shown)
    found = os.path.basename(path) == ".env" and config.settings.source("env_file") == "default"
    # A file's own place, which a link only leads to. What is no file (stdin, the shell's `<(...)`) has none.
    base = os.path.dirname(os.path.realpath(path)) if os.path.isfile(path) else directory
    lines = dotenv.parse(text, shown, faults=plan.faults if plan.collects else None)
    for line, entry in plan.add_template(lines, base, origin=value.FOUND if found else value.OURS):
        if line.name.startswith(OURS):
            plan.fail(ours(line.name, f"{shown}:{line.line}"))
        elif asked:
            config.said.append(Said("variable", line.name, parts=line.parts, entry=entry))


def _add_tables(plan: Plan, layers: Iterable[Layer], told: list[Said]) -> None:
    """Add what the tables of one file say, its profiles included; what was discovered also to `told`."""
    from secretrun.config import order, secret_table  # not on the way of a run without such a file

    definitions: dict[str, list[order.Definition]] = {}
    found: set[str] = set()
    for layer in layers:
        for kind in ("env", "secrets"):
            for name, said in section(layer.sections, kind, layer.label).items():
                place = f"{layer.label}: [{kind}] {name}"
                if not dotenv.NAME.fullmatch(name):
                    plan.fail(ConfigError(f"{place}: not a variable name"))
                    continue
                if name.startswith(OURS) and not layer.trusted:
                    plan.fail(ours(name, place))
                    continue
                table_ = said if isinstance(said, dict) else {"value": said}
                if plan.keep_env and name in plan.inherited:
                    if layer.found:
                        told.append(Said("variable", name, table=table_))
                    continue
                if layer.found:
                    found.add(place)
                definitions.setdefault(name, []).append(
                    order.Definition(name, table_, place, directory=layer.directory, trusted=layer.trusted)
                )
    for made, counts in order.ordered(
        definitions, lambda name: name in plan.inherited or name in plan.entries or name in plan.chosen
    ):
        with plan.collecting(made.name):
            entry = secret_table.read(
                plan if counts else None, made.name, made.said, made.place, made.directory, made.trusted
            )
            if counts:
                plan.add(entry)
                if made.place in found:
                    told.append(Said("variable", made.name, table=made.said, entry=entry))
            else:
                plan.trail.setdefault(made.name, []).append(made.place)
    for name in definitions:  # listed as they were written
        if name in plan.entries:
            plan.entries[name] = plan.entries.pop(name)
