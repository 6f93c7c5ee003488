"""Options and pointers of a file that some program decrypts as a whole.

May import: errors, model, backend, content.
"""

from __future__ import annotations

from secretrun.content import parse, select, to_bytes, walk
from secretrun.errors import BackendError, BadAnswer, BadReference
from secretrun_backends._references import file_of, require_file, require_options
from secretrun_backends.file import trimmed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

    # Path of a file and one of the references to it, to what it holds.
    Decrypt = Callable[[str, Reference], bytes]

OPTIONS = ("format", "trim")
FORMATS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "dotenv", ".ini": "ini"}


def fetch_files(
    references: Sequence[Reference],
    context: Context,
    decrypt: Decrypt,
    *,
    options: Sequence[str] = (),
) -> Mapping[Reference, bytes | BackendError]:
    """Every reference's value; a file is decrypted once for all references that differ in the pointer."""
    outputs: dict[tuple[object, ...], bytes | BackendError] = {}
    answers: dict[Reference, bytes | BackendError] = {}
    for reference in dict.fromkeys(references):
        path = file_of(reference, context)
        key = (
            path,
            tuple((name, reference.option(name)) for name in options),
            reference.base if options else "",
        )
        try:
            require_options(reference, (*OPTIONS, *options))
            if key not in outputs:
                try:
                    require_file(path)
                    outputs[key] = decrypt(path, reference)
                except BackendError as error:
                    outputs[key] = error
            output = outputs[key]
            answers[reference] = (
                output if isinstance(output, BackendError) else value(output, reference, path)
            )
        except BackendError as error:
            answers[reference] = error
    return answers


def value(content: bytes, reference: Reference, path: str) -> bytes:
    """What a reference names in the decrypted content of `path`."""
    if reference.pointer is not None:
        return select(content, reference.pointer, kind=_format(reference, path), what=path)
    trim = reference.option("trim", "true")
    if trim not in ("true", "false"):
        raise BadReference(f"trim={trim} is neither true nor false")
    return trimmed(content) if trim == "true" else content


def listing(content: bytes, reference: Reference, path: str) -> dict[str, bytes]:
    """The keys of the content, or of the mapping at the pointer, that hold single values."""
    tree: Any = parse(content, kind=_format(reference, path), what=path)
    node = walk(tree, reference.pointer or (), what=path)
    if not isinstance(node, dict):
        raise BadAnswer(f"what is to be imported from {path} is not a mapping of names to values")
    for name, inner in node.items():
        if isinstance(inner, (dict, list)):
            raise BadAnswer(f"the key {name!r} in {path} holds several values, not one")
    return {name: to_bytes(inner, what=f"{path} at {name}") for name, inner in node.items()}


def _format(reference: Reference, path: str) -> str:
    """By option, else by the name below the encryption's own suffix: `app.json.age`."""
    inner = path.rpartition(".")[0]
    guessed = next((kind for suffix, kind in FORMATS.items() if inner.endswith(suffix)), "auto")
    return reference.option("format") or guessed
