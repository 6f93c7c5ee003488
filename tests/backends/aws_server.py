"""A real server of AWS's protocols (moto), and how it is asked."""

from __future__ import annotations

import json

import botocore.session
import pytest
from moto.server import ThreadedMotoServer

from secretrun.backend import Context
from secretrun.reference import parse


class Front:
    """A WSGI middleware before moto: records each operation, answers chosen ones with an error."""

    def __init__(self, application):
        self.application = application
        self.operations = []
        self.failures = {}

    def __call__(self, environ, start_response):
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if operation:
            self.operations.append(operation)
        if operation in self.failures:
            body = json.dumps({"__type": self.failures[operation], "message": "as the test asks"}).encode()
            headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
            start_response("400 Bad Request", headers)
            return [body]
        return self.application(environ, start_response)


class Aws:
    def __init__(self, server, front, home):
        host, port = server.get_host_and_port()
        self.front = front
        self.endpoint = f"http://{host}:{port}"
        self.environ = {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "eu-central-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(home),
        }
        self.context = Context(self.environ, timeout=100)
        self.secrets = self.client("secretsmanager")
        self.parameters = self.client("ssm")

    def client(self, service, region="eu-central-1"):
        return botocore.session.Session().create_client(
            service, region, endpoint_url=self.endpoint,
            aws_access_key_id="testing", aws_secret_access_key="testing",
        )  # fmt: skip

    def get(self, backend, *texts, **environ):
        self.front.operations.clear()
        references = [parse(text) for text in texts]
        context = Context({**self.environ, **environ}, timeout=100)
        answers = backend().fetch(references, context)
        found = [answers[reference] for reference in references]
        return found[0] if len(found) == 1 else found


@pytest.fixture(scope="module")
def moto_server():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    front = Front(server._server.app)
    server._server.app = front
    yield server, front
    server.stop()


@pytest.fixture
def aws(moto_server, tmp_path):
    import urllib.request

    server, front = moto_server
    front.failures = {}
    host, port = server.get_host_and_port()
    request = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
    with urllib.request.urlopen(request, timeout=100):
        pass
    return Aws(server, front, tmp_path)
