"""The contract between secretrun and a store: all that a backend imports, besides errors and model.

A backend is a class with `info` (data that the table of stores, `doctor`, completion and hints are made
of) and one required method, the batch `fetch`. More power is optional and discovered by name:
`fetch_all` (for `--from`) and `check` (for `doctor`).
"""

from __future__ import annotations

from secretrun.model import Frozen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    from secretrun.errors import BackendError
    from secretrun.model import Reference
else:
    Protocol = object


class BackendInfo(Frozen):
    """What a person sees of a backend.

    Args:
        name: short stable name, also the `[backend.NAME]` table of secretrun.toml.
        title: how the store calls itself.
        schemes: the schemes it resolves.
        example: one reference a reader can copy.
        needs: what must be installed, in a few words ("the sops CLI", "boto3").
        install: the command that installs it.
        sign_in: the command or variable that signs in, or "".
        sign_in_variables: names (or `PREFIX_*` globs) used only to sign in: kept from the child.
        docs: a URL.
        serial: the store may prompt, so its calls never run beside those of another such store.
        trusted_only: references work only from `--set`, the user's own config or `--allow-exec`.
        in_arguments: the path or the options of a reference become arguments of a program, which others can
            read: a reference that holds the value of another one is refused before the store is asked.
    """

    __slots__ = (
        "docs", "example", "in_arguments", "install", "name", "needs", "schemes", "serial",
        "sign_in", "sign_in_variables", "title", "trusted_only",
    )  # fmt: skip

    name: str
    title: str
    schemes: tuple[str, ...]
    example: str
    needs: str
    install: str
    sign_in: str
    sign_in_variables: tuple[str, ...]
    docs: str
    serial: bool
    trusted_only: bool
    in_arguments: bool

    def __init__(
        self,
        *,
        name: str,
        title: str,
        schemes: tuple[str, ...],
        example: str,
        needs: str = "",
        install: str = "",
        sign_in: str = "",
        sign_in_variables: tuple[str, ...] = (),
        docs: str = "",
        serial: bool = False,
        trusted_only: bool = False,
        in_arguments: bool = False,
    ) -> None:
        self._set(
            name=name, title=title, schemes=schemes, example=example, needs=needs, install=install,
            sign_in=sign_in, sign_in_variables=sign_in_variables, docs=docs, serial=serial,
            trusted_only=trusted_only, in_arguments=in_arguments,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"<BackendInfo {self.name}>"


class Context(Frozen):
    """What a backend may know of the run.

    Attributes:
        environ: the environment its helper programs start with (never the resolved one).
        timeout: seconds one call to the store may take, or None for no limit.
        options: the `[backend.NAME]` table of secretrun.toml.
        interactive: a person is at the terminal, so the store may prompt there.
        memo: what the calls of one batch may share, such as a decrypted file; None: nothing.
    """

    __slots__ = ("environ", "interactive", "memo", "options", "timeout")

    environ: Mapping[str, str]
    timeout: float | None
    options: Mapping[str, object]
    interactive: bool
    memo: dict[object, Any] | None

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        timeout: float | None = None,
        options: Mapping[str, object] | None = None,
        interactive: bool = False,
        memo: dict[object, Any] | None = None,
    ) -> None:
        self._set(environ=environ, timeout=timeout, options=options or {}, interactive=interactive, memo=memo)

    def __repr__(self) -> str:
        return "<Context>"  # environ may hold the tokens that open the stores


class Backend(Protocol):
    """Resolves the references of its schemes."""

    info: BackendInfo

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """Resolve a whole batch, with as few calls to the store as it allows.

        Every reference gets an entry: its value, or the error that is its alone. Raising a
        `BackendError` instead fails the whole batch with that error. Called in a thread, never
        twice at once on one object; no state is kept between runs.
        """


class Listing(Protocol):
    """A backend that can also import a whole store: `--from REFERENCE`."""

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """Every key below `reference` with its value, names as the store has them."""


class Prompting(Protocol):
    """A `serial` backend that can tell when it is not going to prompt."""

    def may_prompt(self, references: Sequence[Reference], context: Context) -> bool:
        """Whether asking for these may bring up a prompt. Raises nothing; in doubt it may."""


class Health(str):
    """What `check` found: a few words for people, and what they rest on for programs.

    Attributes:
        version: of the program, SDK or server, or "".
        reachable: whether the store answered; None when it was not asked.
        signed_in: whether it takes our sign-in; None when it was not asked.
    """

    __slots__ = ("reachable", "signed_in", "version")

    version: str
    reachable: bool | None
    signed_in: bool | None

    def __new__(  # noqa: PYI034  Self is in no `typing` before Python 3.11
        cls, text: str, *, version: str = "", reachable: bool | None = None, signed_in: bool | None = None
    ) -> Health:
        made = super().__new__(cls, text)
        made.version, made.reachable, made.signed_in = version, reachable, signed_in
        return made


class Checkable(Protocol):
    """A backend that can say whether it would work."""

    def check(self, context: Context) -> str:
        """Return a few words ("sops 3.11.0"), as `Health` where more is known; never a value.

        Raises:
            BackendError: NotInstalled, Unavailable, NotSignedIn or Denied; the hint is the command that
                mends it.
        """
