"""Programs that lead to `secretrun-shell`: itself, a link to it, a script that names it."""

from __future__ import annotations

import os
import sys

from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.hooks.settings_files import File

NAME = "secretrun-shell"
# "PID LEVEL" of the secretrun-shell above: where the shell it starts leads back to us, that ends there
WAY = "SECRETRUN_SHELL"
_LOOK = 4096  # bytes of a script in which it would name us


def executable(name: str) -> str:
    """The absolute path of one of our programs: beside the interpreter, where they are installed together."""
    beside = os.path.join(os.path.dirname(sys.executable), name)
    if os.path.exists(beside):
        return beside
    import shutil

    found = shutil.which(name)
    return os.path.abspath(found) if found else beside


def leads_here(path: str) -> bool:
    """Whether a program is `secretrun-shell`, or a link or script that leads to it."""
    if not path:
        return False
    if os.path.basename(os.path.realpath(path)) == NAME:
        return True
    try:
        with open(path, "rb") as file:
            head = file.read(_LOOK)
    except OSError:
        return False
    return head.startswith(b"#!") and (b"secretrun-shell" in head or b"secretrun.shell" in head)


def first_is_ours(name: str, environ: Mapping[str, str]) -> bool:
    """Whether the program of this name found first on the PATH leads here, or has just led here."""
    came = environ.get(WAY, "").partition(" ")[0]
    if came.isdigit() and int(came) in (os.getpid(), os.getppid()):
        return True
    for directory in environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return leads_here(path)
    return False


def command(words: str) -> str:
    """A command line of ours for a shell, by its absolute path.

    An agent's login shell sets a PATH of its own.
    """
    import shlex

    return f"{shlex.quote(executable('secretrun'))} {words}"


def is_stale(there: object) -> bool:
    """Whether what stands in a setting is an earlier `secretrun-shell`, which may be replaced."""
    return isinstance(there, str) and os.path.basename(there) == NAME


def directory(environ: Mapping[str, str]) -> str:
    """Where the `bash` lies that leads to us, for agents that look one up on the PATH."""
    return os.path.join(directories.state(environ), "shells")


def bash(environ: Mapping[str, str]) -> File:
    """That `bash`: a link, so that we are called by the name we stand for."""
    from secretrun.hooks.settings_files import File  # brings json, for which no command of an agent waits

    return File(os.path.join(directory(environ), "bash"), link=executable(NAME))


def start_line(program: str, environ: Mapping[str, str]) -> str:
    """How to start an agent so that it finds that `bash` first."""
    return f'PATH="{directory(environ)}:$PATH" {program}'


def bash_env_path(environ: Mapping[str, str]) -> str:
    return os.path.join(directory(environ), "env.bash")


def bash_env(environ: Mapping[str, str]) -> File:
    """What bash reads before a command string, where BASH_ENV names it: the command goes through us.

    Below the agent's rules, which see the command as it is. Not a second time, and not what is ours already.
    """
    import shlex

    from secretrun.hooks.settings_files import File

    shell = executable(NAME)
    ours = " | ".join(
        shlex.quote(program) + "\\ *"
        for name in (NAME, "secretrun")
        for program in dict.fromkeys((executable(name), shlex.quote(executable(name))))
    )
    text = f"""\
# Written by `secretrun hook install`: bash reads it before a command of an agent, and hands that over.
if [ -z "${{SECRETRUN_SHELL-}}" ] && [ -n "${{BASH_EXECUTION_STRING-}}" ] && [ -x {shlex.quote(shell)} ]; then
    case $BASH_EXECUTION_STRING in
        {ours}) ;;
        *) exec {shlex.quote(shell)} -c "$BASH_EXECUTION_STRING" "$0" "$@" ;;
    esac
fi
"""
    return File(bash_env_path(environ), whole=text)
