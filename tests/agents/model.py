"""A model that plays a script to a real coding agent, over the four protocols that agents speak.

A step is {"shell": COMMAND}, {"read": PATH} or {"write": [PATH, TEXT]}. Which one comes next is told from the
results that the conversation already holds, so an agent may ask twice. Everything it is sent is kept.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHELLS = ("Bash", "bash", "run_shell_command", "exec_command", "shell")
READERS = ("Read", "read", "read_file", "view")
WRITERS = ("Write", "write", "write_file", "create")
PATHS = ("file_path", "filePath", "absolute_path", "path")
END = "DONE"


class Model(ThreadingHTTPServer):
    """The server; `sent` has every request's body, as bytes, and `heads` its headers."""

    daemon_threads = True

    def __init__(self, steps):
        super().__init__(("127.0.0.1", 0), Handler)
        self.steps = steps
        self.sent = []
        self.heads = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def results(self):
        """The results of the steps in the longest conversation, as texts."""
        return max(
            (results(json.loads(raw)) for raw in self.sent if raw.startswith(b"{")), key=len, default=[]
        )


def tools(body):
    """Name -> properties of the arguments."""
    found = {}
    for tool in body.get("tools") or []:
        for one in tool.get("functionDeclarations") or [tool.get("function", tool)]:
            schema = one.get("input_schema") or one.get("parameters") or one.get("parametersJsonSchema") or {}
            found[one.get("name")] = schema
    return found


def results(body):
    found = []
    for message in body.get("messages") or []:
        if message.get("role") == "tool":
            found.append(strings(message.get("content")))
        elif isinstance(message.get("content"), list):
            found += [
                strings(part.get("content"))
                for part in message["content"]
                if part.get("type") == "tool_result"
            ]
    for item in body["input"] if isinstance(body.get("input"), list) else ():
        if str(item.get("type", "")).endswith("call_output"):
            found.append(strings(item.get("output")))
    for content in body.get("contents") or []:
        found += [
            strings(part["functionResponse"])
            for part in content.get("parts") or ()
            if "functionResponse" in part
        ]
    return found


def strings(value):
    if isinstance(value, str):
        return value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return "\n".join(filter(None, map(strings, inner)))


def call(body, steps):
    """(tool, arguments, id) of the next step, or None at the end."""
    offered, done = tools(body), len(results(body))
    if not offered or done >= len(steps):
        return None
    step = steps[done]
    names = SHELLS if "shell" in step else READERS if "read" in step else WRITERS
    name = next((name for name in names if name in offered), None)
    if name is None:
        return None
    schema = offered[name]
    fields = schema.get("properties") or {}
    if "shell" in step:
        made = {"cmd" if "cmd" in fields else "command": step["shell"]}
    else:
        path, *text = [step["read"]] if "read" in step else step["write"]
        made = {next((key for key in PATHS if key in fields), "path"): path}
        for part in text:
            made["file_text" if "file_text" in fields else "content"] = part
    for field in schema.get("required", ()):
        kind = (fields.get(field) or {}).get("type")
        made.setdefault(
            field, False if kind == "boolean" else 1 if kind in ("number", "integer") else "a step"
        )
    return name, made, f"step{done}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, kind, body, status=200):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        listed = {
            "object": "list",
            "data": [{"id": "fake-model", "object": "model", "created": 0, "owned_by": "t"}],
        }
        self.answer("application/json", json.dumps(listed).encode())

    def do_POST(self):
        raw = self.body()
        self.server.sent.append(raw)
        self.server.heads.append(dict(self.headers))
        try:
            said = json.loads(raw or b"{}")
        except ValueError:
            said = {}
        next_call, path = call(said, self.server.steps), self.path.split("?")[0]
        for ending, speak in PROTOCOLS:
            if ending in path:
                events = speak(said, next_call)
                if isinstance(events, dict):
                    return self.answer("application/json", json.dumps(events).encode())
                text = "".join(
                    f"{f'event: {name}' + chr(10) if name else ''}data: {data}\n\n" for name, data in events
                )
                return self.answer("text/event-stream", text.encode())
        return self.answer("application/json", b'{"totalTokens": 1, "input_tokens": 1}')

    def body(self):
        if not self.headers.get("transfer-encoding"):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        whole = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole


def anthropic(said, call):
    block = (
        {"type": "tool_use", "id": "toolu_" + call[2], "name": call[0], "input": call[1]}
        if call
        else {"type": "text", "text": END}
    )
    stop = "tool_use" if call else "end_turn"
    usage = {
        "input_tokens": 1,
        "output_tokens": 1,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
    }
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": said.get("model"), "content": [block],
               "stop_reason": stop, "stop_sequence": None, "usage": usage}  # fmt: skip
    if not said.get("stream"):
        return message
    delta = (
        {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
        if call
        else {"type": "text_delta", "text": END}
    )
    opened = {**block, "input": {}} if call else {**block, "text": ""}
    events = [
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": opened},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return [(event["type"], json.dumps(event)) for event in events]


def responses(said, call):
    if call:
        item = {"type": "function_call", "id": "fc_1", "call_id": "call_" + call[2], "name": call[0],
                "arguments": json.dumps(call[1]), "status": "completed"}  # fmt: skip
    else:
        item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                "content": [{"type": "output_text", "text": END, "annotations": []}]}  # fmt: skip
    usage = {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 1,
             "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 2}  # fmt: skip
    whole = {"id": "resp_1", "object": "response", "created_at": 0, "status": "completed", "model": said.get("model"),
             "output": [item], "usage": usage}  # fmt: skip
    if not said.get("stream"):
        return whole
    events = [
        {
            "type": "response.created",
            "response": {**whole, "status": "in_progress", "output": [], "usage": None},
        },
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return [(event["type"], json.dumps({**event, "sequence_number": at})) for at, event in enumerate(events)]


def chat(said, call):
    message = {"role": "assistant", "content": None if call else END}
    if call:
        message["tool_calls"] = [{"index": 0, "id": "call_" + call[2], "type": "function",
                                  "function": {"name": call[0], "arguments": json.dumps(call[1])}}]  # fmt: skip
    reason = "tool_calls" if call else "stop"
    head = {"id": "c1", "created": 0, "model": said.get("model")}
    if not said.get("stream"):
        return {**head, "object": "chat.completion", "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
                "choices": [{"index": 0, "message": message, "finish_reason": reason}]}  # fmt: skip
    head["object"] = "chat.completion.chunk"
    chunks = [{"delta": message, "finish_reason": None}, {"delta": {}, "finish_reason": reason}]
    return [(None, json.dumps({**head, "choices": [{"index": 0, **chunk}]})) for chunk in chunks] + [
        (None, "[DONE]")
    ]


def gemini(said, call):
    part = {"functionCall": {"name": call[0], "args": call[1]}} if call else {"text": END}
    answer = {"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
              "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}}  # fmt: skip
    return [(None, json.dumps(answer))]


PROTOCOLS = (
    ("/messages", anthropic),
    ("/responses", responses),
    ("/chat/completions", chat),
    ("streamGenerateContent", gemini),
)
