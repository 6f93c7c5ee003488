"""Signing in to Vault or OpenBao: a token, or a login that gives one.

The names of options and variables are Vault's own, then those of vals; no secret is ever an option, an
option says which variable or file holds it. The token a login gives is not revoked afterwards: that
would revoke the dynamic secrets read with it.

Facts: developer.hashicorp.com/vault/api-docs/auth/{approle,userpass,ldap,kubernetes,jwt}.
"""

from __future__ import annotations

import os

from secretrun.errors import BadAnswer, BadReference, NotSignedIn
from secretrun_backends._references import absolute, home, read_sign_in, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.backend import Context
    from secretrun.model import Reference
    from secretrun_backends._https import Answer

METHODS = ("token", "approle", "userpass", "ldap", "kubernetes", "jwt")
# What tells one sign-in from another; the rest of the options choose what is read.
OPTIONS = (
    "address", "auth_method", "auth_mount", "host", "jwt_env", "jwt_file", "namespace", "password_env",
    "password_file", "proto", "role", "role_id", "secret_id_env", "secret_id_file", "token_env", "token_file",
    "username",
)  # fmt: skip
READING = ("version", "version_kv")
SECRET_OPTIONS = ("token", "secret_id", "password", "jwt")
KUBERNETES_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105  a path


class Settings:
    """The settings of one reference: its options, the `[backend.vault]` table, then variables."""

    def __init__(self, reference: Reference, context: Context) -> None:
        for name, _ in reference.options:
            if name in SECRET_OPTIONS:
                raise BadReference(
                    f"a reference must not hold the secret option {name!r}",
                    hint=f"name the variable or the file that holds it: {name}_env=NAME or {name}_file=PATH",
                )
        require_options(reference, (*OPTIONS, *READING))
        self._reference = reference
        self._context = context
        self.address = self._address()
        self.namespace = self.get("namespace", "NAMESPACE").strip("/")
        if not _fits_header(self.namespace):
            raise BadReference(f"{self.namespace!r} is not a namespace")
        self.method = (self.get("auth_method", "AUTH_METHOD") or "token").lower()
        if self.method not in METHODS:
            raise BadReference(
                f"vault:// does not know the sign-in method {self.method!r}",
                hint=f"one of {', '.join(METHODS)}",
            )

    def key(self) -> tuple[object, ...]:
        """Equal for references that one sign-in serves."""
        options = tuple((name, self._reference.option(name)) for name in OPTIONS)
        files = any(name.endswith("_file") and value for name, value in options)
        return (options, self._reference.base if files else None)

    def get(self, option: str, *variables: str) -> str:
        """An option of the reference or the table, else a variable; the names are without BAO_ or VAULT_."""
        chosen = self._reference.option(option) or self._context.options.get(option)
        if chosen is not None and not isinstance(chosen, str):
            raise BadReference(f"[backend.vault] {option} must be a text")
        return chosen or self.variable(*variables)

    def variable(self, *names: str) -> str:
        """The first variable that is set: of each name BAO_NAME, as OpenBao has it, then VAULT_NAME."""
        for name in names:
            for prefix in ("BAO_", "VAULT_"):
                if value := self._context.environ.get(prefix + name):
                    return value
        return ""

    def _address(self) -> str:
        """The server's address.

        A template may name a server only if the user knows it too: whoever wrote the template could
        otherwise have the user's sign-in sent to a server of their own.
        """
        option = self._reference.option
        said = option("address") or ""
        if not said and option("host"):
            said = f"{option('proto', 'https')}://{option('host')}"
        others = self._context.options.get("addresses")
        mine = [self._context.options.get("address"), self.variable("ADDR")]
        known = [
            str(one).rstrip("/") for one in (*mine, *(others if isinstance(others, list) else ())) if one
        ]
        if not said and not known:
            raise NotSignedIn(
                "the address of the Vault server is not set",
                hint="set VAULT_ADDR=https://HOST:8200, or address in [backend.vault]",
            )
        if said and said.rstrip("/") not in known and not self._reference.trusted:
            raise BadReference(
                f"the template names the server {said}, which is not one you have set, "
                "and your sign-in would be sent there",
                hint=f"if it is right, set VAULT_ADDR={said} or list it under addresses in [backend.vault]",
            )
        return (said or known[0]).rstrip("/")

    def secret(self, name: str, variables: tuple[str, ...] = (), file: str = "") -> str:
        """The secret `name`: from the variable or file an option names, else a variable, else `file`.

        Raises:
            NotSignedIn: it is nowhere.
        """
        if variable := self.get(f"{name}_env", f"{name.upper()}_ENV"):
            value = self._context.environ.get(variable, "")
            if not value:
                raise NotSignedIn(f"{name}_env names the variable {variable}, which is not set")
            return value
        chosen = self._reference.option(f"{name}_file")
        path = chosen or self.get(f"{name}_file")
        if not path and (value := self.variable(*variables)):
            return value
        path = path or self.variable(f"{name.upper()}_FILE") or file
        if path and (path != file or os.path.exists(absolute(path, "/", self._context))):
            # An option starts where the reference stands, any other path where we are.
            base = self._reference.base if chosen else os.getcwd()
            return read_sign_in(absolute(path, base, self._context), f"the {name.replace('_', ' ')}")
        places = [f"{name}_env", f"{name}_file", *(f"VAULT_{variable}" for variable in variables)]
        raise NotSignedIn(
            f"signing in to Vault by {self.method} needs a {name.replace('_', ' ')}",
            hint="vault login, or set VAULT_TOKEN" if name == "token" else f"give it by {', '.join(places)}",
        )

    def plain(self, name: str, *variables: str) -> str:
        """The setting `name`, which a method can't do without.

        Raises:
            NotSignedIn: it is not set.
        """
        value = self.get(name, *variables)
        if not value:
            places = " or ".join((f"?{name}=", *(f"VAULT_{variable}" for variable in variables)))
            raise NotSignedIn(
                f"signing in to Vault by {self.method} needs a {name.replace('_', ' ')}",
                hint=f"give it by {places}",
            )
        return value

    def token_file(self) -> str:
        return os.path.join(home(self._context), ".vault-token")


