"""An event of an agent, and what it is answered: the same for all of them, each in its own shape.

- A command that is not routed below the agent's rules is rewritten where no rule of the user's speaks about
  it.
- A read of a file that holds secrets is refused, with the file as it may be seen.
- A write of our own mask in a value's place is refused: it would destroy the value.
- A result is masked once more; nothing is said when nothing changes.

Whatever is doubtful is refused by status 2: an agent that is answered what it does not like goes on without
us.
"""

from __future__ import annotations

import json
import re

from secretrun.hooks import in_the_clear, secret_files, shims
from secretrun.hooks.contract import BLOCKED, READ, RESULT, SHELL, WRITE, Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.hooks.contract import Call, Dialect

MASK = re.compile(r"\[REDACTED(?::[A-Za-z0-9_.-]+\??)?\]")

_HOW = (
    "To use a value without seeing it, name it in a command: commands have the variables of the project's "
    'template, so "$NAME" works, and what is printed is masked; a program that loads this file '
    "itself works as it did. To change a value, ask the person to run: secretrun set NAME"
)


def answer(
    dialect: Dialect,
    said: str,
    environ: Mapping[str, str],
    session: Callable[[bytes], bytes | None] = lambda _: None,
) -> Answer:
    """What an event is answered. Never raises.

    Args:
        dialect: of the agent.
        said: its JSON.
        environ: what it has.
        session: a text as the run of secretrun above would show it; None where there is none.
    """
    try:
        event = json.loads(said)
        call = dialect.call(event)
    except (ValueError, TypeError, AttributeError, KeyError):
        return Answer(words="secretrun: this event can't be read, so it is refused\n", status=BLOCKED)
    try:
        return _answer(dialect, call, environ, session)
    except Exception as error:  # noqa: BLE001  whatever it is, nothing may go through that was not looked at
        if call.kind == RESULT:
            return dialect.replace(call, "[withheld: secretrun could not mask this result]")
        failed = f"secretrun: refused, since the hook failed ({type(error).__name__})"
        return Answer(words=f"{failed}: secretrun doctor --agent {dialect.name}\n", status=BLOCKED)


def _answer(
    dialect: Dialect,
    call: Call,
    environ: Mapping[str, str],
    session: Callable[[bytes], bytes | None],
) -> Answer:
    if call.kind == SHELL:
        return _command(dialect, call, environ)
    if call.kind == RESULT:
        return _result(dialect, call, environ, session)
    if call.kind == WRITE:
        return _write(dialect, call)
    if call.kind == READ:
        for path in call.paths():
            text = secret_files.shown(path, call.directory, environ, session)
            if text is not None:
                return dialect.deny(
                    f"{path} holds secrets, so it is not read as it is. With its values "
                    f"masked:\n\n{text}\n\n{_HOW}"
                )
    return Answer()


def _command(dialect: Dialect, call: Call, environ: Mapping[str, str]) -> Answer:
    if dialect.routed(environ):
        return Answer()
    shell = shims.executable(shims.NAME)
    if call.command.startswith((shell + " ", _quoted(shell) + " ")):
        return Answer()  # it is on its way through us already
    verdict = dialect.may_rewrite(call, environ)
    if verdict == "yes":
        return dialect.rewrite(call, f"{_quoted(shell)} -c {_quoted(call.command)}")
    return Answer() if verdict == "no" else dialect.deny(f"secretrun: {verdict}")


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)


def _write(dialect: Dialect, call: Call) -> Answer:
    for text in call.written():
        found = MASK.search(text)
        if found is not None:
            return dialect.deny(
                f"{found.group()} is what secretrun shows in place of a secret; writing it would put the "
                "mask where "
                "the value belongs. Leave the value out, or name the variable or reference that stands "
                "for it."
            )
    return Answer()


def _result(
    dialect: Dialect,
    call: Call,
    environ: Mapping[str, str],
    session: Callable[[bytes], bytes | None],
) -> Answer:
    from secretrun.redact import Redactor
    from secretrun.redact.detect.find import Finder
    from secretrun.redact.detecting import Detecting

    secrets = in_the_clear.secrets(environ, call.directory, (call.command, *call.paths()))
    redactor = Detecting(Redactor(secrets), Finder())

    def mask(text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        masked = redactor.mask(session(data) or data)
        return text if masked == data else masked.decode("utf-8", "replace")

    masked = leaves(call.result, mask)
    return Answer() if masked == call.result else dialect.replace(call, masked)


def leaves(value: object, change: Callable[[str], str]) -> object:
    """`value`, of JSON, with every text in it changed; names and all else as they are."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [leaves(item, change) for item in value]
    if isinstance(value, dict):
        return {name: leaves(item, change) for name, item in value.items()}
    return value
