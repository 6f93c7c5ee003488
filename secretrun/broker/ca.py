"""The run's own certificate authority: its key never leaves this process's memory, and both end with the run.

Good for the hosts with rules alone (name constraints, critical), for a day: a certificate that got away
could impersonate nothing else.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from secretrun.broker import hosts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LIFE = dt.timedelta(hours=24)
_SLACK = dt.timedelta(minutes=5)  # a clock that is behind ours


class Authority:
    """Makes the certificates that the command's programs are shown.

    Args:
        permitted: hosts, as rules write them.
    """

    def __init__(self, permitted: Iterable[str]) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name(
            [x509.NameAttribute(NameOID.COMMON_NAME, f"secretrun run {os.urandom(4).hex()}")]
        )
        now = dt.datetime.now(dt.UTC)
        self._from, self._to = now - _SLACK, now + _LIFE
        trees: list[x509.GeneralName] = []
        for host in permitted:
            literal = hosts.address(host)
            if literal is not None:
                trees.append(x509.IPAddress(ipaddress.ip_network(literal)))
            else:
                trees.append(x509.DNSName(host.removeprefix("*.")))
        if not trees:
            trees.append(x509.DNSName("secretrun.invalid"))  # an empty list would permit everything
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, key_agreement=False,
            data_encipherment=False, key_cert_sign=True, crl_sign=True, encipher_only=False,
            decipher_only=False,
        )  # fmt: skip
        self._certificate = (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.NameConstraints(trees, None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._leaf_pem = self._leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def pem(self) -> bytes:
        """The authority's certificate, for the bundles."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def context(self, host: str) -> ssl.SSLContext:
        """A server's side of TLS for one canonical host; who names another in SNI is turned away."""
        found = self._contexts.get(host)
        if found is None:
            if len(self._contexts) >= 512:
                self._contexts.clear()
            found = self._contexts[host] = self._context(host)
        return found

    def _context(self, host: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._load(context, self._leaf(host))
        context.sni_callback = _only(host)
        return context

    def _load(self, context: ssl.SSLContext, certificate: bytes) -> None:
        """Hand key and certificate over; Python's ssl takes them from a file only, so from one in memory."""
        chain = certificate + self.pem + self._leaf_pem
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

    def _leaf(self, host: str) -> bytes:
        literal = hosts.address(host)
        name: x509.GeneralName = x509.DNSName(host) if literal is None else x509.IPAddress(literal)
        # no host: what looks like one is held against the constraints, and an address is no permitted name
        common = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "secretrun")])
        made = (
            self._builder(common, self._leaf_key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([name]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._from)
            .not_valid_after(self._to)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )

    def __repr__(self) -> str:
        return f"<Authority of {len(self._contexts)} hosts>"


def _only(host: str) -> Callable[[ssl.SSLObject, str | None, ssl.SSLContext], int | None]:
    def check(_: ssl.SSLObject, said: str | None, __: ssl.SSLContext) -> int | None:
        try:
            fits = said is None or hosts.canonical(said) == host
        except Exception:  # noqa: BLE001  whatever was named, it is not this host
            fits = False
        return None if fits else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    return check
