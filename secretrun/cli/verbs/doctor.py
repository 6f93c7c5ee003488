"""`secretrun doctor`: per store, whether it would work, and the one command that mends it; never a value.

A store that the template here uses is also read from: whether we may read is known only then. What is
read is dropped at once.

Exit status: 0 when every store that the template here uses works, 125 otherwise. The other stores are
listed for information.
"""

from __future__ import annotations

import os
import sys

from secretrun.cli import plain_options
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
from secretrun.launch.prepare import prepare
from secretrun.messages import hint, printable
from secretrun.resolution.call import GRACE
from secretrun.resolution.gather import gather
from secretrun.resolution.resolve import scrubbed
from secretrun.resolution.stores import Stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from threading import Thread

    from secretrun.backend import Backend
    from secretrun.launch.prepare import Prepared

    Row = dict[str, object]

MARKS = {"ok": "32", "unknown": "2", "missing": "33", "error": "31;1"}


def run(options: argparse.Namespace) -> int:
    """Print a line a store (or JSON); returns the exit status."""
    from secretrun.posix import dumpable

    dumpable.forbid()
    prepared = prepare(plain_options.reader(options), options.messages)
    used = _used(prepared)
    backends = prepared.registry.everything()
    checks = {backend.info.name: _Check(backend, prepared) for backend in backends}
    for check in checks.values():
        if not check.backend.info.serial:
            check.start()
    for check in checks.values():  # stores that may prompt one at a time, beside the rest
        if check.backend.info.serial:
            check.start()
            check.wait()
    for check in checks.values():
        check.wait()
    rows = [checks[backend.info.name].row for backend in backends]
    for row in rows:
        row["used"] = row["name"] in used
    if used:
        _read(prepared, {str(row["name"]): row for row in rows})
    broken = [row for row in rows if row["used"] and row["status"] in ("missing", "error")]
    if options.json:
        import json

        said = {"version": 1, "ok": not broken, "machine": _machine(), "stores": rows}
        json.dump(said, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        _print(rows)
    return 125 if broken else 0


def _used(prepared: Prepared) -> set[str]:
    schemes = {r.scheme for entry in prepared.plan.entries.values() for r in entry.references()}
    schemes.update(reference.scheme for reference, _ in prepared.plan.imports)
    return {prepared.registry.backend(scheme).info.name for scheme in schemes}


class _Check:
    """The self-test of one store, in a thread: a broken one must neither hide nor hold up the others.

    Attributes:
        row: what is known of the store; True, False, or None where it is not known.
    """

    def __init__(self, backend: Backend, prepared: Prepared) -> None:
        info = backend.info
        self.backend = backend
        self._context = prepared.registry.context(backend)
        self._thread: Thread | None = None
        self._end: float | None = None
        self.row: Row = {
            "name": info.name, "title": info.title, "status": "ok", "installed": True, "version": "",
            "reachable": None, "signed_in": None, "permission": None, "detail": "", "hint": None,
        }  # fmt: skip

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
            self.row = {**self.row}  # what comes later comes too late
            _blame(self.row, TimedOut(f"no answer within {self._context.timeout:g} seconds"), self.backend)

    def _run(self) -> None:
        row = self.row
        check = getattr(self.backend, "check", None)
        if check is None:
            row.update(status="unknown", installed=None, detail="has no self-test")
            return
        try:
            said = check(self._context)
        except SecretrunError as error:
            _blame(row, error, self.backend)
        except BaseException as error:  # noqa: BLE001  Ctrl-C never arrives in a thread
            row.update(status="error", detail=f"its self-test failed with {type(error).__name__}")
        else:
            row["detail"] = str(said)
            for known in ("version", "reachable", "signed_in"):
                row[known] = getattr(said, known, row[known])


def _blame(row: Row, error: SecretrunError, backend: Backend) -> None:
    """What an error tells of a store."""
    info = backend.info
    missing = isinstance(error, NotInstalled)
    row.update(status="missing" if missing else "error", detail=error.message, code=error.code)
    row["hint"] = hint(error.hint or (f"install it: {info.install}" if missing else info.sign_in)) or None
    if missing:
        row.update(installed=False, version="", reachable=None, signed_in=None)
    elif isinstance(error, (Unavailable, TimedOut)):
        row["reachable"] = False
    elif isinstance(error, NotSignedIn):
        row["signed_in"] = False
    elif isinstance(error, Denied):
        row.update(reachable=True, signed_in=True, permission=False)


def _read(prepared: Prepared, rows: dict[str, Row]) -> None:
    """Read what the template here names, of every store whose self-test went well."""
    registry = prepared.registry

    def backend(scheme: str) -> Backend:
        made = registry.backend(scheme)
        row = rows[made.info.name]
        if row["status"] in ("missing", "error"):
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
    detail = f"{row['detail']}, " if row["detail"] else ""
    if failed:
        text, error = failed[0]
        _blame(row, error, backend)
        row["detail"] = f"{detail}can't read {len(failed)} of {len(answers)}: {text}: {error.message}"
        return
    if len(wrong) < len(answers) or any(isinstance(error, NotFound) for _, error in wrong):
        row.update(status="ok", installed=True, reachable=True, signed_in=True, permission=True)
    row["detail"] = f"{detail}reads {len(answers) - len(wrong)} of {len(answers)} used here"
    if wrong:
        row["hint"] = "secretrun check"


def _machine() -> Row:
    return {"python": sys.version.split()[0], "platform": sys.platform, "terminal": os.isatty(2)}


def _print(rows: list[Row]) -> None:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = max(len(str(row["title"])) for row in rows)
    for used, heading in ((True, "used here:"), (False, "not used here:")):
        chosen = [row for row in rows if row["used"] is used]
        if not chosen:
            continue
        sys.stdout.write(f"{heading}\n")
        for row in chosen:
            status = str(row["status"])
            shown = f"\x1b[{MARKS[status]}m{status:8}\x1b[m" if coloured else f"{status:8}"
            detail = printable(str(row["detail"]))
            sys.stdout.write(f"  {shown} {row['title']!s:{width}}  {detail}\n")
            if row["hint"]:
                sys.stdout.write(f"  {'':8} {'':{width}}  hint: {printable(str(row['hint']))}\n")
