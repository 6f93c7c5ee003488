"""The mask commands that a program writes for its runner, read as the runner reads them.

- GitHub: a line that begins with `::add-mask::` after blanks, or holds `##[add-mask]`, in any case; of the
  escapes %0D, %0A and %25 in this order (actions/runner, `ActionCommand.cs`). GitLab with `proxy_exec` too.
- Azure: `##vso[task.setsecret]VALUE` anywhere in a line, whatever the case, and `##vso[task.setvariable
  ...;issecret=true]VALUE`; of the escapes %AZP25 last (azure-pipelines-agent, `Command.cs`).
"""

from __future__ import annotations

from secretrun.lazy_pattern import LazyPattern

HINTS = (b"::add-mask", b"##[add-mask", b"##vso[task.set")  # one is in every command, in lower case
_GITHUB = LazyPattern(r"(?is)\s*::add-mask(?: [^:]*)?::(.*)|.*?##\[add-mask[^\]]*\](.*)")
_AZURE = LazyPattern(r"(?is).*?##vso\[task\.(setsecret|setvariable)([^\]]*)\](.*)")


def may_be_in(text: bytes) -> bool:
    """Whether a mask command may stand in some lines: what nearly no text passes, at the speed of memory."""
    lower = text.lower()
    return any(hint in lower for hint in HINTS)


def masked_by(line: bytes) -> bytes | None:
    """The value that a line tells a runner to mask, or None when it tells nothing.

    Args:
        line: without its end.
    """
    if not may_be_in(line):
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
