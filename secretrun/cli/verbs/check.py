"""`secretrun check`: resolve everything; show names, sources and status, never values.

Exit status: 0 when every variable resolves, 125 otherwise.
"""

from __future__ import annotations

import sys

from secretrun.cli import plain_options, table
from secretrun.cli.find_variable import find
from secretrun.errors import SecretrunError
from secretrun.launch import consent, masking
from secretrun.launch.prepare import prepare
from secretrun.messages import hint, printable
from secretrun.resolution.gather import Gathered, gather
from secretrun.resolution.resolve import compose, groups, nul, scrubbed, secrets_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from secretrun.launch.prepare import Prepared
    from secretrun.model import Secret
    from secretrun.resolution.gather import Values
    from secretrun.template.entry import Entry
    from secretrun.template.plan import Plan


COLOURS = {"ok": "32", "literal": "2", "default": "33", "left out": "33", "error": "31;1"}


class Fault:
    """One thing that is wrong, as it is shown."""

    __slots__ = ("code", "hint", "message")

    def __init__(self, error: SecretrunError) -> None:
        self.code = error.code
        self.message = error.message
        self.hint = hint(error.hint) or None


class Row:
    """What is known of one variable, import or group.

    Attributes:
        name: the variable, "*" for an import, or the group.
        source: the place that sets it.
        references: as they are written.
        status: "ok", "literal", "default", "left out" or "error".
        errors: what is wrong with it.
        names: what an import brings, or None for what is none.
    """

    __slots__ = ("errors", "name", "names", "references", "source", "status")

    def __init__(self, name: str, source: str, references: list[str], status: str) -> None:
        self.name = name
        self.source = source
        self.references = references
        self.status = status
        self.errors: list[Fault] = []
        self.names: list[str] | None = None

    def fail(self, errors: Iterable[SecretrunError]) -> None:
        """Note what is wrong."""
        self.status = "error"
        self.errors = [Fault(error) for error in errors]

    def as_json(self) -> dict[str, object]:
        """The row for programs."""
        said: dict[str, object] = {
            "name": self.name, "source": self.source, "references": self.references, "status": self.status,
        }  # fmt: skip
        if self.names is not None:
            said["names"] = self.names
        if self.errors:
            said["errors"] = [{"code": e.code, "message": e.message, "hint": e.hint} for e in self.errors]
        return said


def run(options: argparse.Namespace) -> int:
    """Print a table (or JSON) of the plan; returns the exit status."""
    from secretrun.posix import dumpable

    dumpable.forbid()
    prepared = prepare(plain_options.reader(options), options.messages, keep_faults=not options.explain)
    if options.explain:
        return _explain(prepared, options.explain, as_json=options.json)
    gathered = gather(prepared.plan, prepared.stores)
    prepared.warn_about_cache(options.messages)
    entries = gathered.entries.values()
    rows = [_row(entry, gathered) for entry in entries]
    rows += _imports(prepared.plan, gathered) + _groups(entries, gathered.answers)
    for fault in prepared.plan.faults:
        row = Row("-", "-", [], "error")
        row.fail([fault])
        rows.append(row)
    failed = any(row.status == "error" for row in rows)
    secrets = secrets_of(gathered, prepared.plan)
    warnings = masking.doubts(prepared, secrets)
    if options.json:
        said = {"ok": not failed, "variables": [row.as_json() for row in rows]}
        _json({**said, "warnings": warnings, "parts": _parts(secrets)}, prepared)
        return 125 if failed else 0
    _table(rows)
    agreement = consent.state(prepared.config, prepared.environ)
    if agreement is not None:
        table.say(agreement)
    if prepared.settings.flag("verbose"):
        _list_parts(_parts(secrets))
        _settings(prepared)
    for warning in warnings:
        options.messages.warn(warning)
    return 125 if failed else 0


def _parts(secrets: list[Secret]) -> dict[str, list[str]]:
    """Name to the names of the parts that are masked by themselves, of those that have any; never a value."""
    from secretrun.redact.forms.derive import part_names

    named = {secret.name: part_names(secret.reveal()) for secret in secrets if secret.mask != "never"}
    return {name: parts for name, parts in named.items() if parts}


def _list_parts(named: dict[str, list[str]]) -> None:
    if named:
        sys.stdout.write("\nparts that are masked by themselves:\n")
    for name, parts in named.items():
        sys.stdout.write(f"  {printable(name)}: {printable(', '.join(parts))}\n")


