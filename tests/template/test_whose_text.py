"""Whose a text is: what others write in an environment or a file is not taken for a reference of ours."""

from __future__ import annotations

import pytest

from secretrun.errors import ConfigError, SecretrunError, TemplateError
from secretrun.resolution.registry import Registry
from secretrun.template.dotenv import parse
from secretrun.template.plan import Plan
from secretrun.template.value import FOUND, OURS

KNOWN = Registry({"PATH": ""}).known


def plan(text="", *, inherited=(), origin=OURS, chosen=()):
    made = Plan(dict(inherited), KNOWN)
    for name, value in dict(chosen).items():
        made.choose(name, value, "--set", base="/")
    made.add_inherited("/")
    made.add_template(parse(text, "t.env"), "/", origin=origin)
    return made


def value(text, **more):
    """The pieces of a value, references in angle brackets."""
    pieces = plan(f"A={text}", **more).entries["A"].pieces
    return "".join(piece if isinstance(piece, str) else f"<{piece.text}>" for piece in pieces)


# What other programs write: MLflow, Spark, PowerShell, a browser's address, git, systemd, JDBC, Spring, SecretSpec, SIP.
ORDINARY_URLS = [
    "vault://", "vault://secret/application", "vault://vault.example.com:8200/secret", "optional:vault://secret/app",
    "keyring://", "sips:bob@example.com", "sips://example.com",
    "file:///tmp/mlruns", "file:///C:/Users/x/y.txt", "file:///var/lib/db.sqlite?mode=ro", "k8s://https://10.0.0.1:6443",
    "k8s://https://host", "k8s://cluster.local:443/api", "https://user@host/x", "s3://bucket/key", "jdbc:file:/x",
    "env:/PATH", "file:/etc/hosts", "postgres://u:p@h/db",
]  # fmt: skip


@pytest.mark.parametrize("text", [
    *ORDINARY_URLS, "env://PATH", "exec://x/y", "file://x#/a", "k8s://a/b#/c", "vault://secret/app#/key",
    "pass://Work/GitHub/password", "keyring://example.org/bob", "bws://2863ced6-eba1-48b4-b5c0-afa30104877a",
    "VAULT://secret/app", "hashivault://mykey", "awssm://us-east-1", "onepassword://Production", "kubernetes://ns/s",
    "azurekeyvault://x.vault.azure.net/keys/k",
])  # fmt: skip
def test_an_inherited_url_of_a_scheme_that_others_use_is_nobodys_reference(text):
    assert plan(inherited={"URL": text}).entries == {}


@pytest.mark.parametrize("text", ORDINARY_URLS)
def test_an_ordinary_url_in_a_file_that_lay_around_is_text(text):
    assert value(text, origin=FOUND) == text


@pytest.mark.parametrize(
    "text", ["k8s://https://10.0.0.1:6443", "k8s://https://host", "jdbc:file:/x", "env:/PATH"]
)
def test_what_has_not_our_shape_is_text_in_a_file_of_ours_too(text):
    assert value(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "file://token", "file://./a.json#/b", "file:///run/x.json#/db/password", "file:///run/x?trim=false", "file://~/x",
        "k8s://ns/secret#/key", "k8s://v1/Secret/ns/name/key", "env://DATABASE_URL", "env://CONFIG#/db/password",
        "sops://s.yaml#/a", "{{ file:///run/secrets/x }}", "vault://secret/app#/a", "vault://kv/a/b?version=2#/c",
        "pass://web/site", "keyring://example.org/bob", "keyring://x?username=bob", "bws://2863ced6",
    ],
)  # fmt: skip
def test_a_reference_in_our_own_shape_counts_wherever_it_stands(text):
    bare = text.removeprefix("{{ ").removesuffix(" }}")
    assert value(text) == value(text, origin=FOUND) == f"<{bare}>"


def test_a_whole_file_is_a_reference_in_a_file_of_ours_alone():
    assert value("file:///run/secrets/x") == "<file:///run/secrets/x>"
    assert value("file:///run/secrets/x", origin=FOUND) == "file:///run/secrets/x"


