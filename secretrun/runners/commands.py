"""The mask commands that a program writes for its runner, read as the runner reads them.

- GitHub: a line that begins with `::add-mask::` after blanks, or holds `##[add-mask]`; of the escapes
  %0D, %0A and %25 in this order (actions/runner, `ActionCommand.cs`). GitLab with `proxy_exec` the same.
- Azure: `##vso[task.setsecret]VALUE` anywhere in a line, whatever the case, and `##vso[task.setvariable
  ...;issecret=true]VALUE`; of the escapes %AZP25 last (azure-pipelines-agent, `Command.cs`).
"""

from __future__ import annotations

from secretrun.lazy_pattern import LazyPattern

HINTS = (b"::", b"##")  # one of them is in every line that is a command
_GITHUB = LazyPattern(r"(?s)\s*::add-mask(?: [^:]*)?::(.*)|.*?##\[add-mask[^\]]*\](.*)")
_AZURE = LazyPattern(r"(?is).*?##vso\[task\.(setsecret|setvariable)([^\]]*)\](.*)")


def masked_by(line: bytes) -> bytes | None:
    """The value that a line tells a runner to mask, or None when it tells nothing.

    Args:
        line: without its end.
    """
    if not any(hint in line for hint in HINTS):
        return None
    text = line.decode("utf-8", "surrogateescape").rstrip("\r")
    found = _AZURE.match(text)
    if found:
        kind, properties, data = found.groups()
        said = properties.lower().replace(" ", "")
        if kind.lower() == "setvariable" and "issecret=true" not in said:
            return None
        data = data.replace("%0D", "\r").replace("%0A", "\n").replace("%AZP25", "%")
    else:
        found = _GITHUB.match(text)
        if not found:
            return None
        data = found.group(1) if found.group(1) is not None else found.group(2)
        data = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return data.encode("utf-8", "surrogateescape") or None
