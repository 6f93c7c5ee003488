"""Bytes in, bytes out, no secret in them: `Redactor` for a stream, adapters for `logging` and text streams.
Public. Only `files` opens a file, and after an error no byte passes.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.redact.adapters import (
        RedactingFilter,
        RedactingFormatter,
        RedactingProcessor,
        RedactingStream,
    )
    from secretrun.redact.forms.derive import DEFAULT_FORMS
    from secretrun.redact.redactor import RedactionError, Redactor

__all__ = [
    "DEFAULT_FORMS",
    "RedactingFilter",
    "RedactingFormatter",
    "RedactingProcessor",
    "RedactingStream",
    "RedactionError",
    "Redactor",
]


def __getattr__(name: str) -> object:
    """Load what is asked for when it is: a run takes `policy` and `lazy` from here long before the engine."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name.startswith("Redacting"):
        from secretrun.redact import adapters as module
    else:
        from secretrun.redact import redactor as module  # type: ignore[no-redef]
    return getattr(module, name)
