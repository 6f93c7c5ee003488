"""A secret that is stored encoded is masked as what it says, in every way that is written."""

import base64
import json
import shlex
import subprocess
import urllib.parse

import pytest

from secretrun.redact import Redactor

PLAIN = "Kq8Zt2 /Lm\"Wv5'$x&é-end"
STORED = {
    "percent": (urllib.parse.quote(PLAIN, safe=""), PLAIN),
    "form": (urllib.parse.quote_plus(PLAIN), PLAIN),
    "json": (json.dumps(PLAIN)[1:-1], PLAIN),
    "json in quotes": (json.dumps(PLAIN), PLAIN),
    "json of an astral character": (json.dumps("Kq8Zt2Lm\U0001f511Wv5"), "Kq8Zt2Lm\U0001f511Wv5"),
    "shell": (shlex.quote(PLAIN), PLAIN),
    "ansi-c": (r"$'Kq8Zt2\tLm\x41\101Wv5'", "Kq8Zt2\tLmAAWv5"),
    "backslashes": (r"Kq8Zt2\ Lm\$Wv5", "Kq8Zt2 Lm$Wv5"),
    "double quotes": (r'"Kq8Zt2 \"Lm\" \$Wv5"', 'Kq8Zt2 "Lm" $Wv5'),
    "xml": ("Kq8Zt2&lt;Lm&amp;Wv5&#x41;", "Kq8Zt2<Lm&Wv5A"),
    "base64": (base64.b64encode(PLAIN.encode()).decode(), PLAIN),
    "base64 without padding": (base64.urlsafe_b64encode(b"user?>secret~~value").decode().rstrip("="), "user?>secret~~value"),
    "base64 in lines": (base64.encodebytes(b"a line that is long enough" * 3).decode(), "a line that is long enough" * 3),
    "hex": (b"Kq8Zt2LmWv5-text".hex(), "Kq8Zt2LmWv5-text"),
    "line ends": (r"first-line-1\nsecond-line-2", "first-line-1\nsecond-line-2"),
}  # fmt: skip


@pytest.mark.parametrize("how", STORED)
def test_what_an_encoded_secret_says_is_masked(how):
    stored, plain = STORED[how]
    redactor = Redactor([stored], mask="#")
    plain = plain.strip().encode()
    assert redactor.mask(b"x " + plain + b" y") == b"x # y"
    assert redactor.mask(plain.hex().encode()) == b"#"
    assert redactor.mask(stored.strip().encode()) == b"#"


def test_bytes_in_base64_are_masked_as_bytes_and_in_hex():
    key = bytes(range(200, 232))
    redactor = Redactor([base64.b64encode(key)], mask="#")
    assert redactor.mask(b"<" + key + b">") == b"<#>"
    assert redactor.mask(key.hex().encode()) == b"#"


@pytest.mark.parametrize(
    ("tool", "stored"),
    [
        (["sh", "-c", 'eval "printf %s $V"'], "'Kq8Zt2'\\''Lm Wv5'"),
        (["bash", "-c", 'eval "printf %s $V"'], r"$'Kq8Zt2\'Lm\tWv5\u00e9'"),
        (["bash", "-c", "printf '%b' \"$V\""], r"Kq8Zt2\x41Lm\nWv5"),
        (["sh", "-c", 'printf %s "$V" | base64 -d'], base64.b64encode(b"Kq8Zt2 LmWv5 text").decode()),
        (["jq", "-nj", "env.V|fromjson"], json.dumps('Kq8Zt2"Lm\U0001f511Wv5')),
        (
            ["python3", "-c", "import os, html; print(html.unescape(os.environ['V']))"],
            "Kq8Zt2&quot;Lm&eacute;Wv5",
        ),
        (["node", "-e", "process.stdout.write(decodeURIComponent(process.env.V))"], "Kq8Zt2%22Lm%C3%A9Wv5"),
    ],
)
def test_what_a_tool_makes_of_an_encoded_secret_is_masked(tool, stored):
    told = subprocess.run(tool, env={"PATH": "/usr/local/bin:/usr/bin:/bin", "V": stored, "LC_ALL": "C.UTF-8"}, capture_output=True, timeout=100, check=True).stdout  # fmt: skip
    assert stored.encode() not in told
    assert Redactor([stored], mask="#").mask(told).strip() == b"#"


@pytest.mark.parametrize(
    "secret", ["correct-horse-battery", "100% sure & more; done", "deadbeefdeadbeef", "C:\\new\\table\\x"]
)
def test_a_secret_that_is_not_encoded_adds_no_word_of_its_own(secret):
    text = b"correct horse 100 sure more done new table dead feed\n"
    assert Redactor([secret]).mask(text) == text
