"""AWS by a profile of the user's files: second factors, roles, programs that give credentials."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    NotSignedIn,
)
from secretrun.reference import parse
from secretrun_backends.aws_secrets_manager import AwsSecretsManager

PROFILES = """
[profile mfa]
role_arn = arn:aws:iam::123456789012:role/app
mfa_serial = arn:aws:iam::123456789012:mfa/me
source_profile = base
[profile role]
role_arn = arn:aws:iam::123456789012:role/app
source_profile = base
[profile base]
aws_access_key_id = testing
aws_secret_access_key = testing
[profile partial]
role_arn = arn:aws:iam::123456789012:role/app
[profile reading]
credential_process = %s
[profile failing]
credential_process = sh -c "echo the reason is hunter2hunter2 >&2; exit 3"
"""
# A helper that reads its standard input to the end before it answers.
READING = """
import json, sys
sys.stdin.read()
print(json.dumps({"Version": 1, "AccessKeyId": "testing", "SecretAccessKey": "testing"}))
"""


@pytest.fixture
def profiles(aws, tmp_path, monkeypatch):
    """The environment of a user with profiles, and no keys in variables."""
    helper = tmp_path / "helper.py"
    helper.write_text(READING)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(PROFILES % f"{sys.executable} {helper}")
    aws.secrets.create_secret(Name="app", SecretString="app-secret-value-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.endpoint)  # botocore's own clients read the process's
    return {name: value for name, value in aws.environ.items() if "KEY" not in name}


def run_without_terminal(environ, cwd, profile, data, *command):
    return subprocess.run(
        [sys.executable, "-m", "secretrun", "-q", "--no-masking", "--set", "A=aws-sm://app", "--", *command],
        env={**os.environ, **environ, "AWS_PROFILE": profile, "SECRETRUN_TRUST": "all"},
        cwd=cwd, input=data, capture_output=True, start_new_session=True, timeout=100,
    )  # fmt: skip


def test_a_second_factor_is_never_asked_of_the_commands_input(profiles, tmp_path):
    done = run_without_terminal(profiles, tmp_path, "mfa", b"123456\nchild data\n", "cat")
    assert done.returncode == 125
    assert done.stdout == b""
    assert b"the MFA code of AWS profile mfa is wanted, and there is no terminal to ask for it" in done.stderr
    assert b"hint: run once in a terminal: aws sts get-caller-identity --profile mfa" in done.stderr


def test_a_program_that_gives_credentials_does_not_read_the_commands_input(profiles, tmp_path):
    done = run_without_terminal(profiles, tmp_path, "reading", b"child data\n", "sh", "-c", "cat; echo $A")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"child data\napp-secret-value-1\n", b"")


@pytest.mark.parametrize("profile", ["mfa", "role", "partial", "failing"])
def test_a_sign_in_that_fails_leaves_the_commands_input_alone(profiles, tmp_path, profile, aws):
    """Also where the failure is the store's: an optional value, and the command runs."""
    aws.secrets.delete_secret(SecretId="app", ForceDeleteWithoutRecovery=True)
    with open(tmp_path / "input", "w+b") as source:
        source.write(b"child data\n")
        source.seek(0)
        context = Context({**profiles, "AWS_PROFILE": profile}, timeout=100)
        reference = parse("aws-sm://app")
        assert isinstance(AwsSecretsManager().fetch([reference], context)[reference], BackendError)
        assert source.tell() == 0


def test_a_role_is_assumed_once_and_kept_where_the_aws_program_keeps_it(profiles, tmp_path, aws):
    context = Context({**profiles, "AWS_PROFILE": "role"}, timeout=100)
    reference = parse("aws-sm://app")
    for _ in range(3):
        assert AwsSecretsManager().fetch([reference], context)[reference] == b"app-secret-value-1"
    kept = list((tmp_path / ".aws" / "cli" / "cache").iterdir())
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o077 == 0
    assert kept[0].parent.stat().st_mode & 0o077 == 0


def test_a_role_works_where_nothing_can_be_kept(profiles, tmp_path):
    (tmp_path / ".aws" / "cli").write_text("no directory")
    context = Context({**profiles, "AWS_PROFILE": "role"}, timeout=100)
    reference = parse("aws-sm://app")
    assert AwsSecretsManager().fetch([reference], context)[reference] == b"app-secret-value-1"


@pytest.mark.parametrize(
    ("profile", "message", "hint"),
    [
        ("partial", "an AWS profile is incomplete", "source_profile or credential_source"),
        (
            "failing",
            "the credential_process of the AWS profile failing failed",
            "export-credentials --profile failing",
        ),
    ],
)
def test_a_profile_that_does_not_work_says_what_is_wrong_with_it(profiles, profile, message, hint):
    context = Context({**profiles, "AWS_PROFILE": profile}, timeout=100)
    reference = parse("aws-sm://app")
    error = AwsSecretsManager().fetch([reference], context)[reference]
    assert type(error) is NotSignedIn
    assert message in error.message
    assert hint in error.hint
    assert "hunter2" not in f"{error.message}{error.hint}"
