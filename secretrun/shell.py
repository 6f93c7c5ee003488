"""`secretrun-shell`: the door for a coding agent's shell.

What goes through it has the project's secrets, masked.

Called in two ways:

- as Claude Code's `CLAUDE_CODE_SHELL_PREFIX`, with one argument: a command string for the person's shell.
  The same prefix starts Claude's hooks, which get no secrets, and its MCP servers, which get them with JSON
  kept valid;
- as a shell (`$SHELL`, opencode's `shell`, a `bash` first on PATH that leads here): a call with `-c` is
  wrapped, whatever else (a script, a script on stdin, `-x`, an interactive shell) is the real shell's,
  unchanged.

What it starts finds `SHELL` and `PATH` as they were before we were put there.
"""

from __future__ import annotations

import os
import sys

from secretrun.errors import SecretrunError
from secretrun.hooks import agents, shims
from secretrun.messages import Messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence
    from typing import NoReturn

SHELLS = ("bash", "zsh", "sh", "dash", "ksh")  # whose `-c` we know; any other gets a bash in its place
_DEEPEST = 16
_WITH_ARGUMENT = ("--rcfile", "--init-file", "-o", "+o", "-O", "+O")


def main() -> int:
    """Run one command of an agent; returns only when it could not be started."""
    from secretrun.posix import descriptors

    descriptors.plug()  # before anything is opened: a closed stdout must not become some file of ours
    messages = Messages()
    try:
        _run(sys.argv[0], sys.argv[1:], messages)
    except SecretrunError as error:
        messages.error(error)
        return error.exit_status
    except KeyboardInterrupt:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        return 130
    except Exception as error:  # noqa: BLE001  a bug must not print a traceback that quotes a value
        messages.bug(error)
        return 125


def _run(called: str, arguments: list[str], messages: Messages) -> NoReturn:
    environ = os.environ
    name = os.path.basename(called)
    shell = real_shell(name, environ)
    if len(arguments) == 1 and not arguments[0].startswith("-") and _as_prefix(name, environ):
        argv = [shell, "-c", arguments[0]]
        way = _of_claude(environ)
    else:
        argv = [shell, *arguments]
        way = "command" if has_command(arguments) else "unchanged"
        if _is_hook(environ):
            environ[shims.WAY] = f"{os.getpid()} 0"  # by this it knows that commands go through us too
            from secretrun.child import execute

            execute.replace([os.fsencode(word) for word in argv], dict(os.environb))
    if _leads_back(environ):
        way, shell = "unchanged", "/bin/bash" if os.access("/bin/bash", os.X_OK) else "/bin/sh"
        argv[0] = shell
    restore(environ, shell)
    if os.path.basename(shell) == name and os.path.dirname(shell) in _directories(environ):
        argv[0] = name  # as it would find itself called on the PATH
    raw = [os.fsencode(word) for word in argv]
    if way == "unchanged":
        from secretrun.child import execute

        execute.replace(raw, dict(os.environb))
    above = environ.get(shims.WAY, "0 0").rpartition(" ")[2]
    environ[shims.WAY] = f"{os.getpid()} {int(above) + 1 if above.isdigit() else 1}"
    messages.quiet = True
    from secretrun.launch import start
    from secretrun.launch.prepare import prepare

    said = {"quiet": True, "stdio": True if way == "server" else None}
    prepared = prepare(said.get, messages)
    prepared.agent = True
    prepared.words = tuple(arguments)
    raise SystemExit(start.run(prepared, raw, messages))


def _as_prefix(name: str, environ: Mapping[str, str]) -> bool:
    """Whether one argument is a command string.

    Not where we stand for a shell, which would be given a file.
    """
    if name in SHELLS:
        return False
    return "CLAUDE_CODE_SHELL_PREFIX" in environ or not shims.leads_here(environ.get("SHELL", ""))


