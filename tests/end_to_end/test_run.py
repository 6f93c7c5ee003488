"""`secretrun -- COMMAND` end to end: a real SOPS + age store, real processes, pipes and a terminal."""

import base64
import json
import re
import sys

import pytest
from support.store import Store, on_terminal, secretrun

SECRET = "s3cr3t/Valu+e-" + "x7Kq9ZtR2mWv"
TEMPLATE = "API_KEY=sops://secrets.enc.yaml#/api/key\nLEVEL=debug\n"


@pytest.fixture
def store(tmp_path):
    made = Store(
        tmp_path, {"api": {"key": SECRET}, "port": 5432, "nested": {"a": {"b": "deep-value-123456"}}}
    )
    (tmp_path / ".env.secretrun").write_text(TEMPLATE)
    return made


def run(store, *arguments, **options):
    return secretrun(*arguments, env=store.environ, cwd=store.directory, **options)


def test_both_streams_are_masked_apart_and_the_status_is_the_commands_own(store):
    done = run(store, "--", "sh", "-c", "echo $API_KEY; echo $API_KEY >&2; exit 7")
    assert done.returncode == 7
    assert done.stdout == b"[REDACTED:API_KEY]\n"
    assert done.stderr == b"[REDACTED:API_KEY]\n"


def test_on_a_terminal_all_three_streams_are_one_and_masked(store):
    code = (
        "import os, sys\n"
        "print([os.isatty(n) for n in (0, 1, 2)])\n"
        "print('out', os.environ['API_KEY'], flush=True)\n"
        "print('err', os.environ['API_KEY'], file=sys.stderr)\n"
        "sys.exit(7)\n"
    )
    shown, status = on_terminal("--", sys.executable, "-c", code, env=store.environ, cwd=store.directory)
    assert status == 7
    assert shown == (b"[True, True, True]\r\nout [REDACTED:API_KEY]\r\nerr [REDACTED:API_KEY]\r\n")


def test_the_command_has_the_real_value_and_the_literals(store):
    code = f"import os; print(os.environ['API_KEY'] == {SECRET!r}, os.environ['LEVEL'])"
    done = run(store, "--", sys.executable, "-c", code)
    assert (done.stdout, done.returncode) == (b"True debug\n", 0)


@pytest.mark.parametrize("form", ["base64", "hex", "json", "url", "python"])
def test_derived_forms_are_masked(store, form):
    code = {
        "base64": "import base64, os; print(base64.b64encode(os.environb[b'API_KEY']).decode())",
        "hex": "import os; print(os.environb[b'API_KEY'].hex())",
        "json": "import json, os; print(json.dumps({'k': os.environ['API_KEY'] + '\\n'}))",
        "url": "import os, urllib.parse; print(urllib.parse.quote(os.environ['API_KEY'], safe=''))",
        "python": "import os; print(repr(os.environb[b'API_KEY']))",
    }[form]
    done = run(store, "--", sys.executable, "-c", code)
    assert done.returncode == 0
    assert b"[REDACTED:API_KEY]" in done.stdout
    assert SECRET.encode()[2:10] not in done.stdout
    assert base64.b64encode(SECRET.encode())[2:10] not in done.stdout


def test_stdin_reaches_the_command_untouched(store, tmp_path):
    data = bytes(range(256)) * 400
    (tmp_path / "input").write_bytes(data)
    code = "import sys, hashlib; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    with (tmp_path / "input").open("rb") as file:
        done = run(store, "--", sys.executable, "-c", code, stdin=file)
    import hashlib

    assert done.stdout.decode().strip() == hashlib.sha256(data).hexdigest()


def test_a_command_that_is_not_there_is_127_and_one_that_can_not_run_126(store, tmp_path):
    missing = run(store, "--", "no-such-command-here")
    assert missing.returncode == 127
    assert missing.stdout == b""
    assert re.fullmatch(
        rb"secretrun: error: .*no-such-command-here.*\n(secretrun: hint: .*\n)?", missing.stderr
    )
    (tmp_path / "plain").write_text("echo hi")
    refused = run(store, "--", "./plain")
    assert refused.returncode == 126
    assert b"plain" in refused.stderr


def test_three_bad_references_are_one_report_and_nothing_starts(store, tmp_path):
    (tmp_path / "bad.env").write_text(
        "GOOD=sops://secrets.enc.yaml#/api/key\n"
        "ONE=sops://secrets.enc.yaml#/no/such\n"
        "TWO=sops://missing.yaml#/x\n"
        "THREE=file://not-there.txt\n"
    )
    done = run(store, "-e", "bad.env", "--", "touch", "started")
    assert done.returncode == 125
    assert not (tmp_path / "started").exists()
    assert done.stdout == b""
    for line, name in ((2, b"ONE"), (3, b"TWO"), (4, b"THREE")):
        assert re.search(rb"error: bad\.env:%d: %s: " % (line, name), done.stderr), done.stderr
    assert b"GOOD" not in done.stderr
    assert SECRET.encode() not in done.stderr


