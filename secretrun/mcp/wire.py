"""MCP's JSON-RPC, a message a line: requests in, answers out. Pure; what a tool does is handed in.

Source: modelcontextprotocol.io, specification 2025-06-18, base protocol and tools.
"""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Tool = Callable[[Mapping[str, object]], object]

VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
PARSE, INVALID, NO_METHOD, PARAMS = -32700, -32600, -32601, -32602


class Protocol:
    """One conversation.

    Args:
        tools: as `tools/list` gives them, with what each does; a ValueError is told to the model.
        version: of secretrun.
    """

    def __init__(self, tools: Mapping[str, tuple[dict[str, object], Tool]], version: str) -> None:
        self._tools = tools
        self._version = version

    def answer(self, line: str) -> str | None:
        """The answer to one message, without a line end; None where none is due."""
        try:
            said = json.loads(line)
        except ValueError:
            return _error(None, PARSE, "not JSON")
        if not isinstance(said, dict) or not isinstance(said.get("method"), str):
            if isinstance(said, dict) and ("result" in said or "error" in said):
                return None  # an answer to a request that we never make
            return _error(None, INVALID, "not a request")
        if "id" not in said:
            return None  # a notification
        params = said.get("params")
        params = params if isinstance(params, dict) else {}
        return self._request(said["id"], said["method"], params)

    def _request(self, ident: object, method: str, params: dict[str, object]) -> str:
        if method == "initialize":
            asked = params.get("protocolVersion")
            return _result(ident, {
                "protocolVersion": asked if asked in VERSIONS else VERSIONS[0],
                "capabilities": {"tools": {"listChanged": False}},
                "serverInfo": {"name": "secretrun", "version": self._version},
                "instructions": "Names and status of the project's secrets; never values. To use one, name "
                "its variable in a command.",
            })  # fmt: skip
        if method == "ping":
            return _result(ident, {})
        if method == "tools/list":
            return _result(ident, {"tools": [about for about, _ in self._tools.values()]})
        if method == "tools/call":
            name = params.get("name")
            if not isinstance(name, str) or name not in self._tools:
                return _error(ident, PARAMS, "no such tool")
            given = params.get("arguments")
            try:
                said = self._tools[name][1](given if isinstance(given, dict) else {})
            except ValueError as error:
                return _result(ident, {"content": [{"type": "text", "text": str(error)}], "isError": True})
            text = json.dumps(said, indent=1)
            return _result(ident, {"content": [{"type": "text", "text": text}], "structuredContent": said})
        return _error(ident, NO_METHOD, "no such method")


def _result(ident: object, result: object) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": ident, "result": result})


def _error(ident: object, code: int, message: str) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": ident, "error": {"code": code, "message": message}})
