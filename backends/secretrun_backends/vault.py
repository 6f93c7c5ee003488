"""HashiCorp Vault and OpenBao over their HTTP API: key-value stores and every other engine that is read.

Without an SDK: reading takes three kinds of request, and hvac would bring requests and its tree of
packages (100 ms to import) for them. References to one path are one read; other paths are read side by
side. The key-value version is asked of the server, which only needs a right on the path itself.

Facts: developer.hashicorp.com/vault/api-docs/{index,secret/kv,system/internal-ui-mounts}, checked with
OpenBao 2.7.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    NotFound,
    Unavailable,
)
from secretrun.formats.pointer import parse, to_bytes, walk
from secretrun_backends._https import each
from secretrun_backends._process import Deadline
from secretrun_backends._references import answer_each, given, once
from secretrun_backends._vault_server import Session
from secretrun_backends._vault_sign_in import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference


class Vault:
    """Secrets of Vault and OpenBao: `vault://MOUNT/PATH[?version=N&namespace=NS...][#/KEY]`.

    Without a pointer the whole secret is given as JSON; in `ref+vault://PATH/KEY` of vals the key is last.
    `version_kv=1|2` says the version of the key-value store for a token that may not ask; the mount is
    then the first part of the path. Signing in: `_vault_sign_in`. VAULT_CACERT names a
    private authority; there is no way to leave a certificate unchecked.
    """

    info = BackendInfo(
        name="vault",
        title="HashiCorp Vault, OpenBao",
        schemes=("vault",),
        example="vault://secret/app/db#/password",
        sign_in="vault login, or VAULT_ADDR with VAULT_TOKEN",
        sign_in_variables=(
            "BAO_JWT",
            "BAO_PASSWORD",
            "BAO_SECRET_ID",
            "BAO_TOKEN",
            "VAULT_JWT",
            "VAULT_PASSWORD",
            "VAULT_SECRET_ID",
            "VAULT_TOKEN",
        ),
        docs="https://openbao.org/docs/",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One sign-in for each server, one read for each path."""
        deadline = Deadline(context.timeout)
        sessions: dict[tuple[object, ...], Session] = once(context, "sessions", dict)
        reads: dict[Reference, _Read] = {}
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            try:
                settings = Settings(reference, context)
                session = sessions.setdefault(settings.key(), Session(self.info, settings, context, deadline))
                reads[reference] = _Read(session, reference)
            except BackendError as error:
                answers[reference] = error
        for read in dict.fromkeys(reads.values()):
            read.prepare()
        read_data = each(reads.values(), lambda read: once(context, read, read.data))
        return answers | answer_each(
            reads, lambda r: _value(given(read_data[reads[r]]), _pointer(r), reads[r].what)
        )

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """Every key of one secret, or of the mapping at the pointer."""
        settings, deadline = Settings(reference, context), Deadline(context.timeout)
        sessions: dict[tuple[object, ...], Session] = once(context, "sessions", dict)
        session = sessions.setdefault(settings.key(), Session(self.info, settings, context, deadline))
        read = _Read(session, reference, whole=True)
        read.prepare()
        node = walk(once(context, read, read.data), reference.pointer or (), what=read.what)
        if not isinstance(node, dict):
            raise BadAnswer(f"what is to be imported from {read.what} is not a mapping of names to values")
        return {name: to_bytes(value, what=f"{read.what} at {name}") for name, value in node.items()}

    def check(self, context: Context) -> str:
        """Whether the server is up and unsealed, and whether it knows our token."""
        from secretrun.model import Reference

        settings = Settings(Reference("vault://check", "vault", "check", trusted=True), context)
        session = Session(self.info, settings, context, Deadline(context.timeout))
        version = session.version()
        session.require_token()
        said = f"server {version} at {settings.address}, signed in"
        return Health(said, version=version, reachable=True, signed_in=True)


