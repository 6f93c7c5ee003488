"""Records of a run: the audit line and the masking report. Names, references and counts, never values.

The audit log is JSON Lines, appended with one write (O_APPEND, 0600), so that runs side by side don't
mix their lines. A record that can't be written is an error before the command starts.
"""

from __future__ import annotations

import errno
import os
import stat

from secretrun.errors import ConfigError
from secretrun.posix.descriptors import write_all

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
    log = _open(path, os.O_APPEND, "--audit")
    try:
        os.write(log, line.encode())
    except OSError as error:
        raise _unwritable("--audit", path, error) from None
    finally:
        os.close(log)


_report: tuple[str, int] | None = None  # opened before the command starts


def open_report(path: str) -> None:
    """Open the report before the command starts: what it puts in its place afterwards is never written to.

    Raises:
        ConfigError: when it can't be written.
    """
    global _report  # noqa: PLW0603  a process writes one
    _report = path, _open(path, 0, "--report")


def _open(path: str, more: int, option: str) -> int:
    """Open a file of ours to write to: no link is followed, it is a regular file or a FIFO with a reader.

    Below /dev every name may be a link (/dev/stderr, /dev/fd/3).

    Raises:
        ConfigError: naming the option.
    """
    follow = 0 if path.startswith("/dev/") else os.O_NOFOLLOW
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | follow | more
    try:
        file = os.open(path, flags, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ConfigError(f"{option} {path}: it is a link, which is not followed") from None
        if error.errno == errno.ENXIO:
            raise ConfigError(f"{option} {path}: nobody reads this FIFO") from None
        raise _unwritable(option, path, error) from None
    kind = stat.S_IFMT(os.fstat(file).st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFIFO) and not path.startswith("/dev/"):
        os.close(file)
        raise ConfigError(f"{option} {path}: neither a regular file nor a FIFO")
    return file


def _unwritable(option: str, path: str, error: OSError) -> ConfigError:
    return ConfigError(f"{option} {path}: {(error.strerror or 'not writable').lower()}")


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
    if _report is None or _report[0] != path:
        open_report(path)
    assert _report is not None  # noqa: S101  opened above
    file = _report[1]
    try:
        if stat.S_ISREG(os.fstat(file).st_mode):
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
        write_all(file, text.encode())
    except OSError as error:
        raise _unwritable("--report", path, error) from None
