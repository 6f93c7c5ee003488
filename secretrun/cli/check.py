"""`secretrun check`: resolve everything; show names, sources and status, never values.

Exit status: 0 when every variable resolves, 125 otherwise.

May import: common, fetch.
"""

from __future__ import annotations

import os
import sys

from secretrun.cli.common import prepare
from secretrun.errors import NotFound, SecretrunError
from secretrun.fetch import fetch

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.cli.common import Prepared
    from secretrun.fetch import Answers
    from secretrun.plan import Entry

    Row = dict[str, object]


def run(options: argparse.Namespace) -> int:
    """Print a table (or JSON) of the plan; returns the exit status."""
    from secretrun import hygiene

    hygiene.protect()
    prepared = prepare(options)
    if options.explain:
        return _explain(prepared, options.explain)
    entries = prepared.plan.entries
    answers = fetch([r for entry in entries.values() for r in entry.references()], prepared.stores)
    rows = [_row(entry, answers) for entry in entries.values()] + _imports(prepared)
    failed = any(row["status"] == "error" for row in rows)
    if options.json:
        import json

        sources = {name: prepared.settings.source(name) for name in _changed(prepared)}
        json.dump(
            {"version": 1, "ok": not failed, "variables": rows, "settings": sources}, sys.stdout, indent=2
        )
        sys.stdout.write("\n")
    else:
        _table(rows)
        if prepared.settings.flag("verbose"):
            _settings(prepared)
    return 125 if failed else 0


def _explain(prepared: Prepared, name: str) -> int:
    """Say which places set a variable, which wins and what resolves it; then the settings."""
    plan = prepared.plan
    entry = plan.entries.get(name)
    if entry is None:
        where = "inherited, and no reference" if name in plan.inherited else "set nowhere"
        raise NotFound(f"{name} is {where}", hint="secretrun check lists the variables")
    if name in plan.inherited:
        wins = "is overruled" if entry.place != "the environment" else "is a reference"
        sys.stdout.write(f"the environment sets {name}, which {wins}\n")
    for place in plan.trail[name][:-1]:
        sys.stdout.write(f"{place} sets it, and is overruled\n")
    sys.stdout.write(f"{entry.place} sets it\n")
    answers = fetch(entry.references(), prepared.stores)
    for reference in dict.fromkeys(entry.references()):
        info = prepared.registry.backend(reference.scheme).info
        answer = answers[reference]
        status = answer.message if isinstance(answer, SecretrunError) else "has a value"
        sys.stdout.write(f"{reference.text}: {info.title}: {status}\n")
    if not entry.references():
        sys.stdout.write("a literal: it is not masked\n")
    for said, value in (("default", entry.default is not None), ("required", entry.required)):
        sys.stdout.write(f"{said}: {'yes' if value else 'no'}\n")
    sys.stdout.write(f"mask: {entry.mask}, delivered as: {entry.deliver}\n")
    _settings(prepared)
    return 125 if any(isinstance(answer, SecretrunError) for answer in answers.values()) else 0


def _row(entry: Entry, answers: Answers) -> Row:
    references = entry.references()
    errors = [error for r in references if isinstance(error := answers[r], SecretrunError)]
    row: Row = {
        "name": entry.name,
        "source": entry.place,
        "references": [reference.text for reference in references],
        "status": "ok" if references else "literal",
    }
    if (
        errors
        and all(isinstance(error, NotFound) for error in errors)
        and (entry.default is not None or not entry.required)
    ):
        row["status"] = "default" if entry.default is not None else "left out"
    elif errors:
        row["status"] = "error"
        row["errors"] = [{"code": e.code, "message": e.message, "hint": e.hint} for e in errors]
    return row


def _imports(prepared: Prepared) -> list[Row]:
    rows: list[Row] = []
    for reference, place in prepared.plan.imports:
        row: Row = {"name": "*", "source": place, "references": [reference.text], "status": "ok"}
        try:
            backend = prepared.registry.backend(reference.scheme)
            listing = getattr(backend, "fetch_all", None)
            if listing is None:
                raise NotFound(f"{backend.info.title} can't be imported whole")
            row["names"] = sorted(listing(reference, prepared.registry.context(backend)))
        except SecretrunError as error:
            row["status"] = "error"
            row["errors"] = [{"code": error.code, "message": error.message, "hint": error.hint}]
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
            str(row["name"]),
            ", ".join(_texts(row["references"])) or "-",
            str(row["source"]),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    for row, (status, name, references, source) in zip(rows, cells, strict=True):
        shown = f"\x1b[{colours[status]}m{status:{widths[0]}}\x1b[m" if coloured else f"{status:{widths[0]}}"
        sys.stdout.write(f"{shown}  {name:{widths[1]}}  {references:{widths[2]}}  {source}\n")
        names = row.get("names")
        if isinstance(names, list):
            sys.stdout.write(f"{'':{widths[0]}}  imports {', '.join(names) or 'nothing'}\n")
        errors = row.get("errors")
        for error in errors if isinstance(errors, list) else []:
            sys.stdout.write(f"{'':{widths[0]}}  {error['message']}\n")
            for line in (error["hint"] or "").splitlines():
                sys.stdout.write(f"{'':{widths[0]}}  hint: {line}\n")


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _changed(prepared: Prepared) -> list[str]:
    from secretrun.settings import RUN

    return [s.name for s in RUN if prepared.settings.source(s.name) != "default"]


def _settings(prepared: Prepared) -> None:
    from secretrun.settings import RUN

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
