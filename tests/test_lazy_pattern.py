"""Expressions without `re`: what they find is what `re` would find."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.lazy_pattern import DIGITS, LETTERS, LazyPattern, LeadingWord

TEXTS = st.text("aZ9_+.-:/ =ref#\n\u00e9\ud800", max_size=30)
WORDS = [
    (LeadingWord(LETTERS + "_", LETTERS + DIGITS + "_"), re.compile(r"([A-Za-z_][A-Za-z0-9_]*)")),
    (LeadingWord(LETTERS, LETTERS + DIGITS + "+.-", "://"), re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")),
]


@pytest.mark.parametrize(("word", "expression"), WORDS)
@given(text=TEXTS, at=st.integers(0, 32), end=st.none() | st.integers(0, 32))
def test_a_leading_word_is_what_the_expression_matches(word, expression, text, at, end):
    expected = expression.match(text, at) if end is None else expression.match(text, at, end)
    found = word.match(text, at, end)
    assert (found is None) == (expected is None)
    if found is not None:
        assert (found.group(), found.group(1)) == (expected.group(), expected.group(1))
        assert (found.start(), found.end()) == expected.span()
    assert (word.fullmatch(text) is None) == (expression.fullmatch(text) is None)


@given(text=TEXTS)
def test_a_lazy_pattern_finds_what_the_expression_finds(text):
    for lazy, expression in (
        (LazyPattern(r"ref\+([a-z]*)", needs="ref+"), re.compile(r"ref\+([a-z]*)")),
        (LazyPattern("[\ud800-\udbff]", beyond_ascii=True), re.compile("[\ud800-\udbff]")),
        (LazyPattern("(?i)Z"), re.compile("(?i)Z")),
    ):
        for way in ("match", "fullmatch", "search"):
            found, expected = getattr(lazy, way)(text), getattr(expression, way)(text)
            assert (found and found.span()) == (expected and expected.span())
        assert [m.span() for m in lazy.finditer(text)] == [m.span() for m in expression.finditer(text)]


def test_nothing_is_compiled_for_a_text_that_can_not_match():
    """Its expression would not even compile."""
    lazy = LazyPattern("(", needs="ref+")
    assert lazy.search("a text") is None
    assert list(lazy.finditer("a text")) == []
    with pytest.raises(re.error):
        lazy.search("a ref+text")
    assert LazyPattern("(", beyond_ascii=True).match("text") is None
