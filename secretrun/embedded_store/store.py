"""The embedded default: where its store and template lie, what they can hold, who may change them now."""

from __future__ import annotations

import fcntl
import os
import re
from contextlib import contextmanager

from secretrun import hints
from secretrun.errors import NotFound, UsageError
from secretrun.posix import directories
from secretrun.template import dotenv
from secretrun.template.dotenv import TEMPLATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STORE = "secrets.enc.env"
ENCRYPTED = b"ENC[AES256_GCM,"  # before every value that sops has encrypted


def locate(chosen: str | None, directory: str) -> str:
    """The absolute path of the store: `chosen`, else the nearest one upward from `directory`.

    Raises:
        NotFound: when there is none.
    """
    candidates = (
        [chosen]
        if chosen
        else [os.path.join(place, STORE) for place in directories.up_to_repository(directory)]
    )
    for candidate in candidates:
        path = os.path.realpath(os.path.join(directory, candidate))
        if os.path.isfile(path):
            return path
    raise NotFound(
        f"no store {chosen}" if chosen else f"no {STORE} here or above, up to the repository's root",
        hint="secretrun init creates one",
    )


def check_name(name: str) -> None:
    """Whether the store can hold a variable of this name.

    Raises:
        UsageError: saying why it can't.
    """
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        shown = (
            f": {name!r}" if re.fullmatch(r"[A-Za-z0-9_.\n-]{1,32}", name) else ""
        )  # else it may be a value
        hint = "a name has letters, digits and '_', and does not start with a digit"
        if "=" in name:
            hint = "the value is no argument, which others could see: it comes from a prompt, or from stdin"
        raise UsageError(f"not a variable name{shown}", hint=hint)
    if name == "sops" or name.startswith("sops_"):
        raise UsageError(f"{name}: sops keeps its own data under such names", hint="choose another name")


def check_value(name: str, value: bytes) -> str:
    """The text of a value.

    Raises:
        UsageError: for what no variable or no sops file can hold.
    """
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            f"the value of {name} is not UTF-8 text", hint="store binary data in base64"
        ) from None
    if "\0" in text:
        raise UsageError(f"the value of {name} holds a NUL byte, which no variable can")
    return text


def names(path: str) -> list[str]:
    """The names in a store, in its order: sops leaves them readable.

    Raises:
        UsageError: when the file is not a dotenv file of sops.
    """
    with open(path, "rb") as file:
        content = file.read()
    if not is_dotenv(path, content):
        raise not_dotenv(path)
    found = [
        line.partition(b"=")[0].decode("utf-8", "replace") for line in content.split(b"\n") if b"=" in line
    ]
    return [name for name in found if not name.startswith(("#", "sops_"))]


def is_dotenv(path: str, content: bytes) -> bool:
    """Whether it is a dotenv file that sops has encrypted, by its name and what it holds."""
    return path.endswith(".env") and b"\nsops_mac=" in b"\n" + content


def not_dotenv(path: str) -> UsageError:
    """The error for a store of another kind."""
    return UsageError(
        f"{path} is not a dotenv file encrypted by sops",
        hint=f"secretrun edit --store {os.path.basename(path)} changes files of other kinds",
    )


def check_there(path: str, name: str) -> None:
    """See that a store has a value of this name.

    Raises:
        NotFound: with the name it may be a slip for.
    """
    there = names(path)
    if name not in there:
        raise NotFound(f"no {name} in {os.path.basename(path)}", hint=hints.one_of(name, there, "it has"))


@contextmanager
def locked(directory: str, waiting: Callable[[], None]) -> Iterator[None]:
    """One secretrun at a time changes what lies in `directory`; nothing is left behind there.

    Args:
        directory: the store's.
        waiting: called once when another one has to be waited for.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def reference_line(store: str, name: str) -> str:
    """The template's line for a variable of `store`, which lies beside the template."""
    from urllib.parse import quote

    return f"{name}=sops://{quote(os.path.basename(store))}#/{name}\n"


def with_reference(store: str, name: str) -> tuple[str, bytes | None] | None:
    """What the template beside `store` must become to have a line for `name`.

    Returns:
        Its path and new content (None when it has such a line already), or None without a template.

    Raises:
        TemplateError: when the template is malformed.
    """
    path = os.path.realpath(os.path.join(os.path.dirname(store), TEMPLATE))
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        text = file.read()
    if any(assignment.name == name for assignment in dotenv.parse(text, TEMPLATE)):
        return path, None
    joint = "" if not text or text.endswith("\n") else "\n"
    return path, (text + joint + reference_line(store, name)).encode("utf-8", "surrogateescape")
