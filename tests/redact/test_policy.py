"""Which values are masked, and where; what never is."""

import pathlib
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretrun.model import Secret
from secretrun.redact import Redactor

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("value", ["true", "1", "localhost", "443", "production", "admin", "False", "null"])
def test_a_common_value_never_shreds_the_text(value):
    text = b"true truely 1 v1.2.1 localhost:443 production admin False null 11 ms\n"
    redactor = Redactor({"SETTING": value})
    assert redactor.mask(text) == text
    assert redactor.empty
    assert [text for text in redactor.warnings if "SETTING" in text and value not in text]


def test_values_of_the_callers_own_surroundings_are_common():
    redactor = Redactor({"WHO": "adalovelace"}, common=["adalovelace", "/home/adalovelace"])
    assert redactor.empty


@given(st.lists(st.integers(0, 40), max_size=6))
@settings(max_examples=200)
def test_a_short_value_is_masked_as_a_whole_word_only_wherever_the_cuts_are(cuts):
    text = b"qx7 aqx7 qx7_ (qx7) qx7b =qx7;\xc3\xa9qx7 qx7"
    redactor, out, at = Redactor({"PIN": "qx7"}, mask="#"), b"", 0
    for cut in [*sorted(cuts), len(text)]:
        out += redactor.feed(text[at:cut])
        at = cut
    assert out + redactor.flush() == b"# aqx7 qx7_ (#) qx7b =#;\xc3\xa9# #"


def test_a_short_value_is_warned_about_by_name_and_never_by_value():
    assert Redactor({"PIN": "qx7"}).warnings == (
        "PIN is shorter than 6 bytes and is masked only as a whole word",
    )


def test_nothing_is_made_of_empty_values():
    for value in ("", " ", "\n\r\n", "\t"):
        assert Redactor({"NONE": value}).empty


def test_always_never_and_a_length_of_its_own():
    always = Secret(b"on", ("SWITCH",), mask="always")
    never = Secret(b"not-really-secret", ("PUBLIC",), mask="never")
    own = Secret(b"abcde", ("CODE",), min_length=5)
    redactor = Redactor([always, never, own], mask="#")
    assert redactor.mask(b"xony not-really-secret xabcdey") == b"x#y not-really-secret x#y"


def test_asking_for_short_values_masks_common_ones_too():
    assert Redactor(["secret"], mask="#", min_length=1).mask(b"my secret") == b"my #"


def test_names_in_masks_break_no_syntax_around_them():
    assert Redactor({'A"$(x)\n': "value-one-two"}).mask(b"value-one-two") == b"[REDACTED:A___x__]"
    assert Redactor(["value-one-two"]).mask(b"value-one-two") == b"[REDACTED]"


def test_a_mask_that_holds_a_secret_is_replaced_and_warned_about():
    redactor = Redactor({"A": "REDACTED"})
    assert redactor.mask(b"x REDACTED y") == b"x <hidden> y"
    assert [text for text in redactor.warnings if text.startswith("the mask of A")]


@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=4), st.text("abcd", max_size=40))
@settings(max_examples=300)
def test_order_and_repetition_change_nothing_and_one_more_secret_uncovers_nothing(secrets, text):
    options = {"mask": "#", "forms": (), "min_length": 1}
    data = text.encode()
    out = Redactor(secrets, **options).mask(data)
    assert Redactor([*reversed(secrets), *secrets], **options).mask(data) == out
    assert out.replace(b"#", b"") == _kept(data, Redactor(secrets, **options))
    assert Redactor(secrets, **options).mask(out) == out
    fewer = Redactor(secrets[1:], **options).mask(data)
    assert len(out.replace(b"#", b"")) <= len(fewer.replace(b"#", b""))


def _kept(data, redactor):
    out = b""
    for byte in data:
        out += redactor.feed(bytes((byte,)))
    return (out + redactor.flush()).replace(b"#", b"")


def test_a_url_a_json_document_and_a_pem_give_their_parts_away_neither():
    url = "postgres://app:s3cr%2Fet-pw@db:5432/x"
    document = '{"user": "me", "token": "abcdef-123456"}'
    body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
    pem = (
        f"-----BEGIN PRIVATE KEY-----\n{body}\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3S\n-----END PRIVATE KEY-----\n"
    )
    redactor = Redactor({"URL": url, "DOC": document, "KEY": pem})
    import base64

    basic = base64.b64encode(b"app:s3cr/et-pw")
    for piece in (b"s3cr%2Fet-pw", b"s3cr/et-pw", basic, b"abcdef-123456", body.encode()):
        assert piece not in redactor.mask(b"> " + piece + b" <\n")
    assert redactor.mask(b"-----BEGIN PRIVATE KEY-----\n") == b"-----BEGIN PRIVATE KEY-----\n"
    assert redactor.mask(b"user me\n") == b"user me\n"


def kernel_log(rng):
    for i in range(400):
        yield f"[{i * 3.7:12.6f}] usb {rng.randrange(9)}-{rng.randrange(9)}: new high-speed USB device number {i} using xhci_hcd"
        yield f"[{i * 3.7:12.6f}] BIOS-e820: [mem 0x{rng.getrandbits(48):016x}-0x{rng.getrandbits(48):016x}] usable"
        yield f"[{i * 3.7:12.6f}] eth0: {':'.join(f'{rng.getrandbits(8):02x}' for _ in range(6))} up"


def npm_log(rng):
    import base64

    for i in range(400):
        digest = base64.b64encode(rng.randbytes(64)).decode()
        yield f"npm http fetch GET 200 https://registry.npmjs.org/pkg-{i}/-/pkg-{i}-1.{i}.0.tgz {rng.randrange(900)}ms (cache miss)"
        yield f'    "integrity": "sha512-{digest}", "shasum": "{rng.randbytes(20).hex()}"'
        yield f"\x1b[32madded\x1b[0m {i} packages, and audited {i * 3} packages in {rng.randrange(60)}s"


def test_a_secret_of_ten_random_ones_is_seen_nowhere_it_is_not():
    rng = random.Random(11)
    secrets = ["".join(rng.choices(string.ascii_letters + string.digits, k=32)) for _ in range(10)]
    redactor = Redactor(secrets, paranoid=False)
    texts = [
        path.read_bytes()
        for path in [*ROOT.glob("secretrun/**/*.py"), *ROOT.glob("*.md"), *ROOT.glob("LICENSE")]
    ]
    texts += ["\n".join(log(rng)).encode() for log in (kernel_log, npm_log)]
    assert len(texts) > 30
    for text in texts:
        assert redactor.mask(text) == text
