"""What is wrong with the age keys of an environment is named, place and line, and no key is quoted."""

import pyrage
import pytest

from secretrun.backend import age_keys


@pytest.fixture
def key():
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def faults(environ):
    return age_keys.said({"HOME": "/nonexistent"} | environ)[1]


def test_what_was_tried_is_named_by_its_public_key(tmp_path, key):
    secret, public = key
    (tmp_path / "keys.txt").write_text(f"# made today\n# public key: {public}\n{secret}\n")
    tried, wrong = age_keys.said({"SOPS_AGE_KEY_FILE": str(tmp_path / "keys.txt"), "HOME": str(tmp_path)})
    assert tried == f"tried {public} of SOPS_AGE_KEY_FILE ({tmp_path}/keys.txt)"
    assert wrong == []
    assert age_keys.said({"SOPS_AGE_KEY": secret, "HOME": str(tmp_path)}) == (
        f"tried {public} of SOPS_AGE_KEY",
        [],
    )


def test_the_files_that_lie_where_sops_looks_are_tried_too(tmp_path, key):
    secret, public = key
    for place in ("secretrun/age", "sops/age"):
        (tmp_path / ".config" / place).mkdir(parents=True)
        (tmp_path / ".config" / place / "keys.txt").write_text(secret)
    tried, _ = age_keys.said({"HOME": str(tmp_path)})
    assert tried.count(public) == 2
    assert f"{tmp_path}/.config/sops/age/keys.txt" in tried


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "SOPS_AGE_KEY: it is empty"),
        ("  \n", "SOPS_AGE_KEY: it is empty"),
        ("# a comment", "SOPS_AGE_KEY: it holds no identity"),
        ("AGE-SECRET-KEY-1QQQQ", "SOPS_AGE_KEY: line 1 is a malformed age identity; is a part of it missing?"),
        ("# one\nhunter2", "SOPS_AGE_KEY: line 2 is no age identity (AGE-SECRET-KEY-1...)"),
        ("age1qqqq", "SOPS_AGE_KEY: line 1 is a public key, not an identity (AGE-SECRET-KEY-1...)"),
        ("a\nb\nc", "SOPS_AGE_KEY: line 1 is no age identity (AGE-SECRET-KEY-1...); and 2 more lines"),
        ("AGE-PLUGIN-YUBIKEY-1QQ", None),
        ("-----BEGIN AGE ENCRYPTED FILE-----\nx", None),
    ],
)  # fmt: skip
def test_what_sops_can_not_read_is_named(text, said):
    assert faults({"SOPS_AGE_KEY": text}) == ([said] if said else [])


def test_a_key_that_was_cut_short_or_mistyped_is_malformed_and_not_quoted(key):
    secret, _ = key
    swapped = secret[:30] + secret[31] + secret[30] + secret[32:]
    for wrong in (secret[:-1], secret[:40], *([swapped] if swapped != secret else [])):
        (said,) = faults({"SOPS_AGE_KEY": wrong})
        assert "line 1 is a malformed age identity" in said
        assert wrong[16:30] not in said


def test_a_key_file_that_is_not_there_is_named(tmp_path):
    assert faults({"SOPS_AGE_KEY_FILE": f"{tmp_path}/x"}) == [
        f"SOPS_AGE_KEY_FILE ({tmp_path}/x): can't be read: no such file or directory"
    ]
    assert faults({"SOPS_AGE_KEY_FILE": ""}) == ["SOPS_AGE_KEY_FILE: it is empty"]
    assert faults({"SOPS_AGE_KEY_FILE": "/dev/fd/3"}) == []  # it may have been read by now
