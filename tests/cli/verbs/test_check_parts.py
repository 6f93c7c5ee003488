"""`secretrun check` says what is masked by itself, and what `run` would warn of: names, never values."""

import json
import os
import subprocess
import sys

import pytest

KEY = "Tm90IGEga2V5LCBidXQgaXQgbG9va3MgbGlrZSBvbmUgb2YgdGhlbQ"
VALUES = {
    "SHORT": "qz7",
    "COMMON": "production",
    "DB": "postgres://app:staging@db.internal/orders",
    "ADO": "Server=h;Password=Sup3r",
    "GCP": json.dumps(
        {
            "type": "service_account",
            "private_key_id": "8f1c2e6b9a7d40358f1c2e6b9a7d40358f1c2e6b",
            "private_key": f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n",
        }
    ),
    "TOKEN": "sk_live_9aF3kQ7zXc2Vb8Nm",
}
WARNINGS = [
    "SHORT is shorter than 6 bytes and is masked only as a whole word",
    "COMMON has a common value, which is not masked",
    "DB: its part password has a common value, which is not masked",
    "ADO: its part Password is shorter than 6 bytes and is masked only as a whole word",
]


@pytest.fixture
def project(tmp_path):
    for name, value in VALUES.items():
        (tmp_path / name).write_text(value)
    (tmp_path / ".env.secretrun").write_text("".join(f"{name}=file://{name}\n" for name in VALUES))
    return tmp_path


def warned(done):
    mark = "secretrun: warning: "
    return [line.removeprefix(mark) for line in done.stderr.splitlines() if line.startswith(mark)]


def secretrun(directory, *words):
    environment = {**os.environ, "SECRETRUN_TRUST": "all"}
    return subprocess.run(
        [sys.executable, "-m", "secretrun", *words], cwd=directory, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_verbose_lists_the_parts_by_name_and_warnings_stand_on_stderr(project):
    done = secretrun(project, "check", "-v")
    assert done.returncode == 0
    assert "  GCP: private_key, private_key_id\n" in done.stdout
    assert "  ADO: Password\n" in done.stdout
    assert "  DB:" not in done.stdout
    assert warned(done) == WARNINGS
    for value in (KEY, "Sup3r", "qz7", VALUES["TOKEN"], "8f1c2e6b"):
        assert value not in done.stdout + done.stderr


def test_check_without_verbose_warns_and_lists_no_part(project):
    done = secretrun(project, "check")
    assert "private_key" not in done.stdout
    assert warned(done) == WARNINGS


def test_json_has_both(project):
    said = json.loads(secretrun(project, "check", "--json").stdout)
    assert said["warnings"] == WARNINGS
    assert said["parts"] == {"ADO": ["Password"], "GCP": ["private_key", "private_key_id"]}


def test_run_warns_of_the_same(project):
    done = secretrun(
        project, "--", "echo", "service_account", "8f1c2e6b9a7d40358f1c2e6b9a7d40358f1c2e6b", KEY
    )
    assert done.stdout == "service_account [REDACTED:GCP] [REDACTED:GCP]\n"
    assert set(warned(done)) == set(WARNINGS)
