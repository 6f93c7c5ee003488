"""The lines by which a runner learns what to mask in the steps after ours.

A runner masks line by line, so a value of several lines is told line by line; a line that is too short
is not told, since the runner would mask every brace of the log (github.com/actions/runner issue 326).

Formats, and who reads them:

- GitHub: `::add-mask::VALUE`, with %, CR and LF escaped (actions/toolkit `command.ts`; the runner takes
  them from both streams, and registers a value of several lines line by line itself).
- Azure: `##vso[task.setsecret]VALUE`, with % as %AZP25 (azure-pipelines-task-lib `taskcommand.ts`).
- GitLab: `::add-mask::VALUE`, by runners with `proxy_exec` alone: any other prints the line in clear,
  so it is never written unless it was asked for by name.
- Buildkite: `buildkite-agent redactor add --format json`, a JSON object on its stdin.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST = 6  # bytes of a line that is told; shorter ones are too common in a log
BUILDKITE = ("buildkite-agent", "redactor", "add", "--format", "json")


def parts(values: Iterable[bytes]) -> list[bytes]:
    """What is told of the values: each line of each of them, once, without blanks at its ends.

    A value of one line is told however short it is: whether it is to be masked was decided before.
    """
    found: dict[bytes, None] = {}
    for value in values:
        lines = [line.strip() for line in value.replace(b"\r", b"\n").split(b"\n") if line.strip()]
        for line in lines:
            if len(lines) == 1 or (len(line) >= SHORTEST and not line.startswith(b"-----")):
                found[line] = None
    return list(found)


def github(values: Iterable[bytes]) -> bytes:
    """The lines for GitHub Actions."""
    return b"".join(b"::add-mask::" + part.replace(b"%", b"%25") + b"\n" for part in parts(values))


def gitlab(values: Iterable[bytes]) -> bytes:
    """The lines for a GitLab runner with `proxy_exec`."""
    return b"".join(b"::add-mask::" + part + b"\n" for part in parts(values))


def azure(values: Iterable[bytes]) -> bytes:
    """The lines for Azure Pipelines."""
    return b"".join(
        b"##vso[task.setsecret]" + part.replace(b"%", b"%AZP25") + b"\n" for part in parts(values)
    )


def buildkite(values: Iterable[bytes]) -> bytes:
    """What `BUILDKITE` reads from its stdin; bytes that are not UTF-8 can't be told and are left out."""
    import json

    told = {}
    for number, part in enumerate(parts(values)):
        try:
            told[str(number)] = part.decode("utf-8")
        except UnicodeDecodeError:
            continue
    return json.dumps(told).encode()
