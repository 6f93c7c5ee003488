"""AWS Secrets Manager: `BatchGetSecretValue` for up to 20 secrets a request."""

from __future__ import annotations

from secretrun.backend import BackendInfo
from secretrun.errors import BackendError, BadAnswer, Denied
from secretrun_backends import _aws
from secretrun_backends._references import pick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

    Wanted = tuple[str, str | None, str | None]  # name or ARN, version id, version stage

BATCH = 20  # the API's limit for SecretIdList
VERSION_OPTIONS = ("version_id", "version_stage", "stage")


class AwsSecretsManager:
    """Secrets by name or ARN: `aws-sm://NAME[?region=...&profile=...&role=...][#/pointer]`.

    Options: `region`, `profile`, `role` (an ARN to assume, also `role_arn`), `version_id`,
    `version_stage` (also `stage`). Without a pointer the whole secret, text or binary; with one, what
    stands there in its JSON, YAML or dotenv text. `AWS_ENDPOINT_URL` is honoured.
    """

    info = BackendInfo(
        name="aws-sm",
        title="AWS Secrets Manager",
        schemes=("aws-sm",),
        example="aws-sm://prod/db?region=eu-central-1#/password",
        needs="",  # boto3 comes along
        install="",
        sign_in="aws sso login",
        docs="https://docs.aws.amazon.com/secretsmanager/",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One request for 20 secrets of an account; a secret in several references is fetched once."""
        accounts: dict[_aws.Account, dict[Wanted, list[Reference]]] = {}
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            try:
                owner = _aws.account(reference, context, VERSION_OPTIONS)
            except BackendError as error:
                answers[reference] = error
            else:
                accounts.setdefault(owner, {}).setdefault(_wanted(reference), []).append(reference)
        for owner, wanted in accounts.items():
            try:
                found = _Fetch(owner, context).values(list(wanted))
            except BackendError as error:
                found = dict.fromkeys(wanted, error)
            for secret, asked_by in wanted.items():
                for reference in asked_by:
                    answers[reference] = pick(found[secret], reference.pointer, f"secret {reference.path}")
        return answers

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """The keys of a secret that is a JSON object, or of the object at the pointer."""
        from secretrun.formats.pointer import listing

        wanted = _wanted(reference)
        owner = _aws.account(reference, context, VERSION_OPTIONS)
        value = _Fetch(owner, context).values([wanted])[wanted]
        if isinstance(value, BackendError):
            raise value
        return listing(value, reference.pointer, what=f"secret {wanted[0]}")

    def check(self, context: Context) -> str:
        """Who AWS takes us for."""
        return _aws.identity(context)


class _Fetch:
    """The requests to one account."""

    def __init__(self, owner: _aws.Account, context: Context) -> None:
        self._owner = owner
        self._context = context
        self._client = _aws.client("secretsmanager", owner, context)

    def values(self, wanted: list[Wanted]) -> dict[Wanted, bytes | BackendError]:
        found: dict[Wanted, bytes | BackendError] = {}
        plain = [secret for secret in wanted if secret[1:] == (None, None)]
        # A single one needs no batch, nor the permission for it.
        for start in range(0, len(plain), BATCH) if len(plain) > 1 else ():
            found.update(self._batch(plain[start : start + BATCH]))
        for secret in wanted:
            if secret not in found:
                found[secret] = self._single(secret)
        return found

    def _batch(self, wanted: list[Wanted]) -> dict[Wanted, bytes | BackendError]:
        """What one `BatchGetSecretValue` says; what it leaves out is asked for one by one."""
        arguments: dict[str, Any] = {"SecretIdList": [name for name, _, _ in wanted]}
        found: dict[Wanted, bytes | BackendError] = {}
        while True:
            try:
                answer = self._client.batch_get_secret_value(**arguments)
            except Exception as error:  # noqa: BLE001  botocore lets its parsers' own exceptions through
                ours = _aws.explain(error, "several secrets at once", self._owner, self._context)
                code = _aws.code_of(error)
                if isinstance(ours, Denied) or code in _aws.ABSENT | _aws.MALFORMED:
                    return found  # the batch alone may be refused, or one name may spoil it
                return {**dict.fromkeys(wanted, ours), **found}
            for secret in wanted:
                for entry in answer.get("SecretValues", ()):
                    if _is(secret[0], entry):
                        found[secret] = _value(entry, secret[0])
                for failure in answer.get("Errors", ()):
                    if failure.get("SecretId") == secret[0]:
                        found[secret] = _aws.explain_code(
                            str(failure.get("ErrorCode", "")), str(failure.get("Message", "")),
                            f"secret {secret[0]}", self._owner, self._context,
                        )  # fmt: skip
            if not answer.get("NextToken"):
                return found
            arguments["NextToken"] = answer["NextToken"]

    def _single(self, secret: Wanted) -> bytes | BackendError:
        name, version, stage = secret
        arguments = {"SecretId": name}
        if version:
            arguments["VersionId"] = version
        if stage:
            arguments["VersionStage"] = stage
        what = f"secret {name}" + (f" in version {version or stage}" if version or stage else "")
        try:
            return _value(self._client.get_secret_value(**arguments), name)
        except Exception as error:  # noqa: BLE001  botocore lets its parsers' own exceptions through
            return _aws.explain(error, what, self._owner, self._context)


def _wanted(reference: Reference) -> Wanted:
    stage = reference.option("version_stage") or reference.option("stage")
    return (reference.path, reference.option("version_id"), stage)


def _is(name: str, entry: Mapping[str, Any]) -> bool:
    """Whether an answer is about the secret asked for, by name, ARN, or ARN without its random end."""
    arn = str(entry.get("ARN", ""))
    return name in (entry.get("Name"), arn) or (name.startswith("arn:") and arn.rpartition("-")[0] == name)


def _value(entry: Mapping[str, Any], name: str) -> bytes | BackendError:
    text, binary = entry.get("SecretString"), entry.get("SecretBinary")
    if isinstance(text, str):
        return text.encode()
    if isinstance(binary, (bytes, bytearray)):
        return bytes(binary)
    return BadAnswer(f"AWS gives no value for secret {name}")
