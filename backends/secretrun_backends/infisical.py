"""Infisical, cloud or self-hosted, over its HTTPS API: one listing a folder, whatever is wanted of it.

Plain HTTPS rather than the SDK: two requests are all it takes, and the SDK pulls in a hundred modules.
Secrets are listed by `GET /api/v4/secrets`; instances older than that have `GET /api/v3/secrets/raw`
with the same answer. Source: https://infisical.com/docs/api-reference/overview, the endpoints' pages.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import BackendError, BadAnswer, BadReference, Denied, NotFound, NotSignedIn
from secretrun.formats.pointer import select
from secretrun_backends._https import Answer, ask, each, explain, text_option
from secretrun_backends._process import Deadline
from secretrun_backends._references import answer_each, given, once, placed, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

    Folder = tuple[str, str, str]

CLOUD = "https://app.infisical.com"
ID, SECRET = "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"


class Infisical:
    """Secrets of a project: `infisical://PROJECT_ID/ENVIRONMENT[/FOLDER...]/NAME[#/pointer]`.

    Signs in with INFISICAL_TOKEN, or as a machine identity by universal auth. The instance is option
    `endpoint`, else INFISICAL_API_URL or INFISICAL_DOMAIN, else the US cloud; never part of a reference,
    so that no template can send the token elsewhere.
    """

    info = BackendInfo(
        name="infisical",
        title="Infisical",
        schemes=("infisical",),
        example="infisical://0f1e2d3c-project-id/prod/DB_PASSWORD",
        sign_in=f"set INFISICAL_TOKEN, or {ID} and {SECRET}",
        sign_in_variables=("INFISICAL_TOKEN", ID, SECRET),
        docs="https://infisical.com/docs/documentation/platform/identities/universal-auth",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One sign-in, then one listing a folder, side by side."""
        wanted, answers = placed(references, _place)
        if not wanted:
            return answers
        store = once(context, "store", lambda: _Store(context))
        folders = each(
            (folder for folder, _ in wanted.values()),
            lambda folder: once(context, folder, lambda: store.secrets(folder)),
        )

        def answer(reference: Reference) -> bytes:
            folder, name = wanted[reference]
            return _value(given(folders[folder]), folder, name, reference.pointer)

        return answers | answer_each(wanted, answer)

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """The secrets of one folder: `infisical://PROJECT_ID/ENVIRONMENT[/FOLDER...]`."""
        require_options(reference, ())
        folder = _folder(reference.path.strip("/").split("/"), reference)
        if reference.pointer is not None:
            raise BadReference("a whole folder is imported without a pointer")
        store = once(context, "store", lambda: _Store(context))
        found = once(context, folder, lambda: store.secrets(folder))
        return {name: _value(found, folder, name, None) for name in found}

    def check(self, context: Context) -> str:
        """Where it signs in; raises NotSignedIn when that fails."""
        store = _Store(context)
        if context.environ.get("INFISICAL_TOKEN"):
            return Health(f"a token for {store.endpoint}")  # only reading would tell whether it is taken
        return Health(f"signed in at {store.endpoint}", reachable=True, signed_in=True)


