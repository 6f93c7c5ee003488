"""`secretrun doctor`: per store, whether it would work, and the one command that mends it; never a value.

A store that the template here uses is also read from: whether we may read is known only then. What is
read is dropped at once.

Exit status: 0 when every store that the template here uses works, 125 otherwise. The other stores are named
and, with `--all`, asked as well: that takes seconds and goes to the network.
"""

from __future__ import annotations

import os
import sys

from secretrun.cli import plain_options, table
from secretrun.errors import (
    BadReference,
    Denied,
    NotFound,
    NotInstalled,
    NotSignedIn,
    SecretrunError,
    TimedOut,
    Unavailable,
)
from secretrun.launch import consent
from secretrun.launch.prepare import prepare
from secretrun.messages import hint
from secretrun.redact import body
from secretrun.resolution.call import GRACE
from secretrun.resolution.gather import gather
from secretrun.resolution.resolve import scrubbed
from secretrun.resolution.stores import Stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from threading import Thread

    from secretrun.backend import Backend
    from secretrun.broker.tools import Finding
    from secretrun.launch.prepare import Prepared

COLOURS = {"ok": "32", "partly": "33", "unknown": "2", "missing": "33", "error": "31;1"}


class Row:
    """What is known of one store; True, False, or None where it is not known.

    Attributes:
        name, title: of the store.
        status: "ok", "missing", "error", or "unknown" where it was not asked.
        installed, reachable, signed_in, permission: the four questions, in the order a store meets them.
        version: of its program, or "".
        detail: what it says of itself, or what is wrong.
        code: of the error, or None.
        hint: what mends it, or None.
        used: whether the template here names it.
        unread: how many of the references here name nothing that it has.
    """

    __slots__ = (
        "code", "detail", "hint", "installed", "name", "permission", "reachable", "signed_in", "status",
        "title", "unread", "used", "version",
    )  # fmt: skip

    def __init__(self, name: str, title: str, *, used: bool) -> None:
        self.name = name
        self.title = title
        self.used = used
        self.status = "unknown"
        self.installed: bool | None = None
        self.version = ""
        self.reachable: bool | None = None
        self.signed_in: bool | None = None
        self.permission: bool | None = None
        self.detail = ""
        self.code: str | None = None
        self.hint: str | None = None
        self.unread = 0

    def copy(self) -> Row:
        """Another one that says the same."""
        made = Row(self.name, self.title, used=self.used)
        for name in self.__slots__:
            setattr(made, name, getattr(self, name))
        return made

    def as_json(self) -> dict[str, object]:
        """The row for programs."""
        return {
            name: value for name in sorted(self.__slots__)
            if (value := getattr(self, name)) is not None or name != "code"
        }  # fmt: skip


