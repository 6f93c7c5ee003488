"""What the AWS backends share: sessions, clients, and what AWS's errors mean.

botocore reads `os.environ`; a backend is told its environment by its context, and threads must not
change the process's own. So each setting that botocore would look up is set on the session instead.
What stays with the process: proxies, the cache of `aws sso login`, and web identity tokens (EKS).

botocore is imported inside functions only: it costs 100 ms.
"""

from __future__ import annotations

import os

from secretrun.backend import Health
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotInstalled,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.model import Frozen
from secretrun_backends._quiet import quiet
from secretrun_backends._references import ask_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

INSTALL = "pip install 'secretrun[aws]'"
ACCOUNT_OPTIONS = ("region", "profile", "role", "role_arn")
SIGNED_OUT = {
    "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId",
    "InvalidSignatureException", "InvalidToken", "MissingAuthenticationToken", "RequestExpired",
    "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip
THROTTLED = {
    "RequestLimitExceeded", "Throttling", "ThrottledException", "ThrottlingException",
    "TooManyRequestsException",
}  # fmt: skip
ABSENT = {
    "ParameterNotFound", "ParameterVersionNotFound", "ParameterVersionLabelNotFound",
    "ResourceNotFoundException",
}  # fmt: skip
REFUSED = {"AccessDenied", "AccessDeniedException", "DecryptionFailure", "KMSAccessDeniedException"}
MALFORMED = {"InvalidParameterException", "ValidationException", "InvalidKeyId"}


class Account(Frozen):
    """Whose store it is: the settings that make two references share a client; None is the default."""

    __slots__ = ("profile", "region", "role")

    region: str | None
    profile: str | None
    role: str | None

    def __init__(self, region: str | None, profile: str | None, role: str | None) -> None:
        self._set(region=region, profile=profile, role=role)

    def _key(self) -> tuple[str | None, ...]:
        return (self.region, self.profile, self.role)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Account) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"<Account {self._key()}>"


def account(reference: Reference, context: Context, more_options: tuple[str, ...]) -> Account:
    """The account a reference belongs to: its options, its ARN's region, the backend's settings.

    Raises:
        BadReference: for an option that is neither one of an account nor in `more_options`.
    """
    for name, _ in reference.options:
        if name not in ACCOUNT_OPTIONS and name not in more_options:
            known = ", ".join((*ACCOUNT_OPTIONS, *more_options))
            raise BadReference(f"{reference.scheme} has no option {name!r}", hint=f"one of {known}")

    def setting(name: str) -> str | None:
        chosen = reference.option(name) or context.options.get(name)
        return chosen if isinstance(chosen, str) and chosen else None

    parts = reference.path.split(":")
    arn_region = parts[3] if parts[0] == "arn" and len(parts) > 5 else None
    return Account(
        reference.option("region") or arn_region or setting("region"),
        setting("profile"),
        setting("role") or setting("role_arn"),
    )


def client(service: str, owner: Account, context: Context) -> Any:
    """A botocore client for `service` ("secretsmanager", "ssm", "sts") of this account.

    Raises:
        BackendError: when no session can be made, or the role can't be assumed.
    """
    quiet("boto3", "botocore", "urllib3")
    try:
        import botocore.session
    except ImportError:
        raise NotInstalled("boto3 is not installed", hint=f"install it: {INSTALL}") from None
    try:
        session = _session(owner, context.environ)
        if owner.role:
            granted = _create(session, "sts", owner, context).assume_role(
                RoleArn=owner.role, RoleSessionName="secretrun"
            )["Credentials"]
            session = botocore.session.Session(session_vars=_no_variables())
            session.set_credentials(
                granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"]
            )
        return _create(session, service, owner, context)
    except BackendError:
        raise
    except Exception as error:  # noqa: BLE001  botocore lets its parsers' own exceptions through
        what = f"role {owner.role}" if owner.role else "the AWS session"
        raise explain(error, what, owner, context) from None


def _no_variables() -> dict[str, tuple[Any, ...]]:
    """The session variables of botocore, none of which is looked up in `os.environ`."""
    from botocore.session import Session

    return {
        name: (definition[0], None, *definition[2:]) for name, definition in Session.SESSION_VARIABLES.items()
    }


