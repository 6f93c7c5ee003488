"""The output of a program as a value: only where the user asked for it, never from a template."""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo, Health
from secretrun.backend.programs import find_program
from secretrun.errors import BackendError, BadReference, NotFound, Unavailable
from secretrun_backends._process import Deadline, run
from secretrun_backends._references import pick
from secretrun_backends.file import trimmed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference


class Command:
    r"""A program's output, in vals' form: `exec://PROGRAM/ARG/ARG[?args=a,b&...][#/pointer]`.

    The path is the program and its arguments, split at slashes, percent-escapes decoded before; so a
    program is named as on the PATH, or by `exec:///bin/echo?args=a,b`, an absolute path whose arguments
    are all in `args`. No shell is involved. Options: `args` (more arguments, split at commas, `\\\\,` is a
    comma), `timeout` (seconds), `trim=false` (keep the newline at the end), `env_NAME=VALUE`. It runs in
    the directory of the file that holds the reference. Arguments are in the open: never put a secret
    there.
    """

    info = BackendInfo(
        name="exec",
        title="Programs",
        schemes=("exec",),
        example="exec://gh/auth/token",
        serial=True,
        trusted_only=True,
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """Run each program once; references that differ in their pointer alone share its output."""
        outputs: dict[tuple[object, ...], bytes | BackendError] = {}
        answers: dict[Reference, bytes | BackendError] = {}
        deadline = Deadline(context.timeout)
        for reference in dict.fromkeys(references):
            key = (reference.path, reference.options, reference.base)
            if key not in outputs:
                try:
                    outputs[key] = _output(reference, context, deadline)
                except BackendError as error:
                    outputs[key] = error
            answers[reference] = pick(outputs[key], reference.pointer, f"the output of {reference.path}")
        return answers

    def check(self, context: Context) -> str:
        """Nothing is needed but the programs themselves."""
        del context
        return Health("nothing is needed")


def _output(reference: Reference, context: Context, deadline: Deadline) -> bytes:
    environ = dict(context.environ)
    arguments: list[str] = []
    for name, value in reference.options:
        if name == "args":
            arguments.extend(_split(value))
        elif name == "timeout":
            deadline = _sooner(value, deadline)
        elif name.startswith("env_") and len(name) > 4:
            environ[name[4:]] = value
        elif name != "trim" or value not in ("true", "false"):
            raise BadReference(
                f"exec does not know {name}={value}",
                hint="options: args, timeout, trim (true or false), env_NAME",
            )
    if reference.path.startswith("/"):
        words = [reference.path]
    else:
        words = reference.path.split("/")
    program = find_program(words[0], environ)
    if program is None:
        raise Unavailable(f"there is no program {words[0]}", hint="it is looked for on the PATH")
    done = run(
        Command.info,
        [program, *words[1:], *arguments],
        environ=environ,
        deadline=deadline,
        terminal=context.interactive,
        directory=reference.base if os.path.isdir(reference.base) else None,
    )
    if done.status != 0:
        if done.status < 0:  # broken off, which says nothing of whether there is a value
            raise BackendError(f"{words[0]} was killed by signal {-done.status}")
        how = f"exit status {done.status}"
        # Its complaint is not repeated: only its author knows what it prints there.
        raise NotFound(f"{words[0]} gave no value: {how}", hint="run it by hand to see what it says")
    return trimmed(done.output) if reference.option("trim") != "false" else done.output


def _split(text: str) -> list[str]:
    """The arguments of `args=a,b`; a backslash makes the next character plain."""
    words, word, escaped = [], "", False
    for character in text:
        if escaped or character not in "\\,":
            word += character
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            words.append(word)
            word = ""
    return [*words, word]


def _sooner(text: str, deadline: Deadline) -> Deadline:
    """The deadline that option `timeout` sets, or the batch's if that is sooner."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e9:
        raise BadReference(f"timeout={text} is not a number of seconds")
    left = deadline.left()
    return deadline if left is not None and left < seconds else Deadline(seconds)
