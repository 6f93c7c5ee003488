"""The way out: one lookup, the address judged, the certificate verified before a byte is written."""

from __future__ import annotations

import asyncio
import ipaddress
import itertools
import socket
import ssl
import time

from secretrun.broker import hosts, proxy
from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.broker.hosts import Address, Network
    from secretrun.broker.proxy import Proxy

CONNECT = 20.0  # seconds for one address
_REMEMBERED = (
    300.0  # seconds for which a lookup's answer is kept: a name can't move to another address meanwhile
)
BUFFER = 1 << 18


class Dialer:
    """Opens connections to names that the policy has let through.

    Args:
        context: verifies chain and name.
        networks: see `hosts.allowed`.
        own: addresses of this machine.
        via: the proxy of our own environment, if there is one.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        networks: Sequence[Network] | None,
        own: frozenset[Address],
        via: Proxy | None = None,
    ) -> None:
        self._context = context
        self._via = via
        self._networks = networks
        self._own = own
        self._found: dict[str, tuple[float, asyncio.Future[list[str]]]] = {}

    async def open(
        self, host: str, port: int, *, tls: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to a canonical host, with `tls` one whose other end has proved to be that host.

        Raises:
            Refused: name_not_resolved, address_not_allowed, upstream_unreachable, upstream_not_verified.
        """
        refused = Refused("upstream_unreachable")
        via = self._via if self._via is not None and self._via.serves(host) else None
        if via is not None and hosts.address(host) is None:
            places = [via.host]
        else:
            places = await self._addresses(host)
        context, name = (self._context, host) if tls else (None, None)
        for place in places:
            try:
                async with asyncio.timeout(CONNECT):
                    if via is not None:
                        tunnel = await _tunnel(via, host, port)
                        return await asyncio.open_connection(
                            sock=tunnel, ssl=context, server_hostname=name, limit=BUFFER
                        )
                    return await asyncio.open_connection(
                        place, port, ssl=context, server_hostname=name, limit=BUFFER
                    )
            except ssl.SSLError as error:
                detail = getattr(error, "verify_message", None) or "no TLS that we speak"
                refused = Refused("upstream_not_verified", detail=detail)
            except (OSError, TimeoutError):
                continue
        raise refused

    async def _addresses(self, host: str) -> list[str]:
        known = self._found.get(host)
        if known is None or time.monotonic() - known[0] > _REMEMBERED:
            known = self._found[host] = (time.monotonic(), asyncio.ensure_future(self._judged(host)))
        try:
            return await asyncio.shield(known[1])
        except Refused:
            self._found.pop(host, None)
            raise

    async def _judged(self, host: str) -> list[str]:
        literal = hosts.address(host)
        if literal is not None:
            found = [literal]
        else:
            try:
                answers = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
            except OSError:
                raise Refused("name_not_resolved") from None
            texts = dict.fromkeys(str(answer[4][0]) for answer in answers)
            found = [ipaddress.ip_address(text) for text in texts if "%" not in text]
        fit = [str(address) for address in found if hosts.allowed(address, self._networks, self._own)]
        if not fit:
            raise Refused("address_not_allowed")
        return fit


async def _tunnel(via: Proxy, host: str, port: int) -> socket.socket:
    """A connection to a host through the proxy.

    Raises:
        Refused: the proxy does not let it through.
        OSError: there is no proxy.
    """
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(via.host, via.port, type=socket.SOCK_STREAM)
    family, kind, number, _, address = answers[0]
    connection = socket.socket(family, kind, number)
    try:
        connection.setblocking(False)
        await loop.sock_connect(connection, address)
        await loop.sock_sendall(connection, via.request(host, port))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            more = await loop.sock_recv(connection, 1)  # what follows the head is the host's
            if not more or len(head) > proxy.LONGEST:
                raise ConnectionResetError
            head += more
        said = proxy.status(head)
        if said != 200:
            raise Refused("upstream_unreachable", detail=f"the proxy of your environment answers {said}")
    except BaseException:
        connection.close()
        raise
    return connection


def own_addresses() -> frozenset[Address]:
    """The addresses of this machine's interfaces, on Linux; elsewhere those that its name leads to."""
    found: set[Address] = set()
    try:
        with open("/proc/net/fib_trie", encoding="ascii") as table:
            lines = table.read().splitlines()
        for line, after in itertools.pairwise(lines):
            if "/32 host LOCAL" in after:
                found.add(ipaddress.ip_address(line.split()[-1]))
        with open("/proc/net/if_inet6", encoding="ascii") as table:
            found.update(ipaddress.IPv6Address(bytes.fromhex(line[:32])) for line in table)
    except (OSError, ValueError):
        try:
            for answer in socket.getaddrinfo(socket.gethostname(), None):
                found.add(ipaddress.ip_address(str(answer[4][0]).partition("%")[0]))
        except (OSError, ValueError):
            pass
    return frozenset(found)
