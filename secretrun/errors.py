"""The exception tree: every failure a user can meet, with its exit status, stable code and hint.

Whose fault it is stands in the type: `TemplateError`, `ReferenceSyntaxError` and `ConfigError` are
the user's text, `BackendError` is the store's side, `CommandError` is the command that was to run.
Messages are lower case, end without a full stop, and never hold a secret value.
"""

from __future__ import annotations

TYPE_CHECKING = False  # `typing` costs 4 to 7 ms of start-up; type checkers know this name
if TYPE_CHECKING:
    from collections.abc import Sequence


class SecretrunError(Exception):
    """Base of all that secretrun raises on purpose.

    Attributes:
        exit_status: what the process exits with (125 is `env`'s and `docker run`'s "our own failure").
        code: a stable dotted name for programs (`--json`, the audit log).
        message: one line for people, no value of any secret in it.
        hint: what to do about it, or None.
    """

    exit_status = 125
    code = "error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(SecretrunError):
    """The command line itself is wrong."""

    exit_status = 2
    code = "usage"


class ConfigError(SecretrunError):
    """`secretrun.toml`, a `SECRETRUN_*` variable or a plugin is unusable."""

    code = "config"


class TemplateError(SecretrunError):
    """A line of a template is malformed; `file`, `line` and `column` (both from 1) say where."""

    code = "template"

    def __init__(
        self, message: str, *, file: str, line: int, column: int = 1, hint: str | None = None
    ) -> None:
        super().__init__(f"{file}:{line}:{column}: {message}", hint=hint)
        self.file = file
        self.line = line
        self.column = column


class ReferenceSyntaxError(SecretrunError):
    """A reference is not of the form `scheme://path[?option=value][#/pointer]`."""

    code = "reference"

    def __init__(self, message: str, *, column: int = 1, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.column = column


class ResolutionError(SecretrunError):
    """A run has faults, all of them told at once.

    Attributes:
        faults: each with its place, its reason and its own hint.
        failures: their messages; `hint` has their hints, a line each.
    """

    code = "resolution"

    def __init__(self, message: str, *, faults: Sequence[SecretrunError] = ()) -> None:
        hints = dict.fromkeys(fault.hint for fault in faults if fault.hint)
        super().__init__(message, hint="\n".join(hints) or None)
        self.faults = tuple(faults)

    @property
    def failures(self) -> tuple[str, ...]:
        return tuple(fault.message for fault in self.faults)


class BackendError(SecretrunError):
    """A store did not give what was asked of it."""

    code = "backend.failed"


class Unavailable(BackendError):
    """The CLI or SDK that reaches the store is missing, or the store can't be reached."""

    code = "backend.unavailable"


class NotInstalled(Unavailable):
    """The CLI or SDK that reaches the store is missing; the hint installs it."""

    code = "backend.not-installed"


class NotSignedIn(BackendError):
    """The store wants a sign-in (or a decryption key) that is not there; the hint says which."""

    code = "backend.not-signed-in"


class NotFound(BackendError):
    """The store has no such item, key or version."""

    code = "backend.not-found"


class Denied(BackendError):
    """The store knows us and refuses."""

    code = "backend.denied"


class RateLimited(BackendError):
    """The store throttles; trying again later may help."""

    code = "backend.rate-limited"


class TimedOut(BackendError):
    """The store did not answer within the time allowed."""

    code = "backend.timed-out"


class BadAnswer(BackendError):
    """The store answered something that is not what it documents, or a value of the wrong shape."""

    code = "backend.bad-answer"


class BadReference(BackendError):
    """The reference parses, but this backend can't make sense of it (a missing field, a bad option)."""

    code = "backend.bad-reference"


class CommandError(SecretrunError):
    """The command itself could not be started."""

    exit_status = 126
    code = "command.not-executable"


class CommandNotFound(CommandError):
    """There is no such command."""

    exit_status = 127
    code = "command.not-found"
