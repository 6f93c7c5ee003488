"""`secretrun completion bash|zsh|fish`: print the completion script of a shell, or install it.

Made from the argparse trees, so an option can't be missing from it. After `--` every script hands
over to the completion of the command that is to be run. Names, profiles, templates and stores are asked
for when they are wanted (`cli.offers`).

Where each shell looks: bash-completion's README ("user directory"), fish's documentation ("Where to put
completions"); zsh has no place of a user's own, so there a line in `.zshrc` has to name it.
"""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from secretrun.messages import Messages

SHELLS = ("bash", "zsh", "fish")
MARK = b"completion for secretrun"  # in the first lines of each script


def run(options: argparse.Namespace) -> int:
    """Print the script, or put it where the shell looks for it; returns the exit status.

    Raises:
        UsageError: no shell is named, and which one is used is not known.
        ConfigError: the file is somebody else's, or can't be written.
    """
    if options.install:
        _install(options.shell or _own_shell(os.environ), os.environ, options.messages)
        return 0
    if options.shell is None:
        raise UsageError("which shell? bash, zsh or fish", hint="secretrun completion --install takes yours")
    sys.stdout.write(script(options.shell))
    return 0


def script(shell: str) -> str:
    """The completion script of a shell, one of SHELLS."""
    import importlib

    from secretrun.cli.completion.tree import words

    module = importlib.import_module(f"secretrun.cli.completion.{shell}")
    text: str = module.script(words())
    return text


def place(shell: str, environ: Mapping[str, str]) -> str:
    """The file in which a shell of this user finds the script."""
    home = environ.get("HOME") or os.path.expanduser("~")
    data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    configuration = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return {
        "bash": os.path.join(data, "bash-completion", "completions", "secretrun"),
        "zsh": os.path.join(data, "zsh", "site-functions", "_secretrun"),
        "fish": os.path.join(configuration, "fish", "completions", "secretrun.fish"),
    }[shell]


def _own_shell(environ: Mapping[str, str]) -> str:
    name = os.path.basename(environ.get("SHELL", ""))
    if name not in SHELLS:
        raise UsageError(
            f"there are completions for bash, zsh and fish, and SHELL is {name or 'not set'}",
            hint="secretrun completion --install bash",
        )
    return name


def _install(shell: str, environ: Mapping[str, str], messages: Messages) -> None:
    from secretrun.posix import atomic_file

    path = place(shell, environ)
    try:
        if os.path.lexists(path):
            with open(path, "rb") as file:
                if MARK not in file.read(256):
                    raise ConfigError(f"{path} is there, and not ours", hint="move it away")
        os.makedirs(os.path.dirname(path), exist_ok=True)
    except OSError as error:
        raise ConfigError(f"can't write {path}: {(error.strerror or 'it failed').lower()}") from None
    atomic_file.write_atomic(path, script(shell).encode(), mode=0o644, replace=True)
    messages.note(f"wrote {path}; a new {shell} completes with it")
    if shell == "zsh":
        directory = os.path.dirname(path)
        messages.note(f"zsh looks there when .zshrc says, before compinit: fpath=({directory} $fpath)")
    if shell == "bash":
        messages.note(f"without the bash-completion package, .bashrc has to say: source {path}")
