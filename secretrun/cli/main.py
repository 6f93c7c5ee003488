"""The front: `main(argv)` chooses a verb, and is the one place where errors become text.

`--` is looked for before anything is parsed: what stands after it is the command and is never read.
"""

from __future__ import annotations

import sys

from secretrun.errors import SecretrunError, UsageError
from secretrun.messages import Messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Run one command line (without the program's name); returns the exit status."""
    messages = Messages()
    try:
        status = _dispatch(list(argv), messages)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where a closed pipe is expected
        return status
    except SecretrunError as error:
        _end_helpers()
        if error.code == "shortage":
            messages.redactor = None  # all of its text is ours, and masking may be what failed
        messages.error(error)
        return error.exit_status
    except KeyboardInterrupt as interrupt:
        _end_helpers()
        # Ctrl-C (or an end asked for) before the command runs: end as any program that does not catch it.
        return _die_of(getattr(interrupt, "number", 2))
    except BrokenPipeError:
        _drop_output()  # `secretrun check | head`: end quietly
        return 141
    except Exception as error:  # noqa: BLE001  a bug must not print a traceback that quotes a value
        _end_helpers()
        return failed(error, messages)


def failed(error: Exception, messages: Messages) -> int:
    """Say what went wrong that nobody had foreseen, a bug or something that the system lacks; returns 125."""
    if isinstance(error, OSError) and _is_full(error):
        messages.error(SecretrunError(f"can't write: {(error.strerror or 'it failed').lower()}"))
    else:
        short: SecretrunError | None
        try:
            from secretrun.shortage import shortage

            short = shortage(error)
        except Exception:  # noqa: BLE001  that can't be loaded either
            short = SecretrunError("not enough files or memory", hint="allow more: ulimit -n, ulimit -v")
        if short is None:
            messages.bug(error)
        else:
            messages.redactor = None  # all of its text is ours, and masking may be what failed
            messages.error(short)
    _drop_output()
    return 125


def _is_full(error: OSError) -> bool:
    """Whether it is about room that is not there: a verb's output goes to a full disk."""
    import errno

    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _drop_output() -> None:
    """Keep Python from writing at exit what could not be written, and from changing the status for it."""
    import os

    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError:  # there is no such device, or no descriptor for it
        try:
            os.close(1)
        except OSError:
            pass  # it was closed


def _end_helpers(*, last: bool = False) -> None:
    """Leave no store's program behind: one may still run in a thread that nobody waits for any more."""
    tools = sys.modules.get("secretrun.backend.programs")
    if tools is not None:
        tools.kill_running(last=last)


def _die_of(number: int) -> int:
    """Die of a signal, so that a shell script that ran us stops too."""
    import os
    import signal

    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 128 + number


def _dispatch(argv: list[str], messages: Messages) -> int:
    if not argv:
        raise UsageError("no command given", hint="secretrun -- COMMAND runs it; secretrun --help says more")
    if argv[0] == "__complete":
        from secretrun.cli import offers

        return offers.run(argv[1:])
    verb, rest = "run", argv
    if not argv[0].startswith("-"):
        verb, rest = argv[0], argv[1:]
    command: list[str] | None = None
    if verb == "run" and "--" in rest:
        cut = rest.index("--")
        rest, command = rest[:cut], rest[cut + 1 :]
        from secretrun.cli import plain_options as plain

        given = plain.read(rest) if command else None
        if command and given is not None:
            from secretrun.cli.verbs import run

            messages.quiet = "quiet" in given
            return run.run(plain.Options(command, messages, given))
    from secretrun.cli import parser, table

    if argv[0] in ("-h", "--help"):
        sys.stdout.write(parser.overview(table.terminal_width() or 80))
        return 0
    if argv[0] in ("-V", "--version"):
        from secretrun.cli.verbs import version

        return version.run()
    verb = parser.ALIASES.get(verb, verb)
    if verb not in parser.VERBS:
        raise _unknown(argv)
    try:
        options = parser.build(verb).read(rest)
    except UsageError as error:
        if verb == "run" and command is None:  # most often `secretrun -e FILE npm test`
            raise UsageError(error.message, hint="the command stands after '--'") from None
        raise
    messages.quiet = bool(getattr(options, "quiet", None))
    options.messages = messages
    if verb == "run":
        if not command:
            raise UsageError("no command after '--'", hint="secretrun [OPTIONS] -- COMMAND [ARG]...")
        options.command = command
    import importlib

    module = importlib.import_module(f"secretrun.cli.verbs.{parser.VERBS[verb].module}")
    status: int = module.run(options)
    return status


def _unknown(argv: list[str]) -> UsageError:
    """What to say of a first word that is no verb: what was meant, as far as that can be known."""
    import shlex

    from secretrun import hints
    from secretrun.cli import parser

    verb, words = argv[0], shlex.join(argv)
    run_it = f"to run it: secretrun -- {words}" if words.isprintable() else "secretrun --help lists them"
    near = hints.closest(verb, (*parser.VERBS, *parser.ALIASES))
    if verb == "exec" and len(argv) > 1 and words.isprintable():
        hint = f"secretrun -- {shlex.join(argv[2:] if argv[1] == '--' else argv[1:])}"
    elif verb in parser.MEANT:
        hint = parser.MEANT[verb]
    else:
        hint = f"did you mean secretrun {near}? {run_it}" if near else run_it
    return UsageError(f"unknown verb {verb!r}", hint=hint)
