"""Structured secrets: what stands inside them is masked by itself, however deep it is."""

import base64
import json

import pytest

from secretrun.redact import Redactor

BODY = [
    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj",
    "AgEAAoIBAQC7VJTUt9Us8cKjMzEfYyjiWA4R4/M2",
    "bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZH",
]
PEM = "\n".join(["-----BEGIN PRIVATE KEY-----", *BODY, "-----END PRIVATE KEY-----", ""])
ACCOUNT = json.dumps(
    {"type": "service_account", "private_key": PEM, "db": {"url": "postgres://u:deep-pa55word@h/d"}}
)
NESTED = json.dumps({"payload": json.dumps({"token": "inner-token-123456"})})


def left(secret, text):
    return Redactor([secret], mask="#").mask(text.encode()).decode()


@pytest.mark.parametrize("line", BODY)
@pytest.mark.parametrize(
    "secret",
    [PEM, ACCOUNT, PEM.replace("\n", "\\n"), PEM.replace("\n", "\r\n")],
    ids=["pem", "json", "escaped", "crlf"],
)
def test_every_body_line_of_a_key_is_masked_by_itself(secret, line):
    assert left(secret, f"12 | {line} |") == "12 | # |"


def test_a_key_with_escaped_line_ends_is_masked_as_the_file_it_becomes():
    secret = PEM.replace("\n", "\\n")
    assert left(secret, PEM).strip("#\n") == ""
    assert left(secret, base64.b64encode(PEM.encode()).decode()).strip("#") == ""


@pytest.mark.parametrize(
    "text", ["deep-pa55word", "u:deep-pa55word", base64.b64encode(b"u:deep-pa55word").decode()]
)
def test_the_password_of_a_url_in_json_is_masked(text):
    assert left(ACCOUNT, f"<{text}>") == "<#>"


def test_strings_of_json_in_json_are_masked():
    assert left(NESTED, "token inner-token-123456 used") == "token # used"
    assert left(NESTED, "inner-tok differs") == "inner-tok differs"


def test_armour_is_no_secret():
    assert left(ACCOUNT, "-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


@pytest.mark.parametrize("deep", ["[" * 20_000, "[" * 700 + "]" * 700], ids=["endless", "deep"])
def test_json_that_nests_deeply_is_masked_as_text(deep):
    assert left(deep, f"x{deep}x") == "x#x"
