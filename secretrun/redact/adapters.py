"""The redactor inside a Python program: a `logging.Filter` and a wrapper for text streams.

handler.addFilter(RedactingFilter(Redactor(secrets)))
sys.stdout = RedactingStream(sys.stdout, Redactor(secrets))
"""

from __future__ import annotations

import codecs
import io
import logging

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from secretrun.redact.masker import Masker

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
        data = text.encode("utf-8", "surrogatepass")
        masked = self._redactor.mask(data)
        return text if masked == data else masked.decode("utf-8", "replace")


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
