"""The redactor: bytes in, bytes out, every occurrence of every form of every secret masked.

The output is that of a masker which saw the whole input at once: the union of all occurrences, one
mask for each run of overlapping ones. However the input is cut, nothing is withheld but the longest
tail that may still become an occurrence. The mask itself is never scanned again.
"""

from __future__ import annotations

from secretrun.errors import SecretrunError
from secretrun.redact.forms.derive import DEFAULT_FORMS
from secretrun.redact.policy import MIN_LENGTH
from secretrun.redact.report import Report
from secretrun.redact.secret_set import SecretSet
from secretrun.redact.stream import Stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from secretrun.model import Secret

__all__ = ["DEFAULT_FORMS", "RedactionError", "Redactor"]


class RedactionError(SecretrunError):
    """The redactor failed; what it was given is lost, not passed on."""

    code = "redact"


class Redactor:
    """A stream masker.

    One stream belongs to one thread at a time; `twin` gives another one for another stream, and twins may
    run in threads side by side: what they share changes in one assignment.

    Args:
        secrets: values by name, or values, or `Secret`s. Text is taken as UTF-8.
        mask: what stands for a secret; `{name}` becomes its name, made safe for JSON and shells.
        forms: the spellings to look for besides the value itself; `()` means the value alone.
        min_length: bytes from which a value is masked anywhere; shorter ones only as whole words.
            Below the default of 6 common values are masked too; 1 asks for whole values alone, no beginnings.
        paranoid: also mask fragments of 12 bytes and rarer encodings.
        common: values never to mask, as those of `$USER` and `$HOME`.

    Raises:
        ValueError: a form that does not exist.
        TypeError: a secret that is neither bytes, text nor a `Secret`.
    """

    def __init__(
        self,
        secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret] = (),
        *,
        mask: str = "[REDACTED:{name}]",
        forms: Iterable[str] = DEFAULT_FORMS,
        min_length: int = MIN_LENGTH,
        paranoid: bool = False,
        common: Iterable[bytes | str] = (),
    ) -> None:
        self._secrets = SecretSet(
            mask=mask, forms=forms, min_length=min_length, paranoid=paranoid, common=common
        )
        self._counts: dict[str, dict[str, int]] = {}
        self._secrets.add(secrets)
        self._stream: Stream | None = Stream(self._secrets, self._counts)

    @classmethod
    def _sharing(cls, secrets: SecretSet, counts: dict[str, dict[str, int]]) -> Redactor:
        self = cls.__new__(cls)
        self._secrets = secrets
        self._counts = counts
        self._stream = Stream(secrets, counts)
        return self

    def twin(self) -> Redactor:
        """A redactor for another stream: same secrets, counts and later additions, own state."""
        return self._sharing(self._secrets, self._counts)

    def probe(self) -> Redactor:
        """A twin whose masks are not counted, to ask whether something would be masked."""
        return self._sharing(self._secrets, {})

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        """Mask these too, in this stream and its twins, from the first byte not shown yet.

        From any thread. What is held back is looked at again; what is out stays out.

        Raises:
            TypeError: a secret that is neither bytes, text nor a `Secret`; nothing is added then.
        """
        self._secrets.add(secrets)

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the stream; return what can be shown of it.

        Raises:
            RedactionError: something went wrong; the stream is over for good: what was held back is dropped,
                and every later call of this redactor raises too. Its twins go on.
            TypeError: `data` is no bytes; the stream is as it was.
        """
        if type(data) is not bytes:
            data = _bytes(data)
        stream = self._stream
        failure = "after an earlier failure"
        if stream is not None:
            try:
                return stream.feed(data)
            except Exception as error:  # noqa: BLE001  whatever it is, no byte may pass
                failure = type(error).__name__
        raise self._broken(failure)

    def flush(self) -> bytes:
        """End the stream; return what was held back, masked where it is most of a secret.

        The redactor is then ready for another stream.

        Raises:
            RedactionError: as `feed`.
        """
        return self._step(Stream.finish)

    def release(self) -> bytes:
        """Return what an idle terminal may show: the first bytes, at most 3, of an unfinished secret.

        The rest of it is still masked when it comes.

        Raises:
            RedactionError: as `feed`.
        """
        return self._step(Stream.release)

    def mask(self, data: bytes) -> bytes:
        """Mask `data` as a whole stream of its own; the stream of this redactor goes on as it was.

        Raises:
            TypeError: `data` is no bytes.
        """
        stream = self.twin()
        return stream.feed(data) + stream.flush()

    def _step(self, step: Callable[[Stream], bytes]) -> bytes:
        stream = self._stream
        failure = "after an earlier failure"
        if stream is not None:
            try:
                return step(stream)
            except Exception as error:  # noqa: BLE001  whatever it is, no byte may pass
                failure = type(error).__name__
        raise self._broken(failure)

    def _broken(self, failure: str) -> RedactionError:
        """End the stream for good. The error has no cause: its frames would hold bytes of the stream."""
        self._stream = None
        return RedactionError(f"redaction failed ({failure}), the rest of the output is dropped")

    @property
    def held(self) -> int:
        """The number of bytes taken in that wait for what follows them."""
        return self._stream.held if self._stream is not None else 0

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all to mask."""
        return self._secrets.patterns is None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know about values that are not masked everywhere, by name."""
        return tuple(self._secrets.warnings)

    def report(self) -> Report:
        """How many masks were written in this stream and its twins, by name and form."""
        return Report(dict(self._counts))

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._secrets.names)} secrets, {len(self._secrets.table)} patterns>"


def _bytes(data: object) -> bytes:
    """A number would be as many NULs, and text has no bytes until somebody says which.

    Raises:
        TypeError: it is neither bytes nor a view of them.
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        hint = ", encode it first" if isinstance(data, str) else ""
        raise TypeError(f"a redactor takes bytes, not {type(data).__name__}{hint}")
    return bytes(data)
