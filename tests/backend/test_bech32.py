"""Bech32 against age's own library, and against BIP-173's examples."""

import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.backend import bech32


def test_keys_are_spelt_as_age_spells_them():
    for _ in range(50):
        identity = str(pyrage.x25519.Identity.generate())
        raw = bech32.decode("AGE-SECRET-KEY-", identity)
        assert len(raw) == 32
        assert bech32.encode("AGE-SECRET-KEY-", raw) == identity
        assert pyrage.x25519.Identity.from_str(bech32.encode("AGE-SECRET-KEY-", raw))


@given(st.binary(max_size=60), st.sampled_from(["age", "AGE-SECRET-KEY-", "abc"]))
def test_what_is_encoded_is_decoded(data, prefix):
    text = bech32.encode(prefix, data)
    assert bech32.decode(prefix, text) == data
    assert (text.isupper() or not any(map(str.isalpha, text))) == prefix.isupper()


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_slip_of_one_character_is_noticed(data, draw):
    text = bech32.encode("age", data)
    at = draw.draw(st.integers(4, len(text) - 1))
    other = draw.draw(st.sampled_from(sorted(set(bech32.ALPHABET) - {text[at]})))
    assert bech32.decode("age", text[:at] + other + text[at + 1 :]) is None


@pytest.mark.parametrize(
    "text",
    ["age1", "age1qqqqq", "age1" + "b" * 12, "agE1qpzry", "bge1qqqqqqqq", "", "age1qqqqqqqqqqq", "a12uel5l"],
)
def test_what_is_malformed_is_none(text):
    assert bech32.decode("age", text) is None


def test_the_examples_of_bip_173():
    for text in ("A12UEL5L", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"):
        prefix = text[: text.rindex("1")]
        assert bech32.decode(prefix, text) is not None
