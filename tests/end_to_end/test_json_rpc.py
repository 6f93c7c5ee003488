"""A server behind `secretrun --stdio`: a thousand messages come back byte for byte, and valid where masked."""

import json
import subprocess
import sys

import pytest
from support.store import COMMAND, clean_environ

SECRET = 'Kq8Zt2"Lm\\Wv5x9Rb3'
SERVER = """
import json, os, sys
for line in sys.stdin:
    said = json.loads(line)
    text = said["params"]["text"].replace("SECRET", os.environ["TOKEN"])
    answer = {"jsonrpc": "2.0", "id": said["id"], "result": {"content": [{"type": "text", "text": text}], "n": [1.50, None]}}
    sys.stdout.write(json.dumps(answer, ensure_ascii=said["id"] % 2 == 0, separators=(",", ": ")) + "\\n")
    sys.stdout.flush()
"""


def served(tmp_path, texts, *wrapper):
    """The server's answers, one asked for after the other; lines as bytes."""
    (tmp_path / "server.py").write_text(SERVER)
    env = clean_environ(tmp_path) | {"TOKEN": SECRET}
    child = subprocess.Popen([*wrapper, sys.executable, "server.py"], cwd=tmp_path, env=env,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
    lines = []
    for number, text in enumerate(texts):
        child.stdin.write(
            json.dumps({"jsonrpc": "2.0", "id": number, "params": {"text": text}}).encode() + b"\n"
        )
        child.stdin.flush()
        lines.append(child.stdout.readline())
    child.stdin.close()
    child.stdout.close()
    assert child.wait(timeout=60) == 0
    return lines


WRAPPED = [*COMMAND, "-q", "--stdio", "--mask-env", "TOKEN", "--"]
TEXTS = [f'message {n} é 漢 \\ "q" / </tag> \u2028 {"x" * (n % 97)}' for n in range(999)] + ["y" * (1 << 20)]


@pytest.mark.slow
def test_without_secrets_every_byte_is_the_same(tmp_path):
    assert served(tmp_path, TEXTS, *WRAPPED) == served(tmp_path, TEXTS)


@pytest.mark.slow
def test_with_secrets_every_message_is_valid_and_holds_none(tmp_path):
    texts = [f"{text} key=SECRET end" for text in TEXTS]
    for number, line in enumerate(served(tmp_path, texts, *WRAPPED)):
        said = json.loads(line)
        assert said["id"] == number
        assert said["result"]["n"] == [1.5, None]
        assert said["result"]["content"][0]["text"] == texts[number].replace("SECRET", "[REDACTED:TOKEN]")
