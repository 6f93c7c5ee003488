"""What --sandbox comes to on this machine, in this run: how it is confined, or why it can't be."""

from __future__ import annotations

import os

from secretrun.broker import sandbox
from secretrun.errors import ConfigError, SecretrunError
from secretrun.hooks import shims
from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.launch.prepare import Prepared
    from secretrun.messages import Messages
    from secretrun.model import Resolved

# Variables that name a key's or a session's file, which is hidden, or a socket, which is not there.
_KEYS = (
    "SOPS_AGE_KEY_FILE",
    "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "KUBECONFIG",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "AZURE_CONFIG_DIR",
    "GNUPGHOME",
    "NETRC",
    "PASSWORD_STORE_DIR",
    "DOCKER_CONFIG",
    "CLOUDSDK_CONFIG",
    "XDG_STATE_HOME",
)
_SOCKETS = (
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "GPG_AGENT_INFO",
    "DOCKER_HOST",
    "WAYLAND_DISPLAY",
    "DISPLAY",
    "TMUX",
    "TMUX_PANE",
    "SSH_AGENT_PID",
)


class SandboxError(SecretrunError):
    """There can be no sandbox here, so the command was not started."""

    code = "broker.sandbox"


class Confinement:
    """How a run is confined.

    Attributes:
        assurance: "cooperative", "enforced" or "external"; printed, and in the audit.
    """

    def __init__(self, prepared: Prepared) -> None:
        settings = prepared.settings
        self._prepared = prepared
        self._wanted = settings.text("sandbox")
        self._lost: str | None = None
        self._plan: sandbox.Plan | None = None
        self._missing: list[str] = []
        self._bwrap = ""
        self.assurance = "external" if self._wanted == "external" else "cooperative"
        if self._wanted not in ("enforce", "best-effort"):
            return
        found = sandbox.find(prepared.environ.get("PATH", os.defpath))
        trouble = sandbox.problem(found)
        if trouble is None:
            assert found is not None  # noqa: S101  without it there is trouble
            self._bwrap = found
            self.assurance = "enforced"
        elif self._wanted == "enforce":
            raise SandboxError(f"no sandbox: {trouble[0]}, so the command was not started", hint=trouble[1])
        else:
            self._lost = trouble[0]

    def say(self, messages: Messages) -> None:
        """What best-effort lost."""
        if self._lost is not None:
            messages.warn(
                f"no sandbox ({self._lost}): the command can reach network, sockets and stores as you can",
                insist=True,
            )

    def wrap(self, argv: list[bytes], resolved: Resolved, broker: int, directory: str) -> list[bytes]:
        """The words that run the command in its sandbox.

        Args:
            argv: the command.
            resolved: its environment, which is changed to fit.
            broker: the socket for the broker's listener.
            directory: the broker's, with the bundles.

        Raises:
            ConfigError: the working directory is hidden itself, or this machine has no filter.
        """
        prepared = self._prepared
        environ = prepared.environ
        home = environ.get("HOME") or os.path.expanduser("~")
        delivered = {
            os.path.dirname(os.fsdecode(value))
            for name, value in resolved.environment.items()
            if name in resolved.deliver and value.startswith(b"/")
        }
        plan = self._plan = sandbox.Plan(
            home,
            prepared.directory,
            directories.up_to_repository(prepared.directory)[-1],
            secrets=self._secret_files(),
            # with what makes an agent's shell ours, which lies beside what is hidden
            readable=[
                directory,
                *sorted(place for place in (*delivered, shims.directory(environ)) if os.path.isdir(place)),
            ],
            sockets=prepared.settings.flag("allow_socket"),
        )
        if plan.directory in plan.secrets:
            raise ConfigError("the working directory holds the keys of a store: run it elsewhere")
        resolved.environment["TMPDIR"] = b"/tmp"
        resolved.left_out += [name for name in _SOCKETS if name not in resolved.environment]
        empty = os.path.join(directory, "empty")
        os.close(os.open(empty, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400))
        self._missing = plan.missing()
        return sandbox.command(plan, self._bwrap, broker, empty, argv)

    def _secret_files(self) -> list[str]:
        """Templates, the files their references name, and keys that variables name."""
        prepared = self._prepared
        found = [path for path in prepared.config.templates if path != "-"]
        for entry in prepared.plan.entries.values():
            for reference in entry.references():
                path = getattr(reference, "path", None)
                if reference.scheme == "file" and path:
                    found.append(os.path.join(reference.base, os.path.expanduser(path)))
        found += [prepared.environ[name] for name in _KEYS if prepared.environ.get(name)]
        return [os.path.abspath(path) for path in found]

    def look_again(self, messages: Messages) -> None:
        """Say what the command made that is obeyed outside the sandbox."""
        for path in self._missing:
            if os.path.lexists(path):
                messages.warn(
                    f"the command made {path}, which is obeyed outside the sandbox: look at it first",
                    insist=True,
                )
