"""`secretrun doctor`: what works, what does not, and how to mend it; never a value."""

import json

import pytest
from main_job.support import Store, secretrun

SECRET = "doctor-secret-0123456789"


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path, {"key": SECRET})
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/key\n")
    return made


def doctor(store, *arguments, **env):
    return secretrun("doctor", "--timeout", "20", *arguments, env=store.environ | env, cwd=store.directory)


def test_the_stores_used_here_come_first_and_decide_the_status(store):
    done = doctor(store)
    text = done.stdout.decode()
    assert done.returncode == 0, text
    assert text.index("used here:") < text.index("SOPS") < text.index("not used here:")
    assert SECRET not in text


def test_a_missing_program_is_named_with_what_installs_it(store):
    done = doctor(store, "--json", SECRETRUN_SOPS="/no/such/sops")
    assert done.returncode == 125
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    sops = next(row for row in answer["stores"] if row["name"] == "sops")
    assert sops["used"] is True
    assert sops["status"] == "missing"
    assert sops["hint"]
    assert SECRET not in done.stdout.decode()


def test_every_backend_has_a_row(store):
    from secretrun.registry import Registry

    answer = json.loads(doctor(store, "--json").stdout)
    assert [row["name"] for row in answer["stores"]] == [b.info.name for b in Registry({}).everything()]
    assert all(row["status"] in ("ok", "missing", "error", "unknown") for row in answer["stores"])
