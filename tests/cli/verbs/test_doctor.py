"""`secretrun doctor`: what works, what does not, and how to mend it; never a value."""

import json

import pytest
from support.store import Store, clean_environ, secretrun

from secretrun.testing import install_program

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
    assert text.index("used here:") < text.index("SOPS") < text.index("not used here, so not asked")
    assert SECRET not in text


def test_stores_that_are_not_used_are_asked_only_when_that_is_asked_for(store):
    rows = {row["name"]: row for row in json.loads(doctor(store, "--json").stdout)["stores"]}
    assert {row["status"] for name, row in rows.items() if name != "sops"} == {"unknown"}
    rows = {row["name"]: row for row in json.loads(doctor(store, "--json", "--all").stdout)["stores"]}
    assert rows["env"]["status"] == "ok"


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
    from secretrun.resolution.registry import Registry

    answer = json.loads(doctor(store, "--json", "--all").stdout)
    assert [row["name"] for row in answer["stores"]] == [b.info.name for b in Registry({}).everything()]
    assert all(row["status"] in ("ok", "missing", "error", "unknown") for row in answer["stores"])


PLUGIN = """
import json, sys, time
messages = [json.loads(line) for line in sys.stdin]
if {mode!r} == "hang":
    time.sleep(300)
print(json.dumps({{"type": "hello", "id": 0, "version": 1}}))
for message in messages[1:]:
    if message["type"] != "get":
        print(json.dumps({{"type": "unsupported", "id": message["id"]}}))
    elif {mode!r} in ("good", message["path"]):
        print(json.dumps({{"type": "value", "id": message["id"], "text": {value!r}}}))
    else:
        print(json.dumps({{"type": "error", "id": message["id"], "code": {mode!r}, "message": "no", "hint": "odd login"}}))
"""


def with_plugin(tmp_path, mode, template="A=odd://a\nB=odd://b\n", *arguments):
    """What doctor says, as (status, the plugin's row, all it printed), of a template that uses it."""
    environ = install_program(
        tmp_path / "bin",
        "secretrun-backend-odd",
        PLUGIN.format(mode=mode, value=SECRET),
        clean_environ(tmp_path),
    )
    (tmp_path / ".env.secretrun").write_text(template)
    done = secretrun("doctor", "--json", *arguments, env=environ, cwd=tmp_path)
    row = next(row for row in json.loads(done.stdout)["stores"] if row["name"] == "odd")
    assert SECRET.encode() not in done.stdout + done.stderr
    return done.returncode, row, (done.stdout + done.stderr).decode()


def test_what_is_used_is_read_and_every_question_has_its_answer(tmp_path):
    status, row, _ = with_plugin(tmp_path, "good")
    assert status == 0
    assert {name: row[name] for name in ("status", "installed", "version", "signed_in", "reachable", "permission")} == {
        "status": "ok", "installed": True, "version": "1", "signed_in": True, "reachable": True, "permission": True,
    }  # fmt: skip
    assert row["detail"].endswith("reads 2 of 2 used here")


@pytest.mark.parametrize(
    ("mode", "wrong", "code"),
    [
        ("denied", "permission", "backend.denied"),
        ("not-signed-in", "signed_in", "backend.not-signed-in"),
        ("unavailable", "reachable", "backend.unavailable"),
        ("rate-limited", None, "backend.rate-limited"),
    ],
)
def test_a_store_that_refuses_says_what_is_wrong_and_the_command_that_mends_it(tmp_path, mode, wrong, code):
    status, row, _ = with_plugin(tmp_path, mode)
    assert (status, row["status"], row["code"], row["hint"]) == (125, "error", code, "odd login")
    assert row["installed"] is True
    if wrong is not None:
        assert row[wrong] is False
    assert "can't read 2 of 2: odd://a: " in row["detail"]


def test_a_reference_to_nothing_is_no_fault_of_the_store(tmp_path):
    status, row, _ = with_plugin(tmp_path, "not-found")
    assert (status, row["status"], row["hint"]) == (0, "ok", "secretrun check")
    assert "reads 0 of 2" in row["detail"]


def test_imports_are_read_too(store):
    (store.directory / ".env.secretrun").write_text("")
    done = doctor(store, "--from", "sops://secrets.enc.yaml", "--json")
    sops = next(row for row in json.loads(done.stdout)["stores"] if row["name"] == "sops")
    assert (done.returncode, sops["used"], sops["permission"]) == (0, True, True)
    assert sops["version"].startswith("3.")
    assert SECRET not in done.stdout.decode()


def test_without_the_key_the_store_is_there_and_not_signed_in(store):
    done = doctor(store, "--json", SOPS_AGE_KEY_FILE="/no/such/key")
    sops = next(row for row in json.loads(done.stdout)["stores"] if row["name"] == "sops")
    assert (done.returncode, sops["status"], sops["installed"], sops["signed_in"]) == (
        125,
        "error",
        True,
        False,
    )
    assert sops["hint"]


def test_a_store_that_hangs_does_not_hold_up_the_others(tmp_path):
    status, row, _ = with_plugin(tmp_path, "hang", "A=odd://a\n", "--timeout", "1")
    assert (status, row["status"], row["reachable"]) == (125, "error", False)


def test_nothing_but_the_table_is_printed(tmp_path):
    """No SDK warns on its own of what it lacks, whatever it logs."""
    done = secretrun("doctor", "--all", "--timeout", "20", env=clean_environ(tmp_path), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    for title in ("Azure Key Vault", "AWS Secrets Manager", "Google Cloud Secret Manager", "system key ring"):
        assert title.encode() in done.stdout
