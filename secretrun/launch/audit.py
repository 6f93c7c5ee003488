"""Records of a run: the audit line and the masking report. Names, references and counts, never values.

The audit log is JSON Lines, appended with one write (O_APPEND, 0600), so that runs side by side don't
mix their lines. A record that can't be written is an error before the command starts.
"""

from __future__ import annotations

import os

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.model import Resolved
    from secretrun.template.plan import Plan


def append(
    path: str,
    plan: Plan,
    resolved: Resolved,
    argv: Sequence[bytes],
    outcome: str,
    who: Mapping[str, str] | None = None,
) -> None:
    """Append one line about a run.

    Of the command only its first word is kept: arguments can hold anything. `who`: more about the run, such
        as the agent that asked for it.

    Raises:
        ConfigError: when the log can't be written.
    """
    import json
    import time

    record = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "pid": os.getpid(),
        "uid": os.getuid(),
        "command": os.fsdecode(argv[0]),
        "outcome": outcome,
        "variables": {
            name: sorted({reference.text for reference in entry.references()})
            for name, entry in plan.entries.items()
            if entry.references()
        },
        "imports": [reference.text for reference, _ in plan.imports],
        "left_out": resolved.left_out,
        **(who or {}),
    }
    line = json.dumps(record, ensure_ascii=True) + "\n"
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            os.write(log, line.encode())
        finally:
            os.close(log)
    except OSError as error:
        raise ConfigError(f"--audit {path}: {(error.strerror or 'not writable').lower()}") from None


def check_place(path: str) -> None:
    """See that a report can be written there; nothing is made.

    Raises:
        ConfigError: when it can't.
    """
    directory = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        reason = "is a directory"
    elif not os.path.isdir(directory):
        reason = "no such directory"
    elif not os.access(path if os.path.exists(path) else directory, os.W_OK):
        reason = "permission denied"
    else:
        return
    raise ConfigError(f"--report {path}: {reason}")


def summary(path: str, report: Mapping[str, object]) -> None:
    """Append what was masked to the summary of a GitHub step, a table of names and counts.

    Raises:
        ConfigError: when the file can't be written.
    """
    rows = ["| secret | masked |", "| --- | --- |"]
    for name, forms in sorted(report.items()):
        count = sum(forms.values()) if isinstance(forms, dict) else forms
        rows.append(f"| {name.replace('|', '')} | {count} |")
    text = "### secretrun\n\n" + ("\n".join(rows) if report else "Nothing had to be masked.") + "\n\n"
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'not writable').lower()}") from None


def write_report(
    path: str, report: Mapping[str, object], status: int, detected: Mapping[str, object] | None = None
) -> None:
    """Write {"status": 0, "masked": {NAME: {FORM: count}}, "detected": {KIND: count}} as JSON.

    Raises:
        ConfigError: when the file can't be written.
    """
    import json

    text = (
        json.dumps(
            {"version": 1, "status": status, "masked": report, "detected": detected or {}},
            indent=2,
            sort_keys=True,
        )
        + "\n"
    )
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as out:
            out.write(text)
    except OSError as error:
        raise ConfigError(f"--report {path}: {(error.strerror or 'not writable').lower()}") from None