def test_whole_stores_can_be_imported(tmp_path):
    flat = Store(tmp_path, {"DB_PASSWORD": SECRET, "DB_PORT": 5432}, name="flat.enc.yaml")
    code = "import os; print(os.environ['DB_PORT'], os.environ['DB_PASSWORD'])"
    arguments = ("--from", "sops://flat.enc.yaml", "--", sys.executable, "-c", code)
    done = secretrun(*arguments, env=flat.environ, cwd=tmp_path)
    assert done.stdout == b"5432 [REDACTED:DB_PASSWORD]\n"


def test_set_and_inherited_references_are_resolved(store, tmp_path):
    (tmp_path / "token").write_text("file-token-abcdef\n")
    env = store.environ | {"INHERITED": "sops://secrets.enc.yaml#/nested/a/b"}
    code = "import os; print(os.environ['INHERITED'] == 'deep-value-123456', os.environ['T'] == 'file-token-abcdef')"
    done = secretrun("--set", "T=file://token", "--", sys.executable, "-c", code, env=env, cwd=tmp_path)
    assert (done.stdout, done.stderr) == (b"True True\n", b"")


def test_what_opens_the_store_is_kept_from_the_command(store):
    done = run(store, "--", "sh", "-c", 'echo "${SOPS_AGE_KEY_FILE-gone}"')
    assert done.stdout == b"gone\n"
    done = run(store, "--pass", "SOPS_AGE_KEY_FILE", "--", "sh", "-c", 'echo "${SOPS_AGE_KEY_FILE-gone}"')
    assert done.stdout.strip().decode() == store.key


def test_pristine_starts_from_a_minimal_environment(store):
    env = store.environ | {"EXTRA": "1", "KEPT_ONE": "2"}
    done = secretrun("--pristine", "--pass", "KEPT_*", "--", "env", env=env, cwd=store.directory)
    names = {line.split(b"=")[0] for line in done.stdout.splitlines()}
    assert b"EXTRA" not in names
    assert {b"KEPT_ONE", b"PATH", b"HOME", b"API_KEY", b"LEVEL"} <= names


def test_no_masking_shows_the_value_to_who_asks_for_it(store):
    done = run(store, "--no-masking", "--", "sh", "-c", "echo $API_KEY")
    assert done.stdout.decode().strip() == SECRET


def test_the_report_counts_and_fail_on_leak_fails(store, tmp_path):
    done = run(store, "--report", "masked.json", "--fail-on-leak", "--", "sh", "-c", "echo $API_KEY $API_KEY")
    assert done.returncode == 125
    assert done.stdout == b"[REDACTED:API_KEY] [REDACTED:API_KEY]\n"
    text = (tmp_path / "masked.json").read_text()
    report = json.loads(text)
    assert sum(report["masked"]["API_KEY"].values()) == 2
    assert SECRET not in text
    quiet = run(store, "--fail-on-leak", "--", "sh", "-c", "echo fine")
    assert (quiet.returncode, quiet.stdout) == (0, b"fine\n")


def test_the_audit_line_has_names_and_no_value(store, tmp_path):
    run(store, "--audit", "audit.jsonl", "--", "sh", "-c", "exit 3")
    text = (tmp_path / "audit.jsonl").read_text()
    record = json.loads(text)
    assert record["variables"] == {"API_KEY": ["sops://secrets.enc.yaml#/api/key"]}
    assert record["command"] == "sh"
    assert SECRET not in text
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_the_mask_text_can_be_chosen(store):
    done = run(store, "--mask", "<{name}>", "--", "sh", "-c", "echo $API_KEY")
    assert done.stdout == b"<API_KEY>\n"


def test_inherited_variables_can_be_masked_too(store):
    env = store.environ | {"CI_TOKEN": "ci-token-0123456789"}
    done = secretrun(
        "--mask-env", "*_TOKEN", "--", "sh", "-c", "echo $CI_TOKEN", env=env, cwd=store.directory
    )
    assert done.stdout == b"[REDACTED:CI_TOKEN]\n"


def test_check_shows_names_and_status_and_no_value(store, tmp_path):
    done = run(store, "check")
    assert done.returncode == 0
    assert b"API_KEY" in done.stdout
    assert b"sops://secrets.enc.yaml#/api/key" in done.stdout
    assert SECRET.encode() not in done.stdout + done.stderr
    (tmp_path / "bad.env").write_text("A=sops://secrets.enc.yaml#/nope\n")
    bad = run(store, "check", "-e", "bad.env", "--json")
    assert bad.returncode == 125
    assert json.loads(bad.stdout)["variables"][0]["status"] == "error"


def test_read_prints_one_value(store):
    done = run(store, "read", "sops://secrets.enc.yaml#/api/key")
    assert done.stdout.decode() == SECRET + "\n"


def test_a_pager_behind_and_a_script_before_work(store):
    done = run(store, "--", "sh", "-c", "yes $API_KEY | head -n 20000")
    assert done.stdout == b"[REDACTED:API_KEY]\n" * 20000
