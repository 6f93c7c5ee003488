"""A long secret that comes in small reads: it is not looked at as a whole with each of them."""

import random

import pytest

from secretrun.redact.engine.matcher import Matcher
from secretrun.redact.engine.pattern_set import PatternSet
from secretrun.redact.pattern import ANYWHERE, PatternTable

LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
LONG = bytes(random.Random(1).choices(LETTERS, k=1 << 16))
LINES = b"".join(LONG[at : at + 64] + b"\n" for at in range(0, 3200, 64))
PEM = b"-----BEGIN PRIVATE KEY-----\n" + LINES + b"-----END PRIVATE KEY-----\n"


class Counting(PatternSet):
    """Patterns that know how many bytes were looked at closely."""

    looked = 0

    def look(self, buffer, *args, **options):
        self.looked += len(buffer)
        return super().look(buffer, *args, **options)


@pytest.mark.parametrize(
    ("secret", "between", "size"),
    [(LONG, b"", 1), (LONG[:4096], b"\r\n", 1), (PEM, b"", 1), (PEM, b"", 7), (PEM, b"\t", 7)],
)
def test_the_bytes_looked_at_are_a_few_times_those_that_come(secret, between, size):
    table = PatternTable(squeeze=True)
    table.add([("value", secret, ANYWHERE)])
    patterns = Counting(table, screen=True)
    matcher = Matcher(patterns, lambda pattern: b"#")
    text = b"value: " + between.join(secret[at : at + 76] for at in range(0, len(secret), 76)) + b"\nmore\n"
    out = b""
    for at in range(0, len(text), size):
        out += matcher.feed(text[at : at + size])
        assert patterns.looked < 40 * (at + 64)
    assert (out + matcher.finish()).split() == [b"value:", b"#", b"more"]
