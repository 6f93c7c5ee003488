"""Values nobody thought of: pieces or a ReferenceSyntaxError, and literals that are not touched."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from secretrun.errors import ReferenceSyntaxError
from secretrun.model import Reference
from secretrun.reference import parse
from secretrun.template.value import split

FRAGMENTS = (
    *" \t\n\r\0\x1b{}\"'\\/?#&=%~+,.:;-_@$aé", "{{", "}}", "{{ ", " }}", '{{ "', '" }}', "op://", "sops://", "ref+", "ref+sops://",
    "secretref+", "ref+echo://", "ref+nowhere://", "a/b/c", "#/", "?a=b", "%00", "%2F", "%C3", "://", "env://A", "https://", "\udcff",
)  # fmt: skip
KEYS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def known(scheme):
    return scheme in ("op", "sops", "env")


def outcome(text):
    """The pieces of a value, or the error it gives; no other exception is caught."""
    try:
        return split(text, known)
    except ReferenceSyntaxError as error:
        return error


def check(text):
    found = outcome(text)
    if isinstance(found, ReferenceSyntaxError):
        assert 1 <= found.column <= len(text) + 1, text
        return None
    assert all(isinstance(piece, (str, Reference)) and piece != "" for piece in found), text
    if not any(sign in text for sign in ("op://", "sops://", "env://", "ref+", "{{")):
        assert found == ([text] if text else []), text
    return found


def test_ten_thousand_values_give_pieces_or_a_reference_syntax_error():
    chance = random.Random(2026)
    results = [check("".join(chance.choices(FRAGMENTS, k=chance.randrange(1, 12)))) for _ in range(10_000)]
    assert sum(found is None for found in results) > 200
    assert sum(bool(found and any(isinstance(p, Reference) for p in found)) for found in results) > 200


@settings(max_examples=1000)
@given(st.lists(st.sampled_from(FRAGMENTS)).map("".join) | st.text())
def test_a_value_gives_pieces_or_a_reference_syntax_error(text):
    check(text)


@settings(max_examples=500)
@given(st.text(st.characters(exclude_characters="{", exclude_categories=["Cs"])))
def test_a_text_without_references_comes_back_whole(text):
    if not any(sign in text.lower() for sign in ("op://", "sops://", "env://", "ref+")):
        assert split(text, known) == ([text] if text else [])


@settings(max_examples=500)
@given(st.text())
def test_any_text_can_be_quoted(text):
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert "".join(split(f'<{{{{ "{quoted}" }}}}>', known)) == f"<{text}>"


@settings(max_examples=500)
@given(st.lists(KEYS, min_size=1))
def test_any_key_can_be_pointed_at(keys):
    def escape(key):
        encoded = key.replace("~", "~0").replace("/", "~1")
        return "".join(f"%{byte:02X}" for byte in encoded.encode())

    assert parse("sops://s#/" + "/".join(map(escape, keys))).pointer == tuple(keys)
