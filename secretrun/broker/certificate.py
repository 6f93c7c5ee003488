"""Certificates as bytes: DER (ITU-T X.690) of the few fields that a run's authority and its hosts need.

The package `cryptography` makes certificates too, but its `x509` and `serialization` take half of the time
from the broker's start until its command may start; so keys and signatures come from it, and the frame round
them is written here. RFC 5280, P-256 (RFC 5480), ECDSA with SHA-256 (RFC 5758).
"""

from __future__ import annotations

import binascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    Address = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network

_INTEGER, _BITS, _OCTETS, _OID, _UTF8, _SEQUENCE, _SET = 0x02, 0x03, 0x04, 0x06, 0x0C, 0x30, 0x31
_UTC, _GENERALIZED = 0x17, 0x18
_DNS, _ADDRESS = 0x82, 0x87  # GeneralName, RFC 5280 4.2.1.6
_TRUE = b"\x01\x01\xff"


def element(tag: int, *parts: bytes) -> bytes:
    """One value: its tag, the length of what it holds, and that."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _oid(coded: str) -> bytes:
    return element(_OID, bytes.fromhex(coded))


_COMMON_NAME = _oid("550403")
_PUBLIC_KEY = element(_SEQUENCE, _oid("2a8648ce3d0201"), _oid("2a8648ce3d030107"))  # of P-256
_P256 = _oid("2a8648ce3d030107")
_SIGNED = element(_SEQUENCE, _oid("2a8648ce3d040302"))  # ecdsa-with-SHA256
_SUBJECT_KEY, _AUTHORITY_KEY = _oid("551d0e"), _oid("551d23")
_BASIC, _USAGE, _CONSTRAINTS = _oid("551d13"), _oid("551d0f"), _oid("551d1e")
_ALTERNATIVE, _EXTENDED_USAGE, _SERVER = _oid("551d11"), _oid("551d25"), _oid("2b06010505070301")


def authority(
    name: str,
    key: bytes,
    serial: int,
    life: tuple[str, str],
    permitted: Iterable[str | Network],
    sign: Callable[[bytes], bytes],
) -> bytes:
    """A certificate that signs others of the permitted names, and no further authority.

    Args:
        name: its own.
        key: the public key: an uncompressed point, 65 bytes.
        serial: positive, of 20 bytes at most.
        life: from when to when, as YYYYMMDDhhmmssZ.
        permitted: domains, each with all below it, and networks; at least one.
        sign: ECDSA over SHA-256 of what it is given, with that key.
    """
    trees = element(0xA0, *map(_tree, permitted))
    return _certificate(
        name, name, key, serial, life,
        [
            _extension(_SUBJECT_KEY, element(_OCTETS, key_name(key))),
            _extension(_BASIC, element(_SEQUENCE, _TRUE, element(_INTEGER, b"\0")), critical=True),
            _extension(_USAGE, element(_BITS, b"\x01\x06"), critical=True),  # keyCertSign, cRLSign
            _extension(_CONSTRAINTS, element(_SEQUENCE, trees), critical=True),
        ],
        sign,
    )  # fmt: skip


def server(
    issuer: str,
    issuer_key: bytes,
    key: bytes,
    serial: int,
    life: tuple[str, str],
    host: str | Address,
    sign: Callable[[bytes], bytes],
) -> bytes:
    """A certificate for the server of one host.

    Args:
        issuer: the authority's name.
        issuer_key: its public key, as in `authority`.
        key: the server's.
        serial: as in `authority`, as the next and the last.
        life: as there.
        host: a name or an address.
        sign: as there, with the authority's key.
    """
    name = _domain(host) if isinstance(host, str) else element(_ADDRESS, host.packed)
    # no host as its own name: what looks like one is held against the constraints, and an address is none
    return _certificate(
        issuer, "secretrun", key, serial, life,
        [
            _extension(_SUBJECT_KEY, element(_OCTETS, key_name(key))),
            _extension(_BASIC, element(_SEQUENCE), critical=True),
            _extension(_ALTERNATIVE, element(_SEQUENCE, name)),
            _extension(_EXTENDED_USAGE, element(_SEQUENCE, _SERVER)),
            _extension(_AUTHORITY_KEY, element(_SEQUENCE, element(0x80, key_name(issuer_key)))),
        ],
        sign,
    )  # fmt: skip


def key_name(key: bytes) -> bytes:
    """What a key is called in extensions: RFC 7093, method 1, of the public key's point."""
    import hashlib

    return hashlib.sha256(key).digest()[:20]


def pem(label: str, der: bytes) -> bytes:
    """DER as the text that goes into files (RFC 7468)."""
    text = binascii.b2a_base64(der, newline=False)
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    edge = label.encode("ascii")
    return b"\n".join((b"-----BEGIN %s-----" % edge, *lines, b"-----END %s-----" % edge, b""))


def private_key(secret: int, key: bytes) -> bytes:
    """The DER of a private key of P-256 (RFC 5915).

    Args:
        secret: its number.
        key: the public key, as in `authority`.
    """
    return element(
        _SEQUENCE,
        element(_INTEGER, b"\x01"),
        element(_OCTETS, secret.to_bytes(32, "big")),
        element(0xA0, _P256),
        element(0xA1, element(_BITS, b"\0", key)),
    )


def _certificate(
    issuer: str,
    subject: str,
    key: bytes,
    serial: int,
    life: tuple[str, str],
    extensions: list[bytes],
    sign: Callable[[bytes], bytes],
) -> bytes:
    signed = element(
        _SEQUENCE,
        element(0xA0, element(_INTEGER, b"\x02")),  # version 3
        element(_INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big")),
        _SIGNED,
        _name(issuer),
        element(_SEQUENCE, *map(_time, life)),
        _name(subject),
        element(_SEQUENCE, _PUBLIC_KEY, element(_BITS, b"\0", key)),
        element(0xA3, element(_SEQUENCE, *extensions)),
    )
    return element(_SEQUENCE, signed, _SIGNED, element(_BITS, b"\0", sign(signed)))


def _name(common: str) -> bytes:
    attribute = element(_SEQUENCE, _COMMON_NAME, element(_UTF8, common.encode()))
    return element(_SEQUENCE, element(_SET, attribute))


def _time(text: str) -> bytes:
    if text < "2050":
        return element(_UTC, text[2:].encode("ascii"))
    return element(_GENERALIZED, text.encode("ascii"))


def _extension(kind: bytes, value: bytes, *, critical: bool = False) -> bytes:
    return element(_SEQUENCE, kind, _TRUE if critical else b"", element(_OCTETS, value))


def _domain(name: str) -> bytes:
    return element(_DNS, name.encode("ascii"))


def _tree(permitted: str | Network) -> bytes:
    """What is below a domain, or in a network: that is its address and its mask."""
    if isinstance(permitted, str):
        return element(_SEQUENCE, _domain(permitted))
    return element(_SEQUENCE, element(_ADDRESS, permitted.network_address.packed, permitted.netmask.packed))
