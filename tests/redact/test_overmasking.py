"""A part of `make overmasking`: texts in which no secret stands pass byte for byte, however many are known."""

import json
import pathlib
import sysconfig

import pytest
from redact.overmasking import changed, secrets

from secretrun.redact import Redactor

ROOT = pathlib.Path(__file__).parents[2]
LIBRARY = pathlib.Path(sysconfig.get_path("stdlib"))
TEXTS = [
    *sorted(ROOT.glob("secretrun/**/*.py")),
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(LIBRARY.glob("email/*.py")),
    *sorted(LIBRARY.glob("json/*.py")),
    LIBRARY / "ssl.py",
    LIBRARY / "base64.py",
    LIBRARY / "mimetypes.py",
]


@pytest.mark.parametrize("count", [1, 12, 96])
def test_texts_without_a_secret_are_not_changed(count):
    values = secrets(count)
    redactors = [Redactor(values)]
    assert len(TEXTS) > 100
    for path in TEXTS:
        data = path.read_bytes()
        assert changed(redactors, values.values(), data) == [False], (path, redactors[0].report())


LOG = b"""service_account googleapis.com orders-123456 us-east-1 https://oauth2.googleapis.com/token kind: Config
apiVersion: v1 users: - name: admin registry=https://registry.example/ db.internal:5432 orders app builder private_key
x.example.net,1433 User ID=app Encrypt=True aws_access_key_id aws_secret_access_key default Authorization: Bearer
#!/bin/bash function type project_id client_email token_uri -----BEGIN PRIVATE KEY----- https://hooks.example.com/services/T0001/
2026-11-25T18:05:00Z 10.0.0.1:8080 sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 v1.24.3
| name | value |\n+------+-------+\n| x    | 1     |\n====== test session starts ======\n
"""


def test_a_log_of_the_very_project_whose_keys_are_known_stays_readable():
    redactor = Redactor(secrets(96))
    for line in LOG.splitlines():
        for word in line.split():
            assert redactor.mask(word + b" .") == word + b" ."
        data = json.dumps({"line": line.decode()}).encode() + b"\n"
        assert redactor.mask(line + b".\n") == line + b".\n"
        assert redactor.mask(data) == data