def run(options: argparse.Namespace) -> int:
    """Print a line a store (or JSON); returns the exit status."""
    from secretrun.posix import dumpable

    dumpable.forbid()
    if options.agent:
        from secretrun.cli.verbs import doctor_agent

        return doctor_agent.run(options)
    import warnings

    warnings.simplefilter("ignore")  # an SDK's advice to its programmer is none of a store's answers
    prepared = prepare(plain_options.reader(options), options.messages, agreed=False)
    agreed = consent.is_agreed(prepared.config, prepared.environ)
    agreement = consent.state(prepared.config, prepared.environ)
    used = _used(prepared) if agreed else set()
    checks = [
        _Check(backend, prepared, used=backend.info.name in used)
        for backend in prepared.registry.everything()
    ]
    asked = [check for check in checks if check.row.used or options.all]
    for check in asked:
        if not check.backend.info.serial:
            check.start()
    for check in asked:  # stores that may prompt one at a time, beside the rest
        if check.backend.info.serial:
            check.start()
            check.wait()
    for check in asked:
        check.wait()
    rows = [check.row for check in checks]
    if used:
        _read(prepared, {row.name: row for row in rows})
    about = _broker(prepared, everything=options.all)
    broken = [row for row in rows if row.used and row.status in ("missing", "error")]
    if options.json:
        import json

        stores = [row.as_json() for row in rows]
        said = {
            "version": 1,
            "ok": not broken,
            "machine": _machine(),
            "masking": {"core": body.chosen().core, "lack": body.chosen().lack},
            "stores": stores,
            "agreement": agreement,
            "broker": [finding.as_json() for finding in about],
        }
        json.dump(said, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _print(rows, everything=options.all)
        table.say(f"masking: {body.chosen()}")
        for finding in about:
            table.say(f"{finding.name}: {finding.detail}")
            if finding.hint:
                table.say(finding.hint, "  ")
        if agreement is not None:
            table.say(agreement)
    return 125 if broken else 0


def _used(prepared: Prepared) -> set[str]:
    schemes = {r.scheme for entry in prepared.plan.entries.values() for r in entry.references()}
    schemes.update(reference.scheme for reference, _ in prepared.plan.imports)
    return {prepared.registry.backend(scheme).info.name for scheme in schemes}


class _Check:
    """The self-test of one store, in a thread: a broken one must neither hide nor hold up the others.

    Attributes:
        row: what is known of the store.
    """

    def __init__(self, backend: Backend, prepared: Prepared, *, used: bool) -> None:
        info = backend.info
        self.backend = backend
        self._context = prepared.registry.context(backend)
        self._thread: Thread | None = None
        self._end: float | None = None
        self.row = Row(info.name, info.title, used=used)

    def start(self) -> None:
        import threading
        import time

        limit = self._context.timeout
        self._end = None if limit is None else time.monotonic() + limit + GRACE
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        import time

        if self._thread is None:
            return
        self._thread.join(None if self._end is None else max(0.0, self._end - time.monotonic()))
        if self._thread.is_alive():
            self.row = self.row.copy()  # what comes later comes too late
            _blame(self.row, TimedOut(f"no answer within {self._context.timeout:g} seconds"), self.backend)

    def _run(self) -> None:
        row = self.row
        check = getattr(self.backend, "check", None)
        if check is None:
            row.detail = "has no self-test"
            return
        row.status, row.installed = "ok", True
        try:
            said = check(self._context)
        except SecretrunError as error:
            _blame(row, error, self.backend)
        except BaseException as error:  # noqa: BLE001  Ctrl-C never arrives in a thread
            row.status, row.detail = "error", f"its self-test failed with {type(error).__name__}"
        else:
            row.detail = str(said)
            for known in ("version", "reachable", "signed_in"):
                setattr(row, known, getattr(said, known, getattr(row, known)))


def _blame(row: Row, error: SecretrunError, backend: Backend) -> None:
    """What an error tells of a store."""
    info = backend.info
    missing = isinstance(error, NotInstalled)
    row.status, row.detail, row.code = "missing" if missing else "error", error.message, error.code
    row.hint = hint(error.hint or (f"install it: {info.install}" if missing else info.sign_in)) or None
    if missing:
        row.installed, row.version, row.reachable, row.signed_in = False, "", None, None
    elif isinstance(error, (Unavailable, TimedOut)):
        row.reachable = False
    elif isinstance(error, NotSignedIn):
        row.signed_in = False
    elif isinstance(error, Denied):
        row.reachable, row.signed_in, row.permission = True, True, False


def _read(prepared: Prepared, rows: dict[str, Row]) -> None:
    """Read what the template here names, of every store whose self-test went well."""
    registry = prepared.registry

    def backend(scheme: str) -> Backend:
        made = registry.backend(scheme)
        row = rows[made.info.name]
        if row.status in ("missing", "error"):
            raise _Known
        return made

    stores = Stores(
        backend, registry.context, allow_untrusted=prepared.stores.allow_untrusted, edge=prepared.stores.edge
    )
    asked = gather(prepared.plan, stores)
    said: dict[str, list[tuple[str, object]]] = {}
    for reference, answer in (*asked.answers.items(), *asked.listings.items()):
        if isinstance(answer, SecretrunError) and not isinstance(answer, _Known):
            clean = scrubbed(answer, asked.answers, asked.listings)
            answer.message, answer.hint = clean.message, clean.hint
        said.setdefault(reference.scheme, []).append((reference.text, answer))
    of_store: dict[str, list[tuple[str, object]]] = {}
    for scheme, answers in said.items():
        of_store.setdefault(registry.backend(scheme).info.name, []).extend(answers)
    for name, answers in of_store.items():
        if not any(isinstance(answer, _Known) for _, answer in answers):
            scheme = next(s for s in said if registry.backend(s).info.name == name)
            _judge(rows[name], answers, registry.backend(scheme))


class _Known(SecretrunError):
    """Stands for an error that the store's row has already."""

    def __init__(self) -> None:
        super().__init__("its self-test failed")


def _judge(row: Row, answers: list[tuple[str, object]], backend: Backend) -> None:
    """What reading tells of a store; whether a reference is right is `secretrun check`'s business."""
    wrong = [(text, error) for text, error in answers if isinstance(error, SecretrunError)]
    failed = [(text, error) for text, error in wrong if not isinstance(error, (NotFound, BadReference))]
    detail = f"{row.detail}, " if row.detail else ""
    if failed:
        text, error = failed[0]
        _blame(row, error, backend)
        row.detail = f"{detail}can't read {len(failed)} of {len(answers)}: {text}: {error.message}"
        return
    if len(wrong) < len(answers) or any(isinstance(error, NotFound) for _, error in wrong):
        row.status, row.installed, row.reachable, row.signed_in, row.permission = "ok", True, True, True, True
    row.detail = f"{detail}reads {len(answers) - len(wrong)} of {len(answers)} used here"
    row.unread = len(wrong)
    if wrong:
        row.hint = "secretrun check"


def _machine() -> dict[str, object]:
    return {"python": sys.version.split()[0], "platform": sys.platform, "terminal": os.isatty(2)}


def _print(rows: list[Row], *, everything: bool) -> None:
    """The stores that are used here, a line each; of the others, what was asked."""
    for used, heading in ((True, "used here:"), (False, "not used here:")):
        chosen = [row for row in rows if row.used is used]
        if not chosen:
            continue
        if not used and not everything:
            _others(chosen)
            continue
        sys.stdout.write(f"{heading}\n")
        table.write([_shown(row) for row in chosen])


def _shown(row: Row) -> table.Row:
    """A store's line; what is wrong stands below it, where it has room."""
    status = "partly" if row.status == "ok" and row.unread else row.status
    below = [f"hint: {row.hint}"] if row.hint else []
    width = table.terminal_width()
    detail = row.detail
    if width is not None and len(f"  {status}  {row.title}  {detail}") > width:
        below.insert(0, detail)
        detail = ""
    # nobody has to mend what nobody uses: no wall of red
    colour = COLOURS[status] if row.used or status == "ok" else COLOURS["unknown"]
    return table.Row((f"  {status}", row.title, detail), colour, below)


def _others(rows: list[Row]) -> None:
    """Those that nobody here needs, dim and in few lines: they were not asked."""
    import textwrap

    titles = ", ".join(row.title for row in rows)
    text = textwrap.fill(
        f"not used here, so not asked (doctor --all asks): {titles}",
        width=min(table.terminal_width() or 100, 100),
    )
    sys.stdout.write(f"\x1b[2m{text}\x1b[m\n" if table.has_colour() else f"{text}\n")


def _broker(prepared: Prepared, *, everything: bool) -> list[Finding]:
    """What stands in the way of --broker, where the project has rules for it."""
    if not everything and not any(entry.broker for entry in prepared.plan.entries.values()):
        return []
    from secretrun.broker import tools

    return tools.findings(prepared.environ.get("PATH", os.defpath))
