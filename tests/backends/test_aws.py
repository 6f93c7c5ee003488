"""The AWS backends over HTTP, against moto's server; a middleware counts the requests and adds failures."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from secretrun.errors import (
    BackendError,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.aws_parameter_store import AwsParameterStore
from secretrun_backends.aws_secrets_manager import AwsSecretsManager

TEXTS = {name: value.decode() for name, value in DIFFICULT_VALUES.items() if name not in ("binary", "empty")}


class TestAwsSecretsManager(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, aws):
        self.backend, self.context = AwsSecretsManager(), aws.context
        for name, text in TEXTS.items():
            aws.secrets.create_secret(Name=f"dir/{name}", SecretString=text)
        aws.secrets.create_secret(Name="blob", SecretBinary=DIFFICULT_VALUES["binary"])
        aws.secrets.create_secret(Name="all", SecretString=json.dumps({**TEXTS, "empty": ""}))
        self.known = {parse(f"aws-sm://dir/{name}"): text.encode() for name, text in TEXTS.items()}
        self.known[parse("aws-sm://blob")] = DIFFICULT_VALUES["binary"]
        self.known[parse("aws-sm://all#/empty")] = b""
        self.missing = [parse("aws-sm://none"), parse("aws-sm://all#/none"), parse("aws-sm://all?stage=OLD")]
        everything = {**TEXTS, "empty": ""}
        self.listing = (parse("aws-sm://all"), {name: text.encode() for name, text in everything.items()})


def test_forty_one_secrets_take_three_requests(aws):
    for number in range(41):
        aws.secrets.create_secret(Name=f"s{number}", SecretString=f"value {number}")
    found = aws.get(AwsSecretsManager, *(f"aws-sm://s{number}" for number in range(41)))
    assert found == [f"value {number}".encode() for number in range(41)]
    # Two batches of 20; the one that is left over needs no batch permission, but it is a batch all the same.
    assert aws.front.operations == ["BatchGetSecretValue"] * 3


def test_two_references_to_one_secret_fetch_it_once(aws):
    aws.secrets.create_secret(Name="db", SecretString='{"user": "me", "port": 5432}')
    assert aws.get(AwsSecretsManager, "aws-sm://db#/user", "aws-sm://db#/port") == [b"me", b"5432"]
    assert aws.front.operations == ["GetSecretValue"]


def test_a_secret_may_be_named_by_arn_which_also_says_the_region(aws):
    elsewhere = aws.client("secretsmanager", "us-west-2")
    arn = elsewhere.create_secret(Name="far", SecretString="away")["ARN"]
    aws.secrets.create_secret(Name="near", SecretString="here")
    assert aws.get(AwsSecretsManager, f"aws-sm://{arn}", "aws-sm://near") == [b"away", b"here"]
    assert aws.get(AwsSecretsManager, "aws-sm://far?region=us-west-2") == b"away"
    assert isinstance(aws.get(AwsSecretsManager, "aws-sm://far"), NotFound)


def test_several_arns_come_in_one_batch(aws):
    arns = [aws.secrets.create_secret(Name=f"s{n}", SecretString=str(n))["ARN"] for n in range(3)]
    assert aws.get(AwsSecretsManager, *(f"aws-sm://{arn}" for arn in arns)) == [b"0", b"1", b"2"]
    assert aws.front.operations == ["BatchGetSecretValue"]


def test_versions_and_stages_are_told_apart(aws):
    first = aws.secrets.create_secret(Name="s", SecretString="old")["VersionId"]
    aws.secrets.put_secret_value(SecretId="s", SecretString="new")
    texts = ("", f"?version_id={first}", "?version_stage=AWSPREVIOUS", "?stage=AWSCURRENT")
    assert aws.get(AwsSecretsManager, *(f"aws-sm://s{text}" for text in texts)) == [
        b"new", b"old", b"old", b"new",
    ]  # fmt: skip


def test_a_missing_secret_in_a_batch_is_its_own_error_alone(aws):
    aws.secrets.create_secret(Name="s", SecretString="here")
    value, error = aws.get(AwsSecretsManager, "aws-sm://s", "aws-sm://none")
    assert value == b"here"
    assert isinstance(error, NotFound)
    assert "none" in error.message
    assert "eu-central-1" in error.message


def test_without_the_permission_for_batches_secrets_come_one_by_one(aws):
    for name in "ab":
        aws.secrets.create_secret(Name=name, SecretString=name)
    aws.front.failures["BatchGetSecretValue"] = "AccessDeniedException"
    assert aws.get(AwsSecretsManager, "aws-sm://a", "aws-sm://b") == [b"a", b"b"]
    assert aws.front.operations == ["BatchGetSecretValue", "GetSecretValue", "GetSecretValue"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AccessDeniedException", Denied),
        ("DecryptionFailure", Denied),
        ("ExpiredTokenException", NotSignedIn),
        ("UnrecognizedClientException", NotSignedIn),
        ("ThrottlingException", RateLimited),
        ("InvalidParameterException", BadReference),
        ("SomethingNew", BackendError),
    ],
)
@pytest.mark.parametrize(
    ("backend", "operation", "text"),
    [
        (AwsSecretsManager, "GetSecretValue", "aws-sm://s"),
        (AwsParameterStore, "GetParameters", "aws-ssm://s"),
    ],
)
def test_each_refusal_of_aws_has_its_own_error(aws, backend, operation, text, code, expected):
    aws.front.failures[operation] = code
    assert type(aws.get(backend, text)) is expected


def test_a_throttled_batch_is_not_made_worse_by_asking_one_by_one(aws):
    aws.front.failures["BatchGetSecretValue"] = "ThrottlingException"
    errors = aws.get(AwsSecretsManager, "aws-sm://a", "aws-sm://b")
    assert [type(error) for error in errors] == [RateLimited, RateLimited]
    assert set(aws.front.operations) == {"BatchGetSecretValue"}


def test_a_secret_marked_for_deletion_says_how_to_get_it_back(aws):
    aws.secrets.create_secret(Name="s", SecretString="x")
    aws.secrets.delete_secret(SecretId="s")
    error = aws.get(AwsSecretsManager, "aws-sm://s")
    assert isinstance(error, NotFound)
    assert "deletion" in error.message
    assert "restore-secret" in error.hint


def test_without_credentials_the_error_says_how_to_sign_in(aws):
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    error = aws.get(AwsSecretsManager, "aws-sm://s", **nothing)
    assert isinstance(error, NotSignedIn)
    assert "aws sso login" in error.hint


def test_a_profile_that_is_not_there_is_named(aws):
    error = aws.get(AwsSecretsManager, "aws-sm://s?profile=nobody")
    assert isinstance(error, NotSignedIn)
    assert "nobody" in error.message


def test_the_environment_of_the_context_counts_and_not_that_of_the_process(aws, monkeypatch):
    """Keys, region, endpoint and profile in os.environ are wrong here; none of them is used."""
    aws.secrets.create_secret(Name="s", SecretString="right")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert aws.get(AwsSecretsManager, "aws-sm://s") == b"right"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "process")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "process")
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    assert isinstance(aws.get(AwsSecretsManager, "aws-sm://s", **nothing), NotSignedIn)


def test_a_profile_in_the_users_files_gives_keys_and_region(aws, tmp_path):
    aws.client("secretsmanager", "us-west-2").create_secret(Name="s", SecretString="there")
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text(
        "[team]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    (tmp_path / ".aws" / "config").write_text("[profile team]\nregion = us-west-2\n")
    settings = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_REGION": ""}
    assert aws.get(AwsSecretsManager, "aws-sm://s?profile=team", **settings) == b"there"
    assert aws.get(AwsSecretsManager, "aws-sm://s", AWS_PROFILE="team", **settings) == b"there"


def test_a_role_is_assumed_once_for_all_its_references(aws):
    for name in "ab":
        aws.secrets.create_secret(Name=name, SecretString=name)
    role = "?role=arn:aws:iam::123456789012:role/reader"
    assert aws.get(AwsSecretsManager, f"aws-sm://a{role}", f"aws-sm://b{role}") == [b"a", b"b"]
    # sts speaks the query protocol, which has no target header; a refused role proves that it was asked.
    error = aws.get(AwsSecretsManager, "aws-sm://a?role_arn=not-an-arn")
    assert isinstance(error, BackendError)


def test_no_region_is_an_error_with_the_remedy(aws):
    error = aws.get(AwsSecretsManager, "aws-sm://s", AWS_REGION="")
    assert isinstance(error, BadReference)
    assert "?region=" in error.hint


def test_a_store_out_of_reach_is_unavailable(aws):
    error = aws.get(AwsSecretsManager, "aws-sm://s", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert isinstance(error, Unavailable)


def test_an_unknown_option_is_refused(aws):
    assert isinstance(aws.get(AwsSecretsManager, "aws-sm://s?regoin=x"), BadReference)
    assert isinstance(aws.get(AwsParameterStore, "aws-ssm://s?mode=x"), BadReference)


def test_values_with_nested_keys_are_not_imported_by_halves(aws):
    aws.secrets.create_secret(Name="s", SecretString='{"a": {"b": "c"}, "d": "e"}')
    backend = AwsSecretsManager()
    with pytest.raises(BackendError, match="'a'"):
        backend.fetch_all(parse("aws-sm://s"), aws.context)
    assert backend.fetch_all(parse("aws-sm://s#/a"), aws.context) == {"b": b"c"}


def test_boto_is_not_loaded_until_a_reference_is_fetched():

    code = (
        "import sys, secretrun_backends.aws_secrets_manager, secretrun_backends.aws_parameter_store\n"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore')))"
    )
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    assert subprocess.run([sys.executable, "-c", code], env=environ, timeout=100).returncode == 0


class TestAwsParameterStore(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, aws):
        self.backend, self.context = AwsParameterStore(), aws.context
        for name, text in TEXTS.items():
            aws.parameters.put_parameter(Name=f"/dir/{name}", Value=text, Type="SecureString")
        self.known = {parse(f"aws-ssm://dir/{name}"): text.encode() for name, text in TEXTS.items()}
        self.missing = [parse("aws-ssm://none"), parse("aws-ssm://dir/none"), parse("aws-ssm://dir/plain:9")]
        self.listing = (parse("aws-ssm://dir"), {name: text.encode() for name, text in TEXTS.items()})


def put(aws, name, value, **more):
    aws.parameters.put_parameter(**{"Name": name, "Value": value, "Type": "String", **more})


def test_twenty_one_parameters_take_three_requests(aws):
    for number in range(21):
        put(aws, f"/p/{number}", f"value {number}")
    found = aws.get(AwsParameterStore, *(f"aws-ssm://p/{number}" for number in range(21)))
    assert found == [f"value {number}".encode() for number in range(21)]
    assert aws.front.operations == ["GetParameters"] * 3


def test_versions_and_labels_of_a_parameter_are_told_apart(aws):
    put(aws, "/p", "first")
    aws.parameters.label_parameter_version(Name="/p", ParameterVersion=1, Labels=["stable"])
    put(aws, "/p", "second", Overwrite=True)
    texts = ("/p", "/p:1", "/p?version=2", "/p:stable", "/p?label=stable")
    assert aws.get(AwsParameterStore, *(f"aws-ssm://{text}" for text in texts)) == [
        b"second", b"first", b"second", b"first", b"first",
    ]  # fmt: skip


def test_a_name_without_slash_is_taken_as_it_is(aws):
    put(aws, "plain", "value")
    assert aws.get(AwsParameterStore, "aws-ssm://plain") == b"value"


def test_the_pointer_is_part_of_the_value_but_in_vals_form_part_of_the_name(aws):
    put(aws, "/app/db", '{"user": "me"}')
    put(aws, "/app/db/user", "you")
    assert aws.get(AwsParameterStore, "aws-ssm://app/db#/user") == b"me"
    assert aws.get(AwsParameterStore, "ref+awsssm://app/db#/user") == b"you"
    assert aws.get(AwsParameterStore, "ref+awsssm://app/db?mode=singleparam#/user") == b"me"


def test_a_path_is_imported_with_or_without_what_lies_deeper(aws):
    for number in range(12):
        put(aws, f"/app/k{number}", str(number))
    put(aws, "/app/deep/k", "deep")
    backend = AwsParameterStore()
    flat = {f"k{number}": str(number).encode() for number in range(12)}
    assert backend.fetch_all(parse("aws-ssm://app"), aws.context) == flat
    deep = backend.fetch_all(parse("aws-ssm://app?recursive=true"), aws.context)
    assert deep == {**flat, "deep/k": b"deep"}
    with pytest.raises(NotFound):
        backend.fetch_all(parse("aws-ssm://none"), aws.context)


def test_check_says_who_is_signed_in(aws):
    assert "arn:aws:" in AwsSecretsManager().check(aws.context)
    assert "arn:aws:" in AwsParameterStore().check(aws.context)