class _Read:
    """One path of one server, read once; equal to another that reads the same."""

    def __init__(self, session: Session, reference: Reference, *, whole: bool = False) -> None:
        path = reference.path.strip("/")
        if not whole and _key_is_last(reference):
            path = path.rpartition("/")[0]
        version, kv = reference.option("version"), reference.option("version_kv")
        if version is not None and not (version.isascii() and version.isdigit()):
            raise BadReference(f"version={version!r} is not a number", hint="write ?version=3")
        if kv not in (None, "1", "2"):
            raise BadReference(
                f"version_kv={kv!r} is neither 1 nor 2", hint="leave it out to have the server asked"
            )
        self.what = f"Vault's {path}"
        self._identity = (id(session), path, version, kv)
        self._session = session
        self._path, self._version, self._kv = path, version, kv
        self._place: tuple[str, bool] | BackendError | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Read) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def prepare(self) -> None:
        """Find out where to read; whatever goes wrong is raised by `data`."""
        try:
            self._place = self._find()
        except BackendError as error:
            self._place = error

    def _find(self) -> tuple[str, bool]:
        """The path to ask for, and whether the answer is that of key-value version 2."""
        from urllib.parse import quote

        if self._kv is None:
            mount, kv = self._session.mount_of(self._path)
        else:
            mount, kv = self._path.partition("/")[0] + "/", int(self._kv)
        rest = self._path[len(mount) :]
        if kv is not None and not rest:
            raise BadReference(
                f"vault://{self._path} names a mount, not a secret", hint="write vault://MOUNT/PATH#/KEY"
            )
        if kv != 2:
            if self._version is not None:
                raise BadReference(
                    f"{self.what} has no versions: {mount} is no key-value store of version 2",
                    hint="leave out ?version=",
                )
            return quote(self._path), False
        version = f"?version={self._version}" if self._version is not None else ""
        return f"{quote(mount)}data/{quote(rest)}{version}", True

    def data(self) -> Any:
        """What the secret holds, a mapping of `content.parse`."""
        if self._place is None or isinstance(self._place, BackendError):
            raise self._place or Unavailable(f"{self.what} was not prepared")
        return self._get(*self._place)

    def _get(self, path: str, versioned: bool) -> Any:
        answer = self._session.get(path)
        # A version that was deleted is a 404 with its metadata.
        if answer.status not in ((200, 404) if versioned else (200,)):
            raise self._session.failure(answer, self._path)
        try:
            data = parse(answer.body, kind="json", what=self.what).get("data")
        except (BadAnswer, AttributeError):
            raise self._session.foreign() from None
        if versioned and isinstance(data, dict):
            metadata = data.get("metadata")
            data = data.get("data")
            if data is None and isinstance(metadata, dict):
                gone = "destroyed" if metadata.get("destroyed") == "true" else "deleted"
                hint = "another one can be asked for with ?version=N"
                if gone == "deleted":
                    hint += ", this one brought back with vault kv undelete"
                raise NotFound(f"version {metadata.get('version')} of {self.what} was {gone}", hint=hint)
        if answer.status == 404:
            error = self._session.failure(answer, self._path)
            if path.count("data/data/"):
                error.hint = "leave 'data/' out of the path: it is added for this kind of store"
            elif self._version is not None:
                error.message += f" in version {self._version}"
            raise error
        if not isinstance(data, dict):
            raise self._session.foreign()
        return data


def _key_is_last(reference: Reference) -> bool:
    """In vals the last part of a path without a pointer is the key."""
    return reference.pointer is None and reference.text.startswith("ref+") and "/" in reference.path


def _value(data: Any, pointer: tuple[str, ...], what: str) -> bytes:
    return to_bytes(walk(data, pointer, what=what), what=what)


def _pointer(reference: Reference) -> tuple[str, ...]:
    if _key_is_last(reference):
        return (reference.path.strip("/").rpartition("/")[2],)
    return reference.pointer or ()
