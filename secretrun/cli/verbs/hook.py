"""`secretrun hook AGENT` answers one event of a coding agent; `hook install|uninstall AGENT` sets it up."""

from __future__ import annotations

import os
import sys

from secretrun.errors import UsageError
from secretrun.hooks import dialects

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Answer the event on stdin, or set an agent up; returns the exit status."""
    words: list[str] = options.words
    if words[0] in ("install", "uninstall"):
        if len(words) != 2:
            raise UsageError(f"hook {words[0]} wants the name of one agent", hint=_known())
        from secretrun.cli.verbs import hook_install

        return hook_install.run(options, words[0], _agent(words[1]))
    if len(words) != 1:
        raise UsageError("hook wants the name of one agent", hint=_known())
    return _answer(_agent(words[0]))


def _agent(name: str) -> str:
    if name not in dialects.NAMES:
        from secretrun import hints

        raise UsageError(f"no agent {name!r}", hint=hints.one_of(name, dialects.NAMES, "agents"))
    return name


def _known() -> str:
    return f"one of {', '.join(dialects.NAMES)}"


def _answer(name: str) -> int:
    from secretrun.hooks import answer
    from secretrun.session import late_masks

    environ = dict(os.environ)
    said = sys.stdin.buffer.read().decode("utf-8", "surrogatepass") if sys.stdin is not None else ""
    made = answer.answer(dialects.dialect(name), said, environ, lambda text: late_masks.masked(text, environ))
    sys.stdout.write(made.out)
    sys.stderr.write(made.words)
    return made.status
