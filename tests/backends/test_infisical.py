"""Infisical against a local server that speaks its API's wire format, version 4 and version 3."""

from __future__ import annotations

import pytest
from support.wire import BREAK_OFF, DRIP, GARBAGE, HANG, Server

from secretrun.backend import Context
from secretrun.errors import (
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.infisical import Infisical

VALUES = {name: value for name, value in DIFFICULT_VALUES.items() if name != "binary"}
IDENTITY = {
    "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID": "client-id-1",
    "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET": "client-secret-1",
}
TOKEN = "issued-token-1"
FOLDERS = {
    ("p1", "dev", "/"): VALUES,
    ("p1", "dev", "/db/main"): {"USER": b"app", "JSON": b'{"password": "in-json-1"}'},
}


class Instance:
    """Answers as an Infisical instance does; `failure` overrides the listing."""

    def __init__(self, version=4):
        self.version = version
        self.failure = None

    def __call__(self, request):
        if request.path == "/api/v1/auth/universal-auth/login":
            given = request.json()
            if given != {"clientId": "client-id-1", "clientSecret": "client-secret-1"}:
                return 401, {"message": "Invalid credentials"}
            return 200, {"accessToken": TOKEN, "expiresIn": 7200, "tokenType": "Bearer"}
        if self.failure:
            return self.failure
        paths = {4: "/api/v4/secrets", 3: "/api/v3/secrets/raw"}
        if request.path != paths[self.version]:
            return 404, {"message": f"Route GET:{request.path} not found", "statusCode": 404}
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Token invalid"}
        project = request.query["projectId" if self.version == 4 else "workspaceId"]
        folder = FOLDERS.get((project, request.query["environment"], request.query["secretPath"]))
        if folder is None:
            return 404, {"message": "Folder not found"}
        own = [
            {"secretKey": k, "secretValue": v.decode(), "secretValueHidden": False} for k, v in folder.items()
        ]
        imported = [
            {"secretKey": k, "secretValue": v} for k, v in (("plain", "shadowed"), ("FAR", "imported"))
        ]
        imports = [{"secretPath": "/", "environment": "base", "secrets": imported}]
        return 200, {"secrets": own, "imports": imports if request.query["secretPath"] == "/" else []}


@pytest.fixture(params=[4, 3])
def instance(request):
    return Instance(request.param)


@pytest.fixture
def server(instance):
    with Server(instance) as running:
        yield running


def context(server, timeout=60, **environ):
    return Context({**IDENTITY, "INFISICAL_API_URL": f"{server.url}/api", **environ}, timeout=timeout)


def ask(server, text, **options):
    reference = parse(text)
    return Infisical().fetch([reference], context(server, **options))[reference]


class TestInfisical(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, server):
        self.backend = Infisical()
        self.context = context(server)
        self.known = {parse(f"infisical://p1/dev/{name}"): value for name, value in VALUES.items()}
        self.known[parse("infisical://p1/dev/db/main/USER")] = b"app"
        self.known[parse("infisical://p1/dev/db/main/JSON#/password")] = b"in-json-1"
        self.known[parse("infisical://p1/dev/FAR")] = b"imported"
        self.missing = [
            parse("infisical://p1/dev/NONE"),
            parse("infisical://p1/dev/no-folder/NAME"),
            parse("infisical://p1/dev/db/main/JSON#/none"),
        ]
        self.listing = (parse("infisical://p1/dev"), {**VALUES, "FAR": b"imported"})


def test_one_sign_in_and_one_listing_a_folder(server, instance):
    references = [parse(f"infisical://p1/dev/{name}") for name in VALUES]
    references.append(parse("infisical://p1/dev/db/main/USER"))
    answers = Infisical().fetch(references, context(server))
    assert all(isinstance(answer, bytes) for answer in answers.values())
    listings = {4: 2, 3: 4}[instance.version]  # an old instance says of each that it has no version 4
    assert len(server.requests) == 1 + listings


def test_a_token_in_the_environment_needs_no_sign_in(server):
    assert ask(server, "infisical://p1/dev/plain", INFISICAL_TOKEN=TOKEN) == VALUES["plain"]
    assert "/api/v1/auth/universal-auth/login" not in server.paths()


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        ((401, {"message": "expired"}), NotSignedIn),
        ((403, {"message": "no"}), Denied),
        ((429, {"message": "slow down"}), RateLimited),
        ((500, b"<html>oops</html>"), Unavailable),
        ((200, b"<html>a proxy's page</html>"), BadAnswer),
        ((200, {"other": []}), BadAnswer),
        ((200, {"secrets": [{"secretKey": "plain", "secretValue": 7}]}), BadAnswer),
        ((302, b"", {"Location": "http://127.0.0.1:1/elsewhere"}), BadAnswer),
        (GARBAGE, BadAnswer),
        (BREAK_OFF, BadAnswer),
    ],
)
def test_each_failure_of_the_instance_has_its_own_error(server, instance, failure, expected):
    instance.failure = failure
    error = ask(server, "infisical://p1/dev/plain")
    assert type(error) is expected
    assert TOKEN not in f"{error.message}{error.hint}"
    assert "client-secret-1" not in f"{error.message}{error.hint}"


@pytest.mark.parametrize("failure", [HANG, DRIP])
def test_an_instance_that_never_ends_its_answer_is_given_up_at_the_time_limit(server, instance, failure):
    instance.failure = failure
    error = ask(server, "infisical://p1/dev/plain", timeout=2, INFISICAL_TOKEN=TOKEN)
    assert type(error) is TimedOut
    assert "--timeout" in error.hint


def test_a_value_the_identity_may_not_see_is_denied_and_never_the_placeholder(server, instance):
    hidden = {"secretKey": "plain", "secretValue": "<hidden-by-infisical>", "secretValueHidden": True}
    instance.failure = (200, {"secrets": [hidden]})
    assert type(ask(server, "infisical://p1/dev/plain")) is Denied


def test_without_a_sign_in_the_error_names_the_variables(server):
    with pytest.raises(NotSignedIn) as caught:
        Infisical().fetch([parse("infisical://p1/dev/plain")], Context({"INFISICAL_API_URL": server.url}))
    assert "INFISICAL_TOKEN" in caught.value.hint


def test_a_wrong_client_secret_is_refused_without_being_shown(server):
    wrong = context(server, INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET="not-the-secret")
    with pytest.raises(NotSignedIn) as caught:
        Infisical().fetch([parse("infisical://p1/dev/plain")], wrong)
    assert "not-the-secret" not in f"{caught.value.message}{caught.value.hint}"


def test_nothing_listens_there(server):
    with pytest.raises(Unavailable):
        Infisical().fetch(
            [parse("infisical://p1/dev/plain")],
            Context({**IDENTITY, "INFISICAL_API_URL": "http://127.0.0.1:9"}),
        )


@pytest.mark.parametrize(
    "text", ["infisical://p1", "infisical://p1/NAME", "infisical://p1//NAME", "infisical://p1/dev/A?x=1"]
)
def test_a_reference_without_project_environment_and_name_is_refused_before_any_request(server, text):
    assert type(ask(server, text)) is BadReference
    assert server.requests == []


def test_an_unknown_folder_is_not_found(server):
    assert type(ask(server, "infisical://p1/dev/none/NAME")) is NotFound
