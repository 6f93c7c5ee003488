"""What the files and options say to the plan, lowest precedence first."""

from __future__ import annotations

import os

from secretrun.config.load import decode, section, shorten
from secretrun.errors import ConfigError, ReferenceSyntaxError
from secretrun.posix import atomic_file
from secretrun.template import dotenv

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

    Raises:
        TemplateError, ReferenceSyntaxError, ConfigError: with the place.
    """
    from secretrun import reference

    plan.add_inherited(directory, withheld)
    for text, base, trusted in config.imports:
        try:
            wanted = reference.parse(text, base=base, trusted=trusted)
        except ReferenceSyntaxError as error:
            raise ReferenceSyntaxError(
                f"--from: {error.message}", column=error.column, hint=error.hint
            ) from None
        plan.imports.append((wanted, "--from"))
    # The user's own file by itself: what it trusts must not be made of what a project says.
    for trusted in (True, False):
        layers = [layer for layer in config.tables if layer.trusted is trusted]
        if layers:
            _add_tables(plan, layers)
    for path in config.templates:
        shown = "<stdin>" if path == "-" else shorten(path, directory)
        text = decode(read_stdin() if path == "-" else atomic_file.read(path, shown), shown)
        base = directory if path == "-" else os.path.dirname(path)
        plan.add_template(dotenv.parse(text, shown), base)
    for number, item in enumerate(config.settings.items("set"), 1):
        name, equals, value = item.partition("=")
        if not equals or not dotenv.NAME.fullmatch(name):
            # Not quoted: it may be a value without its name.
            raise ConfigError(f"--set: argument {number} is not of the form NAME=VALUE")
        plan.add_text(name, value, "--set", base=directory, trusted=True)


def _add_tables(plan: Plan, layers: Iterable[Layer]) -> None:
    """Add what the tables of one file say, its profiles included."""
    from secretrun.config import order, secret_table  # not on the way of a run without such a file

    definitions: dict[str, list[order.Definition]] = {}
    for layer in layers:
        for kind in ("env", "secrets"):
            for name, said in section(layer.sections, kind, layer.label).items():
                place = f"{layer.label}: [{kind}] {name}"
                if not dotenv.NAME.fullmatch(name):
                    raise ConfigError(f"{place}: not a variable name")
                if plan.keep_env and name in plan.inherited:
                    continue
                table_ = said if isinstance(said, dict) else {"value": said}
                definitions.setdefault(name, []).append(
                    order.Definition(name, table_, place, directory=layer.directory, trusted=layer.trusted)
                )
    for made, counts in order.ordered(
        definitions, lambda name: name in plan.inherited or name in plan.entries
    ):
        entry = secret_table.read(
            plan if counts else None, made.name, made.said, made.place, made.directory, made.trusted
        )
        if counts:
            plan.add(entry)
        else:
            plan.trail.setdefault(made.name, []).append(made.place)
    for name in definitions:  # listed as they were written
        plan.entries[name] = plan.entries.pop(name)
