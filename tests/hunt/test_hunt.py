"""A part of `make hunt`: some programs with some secrets, and nothing that can be read of any of them.

What is left to the whole hunt is the number of them; what it looks with is tested here.
"""

import base64
import json
import shlex
import urllib.parse

import pytest
from hunt.__main__ import Hunt
from hunt.readings import finds

SECRET = b'Kq8Zt2"LmWv5\xc3\xa9xYz09'
TEXT = SECRET.decode()
SEEN = {
    "raw": SECRET,
    "without escapes": b'Kq8Zt\x1b[31m2\x1b[0m"LmWv5',
    "without blanks": b'Kq8Z t2"L\r\n   mWv5',
    "without frames": '│ Kq8Zt2 │\n│ "LmWv5 │'.encode(),
    "the screen": b"xx" + b'Kq8Zt2 \b"LmWv5',
    "backslashes undone": json.dumps(TEXT).encode(),
    "backslashes undone twice": json.dumps(json.dumps(TEXT)).encode(),
    "without quotes": shlex.quote("LmWv5éx'Yz09").encode(),
    "percent-decoded": urllib.parse.quote(urllib.parse.quote(TEXT)).encode(),
    "references undone": b"Kq8Zt2&quot;LmWv5&#233;xYz09",
    "base64": base64.b64encode(b"user:" + SECRET),
    "base64 twice": base64.b64encode(b"auth: " + base64.b64encode(b"user:" + SECRET)),
    "hex": SECRET.hex(":").encode(),
    "wide": TEXT.encode("utf-16-be"),
}  # fmt: skip


@pytest.mark.parametrize("reading", SEEN)
def test_each_reading_sees_what_it_is_there_for(reading):
    hidden = [b"LmWv5\xc3\xa9xYz09"] if "quotes" in reading else [SECRET]
    if reading == "without quotes":
        hidden = [b"LmWv5\xc3\xa9xYz09"]
    assert reading in [name for name, _ in finds(hidden, SEEN[reading], 80)]


def test_a_mask_and_ordinary_text_are_no_find():
    assert finds([SECRET], b"token=[REDACTED:S] Kq8Zt2 LmWv5 ok\n" * 9, 80) == []


PROGRAMS = (
    "printf", "declare", "bash -x", "dash -x", "jq", "python json", "python reprs", "python xml", "node", "perl",
    "git diff", "grep", "python logging", "curl", "openssl", "xxd", "workflow",
)  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_of_a_secret_can_be_read_in_what_a_program_prints(program):
    hunt = Hunt(seed=7)
    try:
        for shape in hunt.shapes[PROGRAMS.index(program) % 3 :: 3]:
            hunt.one("pipe", program, shape, 80)
    finally:
        hunt.close()
    assert hunt.finds == []
    assert len(hunt.silent) < 4
