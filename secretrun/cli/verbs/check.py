"""`secretrun check`: resolve everything; show names, sources and status, never values.

Exit status: 0 when every variable resolves, 125 otherwise.
"""

from __future__ import annotations

import os
import sys

from secretrun.cli import plain_options
from secretrun.cli.find_variable import find
from secretrun.errors import SecretrunError
from secretrun.launch.prepare import prepare
from secretrun.messages import hint, printable
from secretrun.resolution.gather import Gathered, gather
from secretrun.resolution.resolve import compose, groups, nul, scrubbed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from secretrun.launch.prepare import Prepared
    from secretrun.resolution.gather import Values
    from secretrun.template.entry import Entry
    from secretrun.template.plan import Plan

    Row = dict[str, object]


def run(options: argparse.Namespace) -> int:
    """Print a table (or JSON) of the plan; returns the exit status."""
    from secretrun.posix import dumpable

    dumpable.forbid()
    prepared = prepare(plain_options.reader(options), options.messages)
    if options.explain:
        return _explain(prepared, options.explain, as_json=options.json)
    gathered = gather(prepared.plan, prepared.stores)
    prepared.warn_about_cache(options.messages)
    entries = gathered.entries.values()
    rows = [_row(entry, gathered) for entry in entries]
    rows += _imports(prepared.plan, gathered) + _groups(entries, gathered.answers)
    failed = any(row["status"] == "error" for row in rows)
    if options.json:
        _json({"ok": not failed, "variables": rows}, prepared)
    else:
        _table(rows)
        if prepared.settings.flag("verbose"):
            _settings(prepared)
    return 125 if failed else 0


def _explain(prepared: Prepared, name: str, *, as_json: bool) -> int:
    """Say which places set a variable, which wins and what resolves it; then the settings."""
    plan = prepared.plan
    entry, answers = find(prepared, name)
    row = _row(entry, Gathered({}, answers, {}))
    failed = row["status"] == "error"
    stores = [
        (reference.text, prepared.registry.backend(reference.scheme).info.title, answers[reference])
        for reference in dict.fromkeys(entry.references())
    ]
    if as_json:
        inherited = ["the environment"] if name in plan.inherited else []
        row["overruled"] = inherited + plan.trail.get(name, [])[:-1]
        row["stores"] = [{"reference": text, "store": title} for text, title, _ in stores]
        row.update(
            default=entry.default is not None,
            required=entry.required,
            mask=entry.mask,
            delivered=entry.deliver,
        )
        _json({"ok": not failed, "variable": row}, prepared)
        return 125 if failed else 0
    if name in plan.inherited:
        wins = "is overruled" if entry.place != "the environment" else "is a reference"
        sys.stdout.write(f"the environment sets {name}, which {wins}\n")
    for place in plan.trail.get(name, [])[:-1]:
        sys.stdout.write(f"{place} sets it, and is overruled\n")
    sys.stdout.write(f"{entry.place} sets it\n")
    told = []
    for text, title, answer in stores:
        status = scrubbed(answer, answers).message if isinstance(answer, SecretrunError) else "has a value"
        sys.stdout.write(f"{printable(f'{text}: {title}: {status}')}\n")
        told.append(status)
    for message in _messages(row):
        if message not in told:
            sys.stdout.write(f"{printable(message)}\n")
    if not entry.references():
        sys.stdout.write(f"a literal: it is {'' if entry.mask == 'always' else 'not '}masked\n")
    for said, value in (("default", entry.default is not None), ("required", entry.required)):
        sys.stdout.write(f"{said}: {'yes' if value else 'no'}\n")
    sys.stdout.write(f"mask: {entry.mask}, delivered as: {entry.deliver}\n")
    _settings(prepared)
    return 125 if failed else 0


def _messages(row: Row) -> list[str]:
    errors = row.get("errors")
    return [error["message"] for error in errors] if isinstance(errors, list) else []


