"""Bitwarden Secrets Manager, through its CLI: one listing, whatever is wanted of it.

Source: https://bitwarden.com/help/secrets-manager-cli/. Every call is a sign-in, which the server
counts against a limit, so that one listing of all the token may read is the cheapest question.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    NotFound,
    NotSignedIn,
    RateLimited,
    Unavailable,
)
from secretrun.formats.pointer import select
from secretrun_backends._process import Deadline, find, run
from secretrun_backends._references import answer_each, once, placed, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference


class BitwardenSecrets:
    """`bws://[PROJECT/]KEY` or `bws://SECRET_ID`; PROJECT is a name or an id."""

    info = BackendInfo(
        name="bws",
        title="Bitwarden Secrets Manager",
        schemes=("bws",),
        example="bws://backend/DB_PASSWORD",
        needs="the bws CLI",
        install="see https://bitwarden.com/help/secrets-manager-cli/",
        sign_in="set BWS_ACCESS_TOKEN to the access token of a machine account",
        sign_in_variables=("BWS_ACCESS_TOKEN",),
        docs="https://bitwarden.com/help/secrets-manager-cli/",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `bws secret list`, and one `bws project list` when a project is named."""
        wanted, answers = placed(references, _place)
        if not wanted:
            return answers
        store = _Store(context, [project for project, _ in wanted.values() if project])
        return answers | answer_each(
            wanted, lambda r: select(store.value(*wanted[r]), r.pointer, what=wanted[r][1])
        )

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """Every secret of one project: `bws://PROJECT`."""
        require_options(reference, ())
        project = reference.path.strip("/")
        if "/" in project or reference.pointer is not None:
            raise BadReference(f"{reference.text} is not PROJECT", hint="like bws://backend")
        return _Store(context, [project]).project(project)

    def check(self, context: Context) -> str:
        """The version of the CLI, and that the server takes the token."""
        program, deadline = find(self.info, "bws", context), Deadline(context.timeout)
        done = run(self.info, [program, "--version"], environ=context.environ, deadline=deadline)
        version = done.output.decode("utf-8", "replace").strip().rpartition(" ")[2]
        if done.status != 0 or not version:
            raise BackendError(f"{program} does not say its version")
        _Store(context, ())
        return Health(f"bws {version}, signed in", version=version, reachable=True, signed_in=True)


class _Store:
    """What the access token may read, during one batch."""

    def __init__(self, context: Context, projects: Sequence[str]) -> None:
        self._context = context
        self._deadline = Deadline(context.timeout)
        self._program = find(BitwardenSecrets.info, "bws", context)
        if not context.environ.get("BWS_ACCESS_TOKEN"):
            raise NotSignedIn("no sign-in for Bitwarden Secrets Manager", hint=BitwardenSecrets.info.sign_in)
        self._secrets = once(context, "secrets", lambda: self._list("secret", ("id", "key", "value")))
        ids = {str(secret.get("projectId")) for secret in self._secrets}
        self._projects: dict[str, list[str]] = {}
        if not set(projects) <= ids:  # some are names
            for found in once(context, "projects", lambda: self._list("project", ("id", "name"))):
                self._projects.setdefault(found["name"], []).append(found["id"])
                ids.add(found["id"])
        self._ids = ids

    def value(self, project: str | None, key: str) -> bytes:
        """One secret, by its id or its key."""
        secrets = self._secrets
        if project is not None:
            wanted = self._project_id(project)
            secrets = [secret for secret in secrets if secret.get("projectId") == wanted]
        found = [s for s in secrets if s["id"] == key] or [s for s in secrets if s["key"] == key]
        where = f" in project {project}" if project else ""
        if not found:
            raise NotFound(
                f"Bitwarden Secrets Manager has no secret {key}{where} that this token may read",
                hint="the machine account must be given access to its project",
            )
        if len(found) > 1:
            ids = ", ".join(secret["id"] for secret in found)
            raise BadReference(f"{len(found)} secrets are called {key}{where}", hint=f"write an id: {ids}")
        return _encode(found[0])

    def project(self, project: str) -> dict[str, bytes]:
        """Every secret of a project, by key."""
        wanted = self._project_id(project)
        found: dict[str, bytes] = {}
        for secret in self._secrets:
            if secret.get("projectId") != wanted:
                continue
            if secret["key"] in found:
                raise BadAnswer(f"two secrets of project {project} are called {secret['key']}")
            found[secret["key"]] = _encode(secret)
        return found

    def _project_id(self, project: str) -> str:
        if project in self._ids:
            return project
        found = self._projects.get(project, [])
        if not found:
            raise NotFound(f"Bitwarden Secrets Manager has no project {project} that this token may read")
        if len(found) > 1:
            raise BadReference(
                f"{len(found)} projects are called {project}", hint=f"write an id: {', '.join(found)}"
            )
        return found[0]

    def _list(self, kind: str, members: Sequence[str]) -> list[dict[str, Any]]:
        import json

        done = run(
            BitwardenSecrets.info,
            [self._program, kind, "list", "--output", "json", "--color", "no"],
            environ=self._context.environ,
            deadline=self._deadline,
        )
        if done.status != 0:
            raise _explain(done.complaint)
        try:
            found = json.loads(done.output)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, list) or not all(
            isinstance(item, dict) and all(isinstance(item.get(member), str) for member in members)
            for item in found
        ):
            raise BadAnswer(f"bws {kind} list is not the JSON it documents")
        return found


def _place(reference: Reference) -> tuple[str | None, str]:
    parts = reference.path.split("/")
    if reference.options:
        raise BadReference(f"bws has no option {reference.options[0][0]!r}")
    if len(parts) > 2 or "" in parts:
        raise BadReference(
            f"{reference.text} is not [PROJECT/]KEY or an id",
            hint=f"like {BitwardenSecrets.info.example}",
        )
    return (parts[0], parts[1]) if len(parts) == 2 else (None, parts[0])


def _encode(secret: Mapping[str, Any]) -> bytes:
    try:
        return str(secret["value"]).encode()
    except UnicodeEncodeError:
        raise BadAnswer(f"the value of {secret['key']} is not valid Unicode") from None


def _explain(complaint: str) -> BackendError:
    """What a failure of the CLI means; its words are not repeated."""
    said = complaint.lower()
    if "429" in said or "too many requests" in said or "rate limit" in said:
        return RateLimited("Bitwarden throttles", hint="wait a little, or use --cache")
    if "access token" in said or "unauthorized" in said or "401" in said or "invalid_client" in said:
        return NotSignedIn(
            "Bitwarden does not accept BWS_ACCESS_TOKEN", hint="is it complete, and not revoked?"
        )
    if any(word in said for word in ("connect", "dns", "certificate", "timed out", "error sending request")):
        return Unavailable("Bitwarden's server can't be reached", hint="is it the right one? BWS_SERVER_URL")
    return BackendError("bws failed", hint="to see what it says: bws project list")
