"""Agents that look `bash` up on the PATH, below their rules: Gemini CLI, and Qwen Code, its descendant.

They are started with a directory first on the PATH whose `bash` leads to `secretrun-shell`.
"""

from __future__ import annotations

from secretrun.hooks import shims
from secretrun.hooks.contract import Call, Dialect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class BashFirst(Dialect):
    """Such an agent.

    Attributes:
        title: the name its users know it by.
    """

    title: str

    def routed(self, environ: Mapping[str, str]) -> bool:
        return shims.first_is_ours("bash", environ)

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        del call, environ
        return (
            f"{self.title} was not started with the directory of secretrun's bash first on the PATH, so this "
            f"command would not be masked: secretrun hook install {self.name} says how"
        )

    def how_to_start(self, environ: Mapping[str, str]) -> tuple[str, str, str]:
        """What its installer says of the way it is to be started."""
        return (
            (
                f"commands go through secretrun-shell below your rules when {self.title} is started with "
                "its bash first on the PATH; put this into your shell's settings:"
            ),
            f"alias {self.name}='{shims.start_line(self.name, environ)}'",
            "started without it, its shell commands are refused",
        )
