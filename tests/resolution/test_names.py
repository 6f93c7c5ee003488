"""Keys of a store as names of variables: what is none is listed, left out or made one, as asked."""

from __future__ import annotations

import pytest

from secretrun.errors import BadAnswer, BadReference
from secretrun.formats.pointer import listing
from secretrun.reference import parse
from secretrun.resolution.names import listed, without_options

CODE = ["x;touch pwned;y", "A\nB", "a-b", "a.b", "1A", "", "A B", "A=B", "é", "$(id)", "A\0B", "-", "A'"]


@pytest.mark.parametrize("key", CODE)
def test_a_key_that_is_no_name_is_an_error_that_shows_it(key):
    with pytest.raises(BadAnswer) as caught:
        listed(parse("x://s"), lambda: {"GOOD": b"1", key: b"2"})
    assert repr(key) in caught.value.message
    assert "names=skip" in caught.value.hint
    assert "\n" not in caught.value.message


def test_all_keys_that_are_no_names_are_in_one_error():
    with pytest.raises(BadAnswer) as caught:
        listed(parse("x://s"), lambda: dict.fromkeys(CODE, b""))
    assert all(repr(key) in caught.value.message for key in CODE[:12])
    assert caught.value.message.endswith("and 1 more can't be a variable's name")


def test_skip_leaves_out_what_is_no_name():
    found = listed(parse("x://s?names=skip"), lambda: {"GOOD": b"1", **dict.fromkeys(CODE, b""), "_a1": b"2"})
    assert found == {"GOOD": b"1", "_a1": b"2"}


def test_upper_makes_names():
    """As chamber, and External Secrets' conversion, have them."""
    stored = {
        "db_password": b"1",
        "api-key": b"2",
        "partner/user": b"3",
        "tls.crt": b"4",
        "9lives": b"5",
        "OK": b"6",
    }
    assert listed(parse("x://s?names=upper"), lambda: stored) == {
        "DB_PASSWORD": b"1", "API_KEY": b"2", "PARTNER_USER": b"3", "TLS_CRT": b"4", "_9LIVES": b"5", "OK": b"6",
    }  # fmt: skip
    with pytest.raises(BadAnswer, match=r"'a-b', 'a\.b' would both be A_B"):
        listed(parse("x://s?names=upper"), lambda: {"a-b": b"", "a.b": b""})


DOCUMENT = b'{"A": "x", "NESTED": {"b": 1}, "LIST": [1], "NULL": null, "NONE": null}'


def whole(options):
    return listed(parse(f"x://s{options}"), lambda: listing(DOCUMENT, None, what="s"))


def test_what_holds_no_single_value_is_listed_whole():
    with pytest.raises(BadAnswer) as caught:
        whole("")
    for name in ("NESTED", "LIST", "NULL", "NONE"):
        assert repr(name) in caught.value.message
    assert "nested=json" in caught.value.hint


def test_nested_values_can_be_had_as_json_and_the_rest_be_left_out():
    assert whole("?names=skip") == {"A": b"x"}
    assert whole("?names=skip&nested=json") == {"A": b"x", "NESTED": b'{"b":1}', "LIST": b"[1]"}
    with pytest.raises(BadAnswer) as caught:
        whole("?nested=json")
    assert "NESTED" not in caught.value.message
    assert "'NULL', 'NONE' in s hold null" in caught.value.message


def test_the_options_are_ours_and_no_backends():
    bare = without_options(parse("aws-ssm:///app?recursive=true&names=upper&region=eu"))
    assert bare.options == (("recursive", "true"), ("region", "eu"))
    for wrong in ("names=lower", "nested=yaml", "names=skip&names="):
        with pytest.raises(BadReference):
            without_options(parse(f"x://s?{wrong}x"))