def _session(owner: Account, environ: Any) -> Any:
    from botocore.credentials import ContainerProvider
    from botocore.session import Session

    session = Session(session_vars=_no_variables())
    for name, definition in Session.SESSION_VARIABLES.items():
        names = definition[1] if isinstance(definition[1], (list, tuple)) else [definition[1]]
        value = next((environ[n] for n in names if n and environ.get(n)), None)
        if value is not None and name != "profile":
            session.set_config_variable(name, value)
    if environ.get("AWS_REGION"):  # which the SDK does not know, and STS for a role wants one too
        session.set_config_variable("region", environ["AWS_REGION"])
    home = environ.get("HOME")
    if home:
        if not environ.get("AWS_CONFIG_FILE"):
            session.set_config_variable("config_file", os.path.join(home, ".aws", "config"))
        if not environ.get("AWS_SHARED_CREDENTIALS_FILE"):
            session.set_config_variable("credentials_file", os.path.join(home, ".aws", "credentials"))
    # Precedence as in botocore: a profile asked for, keys in the environment, AWS_PROFILE.
    key, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
    profile = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    if owner.profile:
        session.set_config_variable("profile", owner.profile)
    elif profile:
        session.set_config_variable("profile", profile)
    if key and secret and not owner.profile:
        session.set_credentials(key, secret, environ.get("AWS_SESSION_TOKEN"))
    else:
        resolver = session.get_component("credential_provider")
        resolver.remove("env")
        resolver.remove("container-role")
        _tame(resolver, owner, environ)
        resolver.insert_before("iam-role", ContainerProvider(environ=dict(environ)))
    return session


class _Kept:
    """The aws program's own cache of role sessions: one call to STS an hour, and a code typed once for all.

    Its files are readable by their owner only; where they can't be written, nothing is kept.
    """

    def __init__(self, directory: str) -> None:
        from botocore.utils import JSONFileCache

        self._files = JSONFileCache(directory)
        self._directory = directory

    def __contains__(self, key: str) -> bool:
        return key in self._files

    def __getitem__(self, key: str) -> Any:
        return self._files[key]

    def __setitem__(self, key: str, value: Any) -> None:
        try:
            os.makedirs(self._directory, mode=0o700, exist_ok=True)
            self._files[key] = value
        except OSError:
            pass

    def __delitem__(self, key: str) -> None:
        del self._files[key]


def _tame(resolver: Any, owner: Account, environ: Any) -> None:
    """Have the SDK's own ways to credentials leave standard input alone: it is the command's."""
    import subprocess

    def popen(command: list[str], *, stdout: int, stderr: int) -> Any:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)

    def prompt(text: str) -> str:
        profile = (
            owner.profile or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE") or "default"
        )
        command = f"aws sts get-caller-identity --profile {profile}"
        return ask_terminal(
            text, f"the MFA code of AWS profile {profile}", f"run once in a terminal: {command}"
        )

    roles = resolver.get_provider("assume-role")
    roles._prompter = prompt  # noqa: SLF001  botocore has no other way to say it
    home = environ.get("HOME")
    if home:
        roles.cache = _Kept(os.path.join(home, ".aws", "cli", "cache"))
    resolver.get_provider("custom-process")._popen = popen  # noqa: SLF001  as above