def _json(said: Row, prepared: Prepared) -> None:
    """Print a result for programs, and where each setting that is not the default comes from."""
    import json

    sources = {name: prepared.settings.source(name) for name in _changed(prepared)}
    json.dump({"version": 1, **said, "settings": sources}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _row(entry: Entry, gathered: Gathered) -> Row:
    references, answers = entry.references(), gathered.answers
    value, wrong = compose(entry, answers)
    row: Row = {
        "name": entry.name,
        "source": entry.place,
        "references": [reference.text for reference in references],
        "status": "ok" if references else "literal",
    }
    if wrong:
        row["status"] = "error"
        row["errors"] = [_shown(scrubbed(error, answers, gathered.listings)) for _, error in wrong]
    elif any(isinstance(answers[reference], SecretrunError) for reference in references):
        row["status"] = "left out" if value is None else "default"
    return row


def _shown(error: SecretrunError) -> Row:
    return {"code": error.code, "message": error.message, "hint": hint(error.hint) or None}


def _groups(entries: Iterable[Entry], answers: Values) -> list[Row]:
    """A row for every group of which too few or too many members have a value."""
    environment = {
        entry.name: value for entry in entries if (value := compose(entry, answers)[0]) is not None
    }
    return [
        {"name": name, "source": place, "references": [], "status": "error", "errors": [_shown(error)]}
        for place, name, error in groups(entries, environment)
    ]


def _imports(plan: Plan, gathered: Gathered) -> list[Row]:
    rows: list[Row] = []
    for reference, place in plan.imports:
        row: Row = {"name": "*", "source": place, "references": [reference.text], "status": "ok"}
        said = gathered.listings[reference]
        if not isinstance(said, SecretrunError):
            row["names"] = sorted(said)
            if any(b"\0" in value for value in said.values()):
                said = nul()
        if isinstance(said, SecretrunError):
            row["status"] = "error"
            row["errors"] = [_shown(scrubbed(said, gathered.answers, gathered.listings))]
        rows.append(row)
    return rows


def _table(rows: list[Row]) -> None:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    colours = {"ok": "32", "literal": "2", "default": "33", "left out": "33", "error": "31;1"}
    if not rows:
        sys.stdout.write("no template and no references: the command would run with your environment\n")
        return
    cells = [
        (
            str(row["status"]),
            printable(str(row["name"])),
            printable(", ".join(_texts(row["references"])) or "-"),
            printable(str(row["source"])),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    for row, (status, name, references, source) in zip(rows, cells, strict=True):
        shown = f"\x1b[{colours[status]}m{status:{widths[0]}}\x1b[m" if coloured else f"{status:{widths[0]}}"
        sys.stdout.write(f"{shown}  {name:{widths[1]}}  {references:{widths[2]}}  {source}\n")
        names = row.get("names")
        if isinstance(names, list):
            sys.stdout.write(f"{'':{widths[0]}}  imports {printable(', '.join(names)) or 'nothing'}\n")
        errors = row.get("errors")
        for error in errors if isinstance(errors, list) else []:
            sys.stdout.write(f"{'':{widths[0]}}  {printable(error['message'])}\n")
            for line in (error["hint"] or "").splitlines():
                sys.stdout.write(f"{'':{widths[0]}}  hint: {printable(line)}\n")


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _changed(prepared: Prepared) -> list[str]:
    from secretrun.config.settings import RUN

    return [s.name for s in RUN if prepared.settings.source(s.name) != "default"]


def _settings(prepared: Prepared) -> None:
    from secretrun.config.settings import RUN

    sys.stdout.write("\nsettings:\n")
    for setting in RUN:
        source = prepared.settings.source(setting.name)
        # --set can hold a value that is meant to be secret
        value = (
            "..." if setting.name == "set" and source != "default" else prepared.settings.value(setting.name)
        )
        sys.stdout.write(f"  {setting.name} = {value!r}  ({source})\n")
    for path in prepared.config.templates:
        sys.stdout.write(f"  template {path}\n")
