"""Files that hold a secret: what Docker and Kubernetes mount, `/dev/fd/3`, a FIFO."""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo, Health
from secretrun.errors import BackendError, BadAnswer, BadReference, TimedOut
from secretrun_backends._references import given, once, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

ENCODINGS = ("base64", "hex")
SWITCH = {"true": True, "false": False}


class File:
    """A file: `file://PATH[?trim=false&encode=base64|hex&format=json|yaml|dotenv|ini][#/pointer]`.

    One newline at the end (LF or CRLF) is trimmed, as `$(cat FILE)` would: editors and `echo` put it
    there, and no password ends in one. `trim=false` keeps every byte; so does a file with more than one
    line, such as a private key, whose readers want the newline. `encode` gives the bytes as base64 or
    hex text. A relative path starts beside the file that holds the reference, `~/` at home. A file is
    read once a batch, so that a FIFO can serve several references.
    """

    info = BackendInfo(
        name="file",
        title="Files",
        schemes=("file",),
        example="file:///run/secrets/db_password",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """Read each file once."""
        import time

        end = None if context.timeout is None else time.monotonic() + context.timeout
        contents: dict[str, bytes | BackendError] = once(context, "contents", dict)
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            path = _path(reference, context.environ)
            try:
                _check_options(reference)
                if path not in contents:
                    contents[path] = _read(path, end)
                content = contents[path]
                answers[reference] = (
                    content if isinstance(content, BackendError) else _value(content, reference, path)
                )
            except BackendError as error:
                answers[reference] = error
        return answers

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """The keys of a dotenv, JSON, YAML or ini file; or the files of a directory of secrets."""
        import time

        from secretrun.formats.pointer import listing

        _check_options(reference)
        path = _path(reference, context.environ)
        end = None if context.timeout is None else time.monotonic() + context.timeout
        if os.path.isdir(path) and reference.pointer is None:
            return _directory(path, reference, end)
        contents: dict[str, bytes | BackendError] = once(context, "contents", dict)
        if path not in contents:
            contents[path] = _read(path, end)
        content = given(contents[path])
        kind = reference.option("format") or "auto"
        if kind == "auto" and path.endswith(".env"):
            kind = "dotenv"
        return listing(content, reference.pointer, kind=kind, what=path)

    def check(self, context: Context) -> str:
        """Nothing is needed."""
        del context
        return Health("nothing is needed")


def _path(reference: Reference, environ: Mapping[str, str]) -> str:
    path = reference.path
    if path.startswith("~/"):
        path = os.path.join(environ.get("HOME") or os.path.expanduser("~"), path[2:])
    return os.path.join(reference.base, path)


def _check_options(reference: Reference) -> None:
    for name, value in reference.options:
        allowed: Sequence[str] | None = {
            "encode": ENCODINGS,
            "trim": tuple(SWITCH),
            "format": ("auto", "json", "yaml", "dotenv", "ini"),
        }.get(name)
        if allowed is None:
            raise BadReference(f"file has no option {name!r}", hint="one of encode, trim, format")
        if value not in allowed:
            raise BadReference(f"{name}={value} is not supported", hint=f"one of {', '.join(allowed)}")


def _read(path: str, end: float | None) -> bytes | BackendError:
    """All of a file, or why there is none."""
    import stat
    import time

    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        return unreadable(error, path)
    if stat.S_ISDIR(mode):
        return BadReference(f"{path} is a directory, not a file")
    if stat.S_ISREG(mode) or end is None:
        return _slurp(path)
    # A FIFO or terminal may never answer, and neither opening nor reading it takes a time limit.
    import threading

    result: list[bytes | BackendError] = []
    thread = threading.Thread(target=lambda: result.append(_slurp(path)), daemon=True)
    thread.start()
    thread.join(max(0.0, end - time.monotonic()))
    return result[0] if result else TimedOut(f"{path} gave nothing in the time allowed")


def _slurp(path: str) -> bytes | BackendError:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        return unreadable(error, path)


def _value(content: bytes, reference: Reference, path: str) -> bytes:
    if reference.pointer is not None:
        from secretrun.formats.pointer import select

        kind = reference.option("format") or ("dotenv" if path.endswith(".env") else "auto")
        content = select(content, reference.pointer, kind=kind, what=path)
    elif reference.option("trim", "true") == "true" and "encode" not in dict(reference.options):
        content = trimmed(content)
    encoding = reference.option("encode")
    if encoding == "base64":
        import base64

        return base64.b64encode(content)
    return content.hex().encode() if encoding == "hex" else content


def trimmed(content: bytes) -> bytes:
    """The one line of a content that has one, without its newline; any other content as it is."""
    body = content.removesuffix(b"\n")
    if body == content or b"\n" in body:
        return content
    return body.removesuffix(b"\r")


def _directory(path: str, reference: Reference, end: float | None) -> dict[str, bytes]:
    """The files of a directory by name, as Docker and Kubernetes mount secrets."""
    values: dict[str, bytes] = {}
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise unreadable(error, path) from None
    for name in names:
        file = os.path.join(path, name)
        if name.startswith(".") or not os.path.isfile(file):
            continue  # Kubernetes keeps its own links in "..data"
        content = _read(file, end)
        if isinstance(content, BackendError):
            raise content
        values[name] = _value(content, reference, file)
    if not values:
        raise BadAnswer(f"the directory {path} holds no files")
    return values
