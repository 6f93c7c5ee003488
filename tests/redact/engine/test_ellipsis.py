"""Ellipses are found by their marks; the expression by itself is the oracle."""

import re

from hypothesis import given
from hypothesis import strategies as st

from secretrun.redact.engine.ellipsis import ellipses

WHOLE = re.compile(rb"[\"'`\[(<]? ?(\.{3,}|\xe2\x80\xa6|\\u2026)[\])>]?")
PARTS = [b".", b"...", b'"', b"'", b"`", b"[", b"(", b"<", b" ", b")", b"]", b">", b"\xe2\x80\xa6", b"\\u2026", b"\\u",
         b"\xe2", b"a"]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=14).map(b"".join))
def test_the_marks_lead_to_what_the_expression_finds(text):
    found = [(match.span(), match.span(1)) for match in ellipses(text)]
    assert found == [(match.span(), match.span(1)) for match in WHOLE.finditer(text)]
