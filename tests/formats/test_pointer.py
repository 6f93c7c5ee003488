"""Walking JSON, YAML, dotenv and ini: exact values, and errors that quote no content."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.errors import BackendError, BadAnswer, BadReference, NotFound
from secretrun.formats.pointer import listing, parse, select


def at(content, pointer, kind="auto"):
    return select(content.encode(), tuple(pointer.split("/")), kind=kind, what="s.conf").decode()


def test_without_a_pointer_the_bytes_come_untouched():
    assert select(b"\xff\x00{", None, what="s") == b"\xff\x00{"


@pytest.mark.parametrize(
    "number",
    [
        "0",
        "-1",
        "007",
        "1e6",
        "1E+06",
        "1.10",
        "0.1",
        "123456789012345678901234567890",
        "1e400",
        "0x1F",
        "0o17",
    ],
)
def test_numbers_come_as_they_are_written(number):
    assert at(f"a: {number}\n", "a") == number
    if number[0] != "0" or number in ("0", "0.1"):
        assert at(f'{{"a": {number}}}', "a") == number
        assert at(f'{{"a": [{number}]}}', "a") == f"[{number}]"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ('{"a": true}', "true"),
        ('{"a": false}', "false"),
        ("a: True", "true"),
        ("a: yes", "yes"),
        ("a: 'no'", "no"),
        ("a: 2020-01-01", "2020-01-01"),
        ("a: ''", ""),
        ("a: |\n  one\n  two\n", "one\ntwo\n"),
        ('{"a": "<b>&\\u00e4"}', "<b>&ä"),
        ('{"a": {"b": [1.50, "x", null, true]}}', '{"b":[1.50,"x",null,true]}'),
        ("a: {b: [1.50, x, ~, True, 0o17, 2020-01-01]}", '{"b":[1.50,"x",null,true,"0o17","2020-01-01"]}'),
    ],
)
def test_scalars_and_trees_are_what_a_shell_user_expects(content, value):
    assert at(content, "a") == value


def test_binary_yaml_is_decoded():
    assert select(b"a: !!binary AAH/\n", ("a",), what="s") == b"\x00\x01\xff"


def test_merge_keys_and_aliases_are_followed_and_own_keys_win():
    content = "base: &b {x: 1, y: 2}\nmore: &m {x: 8, z: 3}\na: {<<: [*b, *m], y: own}\nsame: *b\n"
    assert [at(content, p) for p in ("a/x", "a/y", "a/z", "same/x")] == ["1", "own", "3", "1"]


@pytest.mark.parametrize(
    ("content", "pointer", "value"),
    [
        ("A='x y' # said\nexport B=2\n", "A", "x y"),
        ("# said\nA=1\nB=${A}2\n", "B", "12"),
        ("; said\n[one]\nkey = v = w\n[two]\nkey: 2\n", "one/key", "v = w"),
        ("[one]\nKey = 1\n", "one/Key", "1"),
        ("[[1, 2], [3]]", "0/1", "2"),
        ("- a\n- b: c\n", "1/b", "c"),
        ("a: 1\n---\na: 2\n", "1/a", "2"),
        ('\ufeff{"a": "after a byte order mark"}', "a", "after a byte order mark"),
    ],
)
def test_the_format_is_told_from_the_content(content, pointer, value):
    assert at(content, pointer) == value


def test_keys_before_the_first_section_of_an_ini_file_stand_beside_the_sections():
    assert at("top = 1\n[one]\nx = 2\n", "top", "ini") == "1"
    assert at("top = 1\n[DEFAULT]\nx = 2\n[one]\ny = 3\n", "DEFAULT/x", "ini") == "2"
    with pytest.raises(NotFound):
        at("[DEFAULT]\nx = 2\n[one]\ny = 3\n", "one/x", "ini")


SECRET = "hunter2hunter2"


@pytest.mark.parametrize(
    ("content", "pointer", "kind", "expected"),
    [
        (f'{{"key": "{SECRET}"}}', "kye", "auto", NotFound),
        (f'{{"key": "{SECRET}"}}', "key/deeper", "auto", NotFound),
        (f'["{SECRET}"]', "1", "auto", NotFound),
        (f'["{SECRET}"]', "-1", "auto", NotFound),
        (f'["{SECRET}"]', "²", "auto", NotFound),
        (f"{SECRET}", "key", "auto", NotFound),
        (f"a: ~\nb: {SECRET}", "a", "auto", NotFound),
        ("", "key", "auto", NotFound),
        (f'{{"key": "{SECRET}"', "key", "auto", BadAnswer),
        (f'{{"key": "{SECRET}", "n": NaN}}', "n", "json", BadAnswer),
        (f'{{"a": 1, "a": "{SECRET}"}}', "a", "auto", BadAnswer),
        (f"a: 1\na: {SECRET}", "a", "auto", BadAnswer),
        (f"a: [{SECRET}", "a", "auto", BadAnswer),
        (f"a: !vault {SECRET}", "a", "auto", BadAnswer),
        (f"a: &x [{SECRET}, *x]", "a", "auto", BadAnswer),
        (f"? [{SECRET}]\n: 1", "a", "auto", BadAnswer),
        (f"<<: {SECRET}", "a", "yaml", BadAnswer),
        (f"a: !!binary {SECRET}x", "a", "yaml", BadAnswer),
        (f"A='{SECRET}", "A", "dotenv", BadAnswer),
        (f"[one\n{SECRET}", "one", "ini", BadAnswer),
        ('{"a": "\\ud800"}', "a", "json", BadAnswer),
        (SECRET, "a", "toml", BadReference),
    ],
)
def test_what_is_not_there_or_not_right_is_an_error_that_quotes_no_content(content, pointer, kind, expected):
    with pytest.raises(expected) as caught:
        at(content, pointer, kind)
    error = caught.value
    assert type(error) is expected
    assert SECRET not in f"{error.message} {error.hint}"
    assert error.__suppress_context__ or error.__context__ is None
    assert kind == "toml" or "s.conf" in error.message


def test_a_missing_key_shows_where_the_walk_ended_and_what_is_there():
    with pytest.raises(NotFound) as caught:
        at('{"db": {"user": 1, "password": 2}}', "db/pasword")
    assert caught.value.message == "no key 'pasword' in s.conf at /db"
    assert caught.value.hint == "its keys: user, password"


def test_of_many_keys_a_few_are_named():
    with pytest.raises(NotFound) as caught:
        at(json.dumps({f"k{n}": n for n in range(20)}), "x")
    assert caught.value.hint.endswith("k7 and 12 more")


def test_content_that_is_not_text_is_not_walked():
    with pytest.raises(BadAnswer, match="binary"):
        select(b"\xff\xfe", ("a",), what="s")


def test_very_deep_content_is_an_error_and_no_crash():
    for content in ("[" * 100_000, "a: " + "[" * 3_000 + "]" * 3_000):
        with pytest.raises(BackendError):
            at(content, "0/0", "json" if content[0] == "[" else "yaml")


def test_a_listing_has_every_key_and_refuses_trees():
    assert listing(b'{"a": "x", "b": 2}', None, what="s") == {"a": b"x", "b": b"2"}
    assert listing(b"s: {a: x}", ("s",), what="s") == {"a": b"x"}
    with pytest.raises(BadAnswer, match="'s'") as caught:
        listing(b"s: {a: x}", None, what="c")
    assert caught.value.hint.endswith("#/s")
    with pytest.raises(BadAnswer) as caught:
        listing(b'{"a": null, "b": [1], "c": "x", "d": {"e": 1}, "f": null}', None, what="c")
    said = "the keys 'b', 'd' in c hold several values, not one; the keys 'a', 'f' in c hold null"
    assert caught.value.message == said
    assert (caught.value.fit, caught.value.nested) == ({"c": b"x"}, {"b": b"[1]", "d": b'{"e":1}'})
    with pytest.raises(BadAnswer, match="not a mapping"):
        listing(b"[1]", None, what="c")


TREES = st.recursive(
    st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(TREES)
def test_every_json_tree_survives_the_way_through(tree):
    """What is selected from a document parses back to what was put in, at the root and below a key."""
    content = json.dumps({"key": tree}).encode()
    found = select(content, ("key",), what="s").decode()
    if isinstance(tree, str):
        assert found == tree
    else:
        assert json.loads(found) == tree


@given(st.binary(max_size=60), st.sampled_from(["auto", "json", "yaml", "dotenv", "ini"]))
def test_any_bytes_give_a_value_or_one_of_our_errors(content, kind):
    try:
        select(content, ("a", "0"), kind=kind, what="s")
    except BackendError:
        return


NEARLY_JSON = st.one_of(
    st.text(max_size=12),
    st.text(alphabet='{}[]:,"\\u0d8 \n\t\x0b\xa01eE-+.tfn', max_size=16),
    st.tuples(
        st.sampled_from(["", " ", "\n\t", "\x0c", "\ufeff", "\xa0"]), TREES.map(json.dumps), st.text(max_size=2)
    ).map("".join),
    st.sampled_from(['{"a": NaN}', "[Infinity]", '{"a":1,"a":2}', "tru", "1 2", '"\x01"', '"\\ud800"', "[1,]", "[" * 5000]),
)  # fmt: skip


def as_json(text):
    try:
        return parse(text.encode("utf-8", "surrogatepass"), kind="json", what="s")
    except BackendError as error:
        return type(error), error.message


@given(NEARLY_JSON)
def test_json_is_read_the_same_without_the_scanner_in_c(text):
    """The short way to a tree must neither read what is not JSON nor another tree."""
    short = as_json(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "_json", None)  # as where there is none; `json` has loaded it already
        assert as_json(text) == short
