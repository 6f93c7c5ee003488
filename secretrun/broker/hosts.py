"""Names and addresses: the one spelling of a host that rules, lookups, certificates and `Host` share."""

from __future__ import annotations

import ipaddress
import re

from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# Where clouds answer for the machine itself though the address is no private one, or a provider's own.
METADATA = tuple(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16")
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def canonical(text: str) -> str:
    """A host as rules and certificates spell it: lower case, A-labels, without the dot at the end.

    An address stays an address (IPv6 without brackets); whoever asks decides whether it may be one.

    Raises:
        Refused: it is neither a name nor an address as RFC 3986 writes one. Numbers that `inet_aton` would
            take for an address (`0x7f.1`, `2130706433`) are none.
    """
    host = text.strip()
    if host != text or not host:
        raise Refused("bad_host")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if "%" in host:
            raise Refused("bad_host")
    literal = address(host)
    if literal is not None:
        return str(literal)
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise Refused("bad_host") from None
    host = host.lower().removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("bad_host")
    if _NUMBER.fullmatch(labels[-1]):
        raise Refused("address_not_allowed", detail="write an address in its usual form")
    return host


def address(text: str) -> Address | None:
    """The address that `text` is, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def authority(text: str, default_port: int | None = None) -> tuple[str, int]:
    """Host and port of `host:port`, as in a CONNECT line or a `Host` header.

    Raises:
        Refused: it is nothing of the kind, or has a user's name in it.
    """
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port:
        if default_port is None:
            raise Refused("bad_host", detail="no port")
        host, port = text, str(default_port)
    if ":" in host and not host.startswith("["):
        raise Refused("bad_host")
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536 and len(port) < 6):
        raise Refused("bad_host", detail="no port")
    return canonical(host), int(port)


def pattern(text: str) -> str:
    """A host of a rule: a name, an address, or `*.name` for every name below it.

    Raises:
        Refused: anything else.
    """
    if text.startswith("*."):
        below = canonical(text[2:])
        if "." not in below or address(below) is not None:
            raise Refused("bad_host", detail=f"{text} would be nearly every host")
        return f"*.{below}"
    return canonical(text)


def matches(host: str, wanted: str) -> bool:
    """Whether a canonical host is what a rule's pattern means; `*.test` is not `test`."""
    if wanted.startswith("*."):
        return host.endswith(wanted[1:]) and len(host) >= len(wanted)
    return host == wanted


def written(host: str) -> str:
    """A canonical host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def is_public(found: Address) -> bool:
    """Whether it is some other machine on the internet: not us, our network, or our cloud's own services."""
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and (found in _NAT64 or found in _COMPATIBLE):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if found.is_site_local:
            return False
    return found.is_global and not found.is_multicast and not found.is_reserved and found not in METADATA


def allowed(
    found: Address, networks: Sequence[Network] | None, own: frozenset[Address] = frozenset()
) -> bool:
    """Whether a lookup's answer may be dialled.

    Args:
        found: the address.
        networks: what is allowed besides public ones; None allows any.
        own: addresses of this machine, refused unless a network names them.
    """
    if networks is None:
        return True
    inner = getattr(found, "ipv4_mapped", None) or found
    if any(inner.version == network.version and inner in network for network in networks):
        return True
    return is_public(found) and inner not in own
