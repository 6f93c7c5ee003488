"""mitmproxy doing the same: the placeholder becomes the key in one host's requests, an echo becomes it again."""

import os

KEY, PLACEHOLDER, HOST = (
    os.environ["BENCH_KEY"].encode(),
    os.environ["BENCH_PLACEHOLDER"].encode(),
    "localhost",
)


def replaced():
    """A stream's bytes with the key replaced, however they are cut."""
    held = b""

    def step(data):
        nonlocal held
        text = held + data
        if not data:
            held = b""
            return text.replace(KEY, PLACEHOLDER)
        text = text.replace(KEY, PLACEHOLDER)
        size = next((n for n in range(min(len(KEY) - 1, len(text)), 0, -1) if KEY.startswith(text[-n:])), 0)
        held = text[len(text) - size :]
        return text[: len(text) - size]

    return step


class Broker:
    def requestheaders(self, flow):
        if flow.client_conn.sni == HOST or flow.request.host == HOST:
            said = flow.request.headers.get("authorization", "")
            flow.request.headers["authorization"] = said.replace(PLACEHOLDER.decode(), KEY.decode())
            flow.request.headers["accept-encoding"] = "identity"

    def responseheaders(self, flow):
        for name, value in list(flow.response.headers.items()):
            if KEY.decode() in value:
                flow.response.headers[name] = value.replace(KEY.decode(), PLACEHOLDER.decode())
        flow.response.headers.pop("content-length", None)
        flow.response.headers["transfer-encoding"] = "chunked"
        flow.response.stream = replaced()


addons = [Broker()]
