"""The tools of the MCP server, and its loop over standard input and output."""

from __future__ import annotations

import sys

from secretrun.errors import SecretrunError
from secretrun.mcp.wire import Protocol

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TextIO

    from secretrun.launch.prepare import Prepared


NAMES = "The variables that commands of this project get, and where each comes from; never values."
STATUS = "Whether the stores give every value, and what is wrong where not; never values."
ALLOWED = "Whether a rule of the broker lets a request with a variable's placeholder through, and why not."


def serve(prepare: Callable[[], Prepared], version: str, source: TextIO, target: TextIO) -> int:
    """Answer until the end of the input.

    Args:
        prepare: reads the project's files anew for each call, so that a change of theirs counts.
        version: of secretrun.
        source: a message a line.
        target: the answers, a line each.
    """
    tools = Tools(prepare)
    protocol = Protocol(tools.described(), version)
    for line in source:
        if line.strip():
            answer = protocol.answer(line)
            if answer is not None:
                target.write(answer + "\n")
                target.flush()
    return 0


class Tools:
    """What the server can be asked."""

    def __init__(self, prepare: Callable[[], Prepared]) -> None:
        self._prepare = prepare

    def described(self) -> dict[str, tuple[dict[str, object], Callable[[Mapping[str, object]], object]]]:
        """Each tool by its name: its description, and what it does."""
        name = {"type": "string", "description": "the variable's name"}
        asked: dict[str, object] = {
            "name": name,
            "method": {"type": "string", "description": "such as GET"},
            "url": {"type": "string", "description": "an absolute URL"},
        }
        return {
            "names": (_about("names", NAMES, {}, ()), self.names),
            "status": (_about("status", STATUS, {}, ()), self.status),
            "allowed": (_about("allowed", ALLOWED, asked, tuple(asked)), self.allowed),
        }

    def _prepared(self) -> Prepared:
        try:
            return self._prepare()
        except SecretrunError as error:
            raise ValueError(_words(error)) from None

    def names(self, given: Mapping[str, object]) -> object:
        del given
        prepared = self._prepared()
        rows = [
            {
                "name": name,
                "from": [reference.text for reference in entry.references()] or ["literal"],
                "where": entry.place,
            }
            for name, entry in prepared.plan.entries.items()
        ]
        return {"variables": rows, "imports": [reference.text for reference, _ in prepared.plan.imports]}

    def status(self, given: Mapping[str, object]) -> object:
        del given
        from secretrun.launch.prepare import resolve_all

        prepared = self._prepared()
        try:
            resolved = resolve_all(prepared, consequence="nothing was started")
        except SecretrunError as error:
            problems = [error.message, *getattr(error, "failures", ())]
            return {"ok": False, "problems": problems, "hint": error.hint}
        return {"ok": True, "problems": [], "left_out": list(resolved.left_out)}

    def allowed(self, given: Mapping[str, object]) -> object:
        name, method, url = (given.get(key) for key in ("name", "method", "url"))
        if not (isinstance(name, str) and isinstance(method, str) and isinstance(url, str)):
            raise ValueError("name, method and url have to be texts")  # noqa: TRY004  told to the model
        try:
            from secretrun.broker import wire
            from secretrun.broker.known import Mention
            from secretrun.broker.places import Occurrence, spelled
            from secretrun.broker.policy import Policy
            from secretrun.broker.refusal import Refused
        except ImportError:
            raise ValueError("the broker is not installed: pip install 'secretrun[broker]'") from None
        from secretrun.launch import broker

        prepared = self._prepared()
        try:
            config = broker.Options(prepared.config, prepared.environ)
            policy = Policy(broker.rules_of(prepared), egress=config.egress, inspect=config.inspect)
            host, port, target = wire.address(url)
            found = [Occurrence(spelled("header:authorization"), Mention(name, b"", "", None))]
            decision = policy.explain(found, host=host, port=port, method=method.upper(), target=target)
        except Refused as refused:
            return {"allowed": False, "reason": refused.reason, "hint": refused.hint}
        except SecretrunError as error:
            raise ValueError(_words(error)) from None
        return {"allowed": True, "rules": [str(rule) for rule in decision.rules.values()]}


def _about(
    name: str, description: str, fields: dict[str, object], required: tuple[str, ...]
) -> dict[str, object]:
    schema: dict[str, object] = {"type": "object", "properties": fields, "required": list(required)}
    schema["additionalProperties"] = False
    hints = {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False}
    return {"name": name, "description": description, "inputSchema": schema, "annotations": hints}


def _words(error: SecretrunError) -> str:
    lines = [error.message, *getattr(error, "failures", ())]
    return "\n".join([*lines, *([f"hint: {error.hint}"] if error.hint else [])])


def run(prepare: Callable[[], Prepared], version: str) -> int:
    """Serve on standard input and output."""
    if sys.stdin is None or sys.stdout is None:
        return 125
    return serve(prepare, version, sys.stdin, sys.stdout)
