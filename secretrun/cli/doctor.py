"""`secretrun doctor`: per store, whether it would work, and the one command that mends it; never a value.

Exit status: 0 when every store that the template here uses works, 125 otherwise. The other stores are
listed for information.

May import: common.
"""

from __future__ import annotations

import os
import sys

from secretrun.cli.common import prepare
from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.backend import Backend
    from secretrun.cli.common import Prepared

    Row = dict[str, object]

MARKS = {"ok": "32", "unknown": "2", "missing": "33", "error": "31;1"}


def run(options: argparse.Namespace) -> int:
    """Print a line a store (or JSON); returns the exit status."""
    from concurrent.futures import ThreadPoolExecutor

    from secretrun import hygiene

    hygiene.protect()
    prepared = prepare(options)
    used = _used(prepared)
    backends = prepared.registry.everything()
    # A store that may prompt is only asked when the template uses it, and then one at a time.
    parallel = [backend for backend in backends if not backend.info.serial]
    with ThreadPoolExecutor(8) as pool:
        rows = dict(
            zip((b.info.name for b in parallel), pool.map(lambda b: _row(b, prepared), parallel), strict=True)
        )
    for backend in backends:
        if backend.info.serial:
            rows[backend.info.name] = _row(backend, prepared)
    ordered = [rows[backend.info.name] for backend in backends]
    for row in ordered:
        row["used"] = row["name"] in used
    broken = [row for row in ordered if row["used"] and row["status"] != "ok" and row["status"] != "unknown"]
    if options.json:
        import json

        json.dump(
            {"version": 1, "ok": not broken, "machine": _machine(), "stores": ordered}, sys.stdout, indent=2
        )
        sys.stdout.write("\n")
    else:
        _print(ordered)
    return 125 if broken else 0


def _used(prepared: Prepared) -> set[str]:
    schemes = {r.scheme for entry in prepared.plan.entries.values() for r in entry.references()}
    schemes.update(reference.scheme for reference, _ in prepared.plan.imports)
    return {prepared.registry.backend(scheme).info.name for scheme in schemes}


def _row(backend: Backend, prepared: Prepared) -> Row:
    info = backend.info
    row: Row = {"name": info.name, "title": info.title, "status": "ok", "detail": "", "hint": None}
    check = getattr(backend, "check", None)
    if check is None:
        row.update(status="unknown", detail="has no self-test")
        return row
    try:
        row["detail"] = check(prepared.registry.context(backend))
    except SecretrunError as error:
        missing = error.code == "backend.unavailable"
        row.update(status="missing" if missing else "error", detail=error.message, code=error.code)
        row["hint"] = error.hint or (f"install it: {info.install}" if missing else info.sign_in) or None
    except Exception as error:  # noqa: BLE001  one broken plugin must not hide what the others say
        row.update(status="error", detail=f"its self-test failed with {type(error).__name__}")
    return row


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
            sys.stdout.write(f"  {shown} {row['title']!s:{width}}  {row['detail']}\n")
            if row["hint"]:
                sys.stdout.write(f"  {'':8} {'':{width}}  hint: {row['hint']}\n")
