"""References of every scheme, and values that hold them, cut exactly."""

from __future__ import annotations

import pytest

from secretrun.errors import ReferenceSyntaxError
from secretrun.model import Reference
from secretrun.reference import parse
from secretrun.template.value import Draft, Quoted, hole, is_whole, split

STORES = ("op", "sops", "aws-sm", "env", "file", "vault", "summon", "exec")


def known(scheme):
    return scheme in STORES


def shown(text):
    """The pieces of a value: literals as they are, references as `<scheme|path|options|pointer>`."""
    out = []
    for piece in split(text, known):
        if isinstance(piece, Reference):
            options = ",".join("=".join(option) for option in piece.options)
            pointer = "" if piece.pointer is None else ">".join(piece.pointer)
            out.append(f"<{piece.scheme}|{piece.path}|{options}|{pointer}>")
        else:
            assert isinstance(piece, str)
            out.append(piece)
    return out


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        # one store after another
        ("sops://secrets.yaml#/db/password", ["<sops|secrets.yaml||db>password>"]),
        ("sops:///abs/s.json?format=json#/a", ["<sops|/abs/s.json|format=json|a>"]),
        ("sops://s.env", ["<sops|s.env||>"]),
        ("SOPS://S.env#/A", ["<sops|S.env||A>"]),
        ("aws-sm://prod/db?region=eu-west-1&stage=AWSPREVIOUS#/p", ["<aws-sm|prod/db|region=eu-west-1,stage=AWSPREVIOUS|p>"]),
        ("aws-sm://arn:aws:secretsmanager:eu-west-1:1:secret:x-AbC", ["<aws-sm|arn:aws:secretsmanager:eu-west-1:1:secret:x-AbC||>"]),
        ("env://HOME", ["<env|HOME||>"]),
        ("file:///run/secrets/x", ["<file|/run/secrets/x||>"]),
        ("vault://secret/db?version=3#/password", ["<vault|secret/db|version=3|password>"]),
        # pointers and percent-escapes
        ("sops://s#/a~1b/c~0d/e%2Ff/~01", ["<sops|s||a/b>c~d>e/f>~1>"]),
        ("sops://a%20b%23c?x=%26%3D#/%C3%A4", ["<sops|a b#c|x=&=|ä>"]),
        ("sops://100%#/5%", ["<sops|100%||5%>"]),
        ("sops://s#/a?b", ["<sops|s||a?b>"]),
        ("sops://s#/a/", ["<sops|s||a>"]),
        ("sops://s#/0/-1", ["<sops|s||0>-1>"]),
        # 1Password's grammar
        ("op://dev/Stripe/publishable-key", ["<op|dev/Stripe/publishable-key||>"]),
        ("op://Management/PagerDuty/Admin/email", ["<op|Management/PagerDuty/Admin/email||>"]),
        ("op://Private/ssh keys/ssh key/private key?ssh-format=openssh", ["<op|Private/ssh keys/ssh key/private key|ssh-format=openssh|>"]),
        ("op://development/GitHub/Security/one-time password?attribute=otp", ["<op|development/GitHub/Security/one-time password|attribute=otp|>"]),
        ("op://app-infra/ssh/key.pem?attribute=name", ["<op|app-infra/ssh/key.pem|attribute=name|>"]),
        ("op://ytrfte14kw1uex5txaore1emkz/w37qiiz55/n6ig", ["<op|ytrfte14kw1uex5txaore1emkz/w37qiiz55/n6ig||>"]),
        ("op://dev/100%25/x", ["<op|dev/100%25/x||>"]),
        ("op://dev/(x)/y", ["<op|dev/(x)/y||>"]),
        ("op://v/i/f:5432", ["<op|v/i/f||>", ":5432"]),
        ("{{ hunter2 }}", ["{{ hunter2 }}"]),
        ("x{{hunter2}}", ["x{{hunter2}}"]),
        ("{{ https://u:p@h }}", ["{{ https://u:p@h }}"]),
        ("{{ {hunter2} }}", ["{{ {hunter2} }}"]),
        ("{{}}", ["{{}}"]),
        ("{{", ["{{"]),
        ('a{{ "x }}', ['a{{ "x }}']),
        ('a{{ "x" | quote }}', ['a{{ "x" | quote }}']),
        ('{{{"a":1}}}', ['{{{"a":1}}}']),
        ("${{ secrets.X }} {{.Values.y}} {% if z %}", ["${{ secrets.X }} {{.Values.y}} {% if z %}"]),
        ("{{ a {{ sops://s }} b }}", ["{{ a ", "<sops|s||>", " b }}"]),
        ("{{{ sops://s }}}", ["{", "<sops|s||>", "}"]),
        ("op://Übung/Schlüssel/Wert", ["<op|Übung/Schlüssel/Wert||>"]),
        # unenclosed op:// in text
        ("postgres://u:op://a/b/c@h/d", ["postgres://u:", "<op|a/b/c||>", "@h/d"]),
        ("op://a/b/c:op://a/b/d", ["<op|a/b/c||>", ":", "<op|a/b/d||>"]),
        ("x op://a/b/c?attribute=otp, y", ["x ", "<op|a/b/c|attribute=otp|>", ", y"]),
        ("say (op://a/b/c)", ["say (", "<op|a/b/c||>", ")"]),
        ("op://a/b/c,rest", ["<op|a/b/c||>", ",rest"]),
        ("op://a/b/c op://d/e/f", ["<op|a/b/c||>", " ", "<op|d/e/f||>"]),
        ("op://a/b/c\n", ["<op|a/b/c||>", "\n"]),
        ("stop://a/b/c", ["stop://a/b/c"]),
        ("x-op://a/b/c x+op://a/b/c x.op://a/b/c", ["x-op://a/b/c x+op://a/b/c x.op://a/b/c"]),
        # braces
        ("{{ op://a/b/c }}", ["<op|a/b/c||>"]),
        ("{{op://a/my b/c}}", ["<op|a/my b/c||>"]),
        ("x{{ sops://s#/a }}y{{ env://B }}z", ["x", "<sops|s||a>", "y", "<env|B||>", "z"]),
        ("{{ env://A }}{{ env://A }}", ["<env|A||>", "<env|A||>"]),
        ('{{ "{{ test op://x/y/z }}" }}', ["{{ test op://x/y/z }}"]),
        (r'a{{ "say \"hi\" \\ \n" }}b', ["a", r'say "hi" \ \n', "b"]),
        ('{{ "" }}x', ["x"]),
        ("a } }} b { c", ["a } }} b { c"]),
        # vals
        ("ref+sops://s.yaml#/a/b", ["<sops|s.yaml||a>b>"]),
        ("secretref+sops://s.yaml#/a", ["<sops|s.yaml||a>"]),
        ("ref+sops://s.yaml#/a+", ["<sops|s.yaml||a>"]),
        ("foo ref+sops://s#/a+ ref+awssecrets://x/y?region=eu#/k+bar", ["foo ", "<sops|s||a>", " ", "<aws-sm|x/y|region=eu|k>", "bar"]),
        ('{"a": "ref+sops://s#/a", "b": 1}', ['{"a": "', "<sops|s||a>", '", "b": 1}']),
        ("ref+op://v/i/f", ["<op|v/i/f||>"]),
        ("ref+echo://a/b", ["a/b"]),
        ("x ref+envsubst://text+y", ["x texty"]),
        ("{{ ref+sops://s#/a }}", ["<sops|s||a>"]),
        # texts
        ("", []),
        ("plain", ["plain"]),
        ("https://user:pw@example.com/?q=1#x", ["https://user:pw@example.com/?q=1#x"]),
        ("postgresql+psycopg2://u:p@h", ["postgresql+psycopg2://u:p@h"]),
        ("see sops://s.yaml", ["see sops://s.yaml"]),
        ("preference+1: a", ["preference+1: a"]),
    ],
)  # fmt: skip
def test_a_value_is_cut_into_literals_and_references(text, pieces):
    assert shown(text) == pieces


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("sops://", 8, "names nothing"),
        ("op://", 6, "names nothing"),
        ("file:///", 8, "names nothing"),
        ("ref+sops://", 12, "names nothing"),
        ("sops://a\x1bb", 9, "control character"),
        ("sops://a\nb", 9, "control character"),
        ("sops://s?format", 10, "not of the form name=value"),
        ("sops://s?a=b&c", 14, "option 'c'"),
        ("sops://s?=b", 10, "not of the form name=value"),
        ("sops://s#a", 10, "does not start with '/'"),
        ("sops://s?a=b#a", 14, "does not start with '/'"),
        ("sops://s#", 10, "does not start with '/'"),
        ("sops://s#/", 10, "empty key"),
        ("sops://s#/a//b", 10, "empty key"),
        ("sops://a%00b", 1, "%00"),
        ("x{{ sops://s?q }}", 14, "not of the form name=value"),
        ("a ref+sops://s?q b", 16, "not of the form name=value"),
        ("ref+awssecrets://s?q", 20, "not of the form name=value"),
        ("ref+nowhere://x", 1, "unknown vals backend 'ref+nowhere'"),
        ("a ref+nowhere://x", 3, "unknown vals backend"),
        ("ref+echo://ref+sops://s#/a", 1, "a ref+ inside another one"),
        ("a{{ op://a/b/c", 2, "'{{' is never closed"),
        ("a{{ sops:/s.yaml }}", 5, "'sops:/' with one slash"),
        ("a{{ custom://x }}", 5, "custom:// between the braces is no store's scheme"),
    ],
)
def test_a_malformed_reference_is_an_error_with_its_column(text, column, message):
    with pytest.raises(ReferenceSyntaxError) as caught:
        split(text, known)
    assert message in caught.value.message
    assert caught.value.column == column


