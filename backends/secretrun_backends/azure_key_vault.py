"""Azure Key Vault, by its SDK: one call a version, side by side.

The API has no batch. The SDK costs half a second of import, so it is loaded by the first call.
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
    TimedOut,
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

    Place = tuple[str, str, str]  # vault, name, version (or "")

SUFFIX = "vault.azure.net"
SERVICE = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")


class AzureKeyVault:
    """`azure-kv://VAULT/NAME[/VERSION][#/pointer]`.

    Signs in as azure-identity does: a service principal in AZURE_*, a workload or managed identity, else
    `az login`. Options: `suffix` for another cloud (`vault.usgovcloudapi.net`), `endpoint` for another
    server altogether, `ca` for its private CA.
    """

    info = BackendInfo(
        name="azure-kv",
        title="Azure Key Vault",
        schemes=("azure-kv",),
        example="azure-kv://my-vault/database#/password",
        needs="azure-keyvault-secrets and azure-identity",
        install="pip install 'secretrun[azure]'",
        sign_in="az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        docs="https://learn.microsoft.com/azure/key-vault/secrets/",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One call a secret, whatever the number of pointers into it; one client a vault."""
        wanted, answers = placed(references, _place)
        if not wanted:
            return answers
        deadline = Deadline(context.timeout)
        credential = _credential(context)
        clients = {
            vault: _client(vault, credential, context)
            for vault in dict.fromkeys(p[0] for p in wanted.values())
        }
        values = each(wanted.values(), lambda place: _get(clients[place[0]], place, deadline))
        return answers | answer_each(
            wanted, lambda r: select(given(values[wanted[r]]), r.pointer, what=wanted[r][1])
        )

    def check(self, context: Context) -> str:
        """That the sign-in gives a token."""
        credential = _credential(context)
        try:
            credential.get_token(f"https://{text_option(context, 'suffix', self.info) or SUFFIX}/.default")
        except Exception as error:  # noqa: BLE001  see _get
            raise _explain(error, ("any", "any", ""), Deadline(context.timeout)) from None
        from azure.keyvault.secrets import __version__

        return Health("signed in", version=__version__, signed_in=True)


def _place(reference: Reference) -> Place:
    import re

    if reference.options:
        raise BadReference(
            f"azure-kv has no option {reference.options[0][0]!r}", hint="write VAULT/NAME/VERSION"
        )
    parts = reference.path.split("/")
    # Azure's own alphabet. A dot in the vault would name another host, and send the token there.
    if len(parts) not in (2, 3) or not all(re.fullmatch(r"[A-Za-z0-9-]{1,127}", part) for part in parts):
        raise BadReference(
            f"{reference.text} is not VAULT/NAME[/VERSION]", hint=f"like {AzureKeyVault.info.example}"
        )
    vault, name, *version = parts
    return vault, name, version[0] if version else ""


def _transport(context: Context) -> dict[str, Any]:
    """What every client of the SDK is made with."""
    ca = text_option(context, "ca", AzureKeyVault.info)
    extra: dict[str, Any] = {"retry_total": 2, "retry_backoff_max": 4, "logging_enable": False}
    if ca:
        extra["connection_verify"] = ca
    if context.timeout is not None:
        extra |= {"connection_timeout": context.timeout, "read_timeout": context.timeout}
    return extra


def _credential(context: Context) -> Any:
    info = AzureKeyVault.info
    quiet("azure", "msal", "requests", "urllib3")
    try:
        import azure.identity
        import azure.keyvault.secrets
    except ImportError:
        raise NotInstalled(f"{info.needs} are not installed", hint=f"install them: {info.install}") from None
    environ = context.environ
    extra = _transport(context)
    authority = environ.get("AZURE_AUTHORITY_HOST")
    if authority:
        extra["authority"] = authority
    if all(environ.get(name) for name in SERVICE):
        # By hand, since the SDK reads the process's own environment, which need not be the run's.
        if text_option(context, "endpoint", info):
            extra["disable_instance_discovery"] = True  # it would ask Microsoft about a private authority
        tenant, client, secret = (environ[name] for name in SERVICE)
        return azure.identity.ClientSecretCredential(tenant, client, secret, **extra)
    return azure.identity.DefaultAzureCredential(**extra)


def _client(vault: str, credential: Any, context: Context) -> Any:
    from azure.keyvault.secrets import SecretClient

    info = AzureKeyVault.info
    endpoint = text_option(context, "endpoint", info)
    suffix = text_option(context, "suffix", info) or SUFFIX
    return SecretClient(
        vault_url=endpoint or f"https://{vault}.{suffix}",
        credential=credential,
        # The SDK checks that a vault asks for a token of its own cloud; another server has its own.
        verify_challenge_resource=endpoint is None,
        **_transport(context),
    )


def _get(client: Any, place: Place, deadline: Deadline) -> bytes:
    left = deadline.left()
    if left == 0:
        raise deadline.passed(AzureKeyVault.info)
    _, name, version = place
    try:
        value = client.get_secret(name, version or None, **({} if left is None else {"timeout": left})).value
    except Exception as error:  # noqa: BLE001  the SDK lets three libraries' exceptions through
        raise _explain(error, place, deadline) from None
    if not isinstance(value, str):
        raise BadAnswer(f"Azure's answer for {name} holds no value")
    if "\N{REPLACEMENT CHARACTER}" in value:  # what the SDK puts where bytes are not UTF-8
        raise BadAnswer(f"Azure's answer for {name} is not valid Unicode")
    return value.encode("utf-8", "surrogatepass")


def _explain(error: Exception, place: Place, deadline: Deadline) -> BackendError:
    """What a failure of the SDK means. Its words are not repeated: they can quote the answer."""
    from azure.core import exceptions

    info = AzureKeyVault.info
    vault, name, version = place
    what = f"{name} in vault {vault}" + (f", version {version}" if version else "")
    said = str(error).lower()
    if isinstance(error, exceptions.ClientAuthenticationError):
        return NotSignedIn("Azure does not accept the sign-in, or there is none", hint=info.sign_in)
    if "certificate" in said and isinstance(error, exceptions.AzureError):
        return Unavailable(
            f"the certificate of vault {vault} is not trusted",
            hint='a private CA: [backend.azure-kv] ca = "/path/to/ca.pem"',
        )
    if isinstance(error, (exceptions.ServiceResponseTimeoutError, exceptions.ServiceRequestTimeoutError)):
        return deadline.passed(info)
    if isinstance(error, (exceptions.ServiceRequestError, exceptions.ServiceResponseError)):
        if "timed out" in said or "timeout" in said:
            return deadline.passed(info)
        return Unavailable(f"vault {vault} can't be reached", hint="is its name right, and the network up?")
    status = error.status_code if isinstance(error, exceptions.HttpResponseError) else None
    if status == 401:
        return NotSignedIn("Azure does not accept the sign-in", hint=info.sign_in)
    if status == 403:
        return Denied(
            f"Azure refuses access to {what}",
            hint="it needs the role Key Vault Secrets User, an enabled secret, a way through the firewall",
        )
    if status == 404:
        return NotFound(
            f"there is no {what}", hint=f"to list them: az keyvault secret list --vault-name {vault}"
        )
    if status == 429:
        return RateLimited("Azure throttles", hint="wait a little, or use --cache")
    if status is not None and status >= 500:
        return Unavailable(f"Azure failed on {what} (HTTP status {status})", hint="try again later")
    if isinstance(error, TimeoutError):
        return TimedOut(f"Azure did not answer for {what} in time")
    return BadAnswer(f"Azure's answer for {what} is not what it documents")