def _create(session: Any, service: str, owner: Account, context: Context) -> Any:
    from botocore.config import Config

    environ = context.environ
    variable = "AWS_ENDPOINT_URL_" + {"secretsmanager": "SECRETS_MANAGER"}.get(service, service.upper())
    endpoint = environ.get(variable) or environ.get("AWS_ENDPOINT_URL")
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        endpoint = None
    region = owner.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    limit = 60.0 if context.timeout is None else max(context.timeout, 0.001)
    config = Config(
        connect_timeout=min(limit, 10.0),
        read_timeout=limit,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
    try:
        return session.create_client(service, region_name=region, endpoint_url=endpoint, config=config)
    except ValueError:  # botocore's word for an endpoint that is no URL
        raise BadReference("AWS_ENDPOINT_URL is not a URL") from None


def code_of(error: Exception) -> str:
    """The code of an error that the service answered with, or "" when it did not answer."""
    response = getattr(error, "response", None)  # some exceptions of botocore have it, and None in it
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def explain(error: Exception, what: str, owner: Account, context: Context) -> BackendError:
    """What an exception of botocore means, as one of ours. The request itself is never quoted."""
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, BackendError):  # our own, from inside the SDK
        return error
    if not isinstance(error, (BotoCoreError, ClientError)):  # it could not read the answer
        return BadAnswer(f"AWS's answer about {what} is not what it documents")
    if isinstance(error, ClientError):
        message = str(error.response.get("Error", {}).get("Message", ""))
        return explain_code(code_of(error), message, what, owner, context)
    kind = type(error).__name__
    if kind == "NoRegionError":
        return BadReference(
            f"no AWS region is set for {what}", hint="set AWS_REGION, or add ?region=... to the reference"
        )
    if kind in ("ConnectTimeoutError", "ReadTimeoutError"):
        return TimedOut(f"AWS did not answer in time for {what}", hint="allow more with --timeout SECONDS")
    if kind in ("EndpointConnectionError", "ProxyConnectionError", "SSLError", "ConnectionClosedError"):
        return Unavailable(f"AWS can't be reached for {what} ({kind})")
    if kind == "ProfileNotFound":
        return NotSignedIn(str(error), hint="aws configure list-profiles shows those there are")
    if kind in ("PartialCredentialsError", "InvalidConfigError"):
        said = error.kwargs.get("cred_var") or error.kwargs.get("error_msg") or ""
        return NotSignedIn(
            f"an AWS profile is incomplete, for {what}: {' '.join(str(said).split())[:200]}",
            hint="a profile with role_arn needs source_profile or credential_source too, in ~/.aws/config",
        )
    if kind == "CredentialRetrievalError" and error.kwargs.get("provider") == "custom-process":
        # Its words are not repeated: only its author knows what it prints.
        profile = owner.profile or context.environ.get("AWS_PROFILE")
        named = f" --profile {profile}" if profile else ""
        return NotSignedIn(
            f"the credential_process of the AWS profile{f' {profile}' if profile else ''} failed, for {what}",
            hint=f"to see what it says: aws configure export-credentials{named}",
        )
    if "Credential" in kind or "Token" in kind or "SSO" in kind or kind == "InvalidConfigError":
        return NotSignedIn(f"no AWS credentials that work for {what} ({kind})", hint=_sign_in(owner, context))
    if kind == "ParamValidationError":
        return BadReference(f"AWS does not accept the name of {what}")
    return BackendError(f"the AWS SDK failed for {what} ({kind})")


def explain_code(code: str, message: str, what: str, owner: Account, context: Context) -> BackendError:
    """What an error code of an AWS service means."""
    if code in ABSENT:
        region = (
            owner.region or context.environ.get("AWS_REGION") or context.environ.get("AWS_DEFAULT_REGION")
        )
        return NotFound(
            f"AWS has no {what}" + (f" in {region}" if region else ""),
            hint="the region or the account may be another one",
        )
    if code == "InvalidRequestException" and "delet" in message:
        return NotFound(
            f"{what} is marked for deletion", hint="bring it back: aws secretsmanager restore-secret"
        )
    if code in SIGNED_OUT:
        return NotSignedIn(
            f"AWS does not accept the credentials for {what} ({code})", hint=_sign_in(owner, context)
        )
    if code in THROTTLED:
        return RateLimited(f"AWS throttles the requests for {what} ({code})", hint="try again in a minute")
    if code in REFUSED or "AccessDenied" in code:
        return Denied(f"AWS refuses {what} ({code})", hint=f"AWS says: {' '.join(message.split())[:300]}")
    if code in MALFORMED:
        return BadReference(f"AWS does not accept {what} ({code})")
    if code.startswith(("InternalS", "ServiceUnavailable", "InternalF")) or code.isdigit():
        return Unavailable(f"AWS failed for {what} ({code})", hint="try again")
    return BackendError(f"AWS failed for {what} ({code or 'no code'})")


def identity(context: Context) -> str:
    """Who AWS takes us for: the ARN of the caller.

    Raises:
        BackendError: when there are no credentials, or AWS refuses them.
    """

    def setting(name: str) -> str | None:
        chosen = context.options.get(name)
        return chosen if isinstance(chosen, str) and chosen else None

    owner = Account(setting("region"), setting("profile"), setting("role") or setting("role_arn"))
    sts = client("sts", owner, context)
    try:
        answer = sts.get_caller_identity()
    except Exception as error:  # noqa: BLE001  see client
        raise explain(error, "the caller's identity", owner, context) from None
    if not isinstance(answer.get("Arn"), str):
        raise BadAnswer("AWS does not say who the caller is")
    import botocore

    return Health(
        f"signed in as {answer['Arn']}", version=botocore.__version__, reachable=True, signed_in=True
    )


def _sign_in(owner: Account, context: Context) -> str:
    profile = (
        owner.profile or context.environ.get("AWS_PROFILE") or context.environ.get("AWS_DEFAULT_PROFILE")
    )
    login = f"aws sso login --profile {profile}" if profile else "aws sso login"
    return f"sign in: {login}, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