def _explain(prepared: Prepared, name: str, *, as_json: bool) -> int:
    """Say which places set a variable, which wins and what resolves it; then the settings."""
    plan = prepared.plan
    entry, answers = find(prepared, name)
    row = _row(entry, Gathered({}, answers, {}))
    failed = row.status == "error"
    stores = [
        (reference.text, prepared.registry.backend(reference.scheme).info.title, answers[reference])
        for reference in dict.fromkeys(entry.references())
    ]
    if as_json:
        inherited = ["the environment"] if name in plan.inherited else []
        told = row.as_json() | {
            "overruled": inherited + plan.trail.get(name, [])[:-1],
            "stores": [{"reference": text, "store": title} for text, title, _ in stores],
            "default": entry.default is not None,
            "required": entry.required,
            "mask": entry.mask,
            "delivered": entry.deliver,
        }
        _json({"ok": not failed, "variable": told}, prepared)
        return 125 if failed else 0
    if name in plan.inherited:
        wins = "is overruled" if entry.place != "the environment" else "is a reference"
        sys.stdout.write(f"the environment sets {name}, which {wins}\n")
    for place in plan.trail.get(name, [])[:-1]:
        sys.stdout.write(f"{place} sets it, and is overruled\n")
    sys.stdout.write(f"{entry.place} sets it\n")
    shown = []
    for text, title, answer in stores:
        status = scrubbed(answer, answers).message if isinstance(answer, SecretrunError) else "has a value"
        sys.stdout.write(f"{printable(f'{text}: {title}: {status}')}\n")
        shown.append(status)
    for fault in row.errors:
        if fault.message not in shown:
            sys.stdout.write(f"{printable(fault.message)}\n")
    if not entry.references():
        sys.stdout.write(f"a literal: it is {'' if entry.mask == 'always' else 'not '}masked\n")
    for said, value in (("default", entry.default is not None), ("required", entry.required)):
        sys.stdout.write(f"{said}: {'yes' if value else 'no'}\n")
    sys.stdout.write(f"mask: {entry.mask}, delivered as: {entry.deliver}\n")
    _settings(prepared)
    return 125 if failed else 0


def _json(said: dict[str, object], prepared: Prepared) -> None:
    """Print a result for programs, and where each setting that is not the default comes from."""
    import json

    sources = {name: prepared.settings.source(name) for name in _changed(prepared)}
    agreement = consent.state(prepared.config, prepared.environ)
    json.dump({"version": 1, **said, "agreement": agreement, "settings": sources}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _row(entry: Entry, gathered: Gathered) -> Row:
    references, answers = entry.references(), gathered.answers
    value, wrong = compose(entry, answers)
    texts = [reference.text for reference in references]
    row = Row(entry.name, entry.place, texts, "ok" if references else "literal")
    if wrong:
        row.fail(scrubbed(error, answers, gathered.listings) for _, error in wrong)
    elif any(isinstance(answers[reference], SecretrunError) for reference in references):
        row.status = "left out" if value is None else "default"
    return row


def _groups(entries: Iterable[Entry], answers: Values) -> list[Row]:
    """A row for every group of which too few or too many members have a value."""
    environment = {
        entry.name: value for entry in entries if (value := compose(entry, answers)[0]) is not None
    }
    rows = []
    for place, name, error in groups(entries, environment):
        row = Row(name, place, [], "error")
        row.fail([error])
        rows.append(row)
    return rows


def _imports(plan: Plan, gathered: Gathered) -> list[Row]:
    rows: list[Row] = []
    for reference, place in plan.imports:
        row = Row("*", place, [reference.text], "ok")
        said = gathered.listings[reference]
        if not isinstance(said, SecretrunError):
            row.names = sorted(said)
            if any(b"\0" in value for value in said.values()):
                said = nul()
        if isinstance(said, SecretrunError):
            row.fail([scrubbed(said, gathered.answers, gathered.listings)])
        rows.append(row)
    return rows


def _table(rows: list[Row]) -> None:
    if not rows:
        sys.stdout.write("no template and no references: the command would run with your environment\n")
        return
    shown = []
    for row in rows:
        below = [] if row.names is None else [f"imports {', '.join(row.names) or 'nothing'}"]
        for fault in row.errors:
            below.append(fault.message)
            below += [f"hint: {line}" for line in (fault.hint or "").splitlines()]
        cells = (row.status, row.name, ", ".join(row.references) or "-", row.source)
        shown.append(table.Row(cells, COLOURS[row.status], below))
    table.write(shown)


def _changed(prepared: Prepared) -> list[str]:
    from secretrun.config.settings import RUN

    return [s.name for s in RUN if prepared.settings.source(s.name) != "default"]


def _settings(prepared: Prepared) -> None:
    from secretrun.config.settings import RUN

    sys.stdout.write("\nsettings:\n")
    for setting in RUN:
        source = prepared.settings.source(setting.name)
        # --set can hold a value that is meant to be secret
        hidden = setting.name == "set" and source != "default"
        value = '"..."' if hidden else _toml(prepared.settings.value(setting.name))
        sys.stdout.write(f"  {setting.name} = {value}  ({source})\n")
    for path in prepared.config.templates:
        sys.stdout.write(f"  template {path}\n")


def _toml(value: object) -> str:
    """A setting's value as secretrun.toml would have it."""
    import json

    if value is None:
        return "(not set)"
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False)  # flags, texts and lists of texts look the same in TOML