def test_what_was_meant_for_a_reference_between_braces_is_never_quoted():
    with pytest.raises(ReferenceSyntaxError) as caught:
        split("{{ custom://u:hunter2@h }}", known)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_what_is_no_reference_is_not_quoted_by_parse():
    with pytest.raises(ReferenceSyntaxError) as caught:
        parse("hunter2hunter2")
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
    with pytest.raises(ReferenceSyntaxError, match="literal of vals"):
        parse("ref+echo://x")


def test_a_reference_keeps_its_text_base_and_trust():
    reference = parse("ref+sops://s.yaml#/a+", base="/project", trusted=True)
    assert (reference.text, reference.base, reference.trusted) == ("ref+sops://s.yaml#/a", "/project", True)
    assert parse("secretref+sops://s#/a").text == "secretref+sops://s#/a"


def test_references_are_equal_when_they_name_the_same_value():
    assert parse("sops://s#/a") == parse("ref+sops://s#/a") == parse("sops://s#/%61")
    others = ["sops://s#/b", "sops://t#/a", "file://s#/a", "sops://s?x=y#/a", "sops://s"]
    assert all(parse("sops://s#/a") != parse(other) for other in others)
    assert parse("sops://s", base="/a") != parse("sops://s", base="/b")


def test_quoted_text_is_told_apart_from_plain_text():
    plain, quoted = split('a{{ "op://x/y/z" }}', known)
    assert (type(plain), type(quoted)) == (str, Quoted)


def test_a_reference_with_a_hole_is_a_draft():
    text = f"op://{hole(0)}/my item/f"
    assert is_whole(text, known)
    assert [piece.text for piece in split(text, known)] == [text]
    first, draft, last = split(f"x:op://{hole(1)}/{hole(2)}/f@{hole(3)}", known)
    assert isinstance(draft, Draft)
    assert (first, draft.text, last) == ("x:", f"op://{hole(1)}/{hole(2)}/f", f"@{hole(3)}")


def test_in_a_file_variables_are_expanded_inside_references_only():
    pieces = split(
        "a $X op://$X/b/c {{ sops://${X}#/k }}\n", known, expand=lambda t: t.replace("${X}", "v").replace("$X", "v")
    )  # fmt: skip
    assert [p if isinstance(p, str) else p.text for p in pieces] == [
        "a $X ", "op://v/b/c", " ", "sops://v#/k", "\n",
    ]  # fmt: skip
