"""Templates over texts nobody thought of: what is written comes back, and mistakes are TemplateErrors."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from secretrun.errors import TemplateError
from secretrun.formats.parse import parse_dotenv
from secretrun.template.dotenv import parse

NAMES = st.from_regex(r"\A[A-Za-z_][A-Za-z0-9_]{0,8}\Z")
TEXTS = st.text(
    st.one_of(
        st.sampled_from("\\'\"$`{}#= \t\r\n"),
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]),
    )
)
FRAGMENTS = (
    *"\\'\"$`{}()#= \t\r\n\0:-?+!/.~%&,", "A", "B", "export ", "NAME=", "='", '="', "${", "${A:-", "}", "$A", "$(", "${A",
    "\r\n", "\ufeff", "op://a/b/c", "sops://f#/k", "{{ ", " }}", "ref+sops://f#/k+", "é", "\N{KEY}", " #",
)  # fmt: skip


def in_double_quotes(value):
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\r", "\\r")):
        value = value.replace(plain, escaped)
    return f'"{value}"'


def in_single_quotes(value):
    """None for what single quotes can't hold: a backslash at the end, and a CR LF, which is a line end."""
    if value.endswith("\\") or "\r\n" in value:
        return None
    return "'" + value.replace("'", "\\'") + "'"


@settings(max_examples=400)
@given(
    st.lists(st.tuples(NAMES, TEXTS, st.booleans(), st.sampled_from(["", " # c", "\t"]))),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_value_in_quotes_comes_back_exactly(entries, line_end):
    lines = []
    for name, value, single, tail in entries:
        quoted = in_single_quotes(value) if single else None
        lines.append(f"{name}={quoted or in_double_quotes(value)}{tail}")
    pairs = [(name, value) for name, value, *_ in entries]
    assert parse_dotenv(line_end.join(lines), "t") == pairs


@settings(max_examples=500)
@given(NAMES, st.text(st.characters(exclude_characters="\0$\\\n#", exclude_categories=["Cs"])))
def test_any_line_without_special_characters_comes_back_stripped(name, value):
    kept = value.strip(" \t\r\f\v") if value.strip(" \t")[:1] not in ("'", '"', "\f", "\v", "\r") else None
    if kept is not None:
        assert parse_dotenv(f"{name} = {value}", "t") == [(name, kept)]


def outcome(text):
    """The assignments of a text, or the error it gives; no other exception is caught."""
    try:
        return parse(text, "t")
    except TemplateError as error:
        return error


def garbage(chance):
    return "".join(chance.choices(FRAGMENTS, k=chance.randrange(1, 30)))


def test_ten_thousand_texts_parse_or_raise_a_template_error_at_a_place_in_them():
    chance = random.Random(2026)
    parsed = 0
    for _ in range(10_000):
        text = "A=" * chance.randrange(2) + garbage(chance)
        lines = text.replace("\r\n", "\n").split("\n")
        found = outcome(text)
        if isinstance(found, TemplateError):
            assert 1 <= found.line <= len(lines), text
            assert 1 <= found.column <= len(lines[found.line - 1]) + 1, text
        else:
            parsed += 1
            assert all(1 <= assignment.line <= len(lines) for assignment in found), text
    assert 500 < parsed < 9_500  # the texts are neither all garbage nor all fine


@settings(max_examples=400)
@given(st.lists(st.sampled_from(FRAGMENTS)).map("".join) | st.text())
def test_a_text_parses_or_raises_a_template_error(text):
    found = outcome("A=" + text)
    assert isinstance(found, (list, TemplateError))
