"""Options and pointers of a file that some program decrypts as a whole."""

from __future__ import annotations

from secretrun.errors import BackendError, BadReference
from secretrun.formats.pointer import listing, select
from secretrun_backends._references import answer_each, file_of, given, once, require_file, require_options
from secretrun_backends.file import trimmed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

    # Path of a file and one of the references to it, to what it holds.
    Decrypt = Callable[[str, Reference], bytes]
    Outputs = dict[tuple[object, ...], bytes | BackendError]

OPTIONS = ("format", "trim")
FORMATS = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".env": "dotenv", ".ini": "ini"}


def fetch_files(
    references: Sequence[Reference],
    context: Context,
    decrypt: Decrypt,
    *,
    options: Sequence[str] = (),
    together: bool = False,
) -> Mapping[Reference, bytes | BackendError]:
    """Every reference's value; a file is decrypted once for all references that differ in the pointer.

    Args:
        references: of the batch.
        context: of the batch.
        decrypt: gives what a file holds.
        options: those of a reference that `decrypt` looks at.
        together: nothing is going to prompt, so that files are decrypted side by side.
    """
    outputs: Outputs = once(context, "outputs", dict)
    files = {file_of(reference, context): reference for reference in reversed(references)}
    if together and len(files) > 1:
        from secretrun_backends._https import each

        # What fails is kept, and told below.
        each(files.values(), lambda reference: _output(reference, context, decrypt, options, outputs))
    return answer_each(
        references,
        lambda reference: _value(
            _output(reference, context, decrypt, options, outputs), reference, file_of(reference, context)
        ),
    )


def list_file(
    reference: Reference, context: Context, decrypt: Decrypt, *, options: Sequence[str] = ()
) -> dict[str, bytes]:
    """The keys of a file, or of the mapping at the pointer, that hold single values."""
    outputs: Outputs = once(context, "outputs", dict)
    content = _output(reference, context, decrypt, options, outputs)
    path = file_of(reference, context)
    return listing(content, reference.pointer, kind=_format(reference, path), what=path)


def _output(
    reference: Reference, context: Context, decrypt: Decrypt, options: Sequence[str], outputs: Outputs
) -> bytes:
    """What the file of a reference holds, decrypted once; a failure is kept too."""
    require_options(reference, (*OPTIONS, *options))
    path = file_of(reference, context)
    key = (path, tuple((name, reference.option(name)) for name in options), reference.base if options else "")
    if key not in outputs:
        try:
            require_file(path)
            outputs[key] = decrypt(path, reference)
        except BackendError as error:
            outputs[key] = error
    return given(outputs[key])


def _value(content: bytes, reference: Reference, path: str) -> bytes:
    """What a reference names in the decrypted content of `path`."""
    if reference.pointer is not None:
        return select(content, reference.pointer, kind=_format(reference, path), what=path)
    trim = reference.option("trim", "true")
    if trim not in ("true", "false"):
        raise BadReference(f"trim={trim} is neither true nor false")
    return trimmed(content) if trim == "true" else content


def _format(reference: Reference, path: str) -> str:
    """By option, else by the name below the encryption's own suffix: `app.json.age`."""
    inner = path.rpartition(".")[0]
    guessed = next((kind for suffix, kind in FORMATS.items() if inner.endswith(suffix)), "auto")
    return reference.option("format") or guessed
