"""The run's certificate authority, and the documents' table of threats."""

import contextlib
import ipaddress
import re
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from secretrun.broker import certificate
from secretrun.broker.ca import Authority, Key

HERE = Path(__file__).parent


def shake(authority, host, name):
    """A handshake in memory between a client that knows the authority and a server of `host`."""
    client = ssl.create_default_context(cadata=authority.pem.decode())
    ends = [ssl.MemoryBIO() for _ in range(2)]
    one = client.wrap_bio(ends[0], ends[1], server_hostname=name)
    other = authority.context(host).wrap_bio(ends[1], ends[0], server_side=True)
    done = set()
    while len(done) < 2:
        for side in (one, other):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                pass
    return one.selected_alpn_protocol()


def test_the_authority_is_good_for_ruled_hosts_alone():
    authority = Authority(["api.test", "*.wild.test", "192.0.2.7"])
    shake(authority, "api.test", "api.test")
    shake(authority, "one.wild.test", "one.wild.test")
    shake(authority, "192.0.2.7", "192.0.2.7")
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shake(authority, "evil.test", "evil.test")
    with pytest.raises(ssl.SSLError):
        shake(authority, "api.test", "other.test")


def test_the_authority_lasts_a_day_and_signs_no_other():
    made = x509.load_pem_x509_certificate(Authority([]).pem)
    assert (made.not_valid_after_utc - made.not_valid_before_utc).total_seconds() < 86400 + 600
    constraints = made.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert [tree.value for tree in constraints.value.permitted_subtrees] == ["secretrun.invalid"]
    basic = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)


def read(authority, host):
    """The authority's certificate and that of one host, as the library reads them."""
    return x509.load_pem_x509_certificate(authority.pem), x509.load_pem_x509_certificate(
        authority._server(host)
    )


@pytest.mark.parametrize("host", ["api.test", f"{'a' * 60}.{'b' * 60}.test", "192.0.2.7", "2001:db8::7"])
def test_certificates_are_what_the_library_reads_and_would_write(host):
    """Every field by another reader; written anew by it, the bytes of the extensions are the same."""
    made, leaf = read(Authority([host, "*.wild.test"]), host)
    leaf.verify_directly_issued_by(made)
    literal = None
    with contextlib.suppress(ValueError):
        literal = ipaddress.ip_address(host)
    tree = x509.DNSName(host) if literal is None else x509.IPAddress(ipaddress.ip_network(literal))
    name = x509.DNSName(host) if literal is None else x509.IPAddress(literal)
    found = {extension.oid: extension for extension in [*made.extensions, *leaf.extensions]}
    assert [extension.critical for extension in made.extensions] == [False, True, True, True]
    usage = made.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    trees = made.extensions.get_extension_for_class(x509.NameConstraints).value
    assert (trees.permitted_subtrees, trees.excluded_subtrees) == ([tree, x509.DNSName("wild.test")], None)
    assert list(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value) == [name]
    served = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(served) == [x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]
    issuer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    named = made.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert issuer.key_identifier == named.digest
    assert all(part.value.public_bytes() for part in found.values())  # its writer finds nothing unknown
    assert leaf.subject.rfc4514_string() == "CN=secretrun"
    assert leaf.issuer == made.subject == made.issuer
    assert made.serial_number != leaf.serial_number


@pytest.mark.parametrize(("year", "tag"), [("2049", b"\x17\x0d4"), ("2050", b"\x18\x0f2050")])
def test_a_date_has_four_digits_of_its_year_from_2050_on(year, tag):
    key = Key()
    life = (f"{year}0101000000Z", f"{year}0102000000Z")
    made = certificate.authority("a", key.public, 2**127, life, ["a.test"], key.sign)
    assert made.count(tag) == 2
    read = x509.load_der_x509_certificate(made)
    assert (read.not_valid_after_utc.year, read.serial_number) == (int(year), 2**127)


def test_every_threat_of_the_page_has_its_test():
    page = (HERE.parents[1] / "docs" / "broker.md").read_text(encoding="utf-8")
    table = page[page.index("## Threats") :]
    named = re.findall(r"`(test_\w+)` \|", table)
    assert len(named) > 28
    there = "".join(path.read_text(encoding="utf-8") for path in HERE.parent.rglob("test_*.py"))
    assert [name for name in named if f"def {name}(" not in there] == []


def test_the_page_knows_every_event_and_place():
    from secretrun.broker import journal

    page = (HERE.parents[1] / "docs" / "broker.md").read_text(encoding="utf-8")
    assert [event for event in journal.EVENTS if f"`{event}`" not in page] == []
