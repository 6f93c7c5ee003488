"""Scheme to backend object. The one place that knows which backends there are, as strings.

First-party backends are a table, so that a run that needs none of them imports nothing. Other schemes
come from the entry-point group `secretrun.backends`, looked up only when a scheme is in neither this
table nor the list of well-known URL schemes: `importlib.metadata` costs 26 ms. Last, the PATH is
searched for `secretrun-backend-SCHEME`.
"""

from __future__ import annotations

import sys

from secretrun import sign_in
from secretrun.backend import Context
from secretrun.errors import ConfigError
from secretrun.model import LONGEST_TIMEOUT
from secretrun.template.value import LITERAL, ORDINARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from secretrun.backend import Backend

GROUP = "secretrun.backends"
BUILTIN = {
    "age": "secretrun_backends.age:Age",
    "aws-sm": "secretrun_backends.aws_secrets_manager:AwsSecretsManager",
    "aws-ssm": "secretrun_backends.aws_parameter_store:AwsParameterStore",
    "azure-kv": "secretrun_backends.azure_key_vault:AzureKeyVault",
    "bw": "secretrun_backends.bitwarden:Bitwarden",
    "bws": "secretrun_backends.bitwarden_secrets:BitwardenSecrets",
    "doppler": "secretrun_backends.doppler:Doppler",
    "env": "secretrun_backends.environment:Environment",
    "exec": "secretrun_backends.command:Command",
    "file": "secretrun_backends.file:File",
    "gcp-sm": "secretrun_backends.google_secret_manager:GoogleSecretManager",
    "gopass": "secretrun_backends.password_store:PasswordStore",
    "gpg": "secretrun_backends.gpg:Gpg",
    "httpjson": "secretrun_backends.http_json:HttpJson",
    "infisical": "secretrun_backends.infisical:Infisical",
    "k8s": "secretrun_backends.kubernetes:Kubernetes",
    "keepassxc": "secretrun_backends.keepassxc:KeePassXC",
    "keyring": "secretrun_backends.keyring_store:Keyring",
    "op": "secretrun_backends.onepassword:OnePassword",
    "pass": "secretrun_backends.password_store:PasswordStore",
    "sops": "secretrun_backends.sops:Sops",
    "summon": "secretrun_backends.summon:Summon",
    "systemd-creds": "secretrun_backends.systemd_creds:SystemdCreds",
    "vault": "secretrun_backends.vault:Vault",
}
# What other tools call these stores (vals, secretspec, fnox, teller, chezmoi), and their own names: hardly
# meant literally, and no reference here.
ALIASES = {
    "1password": "op", "aws-parameter-store": "aws-ssm", "aws-ps": "aws-ssm", "aws-secret-manager":
    "aws-sm", "aws-secrets-manager": "aws-sm", "aws-secretsmanager": "aws-sm", "awsps": "aws-ssm",
    "awssecrets": "aws-sm", "awssecretsmanager": "aws-sm", "awssm": "aws-sm", "awsssm": "aws-ssm",
    "azure-key-vault": "azure-kv", "azure-keyvault": "azure-kv", "azure-sm": "azure-kv", "azurekeyvault":
    "azure-kv", "bao": "vault", "bitwarden": "bw", "bitwarden-secrets": "bws", "gcp-secret-manager":
    "gcp-sm", "gcp-secretmanager": "gcp-sm", "gcpsecrets": "gcp-sm", "gcpsm": "gcp-sm", "gcsm": "gcp-sm",
    "google-secret-manager": "gcp-sm", "google-secretmanager": "gcp-sm", "hashicorp-vault": "vault",
    "hashivault": "vault", "keepass": "keepassxc", "keychain": "keyring", "kubernetes": "k8s",
    "onepassword": "op", "openbao": "vault", "password-store": "pass", "secret-service": "keyring",
    "secretsmanager": "aws-sm",
}  # fmt: skip
# The backends whose name is not their scheme: [backend.kubernetes] and [backend.k8s] are the same table.
NAMES = {"http-json": "httpjson", "kubernetes": "k8s"}