def _is_hook(environ: Mapping[str, str]) -> bool:
    """Whether an agent that looks its shell up on the PATH runs a hook by it: that gets no secrets.

    Gemini CLI 0.61.0: hooks have GEMINI_PROJECT_DIR, commands GEMINI_CLI.
    """
    return any(
        f"{name}_PROJECT_DIR" in environ and marker not in environ
        for name, marker in (("GEMINI", "GEMINI_CLI"), ("QWEN", "QWEN_CODE"))
    )


def _of_claude(environ: Mapping[str, str]) -> str:
    """Which of the three Claude Code starts by its prefix: "command", "server", or "unchanged" for a hook.

    Claude Code 2.1.332: commands have CLAUDE_CODE_EXECPATH; servers name the sessions that launched them and
    are no child of one; what is left are hooks and the status line.
    """
    if environ.get("CLAUDECODE") != "1" or "CLAUDE_CODE_EXECPATH" in environ:
        return "command"
    if "CLAUDE_CODE_LAUNCHED_BY_SESSION_IDS" in environ and "CLAUDE_CODE_CHILD_SESSION" not in environ:
        return "server"
    return "unchanged" if "CLAUDE_CODE_SHELL_PREFIX" in environ else "command"


def has_command(arguments: Sequence[str]) -> bool:
    """Whether a shell's arguments hold `-c`: `-c`, `-lc`, `--norc --noprofile -c`; not `build.sh -c`."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_ARGUMENT:
            next(words, None)
        elif word in ("-", "--") or word[:1] not in ("-", "+"):
            return False
        elif not word.startswith("--") and word.startswith("-") and "c" in word:
            return True
    return False


def real_shell(name: str, environ: Mapping[str, str]) -> str:
    """The shell to run: the one we were called for, the person's, or a bash.

    Args:
        name: what we were called: a shell's own name when we stand before it on the PATH.
        environ: of the caller.
    """
    agent = agents.detected(environ)
    if name not in SHELLS and (agent is None or agent.name != "gemini"):  # Gemini's commands are bash's
        for mine in (environ.get("SHELL", ""), _of_account()):
            if os.path.basename(mine) in SHELLS and os.access(mine, os.X_OK) and not shims.leads_here(mine):
                return mine
    wanted = name if name in SHELLS else "bash"
    for directory in (*_directories(environ), "/bin", "/usr/bin", "/usr/local/bin"):
        path = os.path.join(directory, wanted)
        if os.path.isabs(path) and os.access(path, os.X_OK) and not shims.leads_here(path):
            return path
    return "/bin/sh"


def _of_account() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return ""


def _directories(environ: Mapping[str, str]) -> list[str]:
    return environ.get("PATH", "").split(os.pathsep)


def restore(environ: MutableMapping[str, str], shell: str) -> None:
    """Take ourselves out of `SHELL`, `PATH` and `BASH_ENV`, so that what is started finds the real shells."""
    if "SHELL" in environ and shims.leads_here(environ["SHELL"]):
        environ["SHELL"] = shell
    if environ.get("BASH_ENV") == shims.bash_env_path(environ):
        del environ["BASH_ENV"]
    if "PATH" in environ:
        kept = [directory for directory in _directories(environ) if not _stands_before(directory)]
        environ["PATH"] = os.pathsep.join(kept)


def _stands_before(directory: str) -> bool:
    """Whether a directory of PATH holds a shell that leads here."""
    for name in ("bash", "zsh", "sh"):
        path = os.path.join(directory, name)
        if os.path.isfile(path) and shims.leads_here(path):
            return True
    return False


def _leads_back(environ: Mapping[str, str]) -> bool:
    """Whether the shell that the secretrun-shell above has started is us again.

    What it masks, we need not.
    """
    above, _, level = environ.get(shims.WAY, "").partition(" ")
    if not above.isdigit() or not level.isdigit():
        return False
    return int(above) in (os.getpid(), os.getppid()) or int(level) >= _DEEPEST


if __name__ == "__main__":
    sys.exit(main())
