"""What a value is remembered under: all that it depends on, so that nobody gets another one's."""

from __future__ import annotations

import os

import pytest

from secretrun.cache.key import CacheKeys
from secretrun.reference import parse
from secretrun.resolution.registry import BUILTIN


def keys(environ=None, options=None, *, allowed=False):
    return CacheKeys(environ or {}, options, known=BUILTIN, allowed=allowed)


@pytest.fixture
def key(tmp_path):
    """The key of a reference that stands in `tmp_path`."""

    def of(text, environ=None, options=None, *, allowed=False, trusted=False, base=tmp_path):
        reference = parse(text, base=str(base), trusted=trusted)
        return keys(environ, options, allowed=allowed).of(reference)

    return of


def test_every_reference_but_those_read_anew_is_remembered_apart(key, tmp_path):
    """Also those whose path looks like a file's and is none."""
    (tmp_path / "a.yaml").touch()
    (tmp_path / "b.yaml").touch()
    texts = [
        "aws-ssm:///app/0", "aws-ssm:///app/1", "vault://secret/app#/a", "vault://secret/app#/b", "op://v/i/f",
        "sops://a.yaml#/x", "sops://a.yaml#/y", "sops://b.yaml#/x", "sops://a.yaml?format=json#/x",
    ]  # fmt: skip
    found = [key(text) for text in texts]
    assert None not in found
    assert len(set(found)) == len(texts)
    assert found == [key(text) for text in texts]
    assert key("env://X") is None
    assert key("file://a.yaml") is None


def test_one_run_makes_the_same_keys_as_many(tmp_path):
    """What references have in common is worked out once."""
    references = [parse(f"vault://secret/app#/{n}", base=str(tmp_path)) for n in range(3)]
    one = keys({"VAULT_ADDR": "https://a"})
    assert [one.of(r) for r in references] == [keys({"VAULT_ADDR": "https://a"}).of(r) for r in references]


@pytest.mark.parametrize("name", [
    "AWS_PROFILE", "BITWARDENCLI_APPDATA_DIR", "CLOUDSDK_CONFIG", "DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME", "HOME",
    "KUBECONFIG", "OP_ACCOUNT", "PYTHON_KEYRING_BACKEND", "VAULT_ADDR", "XDG_CONFIG_HOME",
])  # fmt: skip
def test_another_account_is_another_value(key, name):
    assert (
        len({key("vault://s/app#/a", {name: value}) for value in ("x", "y")} | {key("vault://s/app#/a")}) == 3
    )


def test_what_no_store_looks_at_changes_nothing(key):
    assert key("vault://s/app#/a", {"EDITOR": "vi"}) == key("vault://s/app#/a")


def test_other_options_of_a_backend_are_another_value(key):
    """`-p prod` with [profile.prod.backend.aws-sm] must not get what was remembered without it."""
    one = key("aws-sm://app", options={"aws-sm": {"profile": "dev", "region": "eu-central-1"}})
    same = key("aws-sm://app", options={"aws-sm": {"region": "eu-central-1", "profile": "dev"}})
    other = key("aws-sm://app", options={"aws-sm": {"profile": "prod", "region": "eu-central-1"}})
    assert one == same
    assert len({one, other, key("aws-sm://app")}) == 3


def test_a_program_of_ones_own_may_look_at_any_variable_but_for_noise(key):
    for text in ("exec://gh/auth/token", "summon://provider/id", "plugin-of-mine://x"):
        assert key(text, {"GH_HOST": "a"}) != key(text, {"GH_HOST": "b"})
        assert key(text, {"SHLVL": "1", "_": "x"}) == key(text, {"SHLVL": "2", "PWD": "/"})


def test_what_may_not_be_asked_for_is_not_got_from_memory(key):
    """An untrusted template's exec:// must not find what a trusted one, or --allow-exec, left."""
    untrusted = key("exec://gh/auth/token")
    assert untrusted not in (
        key("exec://gh/auth/token", trusted=True),
        key("exec://gh/auth/token", allowed=True),
    )


