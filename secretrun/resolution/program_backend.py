"""Backends that are programs: `secretrun-backend-NAME` on the PATH resolves `NAME://`.

The program gets the whole batch as JSON lines on standard input and answers in JSON lines on standard
output; `docs/plugins.md` is the protocol's description. Its code stays out of our process. It runs in
a session of its own, in an empty directory, within a time limit, and whatever it says is checked
before it is used.
"""

from __future__ import annotations

import os

from secretrun import errors
from secretrun.backend import BackendInfo, Health
from secretrun.backend.programs import Scratch, find_program
from secretrun.errors import BackendError, BadAnswer, ConfigError, TimedOut, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.backend.process import Completed
    from secretrun.model import Reference

    Place = tuple[str, tuple[tuple[str, str], ...], str]

PREFIX = "secretrun-backend-"
VERSION = 1
LIMIT = 16 << 20  # bytes of output; a plugin that writes more is not sending secrets
SHOWN = 300  # characters of a plugin's own message
CODES: Mapping[str, type[BackendError]] = {
    "bad-reference": errors.BadReference,
    "denied": errors.Denied,
    "failed": BackendError,
    "not-found": errors.NotFound,
    "not-signed-in": errors.NotSignedIn,
    "rate-limited": errors.RateLimited,
    "timed-out": TimedOut,
    "unavailable": Unavailable,
}


def find(scheme: str, environ: Mapping[str, str]) -> str | None:
    """The path of the program that resolves `scheme`, or None.

    Raises:
        ConfigError: the scheme can't be part of a program's name (a path separator, above all).
    """
    bare = scheme.replace("-", "").replace(".", "").replace("+", "")
    if not bare.isalnum() or not scheme.isascii() or not scheme[0].isalpha():
        raise ConfigError(f"{scheme!r} can't name a backend", hint="letters, digits, '-', '.' and '+'")
    return find_program(PREFIX + scheme, environ)


def installed(environ: Mapping[str, str]) -> list[str]:
    """The schemes of all plugin programs on the PATH, sorted."""
    found = set()
    for directory in environ.get("PATH", os.defpath).split(os.pathsep):
        try:
            names = os.listdir(directory) if os.path.isabs(directory) else []
        except OSError:
            continue
        for name in names:
            scheme = name.removeprefix(PREFIX)
            if scheme != name and scheme == scheme.lower() and find_program(name, environ):
                found.add(scheme)
    return sorted(found)