class Registry:
    """The backends of one run, each made once.

    Args:
        environ: what the helper programs of backends are started with.
        timeout: seconds a store may take, unless its own table says otherwise.
        options: the [backend.NAME] tables.
        interactive: whether a person is at the terminal.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        timeout: float | None = None,
        options: Mapping[str, Mapping[str, object]] | None = None,
        interactive: bool = False,
    ) -> None:
        self._environ = environ
        self._timeout = timeout
        self._options = options or {}
        self._interactive = interactive
        self._made: dict[str, Backend] = {}
        self._found: dict[str, str] | None = None

    def known(self, scheme: str) -> bool:
        """Whether `scheme://` is a reference rather than an ordinary URL.

        Raises:
            ConfigError: for a scheme one slip away from a known one, which is hardly meant literally.
        """
        if scheme in BUILTIN:
            return True
        if scheme in ORDINARY or scheme.partition("+")[0] in ORDINARY:  # postgresql+psycopg2, git+https
            return False
        dashed = scheme.replace("_", "-")
        if dashed == scheme and scheme[:1].isalpha() and (scheme in self._plugins() or self._program(scheme)):
            return True
        from secretrun import hints

        meant = ALIASES.get(dashed) or (dashed if dashed in BUILTIN else None)
        close = meant or hints.slip(scheme, (*BUILTIN, *self._plugins()))
        if close:
            raise ConfigError(
                f"unknown scheme '{scheme}://', is it a slip for '{close}://'?",
                hint=LITERAL % f"{scheme}://",
            )
        return False

    def check_options(self) -> None:
        """See that every [backend.NAME] table is some backend's: one that is nobody's would do nothing.

        Raises:
            ConfigError: naming the table, and the backend that was probably meant.
        """
        for name in self._options:
            if name in BUILTIN or name in NAMES or self._program(name) or name in self._plugins():
                continue
            if any(name == self.backend(scheme).info.name for scheme in self._plugins()):
                continue
            from secretrun import hints

            known = (*BUILTIN, *self._plugins())
            raise ConfigError(f"there is no backend for [backend.{name}]", hint=hints.one_of(name, known))

    def backend(self, scheme: str) -> Backend:
        """The backend of a scheme.

        Raises:
            ConfigError: when there is none, when two claim it, or when it can't be loaded.
        """
        if scheme not in self._made:
            target = BUILTIN.get(scheme) or self._plugins().get(scheme)
            program = self._program(scheme)
            if target and program:
                raise ConfigError(
                    f"{program} and {target.partition(':')[0]} both provide {scheme}://",
                    hint="remove one of them",
                )
            if target:
                made = _load(target, scheme)
            elif program:
                from secretrun.resolution.program_backend import ProgramBackend

                made = ProgramBackend(scheme, program)
            else:
                raise ConfigError(f"no backend for {scheme}:// in this version of secretrun")
            for other in made.info.schemes:
                # Only those that lead to it: a plugin can't take a scheme over by claiming it.
                if target and target == (BUILTIN.get(other) or self._plugins().get(other)):
                    self._made.setdefault(other, made)
            self._made[scheme] = made
        return self._made[scheme]

    def context(self, backend: Backend) -> Context:
        """What the backend may know of this run, for one batch.

        Raises:
            ConfigError: the time limit in its table is none.
        """
        options: dict[str, object] = {}
        for name in (*backend.info.schemes, backend.info.name):
            options.update(self._options.get(name, {}))
        timeout = options.get("timeout", self._timeout)
        if timeout is not None and (
            isinstance(timeout, bool)
            or not isinstance(timeout, (int, float))
            or not 0 < timeout <= LONGEST_TIMEOUT
        ):
            raise ConfigError(f"[backend.{backend.info.name}] timeout must be a number of seconds above 0")
        info = backend.info
        return Context(
            sign_in.for_store(self._environ, info.name, info.sign_in_variables),
            timeout=timeout,
            options=options,
            interactive=self._interactive,
            memo={},
        )

    def everything(self) -> list[Backend]:
        """Every backend there is, each once, by name."""
        from secretrun.resolution.program_backend import installed

        schemes = dict.fromkeys((*BUILTIN, *self._plugins(), *installed(self._environ)))
        made = {self.backend(s).info.name: self.backend(s) for s in schemes}
        return [made[name] for name in sorted(made)]

    def _program(self, scheme: str) -> str | None:
        """The program on the PATH that provides the scheme."""
        from secretrun.resolution import program_backend

        return program_backend.find(scheme, self._environ)

    def _plugins(self) -> dict[str, str]:
        """Scheme to "module:Class" of the installed plugins."""
        if self._found is None:
            from importlib.metadata import entry_points

            found: dict[str, tuple[str, str]] = {}
            for point in entry_points(group=GROUP):
                owner = point.dist.name if point.dist is not None else point.value
                if point.name in BUILTIN:
                    raise ConfigError(f"{owner} and secretrun itself both provide {point.name}://")
                if point.name in found and found[point.name] != (point.value, owner):
                    raise ConfigError(
                        f"{owner} and {found[point.name][1]} both provide {point.name}://",
                        hint="uninstall one of them",
                    )
                found[point.name] = (point.value, owner)
            self._found = {scheme: value for scheme, (value, _) in found.items()}
        return self._found


def _load(target: str, scheme: str) -> Backend:
    module, _, name = target.partition(":")
    try:
        made: Backend = getattr(_imported(module), name)()
        schemes = made.info.schemes
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a plugin raises is its failure to load
        raise ConfigError(
            f"the backend of {scheme}:// ({target}) can't be loaded: {type(error).__name__}: {error}",
            hint="reinstall or uninstall the package that brings it",
        ) from None
    if scheme not in schemes:
        raise ConfigError(f"the backend {target} does not say that it provides {scheme}://")
    return made


def _imported(module: str) -> ModuleType:
    """`importlib.import_module`, whose package would have to be imported for it."""
    __import__(module)
    return sys.modules[module]
