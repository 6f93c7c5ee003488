"""What client and cache say to each other: frames of byte strings.

A frame is a 4-byte big-endian length and a body; the body is fields, each a 4-byte length and bytes.
Not JSON: importing `json` would cost the client more than the whole exchange takes.

    request   VERSION, verb, fields...            answer   VERSION, b"ok" or b"error", fields...
    get       flags, key...                        ->      per key: state, age in seconds, value
              (b"s": stale ones too; b"a": asked before in this run, so what is missing counts as one miss)
    put       ttl in seconds, key, value, key, value ...
    lock, unlock, status, stop                     ->      status: name, number, name, number ...
"""

from __future__ import annotations

VERSION = b"1"
LIMIT = 16 * 1024 * 1024  # bytes of a body: far above any set of secrets, far below harm
FRESH, STALE, MISSING = b"fresh", b"stale", b"missing"


class WireError(Exception):
    """The other side does not speak this protocol."""


def body(*fields: bytes) -> bytes:
    """Fields to one byte string, which `fields` takes apart."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def frame(*fields: bytes) -> bytes:
    """Fields to one frame."""
    joined = body(*fields)
    return len(joined).to_bytes(4, "big") + joined


def body_length(head: bytes) -> int:
    """The length of the body that follows a 4-byte head.

    Raises:
        WireError: when it is above `LIMIT`.
    """
    length = int.from_bytes(head, "big")
    if length > LIMIT:
        raise WireError("a frame above the limit")
    return length


def fields(joined: bytes) -> list[bytes]:
    """A body to its fields.

    Raises:
        WireError: when the lengths in it don't add up.
    """
    found, at = [], 0
    while at < len(joined):
        end = at + 4 + int.from_bytes(joined[at : at + 4], "big")
        if at + 4 > len(joined) or end > len(joined):
            raise WireError("a frame that ends inside a field")
        found.append(joined[at + 4 : end])
        at = end
    return found
