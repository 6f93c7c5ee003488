"""What a token of the right shape has to pass.

A checksum where its kind has one, else that it is no placeholder.
"""

from __future__ import annotations

import re
from itertools import pairwise

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_TOLD = re.compile(
    rb"(.)\1{4}|example|sample|placeholder|redacted|dummy|fake|secret|changeme|your|test|foobar|deadbeef"
    rb"|0123456|1234567|abcdef(?![0-9a-f])|qwerty|xxxx|\.\.\.",
    re.IGNORECASE,
)


def random(token: bytes, head: bytes) -> bool:
    """Whether what follows the head looks drawn by lot.

    Many different characters, digits among them, no words.
    """
    body = token[len(head) :]
    if _TOLD.search(body) or len(set(body)) < min(10, len(body) // 3 + 3):
        return False
    return any(chr(c).isdigit() for c in body) and any(chr(c).isalpha() for c in body) and not _runs(body)


def letters(token: bytes, head: bytes) -> bool:
    """As `random`, of letters alone, both cases."""
    body = token[len(head) :]
    if _TOLD.search(body) or len(set(body)) < 14 or _runs(body):
        return False
    capitals = sum(1 for c in body if chr(c).isupper())
    return 8 <= capitals <= len(body) - 8


def _runs(body: bytes) -> bool:
    """Whether half of the steps from character to character are those of an alphabet or of digits.

    A made-up one.
    """
    steps = [b - a for a, b in pairwise(body)]
    pairs = [b - a for a, b in zip(body, body[2:], strict=False)]  # A1b2C3...
    return any(sum(1 for step in known if abs(step) == 1) > len(known) // 2 for known in (steps, pairs))


def base62_crc(token: bytes, head: bytes) -> bool:
    """GitHub's and npm's: the last six characters are the CRC-32 of those before them, in base 62."""
    import zlib

    body = token[len(head) :]
    number, said = zlib.crc32(body[:-6]), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        said = _BASE62[digit] + said
    return said.encode() == body[-6:]


def bech32(token: bytes, head: bytes) -> bool:
    """BIP 173's checksum over the human-readable part and the data, as age has it."""
    del head
    human, _, data = token.decode().lower().rpartition("1")
    values = (
        [ord(c) >> 5 for c in human] + [0] + [ord(c) & 31 for c in human] + [_BECH32.find(c) for c in data]
    )
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> bit & 1 else 0
    return check == 1


def jwt(token: bytes, head: bytes) -> bool:
    """Whether its first part decodes to a header that names an algorithm, other than none."""
    del head
    import base64
    import json

    parts = token.split(b".")
    try:
        header = json.loads(base64.urlsafe_b64decode(parts[0] + b"=" * (-len(parts[0]) % 4)))
    except ValueError:
        return False
    if (
        not isinstance(header, dict)
        or not isinstance(header.get("alg"), str)
        or header["alg"].lower() == "none"
    ):
        return False
    return len(parts) == (5 if "enc" in header else 3)


def key_block(token: bytes, head: bytes) -> bool:
    """Whether a block of a private key holds one: its body is longer than any that only shows the form."""
    del head
    body = re.sub(
        rb"\\[nrt]|[\s\\]", b"", token.partition(b"KEY")[2].partition(b"-----")[2].rpartition(b"-----END")[0]
    )
    return len(body) >= 64 and len(set(body)) >= 16


def passes(name: str, token: bytes, head: bytes) -> bool:
    """Whether a token passes the check of this name."""
    passed: bool = globals()[name](token, head)
    return passed
