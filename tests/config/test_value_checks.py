"""`type = ...`: what a value must look like, and that no message quotes it."""

from __future__ import annotations

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.config import value_checks
from secretrun.errors import BadAnswer, ConfigError

BODY = base64.b64encode(bytes(range(96))).decode()
BLOCK = f"-----BEGIN CERTIFICATE-----\n{BODY[:64]}\n{BODY[64:]}\n-----END CERTIFICATE-----\n"

RIGHT = {
    "url": ["https://h", "postgres://u:p%40@h:5432/db?x=y", "file:///etc/x", "redis://[::1]:6379", "postgresql+psycopg2://h/d"],
    "port": ["1", "80", "65535", "0080"],
    "json": ["{}", "null", '"x"', " [1, 2.5e10]\n", "123456789012345678901234567890"],
    "pem": [
        BLOCK, BLOCK * 3, BLOCK.strip(), BLOCK.replace("\n", "\r\n"), f"subject=CN\n{BLOCK}",
        f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n{BODY}\n-----END RSA PRIVATE KEY-----",
    ],
}  # fmt: skip
WRONG = {
    "url": ["", "h", "://h", "https://", "https:///", "1a://h", "https://h h", "https://h\n", "https://h:x/", "https://h:99999", "https://[::1", "ht tp://h", "hä://x"],
    "port": ["", "0", "65536", "-1", "8o", "80 ", "٨٠", "1" * 5000],
    "json": ["", "{", "NaN", "[Infinity]", "{'a': 1}", '{"a": 1,}', "[" * 100000],
    "pem": [
        "", BODY, BLOCK.replace("END CERT", "END CARD"), BLOCK[:80], BLOCK + BLOCK[:80],
        BLOCK.replace(BODY[:10], "!!!"), "-----BEGIN X-----\n-----END X-----",
    ],
}  # fmt: skip


def check(kind, text):
    value_checks.checker(kind, None, "here")(text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in RIGHT.items() for text in texts])
def test_what_is_of_its_type_passes(kind, text):
    check(kind, text)


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in WRONG.items() for text in texts])
def test_what_is_not_is_an_error_that_does_not_quote_it(kind, text):
    with pytest.raises(BadAnswer) as caught:
        check(kind, text)
    assert len(text) < 5 or text not in caught.value.message


def test_a_key_of_openssl_and_a_chain_of_it(tmp_path):
    """What the commonest program writes, encrypted too."""
    key = tmp_path / "key.pem"
    command = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]
    subprocess.run([*command, "-out", key], check=True, capture_output=True, timeout=60)
    check("pem", key.read_text())
    encrypted = ["openssl", "rsa", "-in", key, "-traditional", "-aes128", "-passout", "pass:x"]
    done = subprocess.run(encrypted, check=True, capture_output=True, timeout=60)
    assert b"Proc-Type" in done.stdout
    check("pem", done.stdout.decode())


@given(st.sampled_from(list(RIGHT)), st.binary(max_size=40))
def test_any_bytes_pass_or_are_one_of_our_errors(kind, value):
    try:
        value_checks.checker(kind, None, "here")(value)
    except BadAnswer:
        pass


def test_a_pattern_is_for_the_whole_value():
    matches = value_checks.checker("regex", "[a-c]+", "here")
    matches(b"abc")
    for value in (b"abcd", b"abc\n", b"\xff"):
        with pytest.raises(BadAnswer, match=r"\[a-c\]\+"):
            matches(value)
    with pytest.raises(ConfigError, match="here: 'pattern' is no regular expression"):
        value_checks.checker("regex", "[a-c", "here")


def test_text_is_anything():
    assert value_checks.checker("text", None, "here") is None
