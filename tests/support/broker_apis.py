"""Stand-ins of the APIs that presets are for, behind TLS on port 443, as a process of its own.

    python broker_apis.py DIRECTORY    with chain.pem and keys.json (host -> the one key that is good there)

Each asks for its key as the real one does and answers in its shape; `log` in the directory has every request that came.
"""

import base64
import json
import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        host = self.headers["host"].partition(":")[0]
        record = {"host": host, "method": self.command, "path": self.path, "body": body.decode("latin-1"),
                  "headers": dict(self.headers)}  # fmt: skip
        with open(self.server.directory / "log", "a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
        getattr(self, host.replace(".", "_"))(self.server.keys[host], body)

    do_POST = do_DELETE = do_PATCH = do_PUT = do_GET

    def say(self, status, body, *headers, kind="application/json"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(raw)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def bearer(self, *schemes):
        scheme, _, given = self.headers.get("authorization", "").partition(" ")
        return given if scheme.lower() in schemes else ""

    def api_github_com(self, key, body):
        if self.bearer("bearer", "token") != key:
            return self.say(
                401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"}
            )
        if self.path == "/user":
            return self.say(200, {"login": "octocat", "id": 1}, ("x-oauth-scopes", "repo"))
        return self.say(201, {"id": "aa5a315d61ae9438b18d", "files": body.decode()})

    def github_com(self, key, body):
        scheme, _, coded = self.headers.get("authorization", "").partition(" ")
        given = base64.b64decode(coded).decode().partition(":")[2] if scheme.lower() == "basic" else ""
        if given != key:
            return self.say(
                401, b"Repository not found.", ("www-authenticate", 'Basic realm="GitHub"'), kind="text/plain"
            )
        return self.say(
            200, b"001e# service=git-upload-pack\n0000", kind="application/x-git-upload-pack-advertisement"
        )

    def api_anthropic_com(self, key, body):
        if self.headers.get("x-api-key") != key:
            return self.say(
                401,
                {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}},
            )
        said = json.loads(body)
        text = "You said: " + said["messages"][0]["content"]
        if not said.get("stream"):
            return self.say(
                200, {"type": "message", "role": "assistant", "content": [{"type": "text", "text": text}]}
            )
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        events = (
            f"event: content_block_delta\ndata: {json.dumps(delta)}\n\nevent: message_stop\ndata: {{}}\n\n"
        )
        return self.say(200, events.encode(), kind="text/event-stream")

    def api_openai_com(self, key, body):
        if self.bearer("bearer") != key:
            return self.say(
                401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}
            )
        if self.path == "/v1/models":
            return self.say(200, {"object": "list", "data": [{"id": "gpt", "object": "model"}]})
        text = json.loads(body)["messages"][0]["content"]
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return self.say(200, {"object": "chat.completion", "choices": [choice]})


def main():
    directory = Path(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 443), Handler)
    server.daemon_threads = True
    server.directory = directory
    server.keys = json.loads((directory / "keys.json").read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "chain.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
