"""Google Cloud Secret Manager, by its SDK over REST: one call a version, side by side.

The API has no batch. REST and not gRPC, the SDK's default: gRPC's threads would outlive the call, and
the child is forked after it. The SDK costs a second of import, so it is loaded by the first call.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotInstalled,
    NotSignedIn,
    RateLimited,
    Unavailable,
)
from secretrun.formats.pointer import select
from secretrun_backends._https import each, text_option
from secretrun_backends._process import Deadline
from secretrun_backends._quiet import quiet
from secretrun_backends._references import answer_each, given, placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

RETRIES = 10.0  # seconds at most that a throttled call is tried again
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class GoogleSecretManager:
    """`gcp-sm://PROJECT/NAME[?version=latest][#/pointer]`.

    Signs in with Application Default Credentials. The server is option `endpoint`, else Google's.
    """

    info = BackendInfo(
        name="gcp-sm",
        title="Google Cloud Secret Manager",
        schemes=("gcp-sm",),
        example="gcp-sm://my-project/database?version=latest#/password",
        needs="google-cloud-secret-manager",
        install="pip install 'secretrun[gcp]'",
        sign_in="gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS",
        docs="https://cloud.google.com/secret-manager/docs",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One call a version of a secret, whatever the number of pointers into it."""
        wanted, answers = placed(references, _name)
        if not wanted:
            return answers
        deadline = Deadline(context.timeout)
        client = _client(context)
        payloads = each(wanted.values(), lambda name: _access(client, name, deadline))
        return answers | answer_each(
            wanted, lambda r: select(given(payloads[wanted[r]]), r.pointer, what=r.path)
        )

    def check(self, context: Context) -> str:
        """That there are credentials; whose, the SDK does not say without a call."""
        _client(context)
        from google.cloud import secretmanager_v1

        return Health("credentials found", version=secretmanager_v1.__version__)


def _name(reference: Reference) -> str:
    import re

    for option, _ in reference.options:
        if option != "version":
            raise BadReference(f"gcp-sm has no option {option!r}", hint="it has version=NUMBER or an alias")
    parts = reference.path.split("/")
    version = reference.option("version", "latest") or ""
    # Google's own alphabet for ids; anything else would change the path that is asked for.
    plain = len(parts) == 2 and all(re.fullmatch(r"[A-Za-z0-9_.:-]+", part) for part in (*parts, version))
    if not plain:
        raise BadReference(
            f"{reference.text} is not PROJECT/NAME[?version=VERSION]",
            hint=f"like {GoogleSecretManager.info.example}",
        )
    return f"projects/{parts[0]}/secrets/{parts[1]}/versions/{version}"


def _client(context: Context) -> Any:
    """A client, signed in.

    Raises:
        Unavailable, NotSignedIn: no SDK, no credentials.
    """
    info = GoogleSecretManager.info
    quiet("google", "requests", "urllib3")
    try:
        import google.auth
        from google.api_core.client_options import ClientOptions
        from google.auth import exceptions
        from google.cloud import secretmanager_v1
    except ImportError:
        raise NotInstalled(f"{info.needs} is not installed", hint=f"install it: {info.install}") from None
    file = context.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    try:
        credentials = _from_file(file) if file else None
        if credentials is None:
            credentials, _ = google.auth.default(scopes=[SCOPE])
    except (exceptions.GoogleAuthError, OSError, ValueError):
        what = f"the credentials in {file} can't be used" if file else "no sign-in for Google Cloud"
        raise NotSignedIn(what, hint=info.sign_in) from None
    options = ClientOptions(api_endpoint=text_option(context, "endpoint", info))
    return secretmanager_v1.SecretManagerServiceClient(
        credentials=credentials, transport="rest", client_options=options
    )


def _from_file(file: str) -> Any:
    """The credentials of a service account or user; None for the other kinds, left to the SDK.

    By hand, since the SDK reads the process's own environment, which need not be the run's.

    Raises:
        OSError, ValueError, GoogleAuthError: the file can't be used.
    """
    import json

    from google.oauth2 import credentials, service_account

    with open(file, encoding="utf-8") as opened:
        said = json.load(opened)
    if not isinstance(said, dict) or "type" not in said:
        raise ValueError(file)
    if said["type"] == "service_account":
        kind = service_account.Credentials
        return kind.from_service_account_info(said, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    if said["type"] == "authorized_user":
        return credentials.Credentials.from_authorized_user_info(said, scopes=[SCOPE])  # type: ignore[no-untyped-call]
    return None


def _access(client: Any, name: str, deadline: Deadline) -> bytes:
    from google.api_core import exceptions, retry

    info = GoogleSecretManager.info
    left = deadline.left()
    if left == 0:
        raise deadline.passed(info)
    patience = retry.Retry(
        predicate=retry.if_exception_type(exceptions.TooManyRequests, exceptions.ServiceUnavailable),
        initial=0.2, maximum=4.0, timeout=RETRIES if left is None else min(RETRIES, left / 2),
    )  # fmt: skip
    try:
        said = client.access_secret_version(name=name, retry=patience, timeout=left)
        named, data = said.name, said.payload.data
    except Exception as error:  # noqa: BLE001  the SDK lets four libraries' exceptions through
        raise _explain(error, name, deadline) from None
    # What the SDK makes of any other JSON: an answer with nothing in it.
    if not named or not isinstance(data, bytes):
        raise BadAnswer(f"Google's answer for {name} has no payload")
    return data


def _explain(error: Exception, name: str, deadline: Deadline) -> BackendError:
    """What a failure of the SDK means. Its words are not repeated: they can quote the answer."""
    import requests
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError, TransportError

    info = GoogleSecretManager.info
    project, secret = name.split("/")[1], name.split("/")[3]
    if isinstance(error, exceptions.RetryError) and error.cause is not None:
        cause = error.cause
        error = cause if isinstance(cause, Exception) else error
    if isinstance(error, TransportError) and error.args and isinstance(error.args[0], Exception):
        error = error.args[0]
    if isinstance(error, requests.exceptions.SSLError):
        return Unavailable(
            "the certificate of Google's server is not trusted",
            hint="behind a proxy, REQUESTS_CA_BUNDLE names its authority",
        )
    if isinstance(error, (requests.exceptions.Timeout, exceptions.GatewayTimeout)):
        return deadline.passed(info)
    if isinstance(error, (requests.exceptions.ConnectionError, TransportError)):
        return Unavailable("Google Cloud can't be reached", hint="is the network up?")
    if isinstance(error, (exceptions.Unauthorized, GoogleAuthError)):
        return NotSignedIn("Google Cloud does not accept the sign-in", hint=info.sign_in)
    if isinstance(error, exceptions.Forbidden):
        return Denied(
            f"Google Cloud refuses access to {secret} in project {project}",
            hint="it needs the role roles/secretmanager.secretAccessor, and the API enabled",
        )
    if isinstance(error, exceptions.NotFound):
        return NotFound(f"there is no {name}", hint=f"to list them: gcloud secrets list --project={project}")
    if isinstance(error, exceptions.TooManyRequests):
        return RateLimited("Google Cloud throttles", hint="wait a little, or use --cache")
    if isinstance(error, exceptions.BadRequest):  # FAILED_PRECONDITION
        return NotFound(
            f"{name} can't be read: the version is disabled or destroyed",
            hint=f"to see: gcloud secrets versions list {secret} --project={project}",
        )
    if isinstance(error, exceptions.ServerError):
        return Unavailable(f"Google Cloud failed on {name}", hint="https://status.cloud.google.com")
    return BadAnswer(f"Google's answer for {name} is not what it documents")