class _Store:
    """One instance, signed in, during one batch."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._deadline = Deadline(context.timeout)
        environ = context.environ
        said = (
            text_option(context, "endpoint", Infisical.info)
            or environ.get("INFISICAL_API_URL")
            or environ.get("INFISICAL_DOMAIN")
            or CLOUD
        )
        self.endpoint = said.rstrip("/").removesuffix("/api")
        if not self.endpoint.startswith(("https://", "http://")):
            raise BadReference(f"the address of Infisical is no URL: {said}")
        self._token = environ.get("INFISICAL_TOKEN") or self._sign_in()

    def _sign_in(self) -> str:
        import json

        environ = self._context.environ
        if not environ.get(ID) or not environ.get(SECRET):
            raise NotSignedIn("no sign-in for Infisical", hint=Infisical.info.sign_in)
        body = json.dumps({"clientId": environ[ID], "clientSecret": environ[SECRET]}).encode()
        answer = self._ask("/api/v1/auth/universal-auth/login", body)
        if answer.status in (400, 401, 403, 404):
            raise NotSignedIn(
                f"Infisical at {self.endpoint} does not accept {ID} and {SECRET}",
                hint="they belong to a machine identity with universal auth, and may have expired",
            )
        if answer.status != 200:
            raise explain(Infisical.info, answer.status, "the sign-in")
        said = answer.json("Infisical")
        token = said.get("accessToken") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token:
            raise BadAnswer("Infisical gave no access token")
        return token

    def secrets(self, folder: Folder) -> dict[str, str | None]:
        """Name to value of one folder, imports included; None for a value that may not be seen."""
        from urllib.parse import urlencode

        project, environment, path = folder
        what = f"folder {path} of environment {environment} in project {project}"
        common = {"environment": environment, "secretPath": path, "expandSecretReferences": "true"}
        answer = self._ask(
            "/api/v4/secrets?" + urlencode({"projectId": project, **common, "includeImports": "true"})
        )
        if answer.status == 404 and b"Route GET" in answer.body:  # an instance without version 4
            old = {"workspaceId": project, **common, "include_imports": "true"}
            answer = self._ask("/api/v3/secrets/raw?" + urlencode(old))
        if answer.status != 200:
            raise explain(Infisical.info, answer.status, what)
        said = answer.json("Infisical")
        found: dict[str, str | None] = {}
        try:
            # The later import wins over the earlier, the folder's own secrets over both.
            for group in (*said.get("imports", ()), said):
                for secret in group["secrets"]:
                    hidden = secret.get("secretValueHidden", False)
                    value = secret["secretValue"]
                    if not isinstance(value, str):
                        raise BadAnswer(f"Infisical gave a value that is no text in {what}")
                    found[secret["secretKey"]] = None if hidden else value
        except (AttributeError, KeyError, TypeError):
            raise BadAnswer(f"Infisical's listing of {what} is not what it documents") from None
        return found

    def _ask(self, path: str, body: bytes | None = None) -> Answer:
        headers = {"Accept": "application/json"}
        if body is None:
            headers["Authorization"] = f"Bearer {self._token}"
        else:
            headers["Content-Type"] = "application/json"
        return ask(
            Infisical.info,
            self.endpoint + path,
            context=self._context,
            deadline=self._deadline,
            headers=headers,
            body=body,
        )


def _place(reference: Reference) -> tuple[Folder, str]:
    *folder, name = reference.path.split("/")
    if reference.options:
        raise BadReference(f"infisical has no option {reference.options[0][0]!r}")
    if not name:
        raise BadReference(f"{reference.text} names no secret", hint=f"like {Infisical.info.example}")
    return _folder(folder, reference), name


def _folder(parts: Sequence[str], reference: Reference) -> Folder:
    if len(parts) < 2 or "" in parts:
        raise BadReference(
            f"{reference.text} is not PROJECT_ID/ENVIRONMENT[/FOLDER...]/NAME",
            hint=f"like {Infisical.info.example}",
        )
    return parts[0], parts[1], "/" + "/".join(parts[2:])


def _value(
    found: Mapping[str, str | None], folder: Folder, name: str, pointer: tuple[str, ...] | None
) -> bytes:
    project, environment, path = folder
    if name not in found:
        raise NotFound(f"Infisical has no secret {name} in {path} of {environment} in project {project}")
    value = found[name]
    if value is None:
        raise Denied(
            f"the identity may list {name} but not read its value",
            hint='give it the permission "Read Value" on the folder',
        )
    try:
        content = value.encode()
    except UnicodeEncodeError:
        raise BadAnswer(f"the value of {name} is not valid Unicode") from None
    return select(content, pointer, what=name)