def sign_in(settings: Settings, post: Callable[[str, Mapping[str, str]], Answer]) -> str:
    """A token.

    Args:
        settings: of the reference that wants it.
        post: sends a login to a path below `/v1/` and returns an answer of status 200.

    Raises:
        NotSignedIn: something to sign in with is missing, or the server refuses it.
    """
    method = settings.method
    if method == "token":
        token = settings.secret("token", ("TOKEN",), file=settings.token_file()).strip()
        if not token or not _fits_header(token):
            raise NotSignedIn(
                "the Vault token is empty or holds what no token holds",
                hint="vault login, or set VAULT_TOKEN",
            )
        return token
    from urllib.parse import quote

    mount = settings.get("auth_mount", f"{method.upper()}_MOUNT_POINT", "LOGIN_MOUNT_POINT") or method
    path = f"auth/{quote(mount.strip('/'))}/login"
    if method == "approle":
        body = {
            "role_id": settings.plain("role_id", "ROLE_ID"),
            "secret_id": settings.secret("secret_id", ("SECRET_ID",)),
        }
    elif method in ("userpass", "ldap"):
        path += "/" + quote(settings.plain("username", "USERNAME"), safe="")
        body = {"password": settings.secret("password", ("PASSWORD",))}
    else:
        role = settings.get("role", "ROLE") or settings.plain("role_id", "ROLE_ID")
        kubernetes = method == "kubernetes"
        default = settings.variable("KUBERNETES_JWT_TOKEN_PATH") or KUBERNETES_TOKEN if kubernetes else ""
        body = {"role": role, "jwt": settings.secret("jwt", ("JWT",), file=default)}
    return _token_of(post(path, body))


def _token_of(answer: Answer) -> str:
    import json

    try:
        auth = json.loads(answer.body)["auth"]
        if auth.get("mfa_requirement"):
            raise NotSignedIn(
                "the Vault server wants a second factor, which can't be given here",
                hint="sign in first: vault login",
            )
        token = auth["client_token"]
    except (ValueError, KeyError, TypeError, AttributeError):
        token = None
    if not isinstance(token, str) or not token or not _fits_header(token):
        raise BadAnswer("the Vault server's answer to the sign-in holds no token")
    return token


def _fits_header(text: str) -> bool:
    """Whether it is printable ASCII: else `http.client` raises an error that quotes it."""
    return text.isascii() and (not text or text.isprintable())