def test_an_edited_file_is_another_file(key, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("1")
    before = key("sops://a.yaml#/x")
    file.write_text("22")
    assert key("sops://a.yaml#/x") != before
    stat = file.stat()
    other = tmp_path / "new"
    other.write_text("22")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    before = key("sops://a.yaml#/x")
    other.replace(file)
    assert key("sops://a.yaml#/x") != before


def test_a_file_that_is_not_there_is_not_remembered(key, tmp_path):
    (tmp_path / "directory").mkdir()
    assert key("sops://gone.yaml#/x") is None
    assert key("sops://directory#/x") is None


def test_an_entry_of_a_database_depends_on_the_database(key, tmp_path):
    (tmp_path / "team.kdbx").write_text("1")
    before = key("keepassxc://team.kdbx/Servers/db#/Password")
    (tmp_path / "team.kdbx").write_text("22")
    assert before not in (None, key("keepassxc://team.kdbx/Servers/db#/Password"))


@pytest.mark.parametrize("text", [
    "op://dev/GitHub/one-time password?attribute=otp", "op://dev/GitHub/code?attr=otp", "bw://GitHub/totp",
    "keepassxc://team.kdbx/GitHub#/TOTP",
])  # fmt: skip
def test_a_one_time_code_is_not_remembered(key, text, tmp_path):
    """It is another one half a minute later."""
    (tmp_path / "team.kdbx").touch()
    assert key(text) is None


CHOOSING = {
    "k8s://a/b#/c": [".kube/config"],
    "aws-sm://app": [".aws/config", ".aws/credentials"],
    "aws-ssm://app": [".aws/config"],
    "vault://secret/app#/a": [".vault-token"],
    "gcp-sm://p/s": [".config/gcloud/active_config", ".config/gcloud/configurations/config_default"],
    "azure-kv://v/s": [".azure/azureProfile.json"],
    "doppler://p/c/N": [".doppler/.doppler.yaml"],
    "op://v/i/f": [".config/op/config"],
    "bw://i/f": [".config/Bitwarden CLI/data.json"],
    "sops://s.yaml#/a": [".aws/config", ".vault-token", ".config/sops/age/keys.txt", ".config/secretrun/age/keys.txt"],
    "pass://web/x": [".password-store/web/x.gpg"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name"), [(text, name) for text, names in CHOOSING.items() for name in names]
)
def test_a_file_that_chooses_the_account_is_part_of_the_key(tmp_path, text, name):
    """Made, edited, replaced and removed: `kubectl config use-context`, `vault login`, a log-out."""
    (tmp_path / "s.yaml").touch()
    reference = parse(text, base=str(tmp_path))
    path = tmp_path / name

    def key():
        return keys({"HOME": str(tmp_path)}).of(reference)

    found = [key()]
    path.parent.mkdir(parents=True, exist_ok=True)
    for content in ("one", "another"):
        path.write_text(content)
        found.append(key())
        assert key() == found[-1]
    path.unlink()
    found.append(key())
    assert None not in found
    assert len(set(found[:3])) == 3
    assert found[3] not in found[1:3]


def test_a_file_that_a_variable_names_counts_as_well(tmp_path):
    kube = [tmp_path / "dev", tmp_path / "prod"]
    environ = {"HOME": str(tmp_path), "KUBECONFIG": ":".join(map(str, kube))}
    reference = parse("k8s://a/b#/c")
    found = [keys(environ).of(reference)]
    for number, path in enumerate(kube):
        path.write_text(f"context {number}")
        found.append(keys(environ).of(reference))
    kube[0].write_text("another context")
    found.append(keys(environ).of(reference))
    assert len(set(found)) == 4


def test_a_file_that_a_reference_or_a_table_names_counts_as_well(tmp_path):
    (tmp_path / "d.kdbx").touch()
    for text, options in (
        ("keepassxc://d.kdbx/E?key_file=k", None), ("vault://s/a#/b?token_file=k", None), ("op://v/i/f", {"op": {"x": str(tmp_path / "k")}}),
    ):  # fmt: skip
        reference = parse(text.replace("#/b?token_file=k", "?token_file=k#/b"), base=str(tmp_path))
        before = keys({}, options).of(reference)
        (tmp_path / "k").write_text("key")
        assert keys({}, options).of(reference) != before
        (tmp_path / "k").unlink()


def test_another_programs_files_change_nothing(tmp_path):
    environ = {"HOME": str(tmp_path)}
    before = {text: keys(environ).of(parse(text)) for text in ("op://v/i/f", "k8s://a/b#/c")}
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("x")
    (tmp_path / "new-file").touch()  # the home directory itself is named by a variable
    assert {text: keys(environ).of(parse(text)) for text in before} == before


def test_who_has_not_got_what_signed_in_has_another_key():
    """Also where nothing else of the digest tells the two apart."""
    reference = parse("vault://s/app#/a")

    def key(environ):
        return CacheKeys(environ, known=BUILTIN, signs_in=lambda name: name == "X_TOKEN").of(reference)

    assert len({key({}), key({"X_TOKEN": "a"}), key({"X_TOKEN": "b"}), key({"X_TOKEN": ""})}) == 4
    assert key({"X_TOKEN": "a"}) == key({"X_TOKEN": "a", "OTHER": "1"})


def test_a_listing_is_remembered_apart_from_a_value():
    reference = parse("vault://s/app")
    assert keys().of(reference) != keys().of(reference, listing=True)
