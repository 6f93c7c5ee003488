"""The run's own certificate authority: its key never leaves this process's memory, and both end with the run.

Good for the hosts with rules alone (name constraints, critical), for a day: a certificate that got away
could impersonate nothing else.
"""

from __future__ import annotations

import ipaddress
import os
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from secretrun.broker import certificate, hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

_LIFE = 86400  # seconds
_SLACK = 300  # seconds by which a clock may be behind ours


class Key:
    """A private key of P-256; made in advance, while the run is not known yet.

    Attributes:
        public: its public key, as `certificate` takes it.
    """

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self.public = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    def sign(self, signed: bytes) -> bytes:
        """ECDSA over SHA-256."""
        return self._key.sign(signed, ec.ECDSA(hashes.SHA256()))

    def reveal(self) -> bytes:
        """The key itself, as OpenSSL reads it from a file."""
        secret = self._key.private_numbers().private_value
        return certificate.pem("EC PRIVATE KEY", certificate.private_key(secret, self.public))

    def __repr__(self) -> str:
        return "<Key>"


class Authority:
    """Makes the certificates that the command's programs are shown.

    Args:
        permitted: hosts, as rules write them.
        key: its own; None makes one.

    Attributes:
        pem: its certificate, for the bundles.
    """

    def __init__(self, permitted: Iterable[str], key: Key | None = None) -> None:
        self._key = key or Key()
        self._server_key = Key()
        self._name = f"secretrun run {os.urandom(4).hex()}"
        now = time.time()
        self._life = (_date(now - _SLACK), _date(now + _LIFE))
        trees = [_tree(host) for host in permitted]
        made = certificate.authority(
            self._name, self._key.public, _serial(), self._life,
            trees or ["secretrun.invalid"],  # none at all would permit everything
            self._key.sign,
        )  # fmt: skip
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.pem = certificate.pem("CERTIFICATE", made)

    def context(self, host: str) -> ssl.SSLContext:
        """A server's side of TLS for one canonical host; who names another in SNI is turned away."""
        found = self._contexts.get(host)
        if found is None:
            if len(self._contexts) >= 512:
                self._contexts.clear()
            found = self._contexts[host] = self._context(host)
        return found

    def _context(self, host: str) -> ssl.SSLContext:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._load(context, self._server(host))
        context.sni_callback = _only(host)
        return context

    def _load(self, context: ssl.SSLContext, made: bytes) -> None:
        """Hand key and certificate over; Python's ssl takes them from a file only, so from one in memory."""
        chain = made + self.pem + self._server_key.reveal()
        if hasattr(os, "memfd_create"):
            file = os.memfd_create("secretrun", os.MFD_CLOEXEC)
            try:
                os.write(file, chain)
                context.load_cert_chain(f"/proc/self/fd/{file}")
            finally:
                os.close(file)
            return
        import tempfile

        with tempfile.NamedTemporaryFile(prefix="secretrun-") as named:  # 0600; this key is good for a day
            named.write(chain)
            named.flush()
            context.load_cert_chain(named.name)

    def _server(self, host: str) -> bytes:
        made = certificate.server(
            self._name, self._key.public, self._server_key.public, _serial(), self._life,
            hosts.address(host) or host, self._key.sign,
        )  # fmt: skip
        return certificate.pem("CERTIFICATE", made)

    def __repr__(self) -> str:
        return f"<Authority of {len(self._contexts)} hosts>"


def _serial() -> int:
    return int.from_bytes(os.urandom(16), "big") | 1  # positive, and not to be guessed


def _date(moment: float) -> str:
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(moment))


def _tree(host: str) -> str | ipaddress.IPv4Network | ipaddress.IPv6Network:
    literal = hosts.address(host)
    return host.removeprefix("*.") if literal is None else ipaddress.ip_network(literal)


def _only(host: str) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], int | None]:
    import ssl

    def check(_: ssl.SSLObject, said: str | None, __: ssl.SSLContext) -> int | None:
        try:
            fits = said is None or hosts.canonical(said) == host
        except Exception:  # noqa: BLE001  whatever was named, it is not this host
            fits = False
        return None if fits else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    return check
