"""What backends ask of a reference: options that exist, the file it names, where a secret option lies."""

from __future__ import annotations

import os

from secretrun.errors import BackendError, BadReference, Denied, NotFound, NotSignedIn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from typing import TypeVar

    from secretrun.backend import Context
    from secretrun.model import Reference

    Place = TypeVar("Place")
    Result = TypeVar("Result")


def require_options(reference: Reference, known: Collection[str]) -> None:
    """Refuse an option that the backend does not know: it would be ignored in silence.

    Raises:
        BadReference: naming the option and the known ones.
    """
    for name, _ in reference.options:
        if name not in known:
            hint = f"one of {', '.join(sorted(known))}" if known else "it knows none"
            raise BadReference(f"{reference.scheme}:// has no option {name!r}", hint=hint)


def placed(
    references: Iterable[Reference], place: Callable[[Reference], Place]
) -> tuple[dict[Reference, Place], dict[Reference, bytes | BackendError]]:
    """What each reference names in its store, and the error of every one that `place` makes nothing of."""
    wanted: dict[Reference, Place] = {}
    answers: dict[Reference, bytes | BackendError] = {}
    for reference in dict.fromkeys(references):
        try:
            wanted[reference] = place(reference)
        except BackendError as error:
            answers[reference] = error
    return wanted, answers


def given(result: Result | BackendError) -> Result:
    """A result of `each`.

    Raises:
        BackendError: it is one.
    """
    if isinstance(result, BackendError):
        raise result
    return result


def pick(value: bytes | BackendError, pointer: tuple[str, ...] | None, what: str) -> bytes | BackendError:
    """What stands at a pointer in a value that a store gave, or its error, or that of the pointer."""
    from secretrun.formats import select

    try:
        return select(given(value), pointer, what=what)
    except BackendError as error:
        return error


def once(context: Context, key: object, call: Callable[[], Result]) -> Result:
    """What `call` returns, called once for all calls of a batch that ask with this key."""
    if context.memo is None:
        return call()
    if key not in context.memo:
        context.memo[key] = call()
    result: Result = context.memo[key]
    return result


def answer_each(
    references: Iterable[Reference], answer: Callable[[Reference], bytes]
) -> dict[Reference, bytes | BackendError]:
    """The value of every reference, or the error that `answer` raises for it."""
    answers: dict[Reference, bytes | BackendError] = {}
    for reference in dict.fromkeys(references):
        try:
            answers[reference] = answer(reference)
        except BackendError as error:
            answers[reference] = error
    return answers


def home(context: Context) -> str:
    """The home directory of whoever runs it."""
    return context.environ.get("HOME") or os.path.expanduser("~")


def absolute(path: str, base: str, context: Context) -> str:
    """A path from a reference or an option: `~/` is the home directory, a relative one starts at `base`."""
    if path == "~" or path.startswith("~/"):
        path = home(context) + path[1:]
    return os.path.normpath(os.path.join(base, path))


def file_of(reference: Reference, context: Context) -> str:
    """The absolute path of the file a reference names."""
    return absolute(reference.path, reference.base, context)


def require_file(path: str) -> None:
    """Refuse a file that can't be read, before its program complains in its own words.

    Raises:
        BadReference: it is a directory.
        NotFound, Denied, BackendError: it is not there, not for us, not readable.
    """
    if os.path.isdir(path):
        raise BadReference(f"{path} is a directory, not a file")
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise unreadable(error, path) from None


def unreadable(error: OSError, path: str) -> BackendError:
    """Why a file can't be read."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return NotFound(
            f"there is no file {path}", hint="a relative path starts beside the file that holds the reference"
        )
    if isinstance(error, PermissionError):
        return Denied(f"no permission to read {path}")
    return BackendError(f"can't read {path}: {error.strerror}")


def read_sign_in(path: str, what: str) -> str:
    """The content of a file that signs in, without the newline at its end.

    Raises:
        NotSignedIn: it can't be read, or is not text.
    """
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().rstrip("\r\n")
    except OSError as error:
        raise NotSignedIn(
            f"can't read {what} from {path}: {(error.strerror or 'it failed').lower()}"
        ) from None
    except UnicodeDecodeError:
        raise NotSignedIn(f"{path}, which should hold {what}, is not text") from None


def has_terminal() -> bool:
    """Whether there is a controlling terminal, so that what asks there does not turn to standard input."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def ask_terminal(prompt: str, what: str, hint: str) -> str:
    """What a person types at the controlling terminal, unseen.

    Never from standard input: that is the command's, and `getpass` would fall back to it.

    Raises:
        NotSignedIn: there is no terminal, or nothing was typed; `hint` says how else to give `what`.
    """
    import getpass

    if not has_terminal():
        raise NotSignedIn(f"{what} is wanted, and there is no terminal to ask for it", hint=hint)
    try:
        return getpass.getpass(prompt)
    except (EOFError, OSError):
        raise NotSignedIn(f"{what} was not given", hint=hint) from None


def gpg_terminal() -> dict[str, str]:
    """GPG_TTY, so that gpg-agent knows where to ask for a passphrase."""
    for descriptor in (0, 1, 2):
        try:
            return {"GPG_TTY": os.ttyname(descriptor)}
        except OSError:
            continue
    return {}
