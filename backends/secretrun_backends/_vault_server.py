"""One Vault or OpenBao server with one sign-in, during one batch: requests and what refusals mean.

A 403 can mean a token that has expired or a policy that does not allow: the server is asked which. The
server's words are repeated only when they hold nothing that was sent to sign in.
"""

from __future__ import annotations

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    Unavailable,
)
from secretrun.formats.pointer import parse
from secretrun_backends._https import ask
from secretrun_backends._process import first_line
from secretrun_backends._vault_sign_in import sign_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.backend import BackendInfo
    from secretrun_backends._https import Answer
    from secretrun_backends._process import Deadline
    from secretrun_backends._vault_sign_in import Settings

SIGN_IN_HINT = "vault login, or set VAULT_TOKEN"
NO_MOUNT = "preflight capability check"  # the server's words for a mount that is not there, or not for us


class Session:
    """One server with one sign-in during one batch; a failure to sign in is kept."""

    def __init__(self, info: BackendInfo, settings: Settings, context: Context, deadline: Deadline) -> None:
        options = dict(context.options)
        options["ca"] = settings.get("ca", "CACERT") or None
        self._context = Context(context.environ, timeout=context.timeout, options=options)
        self._deadline = deadline
        self._info = info
        self._settings = settings
        self._token: str | BackendError | None = None
        self._mounts: dict[str, int | None] = {}

    def token(self) -> str:
        if self._token is None:
            try:
                self._token = sign_in(self._settings, self._post)
            except BackendError as error:
                self._token = error
        if isinstance(self._token, BackendError):
            raise self._token
        return self._token

    def get(self, path: str) -> Answer:
        return self._ask(path, self.token())

    def mount_of(self, path: str) -> tuple[str, int | None]:
        """The mount a path is in, with "/" at its end, and its key-value version or None."""
        from urllib.parse import quote

        for mount, version in self._mounts.items():
            if path.startswith(mount):
                return mount, version
        answer = self.get(f"sys/internal/ui/mounts/{quote(path)}")
        if answer.status != 200:
            raise self.failure(answer, path)
        try:
            data = parse(answer.body, kind="json", what="the answer about the mount")["data"]
            mount, options = data["path"], data.get("options") or {}
            version = int(options.get("version", 1)) if data["type"] in ("kv", "generic") else None
        except (BadAnswer, KeyError, TypeError, ValueError, AttributeError):
            raise self.foreign() from None
        self._mounts[mount] = version
        return mount, version

    def version(self) -> str:
        """The version of the server.

        Raises:
            Unavailable: it is sealed or not initialised.
        """
        # Asked for one status in every state: the default ones tell states, which the body does as well.
        answer = self._ask("sys/health?standbyok=true&sealedcode=200&uninitcode=200", None)
        try:
            health = parse(answer.body, kind="json", what="the answer about its health")
            if health["initialized"] != "true":
                raise Unavailable(
                    f"the Vault server {self._settings.address} is not initialised",
                    hint="vault operator init",
                )
            if health["sealed"] != "false":
                raise self._sealed()
            return str(health["version"])
        except (BadAnswer, KeyError, TypeError):
            raise self.foreign() from None

    def require_token(self) -> None:
        """Raise NotSignedIn unless the server knows our token."""
        if self.get("auth/token/lookup-self").status == 403:
            raise NotSignedIn(
                f"the Vault token is not valid at {self._settings.address}, or no longer", hint=SIGN_IN_HINT
            )

    def failure(self, answer: Answer, path: str) -> BackendError:
        """What a status other than 200 means."""
        said, status = self._complaint(answer), answer.status
        where = f"{path} at {self._settings.address}"
        if status == 403:
            try:
                self.require_token()
            except BackendError as error:
                return error
            hint = "the token's policies must allow 'read' on it"
            if NO_MOUNT in said:
                hint = "is the first part of the path a mount? else " + hint
            return Denied(f"Vault gives no permission to read {where}", hint=hint)
        if status == 404 and "namespace not found" in said:
            return NotFound(
                f"Vault has no namespace {self._settings.namespace!r} at {self._settings.address}",
                hint="?namespace= and VAULT_NAMESPACE name it in full, from the root",
            )
        if status == 404:
            return NotFound(f"Vault has nothing at {where}")
        return self._refused(answer, said)

    def _refused(self, answer: Answer, said: str) -> BackendError:
        """What a status means that has nothing to do with one path."""
        where = self._settings.address
        if answer.status == 429:
            return RateLimited(f"the Vault server {where} asks for fewer requests")
        if answer.status == 503 and "sealed" in said.lower():
            return self._sealed()
        if answer.status >= 500:
            return Unavailable(f"the Vault server {where} failed with status {answer.status}: {said}")
        if b"HTTP request to an HTTPS server" in answer.body:
            return Unavailable(
                f"{where} speaks HTTPS", hint=f"set VAULT_ADDR={where.replace('http:', 'https:', 1)}"
            )
        return BackendError(f"the Vault server {where} refused with status {answer.status}: {said}")

    def foreign(self) -> BadAnswer:
        return BadAnswer(
            f"{self._settings.address} does not answer as Vault does", hint="is VAULT_ADDR right?"
        )

    def _sealed(self) -> Unavailable:
        return Unavailable(
            f"the Vault server {self._settings.address} is sealed", hint="vault operator unseal"
        )

    def _complaint(self, answer: Answer, *sent: str) -> str:
        """The server's own words, unless they hold something that was sent to sign in."""
        try:
            said = "; ".join(str(error) for error in parse(answer.body, kind="json", what="it")["errors"])
        except (BackendError, KeyError, TypeError):
            return "it gave no reason"
        held = (*sent, self._token if isinstance(self._token, str) else "")
        return "it gave no reason" if any(one and one in said for one in held) else first_line(said)

    def _post(self, path: str, body: Mapping[str, str]) -> Answer:
        import json

        answer = self._ask(path, None, json.dumps(body).encode())
        if answer.status == 200:
            return answer
        said = self._complaint(answer, *body.values())
        if answer.status in (400, 403, 404):
            raise NotSignedIn(
                f"the Vault server {self._settings.address} refuses to sign in at {path}: {said}",
                hint=f"check the role and credentials, and that {self._settings.method} is enabled there "
                "(?auth_mount= names another place)",
            )
        raise self._refused(answer, said)

    def _ask(self, path: str, token: str | None, body: bytes | None = None) -> Answer:
        """GET or POST, with the hints of this store."""
        headers = {"X-Vault-Request": "true", "Content-Type": "application/json"}
        if token is not None:
            headers["X-Vault-Token"] = token
        if self._settings.namespace:
            headers["X-Vault-Namespace"] = self._settings.namespace
        url = f"{self._settings.address}/v1/{path}"
        try:
            return ask(
                self._info, url, context=self._context, deadline=self._deadline, headers=headers, body=body
            )
        except Unavailable as error:
            if "certificate" in error.message:
                error.hint = "set VAULT_CACERT to the PEM file of the authority that signed it"
            elif "can't reach" in error.message:
                error.hint = "is the server up, and VAULT_ADDR right?"
            raise
        except BadAnswer as error:
            if "redirects" in error.message:
                error.hint = "set VAULT_ADDR to the address it redirects to, if you trust that"
            raise
