"""The redactor inside a Python program: for `logging`, for structlog, and for text streams.

handler.addFilter(RedactingFilter(Redactor(secrets)))
structlog.configure(processors=[..., RedactingProcessor(Redactor(secrets)), JSONRenderer()])
sys.stdout = RedactingStream(sys.stdout, Redactor(secrets))
"""

from __future__ import annotations

import codecs
import io
import logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO

    from secretrun.redact.masker import Masker

DEEPEST = 16  # levels of an event that are looked through; what lies deeper is masked by its text
# What logging itself puts into a record and no caller's text can reach.
_OWN = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) - {"msg"}


class RedactingFilter(logging.Filter):
    """Masks the message, the traceback, the stack and the `extra` texts of every record.

    Put it on handlers: a filter on a logger does not see the records of that logger's children.
    """

    def __init__(self, redactor: Masker) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask in place; every record passes."""
        record.msg = self._masked(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_info = None  # else a formatter of its own would print the values anew
        if record.exc_text:
            record.exc_text = self._masked(record.exc_text)
        if record.stack_info:
            record.stack_info = self._masked(record.stack_info)
        for name, value in record.__dict__.items():
            if name not in _OWN and isinstance(value, str):
                record.__dict__[name] = self._masked(value)
        return True

    def _masked(self, text: str) -> str:
        return masked(self._redactor, text)


class RedactingFormatter(logging.Formatter):
    """A formatter that masks what another one makes of a record; the record itself stays as it was."""

    def __init__(self, formatter: logging.Formatter | None, redactor: Masker) -> None:
        super().__init__()
        self._formatter = formatter or logging.Formatter()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record, masked."""
        return masked(self._redactor, self._formatter.format(record))


class RedactingProcessor:
    """A structlog processor: masks every text of an event, its exception and what its values look like.

    Put it last, before the renderer; after a renderer it masks the text that was rendered. Numbers and
    objects stay what they are unless their text shows a secret.
    """

    def __init__(self, redactor: Masker) -> None:
        self._redactor = redactor

    def __call__(self, logger: object, method_name: str, event_dict: Any) -> Any:  # noqa: ARG002  structlog's
        """What structlog calls for each event."""
        if isinstance(event_dict, dict) and event_dict.get("exc_info"):
            event_dict = self._with_text_of_exception(event_dict)
        return self._masked(event_dict, DEEPEST)

    def _with_text_of_exception(self, event: dict[str, Any]) -> dict[str, Any]:
        """The traceback as a text: a renderer that prints it itself would print the values anew."""
        import sys
        import traceback

        event = dict(event)
        raised = event.pop("exc_info")
        if isinstance(raised, tuple):
            raised = raised[1]
        elif not isinstance(raised, BaseException):
            raised = sys.exc_info()[1]
        if raised is not None:
            event["exception"] = "".join(traceback.format_exception(raised)).rstrip("\n")
        return event

    def _masked(self, value: Any, deep: int) -> Any:
        if isinstance(value, str):
            return masked(self._redactor, value)
        if isinstance(value, (bytes, bytearray)):
            return self._redactor.mask(bytes(value))
        if deep:
            if isinstance(value, dict):
                return {self._masked(k, 0): self._masked(one, deep - 1) for k, one in value.items()}
            if type(value) in (list, tuple, set, frozenset):
                return type(value)(self._masked(one, deep - 1) for one in value)
        if value is None or isinstance(value, bool):
            return value
        try:
            shown = repr(value)
        except Exception:  # noqa: BLE001  it is whatever a program logs
            return f"<{type(value).__name__}>"
        clean = masked(self._redactor, shown)
        return value if clean == shown else clean


def masked(redactor: Masker, text: str) -> str:
    """A text without the secrets; the very same object where there are none."""
    data = text.encode("utf-8", "surrogatepass")
    clean = redactor.mask(data)
    return text if clean == data else clean.decode("utf-8", "replace")


class RedactingStream(io.TextIOBase):
    """A text stream that masks what is written through it.

    What may be the beginning of a secret waits for the next write, or for `close`. There is no
    `fileno`: what is written to the descriptor would not be masked.
    """

    def __init__(self, stream: TextIO, redactor: Masker) -> None:
        super().__init__()
        self._stream = stream
        self._redactor = redactor.twin()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self._show(self._redactor.feed(text.encode("utf-8", "replace")))
        return len(text)

    def _show(self, data: bytes, *, final: bool = False) -> None:
        text = self._decoder.decode(data, final)
        if text:
            self._stream.write(text)

    def flush(self) -> None:
        """Flush the stream below; the beginning of a secret still waits."""
        if not self.closed:
            self._stream.flush()

    def close(self) -> None:
        """Write what has waited. The stream below stays open."""
        if not self.closed:
            self._show(self._redactor.flush(), final=True)
            self._stream.flush()
        super().close()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def __repr__(self) -> str:
        return f"<RedactingStream on {self._stream!r}>"
