"""The proxy that our own environment names: the way out, where there is no other.

It is told a host's name and resolves it, so addresses are judged only where a rule names one.
"""

from __future__ import annotations

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("https_proxy", "HTTPS_PROXY")
EXEMPT = ("no_proxy", "NO_PROXY")
LONGEST = 1 << 14  # bytes of its answer's head


class Proxy:
    """An HTTP proxy that takes CONNECT.

    Attributes:
        host: where it is.
        port: the same.
    """

    def __init__(self, host: str, port: int, credentials: bytes, exempt: str) -> None:
        self.host = host
        self.port = port
        self._credentials = credentials
        self._exempt = [part.strip().lower() for part in exempt.split(",") if part.strip()]

    def serves(self, host: str) -> bool:
        """Whether a canonical host is reached through it, and not one that NO_PROXY names."""
        return not any(_fits(host, _without_port(pattern)) for pattern in self._exempt)

    def request(self, host: str, port: int) -> bytes:
        """What it is asked for a tunnel."""
        authority = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        lines = [f"CONNECT {authority} HTTP/1.1".encode(), f"Host: {authority}".encode()]
        if self._credentials:
            import base64

            lines.append(b"Proxy-Authorization: Basic " + base64.b64encode(self._credentials))
        return b"\r\n".join([*lines, b"", b""])

    def __repr__(self) -> str:
        return f"<Proxy {self.host}:{self.port}>"


def _without_port(pattern: str) -> str:
    if pattern.startswith("["):
        return pattern[1:].partition("]")[0]
    name, colon, port = pattern.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else pattern


def _fits(host: str, pattern: str) -> bool:
    if pattern == "*":
        return True
    import ipaddress

    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        name = pattern.removeprefix("*").removeprefix(".")
        return host == name or host.endswith("." + name)


def of(environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for https that the environment names.

    Raises:
        ConfigError: it is none that takes CONNECT in clear text; its password is not in the message.
    """
    name = next((name for name in NAMES if environ.get(name)), None)
    if name is None:
        return None
    from urllib.parse import unquote, urlsplit

    said = environ[name]
    try:
        url = urlsplit(said if "://" in said else f"http://{said}")
        host, port = url.hostname, url.port or 80
    except ValueError:
        url, host, port = urlsplit(""), None, 0
    if url.scheme != "http" or not host:
        raise ConfigError(
            f"{name}: the broker goes out through http:// proxies alone",
            hint=f"name such a proxy, or unset {name} where hosts are reached directly",
        )
    credentials = b""
    if url.username is not None:
        credentials = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
    exempt = next((environ[name] for name in EXEMPT if environ.get(name)), "")
    return Proxy(host, port, credentials, exempt)


def status(head: bytes) -> int:
    """The status of its answer, or 0 for what is none."""
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    return int(words[1]) if words[0].startswith(b"HTTP/1.") and len(words) > 1 and words[1].isdigit() else 0