@pytest.mark.parametrize(
    "text",
    [
        "sops:/s.yaml#/a", "op:/a/b/c", "vault:/secret/app#/a", "aws-sm:/prod/db",  # a slash lost
        "aws_sm://prod/db", "gcp_sm://p/s", "azure_kv://v/s", "aws_ssm:/prod",  # an underscore
        "1password://v/i/f", "onepassword://v/i/f", "bitwarden://x/y", "kubernetes://ns/s#/k", "awssecrets://x",
        "hashivault://secret/a#/b", "openbao://x#/y",  # what other tools call them
        '" sops://s.yaml#/a"', '"\n sops://s#/a"',  # blanks
        "spos://s.yaml#/a", "valut://x#/y", "{{ spos://s }}", "{{ aws_sm://x }}", "{{ sops:/x }}", "{{ 1password://x }}",
    ],
)  # fmt: skip
def test_what_was_meant_for_a_reference_is_an_error_and_never_text(text):
    with pytest.raises(SecretrunError) as caught:
        value(text)
    assert caught.value.message.startswith("t.env:1:")
    assert "literally" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["C:/Users/x", "a:/b", "note: see sops:/x", "x sops:/y", "pass:word", "key:/", "http:/x", "mailto:a@b", "12:/3"]
)  # fmt: skip
def test_what_merely_has_a_colon_is_text(text):
    assert value(text) == text


@pytest.mark.parametrize(
    "text",
    ["Hi {{name}}", "{{.Names}}", "https://x/{{id}}", '{{{"a":1}}}', "{{", "}}{{", "{{ .Values.x | quote }}", "${{ secrets.X }}",
     "{{ lookup('env', 'X') }}", "{{#if a}}{{b}}{{/if}}", "{{ https://x }}"],
)  # fmt: skip
@pytest.mark.parametrize("quote", ["'"])
def test_braces_that_hold_no_reference_are_text(text, quote):
    made = plan("A=" + quote + text.replace("'", "\\'") + quote)
    assert "".join(made.entries["A"].pieces) == text


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("$$HOME", "$HOME"), ("pa$$word", "pa$word"), ("x$$", "x$"), ("$$", "$"), ("$$$$", "$$"), ('"a$$b"', "a$b"),
        ("$${HOME}", "${HOME}"), ("${NONE:-a$$b}", "a$b"), ("$$$HOME", "$/home"), ("'a$$b'", "a$$b"), ("a$", "a$"),
        ("cost $5", "cost $5"),
    ],
)  # fmt: skip
def test_two_dollars_are_one(text, want):
    """compose-go's template/template.go, group "escaped"."""
    assert value(text, inherited={"HOME": "/home"}) == want


PASSWORDS = [
    ("SMTP_PASSWORD", "$UsErPassWoRd77"), ("DB_PASS", "x$HUNTERTWO"), ("TOKEN", "$abcdefgh"), ("URL", "https://u:p$ecret99@h"),
    ("VALUE", "aB3$xY9zQ"), ("APIKEY", "$TRUNCATED"), ("X", "pw$HUNTER"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), PASSWORDS)
def test_a_password_with_a_dollar_is_not_shown_as_a_variable(name, text):
    with pytest.raises(TemplateError) as caught:
        plan(f"{name}={text}")
    shown = text.partition("$")[2].partition("@")[0]
    assert shown not in f"{caught.value.message} {caught.value.hint}"
    assert "single quotes" in caught.value.hint
    assert "t.env:1:" in caught.value.message


@pytest.mark.parametrize(("name", "text", "shown"), [
    ("URL", "http://$HOST/x", "$HOST"), ("PASSWORD", "${VAULT_PASS}", "$VAULT_PASS"), ("A", "$http_proxy", "$http_proxy"),
])  # fmt: skip
def test_what_is_a_name_is_shown(name, text, shown):
    with pytest.raises(TemplateError) as caught:
        plan(f"{name}={text}")
    assert f"{shown} is not set" in caught.value.message


@pytest.mark.parametrize(
    "text", ["A=op://$STAGE/i/f", "STAGE=dev\nA=op://$STAGE/i/f", "A=op://${STAGE:-dev}/i/f"]
)
def test_what_set_says_is_what_a_variable_stands_for(text):
    made = plan(text, chosen={"STAGE": "prod"}, inherited={"STAGE": "inherited"})
    assert made.entries["A"].pieces[0].text == "op://prod/i/f"


def test_a_secret_of_vault_as_a_whole_is_a_reference_in_a_file_of_ours_alone():
    assert value("vault://secret/app") == "<vault://secret/app>"
    assert value("vault://secret/app", origin=FOUND) == "vault://secret/app"


@pytest.mark.parametrize(
    "text", ["sops://s.yaml#/a", "op://v/i/f", "aws-sm://prod/db", "gcp-sm://p/s", "ref+vault://secret/app/k"]
)
def test_an_inherited_reference_of_a_scheme_that_is_ours_alone_counts(text):
    assert list(plan(inherited={"A": text}).entries) == ["A"]


def test_a_near_miss_that_is_inherited_is_still_an_error():
    with pytest.raises(ConfigError, match="slip for 'sops://'"):
        plan(inherited={"A": "spos://x"})
