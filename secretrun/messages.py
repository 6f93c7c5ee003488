"""What the wrapper itself says.

The rules for printing stand here, since only this file prints messages:

- to stderr only, `secretrun: error: ...`, then `secretrun: hint: ...`;
- no capital at the start, no full stop at the end, nothing at all on success;
- through the redactor as soon as there is one: a store's error may quote what it was given;
- colour only on a terminal, and not when NO_COLOR is set.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.errors import SecretrunError
    from secretrun.redact.masker import Masker

COLOURS = {"error": "31;1", "warning": "33;1", "hint": "36", "note": "2"}


class Messages:
    """Prints errors, hints, warnings and notes."""

    def __init__(self) -> None:
        self.quiet = False
        self.redactor: Masker | None = None

    def error(self, error: SecretrunError) -> None:
        """One error and its hint, or its faults with theirs; a hint that neighbours share is said once."""
        faults: tuple[SecretrunError, ...] = getattr(error, "faults", ())
        self._say("error", error.message)
        for fault, following in zip(faults, (*faults[1:], None), strict=False):
            self._say("error", fault.message)
            if following is None or following.hint != fault.hint:
                self._hint(fault)
        if not faults:
            self._hint(error)

    def _hint(self, error: SecretrunError) -> None:
        for line in hint(error.hint).splitlines():
            self._say("hint", line)

    def warn(self, message: str, *, insist: bool = False) -> None:
        """Say it; with `insist` also to who asked for quiet."""
        if insist or not self.quiet:
            self._say("warning", message)

    def note(self, message: str) -> None:
        if not self.quiet:
            self._say("note", message)

    def hint(self, message: str) -> None:
        """What to do about the warning before it."""
        if not self.quiet:
            self._say("hint", message)

    def bug(self, error: Exception) -> None:
        """An error we did not foresee: where it happened, never its text, which may quote a value."""
        place, frame = "", error.__traceback__
        while frame is not None:
            code = frame.tb_frame.f_code
            place = f" at {os.path.basename(code.co_filename)}:{frame.tb_lineno}"
            frame = frame.tb_next
        self._say("error", f"internal error: {type(error).__name__}{place}")
        self._say("hint", "this is a bug in secretrun: please report it with the line above")

    def _say(self, kind: str, text: str) -> None:
        line = f"secretrun: {kind}: {printable(text)}\n"
        raw = line.encode("utf-8", "backslashreplace")
        if self.redactor is not None:
            try:
                stream = self.redactor.twin()
                raw = stream.feed(raw) + stream.flush()
            except Exception:  # noqa: BLE001  what can't be masked is not said, whatever the reason
                raw = f"secretrun: {kind}: a message that could not be masked is withheld\n".encode()
        if _coloured():
            head = f"secretrun: {kind}:".encode()
            raw = raw.replace(head, b"\x1b[%sm%s\x1b[m" % (COLOURS[kind].encode(), head), 1)
        try:
            sys.stderr.flush()
            os.write(2, raw)
        except (OSError, AttributeError, ValueError):
            pass  # stderr is closed or full: there is nobody left to tell


def hint(text: str | None) -> str:
    """A hint as it is shown: what it says to install is said for this installation; "" for None."""
    if text is None or "pip install" not in text:
        return text or ""
    from secretrun import installation

    return installation.hint(text)


def printable(text: str) -> str:
    """Control characters (a file name can hold an escape sequence) made visible."""
    return "".join(c if c.isprintable() or c == " " else repr(c)[1:-1] for c in text)


def _coloured() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and os.isatty(2)
