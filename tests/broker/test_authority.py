"""The run's certificate authority, and the documents' table of threats."""

import re
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from secretrun.broker.ca import Authority

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