class ProgramBackend:
    """The backend that a program is.

    Args:
        scheme: the scheme it resolves, NAME of its file's name.
        program: its absolute path.
    """

    def __init__(self, scheme: str, program: str) -> None:
        self.info = BackendInfo(
            name=scheme,
            title=f"{scheme} (plugin)",
            schemes=(scheme,),
            example=f"{scheme}://path",
            needs=f"{PREFIX}{scheme} on the PATH",
            install="see who wrote it",
            docs="docs/plugins.md",
        )
        self._program = program

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One run of the program, whatever the number of references; pointers are walked on our side."""
        from secretrun.formats.pointer import select

        places = dict.fromkeys((r.path, r.options, r.base) for r in references)
        if not places:
            return {}
        found = self._converse(list(places), context)
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            answer = found[(reference.path, reference.options, reference.base)]
            if isinstance(answer, bytes):
                try:
                    answer = select(answer, reference.pointer, what=f"{self.info.name}://{reference.path}")
                except BackendError as error:
                    answer = error
            answers[reference] = answer
        return answers

    def check(self, context: Context) -> str:
        """That it greets as it should."""
        self._converse([], context)
        return Health(f"{self._program} (protocol {VERSION})", version=str(VERSION))

    def _converse(self, places: Sequence[Place], context: Context) -> dict[Place, bytes | BackendError]:
        import time

        from secretrun.backend import process

        numbered = dict(enumerate(places, 1))
        grease = len(places) + 1
        with Scratch() as directory:
            try:
                done = process.run(
                    [self._program],
                    _questions(numbered, grease, self.info.name, context),
                    environ=context.environ,
                    end=None if context.timeout is None else time.monotonic() + context.timeout,
                    directory=directory,
                    sweep=True,  # what it left running has no business beside secrets
                    limit=LIMIT,
                )
            except OSError as error:
                raise Unavailable(
                    f"can't start {self._program}: {(error.strerror or 'unknown reason').lower()}",
                    hint="is it a program with a #! line, and executable?",
                ) from None
        said = self._read(done, {*numbered, grease}, context)
        if said.get(grease) != "unsupported":
            raise self._bad("does not answer an unknown message with 'unsupported'")
        values = [value for value in said.values() if isinstance(value, bytes)]
        found: dict[Place, bytes | BackendError] = {}
        for number, place in numbered.items():
            answer = said[number]
            if isinstance(answer, str):
                raise self._bad("does not support the message 'get'")
            found[place] = answer if isinstance(answer, bytes) else _error(answer, self.info.name, values)
        return found

    def _read(
        self, done: Completed, wanted: set[int], context: Context
    ) -> dict[int, bytes | str | dict[str, Any]]:
        """Number to value, "unsupported" or error message; every number of `wanted` has one.

        Raises:
            BadAnswer, TimedOut: the program did not keep to the protocol, or to its limits.
            BackendError: it refused the whole batch, by an error with id 0.
        """
        if done.excess == "time":
            raise TimedOut(
                f"{PREFIX}{self.info.name} did not end within {context.timeout or 0:g} seconds",
                hint="allow more with --timeout SECONDS",
            )
        if done.excess:
            raise self._bad(f"writes more than {LIMIT >> 20} MiB")
        lines = done.output.split(b"\n")
        half = lines.pop()
        said: dict[int, bytes | str | dict[str, Any]] = {}
        greeted = False
        for number, line in enumerate(lines, 1):
            message = self._parse(line, number)
            if not greeted and message["type"] == "hello":
                if message.get("version") != VERSION:
                    raise self._bad(
                        f"speaks version {_short(message.get('version'))} of the protocol, not {VERSION}",
                        hint="update the plugin, or secretrun",
                    )
                greeted = True
                continue
            if message["type"] == "error" and message["id"] == 0:
                raise _error(message, self.info.name, [v for v in said.values() if isinstance(v, bytes)])
            if not greeted:
                raise self._bad("does not begin with 'hello'")
            if message["id"] in said or message["id"] not in wanted:
                raise self._bad(f"answers in line {number} what was not asked, or twice")
            said[message["id"]] = self._answer(message, number)
        complaint = self._complaint(done, said)
        if half:
            raise self._bad(f"ended in the middle of a line{complaint}")
        if done.status != 0:
            ended = f"signal {-done.status}" if done.status < 0 else f"status {done.status}"
            raise self._bad(f"ended with {ended}{complaint}")
        if not greeted or wanted - set(said):
            raise self._bad(f"ended before it had answered everything{complaint}")
        return said

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        import json

        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise self._bad(f"writes a line that is not JSON (line {number})") from None
        if (
            not isinstance(message, dict)
            or not isinstance(message.get("type"), str)
            or type(message.get("id")) is not int
        ):
            raise self._bad(f"writes a message without 'type' and 'id' (line {number})")
        return message

    def _answer(self, message: dict[str, Any], number: int) -> bytes | str | dict[str, Any]:
        import base64
        import binascii

        if message["type"] == "error":
            return message
        if message["type"] == "unsupported":
            return "unsupported"
        text, encoded = message.get("text"), message.get("base64")
        if message["type"] != "value" or (text is None) == (encoded is None):
            raise self._bad(f"gives neither one value nor one error in line {number}")
        try:
            if isinstance(text, str):
                return text.encode()
            if isinstance(encoded, str):
                return base64.b64decode(encoded, validate=True)
        except (UnicodeEncodeError, ValueError, binascii.Error):
            pass
        raise self._bad(f"gives a value that is no text or base64 in line {number}")

    def _complaint(self, done: Completed, said: Mapping[int, object]) -> str:
        """The first line of its standard error, unless that shows a value."""
        values = [value for value in said.values() if isinstance(value, bytes)]
        for line in done.complaint.splitlines():
            if line.strip():
                return f": {_clean(line, values)}"
        return ""

    def _bad(self, what: str, hint: str | None = None) -> BadAnswer:
        return BadAnswer(f"{PREFIX}{self.info.name} {what}", hint=hint or "docs/plugins.md has the protocol")

    def __repr__(self) -> str:
        return f"<ProgramBackend {self.info.name}>"


def _questions(numbered: Mapping[int, Place], grease: int, scheme: str, context: Context) -> bytes:
    """Everything that is sent, one message a line."""
    import json
    import random

    odd = f"x-{random.getrandbits(32):08x}"
    messages: list[dict[str, object]] = [
        {"type": "get", "id": number, "path": path, "options": dict(options), "base": base, odd: odd}
        for number, (path, options, base) in numbered.items()
    ]
    messages.insert(random.randint(0, len(messages)), {"type": odd, "id": grease})  # noqa: S311
    hello = {
        "type": "hello", "id": 0, "version": VERSION, "scheme": scheme, "timeout": context.timeout,
        "options": dict(context.options),
    }  # fmt: skip
    return "".join(json.dumps(message, default=str) + "\n" for message in (hello, *messages)).encode()


def _error(message: Mapping[str, Any], scheme: str, values: Sequence[bytes]) -> BackendError:
    """A plugin's error as one of ours; an unknown code is a plain failure."""
    kind = CODES.get(str(message.get("code")), BackendError)
    text, hint = message.get("message"), message.get("hint")
    shown = _clean(text, values) if isinstance(text, str) and text.strip() else "it gave no reason"
    return kind(
        f"{PREFIX}{scheme}: {shown}",
        hint=_clean(hint, values) if isinstance(hint, str) and hint.strip() else None,
    )


def _clean(text: str, values: Sequence[bytes]) -> str:
    """One printable line of a plugin's own words; withheld when it shows a value of the same batch."""
    for value in values:
        if len(value) >= 4 and value.decode("utf-8", "replace") in text:
            return "(its message is withheld: it shows a value)"
    printable = "".join(c if c.isprintable() else " " for c in text)
    return _short(" ".join(printable.split())).rstrip(".")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."
