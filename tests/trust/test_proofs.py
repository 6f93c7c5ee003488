"""What was proved against us once, each with the right answer, and its kind."""

import base64
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyrage
import pytest
from ptyprocess import PtyProcess
from support.store import Store
from support.until import until

from secretrun.backend.sops_servers import require_known
from secretrun.errors import SecretrunError

REFUSED = 125
EVE = "http://127.0.0.1:8200"


# --- a SOPS file that sends the sign-in to its author

FORMS = [
    f"a: ENC[x]\nsops:\n    hc_vault:\n        - vault_address: {EVE}\n          engine_path: transit\n",
    f"a: ENC[x]\nsops:\n    hc_vault: [{{vault_address: {EVE}, engine_path: t}}]\n",
    f'a: ENC[x]\nsops:\n    hc_vault:\n        - "vault_address": "{EVE}"\n',
    f'{{"a": "ENC[x]", "sops": {{"hc_vault": [{{"vault_address": "{EVE}"}}]}}}}',
    f'{{"a": "ENC[x]", "sops": {{"hc_vault": [{{"vault_address"\n:\n"{EVE}"}}]}}}}',
    f"a=ENC[x]\nsops_hc_vault__list_0__map_vault_address={EVE}\n",
    f"[a]\nb = ENC[x]\n[sops]\nhc_vault__list_0__map_vault_address = {EVE}\n",
    "sops:\n    azure_kv:\n        - vault_url: https://vault.azure.net.eve.example\n",
    f'sops:\n    hc_vault:\n        - "vault\\x5faddress": {EVE}\n',
    f'{{"sops": {{"hc_vault": [{{"vault\\u005faddress": "{EVE}"}}]}}}}',
    f"x: &a {EVE}\nsops:\n    hc_vault:\n        - vault_address: *a\n",
    f"sops:\n    hc_vault:\n        - ? vault_address\n          : {EVE}\n",
    f"creation_rules:\n  - hc_vault_transit_uri: {EVE}/v1/sops/keys/k\n",
]


@pytest.mark.parametrize("text", FORMS)
def test_the_metadata_names_no_server_but_the_users_own(text):
    with pytest.raises(SecretrunError):
        require_known(text.encode(), "f", {"VAULT_ADDR": "https://mine.example"})


@pytest.mark.parametrize("text", [form for form in FORMS if EVE in form and "\\" not in form and "*" not in form and "?" not in form and "\n:\n" not in form])  # fmt: skip
def test_the_users_own_server_is_fine(text):
    require_known(text.encode(), "f", {"VAULT_ADDR": EVE + "/"})
    require_known(text.encode(), "f", {}, [EVE])


def test_what_sops_writes_itself_is_fine(tmp_path):
    for name in ("s.enc.yaml", "s.json", "s.env", "s.ini"):
        store = Store(tmp_path, {"A": "x"} if not name.endswith("ini") else {"s": {"A": "x"}}, name=name)
        require_known(store.path.read_bytes(), name, {})
    require_known(b"sops:\n    azure_kv:\n        - vault_url: https://mine.vault.azure.net\n", "f", {})


def test_sops_is_not_started_on_such_a_file(tmp_path, secretrun, monkeypatch):
    store = Store(tmp_path, {"A": "value-of-the-store"})
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", store.key)
    text = store.path.read_text()
    assert "sops:" in text
    head, _, tail = text.partition("    lastmodified:")
    store.path.write_text(f"{head}    hc_vault:\n        - vault_address: {EVE}\n          engine_path: t\n"
                          f"          key_name: k\n          enc: x\n    lastmodified:{tail}")  # fmt: skip
    monkeypatch.setenv("VAULT_TOKEN", "hvs.a-token-of-the-victim")
    log = tmp_path / "started"
    fake = tmp_path / "sops"
    fake.write_text(f"#!/bin/sh\necho x >> {log}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("SECRETRUN_SOPS", str(fake))
    done = secretrun("--set", "A=sops://secrets.enc.yaml#/A", "--", "true")
    assert done.status == REFUSED
    assert f"names the server {EVE}, which is not one you have set" in done.err
    assert not log.exists()


def test_a_templates_identity_starts_no_plugin(tmp_path, secretrun):
    (tmp_path / "keys").write_text("AGE-PLUGIN-EVE-1QQQQ\n")
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "f.age").write_bytes(pyrage.encrypt(b"value", [identity.to_public()]))
    (tmp_path / "t.env").write_text("A=age://f.age?identity=keys\n")
    (tmp_path / "bin").mkdir()
    plugin = tmp_path / "bin" / "age-plugin-eve"
    plugin.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    plugin.chmod(0o755)
    done = secretrun("-e", "t.env", "--", "true", env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
    assert (done.status, "the identity of a plugin" in done.err) == (REFUSED, True)
    assert not (tmp_path / "ran").exists()


# --- files we write


def test_a_report_is_opened_before_the_command_starts(tmp_path, secretrun):
    done = secretrun("--report", "no/such/place.json", "--", "touch", "started")
    assert (done.status, (tmp_path / "started").exists()) == (REFUSED, False)


def test_a_command_that_puts_a_fifo_in_its_place_does_not_hang_us(tmp_path, secretrun):
    done = secretrun(
        "--report", "r.json", "--set", "A=file:///etc/hostname", "--", "sh", "-c", "rm r.json; mkfifo r.json"
    )
    assert done.status == 0


def test_a_command_that_puts_a_link_in_its_place_overwrites_nothing(tmp_path, secretrun):
    (tmp_path / "important").write_text("mine")
    done = secretrun("--report", "r.json", "--", "sh", "-c", "rm r.json; ln -s important r.json")
    assert done.status == 0
    assert (tmp_path / "important").read_text() == "mine"


@pytest.mark.parametrize("option", ["--report", "--audit"])
def test_a_link_is_not_followed(tmp_path, secretrun, option):
    (tmp_path / "important").write_text("mine")
    (tmp_path / "link").symlink_to("important")
    done = secretrun(option, "link", "--", "touch", "started")
    assert (done.status, "is a link" in done.err) == (REFUSED, True)
    assert (tmp_path / "important").read_text() == "mine"
    assert not (tmp_path / "started").exists()


def test_a_fifo_that_is_named_and_read_gets_the_report(tmp_path):
    os.mkfifo(tmp_path / "r")
    reader = subprocess.Popen(["cat", tmp_path / "r"], stdout=subprocess.PIPE)
    command = [sys.executable, "-m", "secretrun", "-q", "--report", "r", "--", "true"]

    def reported():
        return subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0

    until(reported, "the reader to have opened it")
    assert b'"status": 0' in reader.communicate(timeout=60)[0]


# --- edit


@pytest.fixture
def editing(tmp_path, secretrun, monkeypatch):
    """`secretrun edit` with an editor that shows where the plain text lies and then waits."""
    assert secretrun("init", "-q").status == 0
    assert secretrun("set", "-q", "A", stdin=b"value-in-plain-text").status == 0
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "$$ $1" > {tmp_path}/open\nexec sleep 60\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    process = PtyProcess.spawn(
        [sys.executable, "-m", "secretrun", "edit"], cwd=str(tmp_path), env=dict(os.environ)
    )
    said = until(
        lambda: (tmp_path / "open").exists() and (tmp_path / "open").read_text().split(), "the editor"
    )
    yield process, int(said[0]), Path(said[1])
    process.close(force=True)


def gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_however_edit_ends_the_plain_text_and_the_editor_are_gone(editing, number):
    process, editor, plain = editing
    assert "value-in-plain-text" in plain.read_text()
    assert f"secretrun-edit-{os.geteuid()}-{process.pid}-" in str(plain)
    os.kill(process.pid, number)
    until(lambda: not plain.parent.exists(), "the plain text to be removed")
    until(lambda: gone(editor), "the editor to end")


def test_a_next_run_sweeps_what_was_left(tmp_path):
    from secretrun.child import scratch

    dead = subprocess.Popen(["true"])
    dead.wait()
    left = tmp_path / f"secretrun-edit-{os.geteuid()}-{dead.pid}-0123456789abcdef"
    left.mkdir()
    (left / "plain").write_text("x")
    ours = tmp_path / f"secretrun-edit-{os.geteuid()}-{os.getpid()}-0123456789abcdef"
    ours.mkdir()
    scratch.sweep(str(tmp_path))
    assert sorted(tmp_path.iterdir()) == [ours]


def test_edit_warns_of_an_editor_that_reads_along():
    from secretrun.cli.verbs.edit import reads_along

    assert reads_along({"EDITOR": "/usr/bin/cursor --wait"}) == "Cursor"
    assert reads_along({"EDITOR": "code", "SOPS_EDITOR": "vi"}) is None


# --- messages


# Runs the command line, and has Ctrl-C come at the given step of it: every call and return is one.
INTERRUPTED = """
import os, signal, sys
from secretrun.__main__ import main
left, pid = int(sys.argv.pop(1)), os.getpid()
def step(frame, event, argument):
    global left
    left -= 1
    if left == 0 and os.getpid() == pid:
        os.kill(pid, signal.SIGINT)
sys.setprofile(step)
sys.exit(main())
"""


def test_no_traceback_whenever_ctrl_c_comes(tmp_path):
    """From the first step within `main` to long after the command runs, which has it then."""
    (tmp_path / "value").write_text("value-that-is-secret")
    ended = set()
    for at in (*range(2, 6), *(round(1.7**n) for n in range(4, 22))):
        done = subprocess.run(
            [sys.executable, "-c", INTERRUPTED, str(at), "--set", "A=file://value", "--", "sh", "-c", "kill -INT $$"],
            cwd=tmp_path, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, (at, done.stderr)
        assert "value-that" not in done.stderr
        ended.add(done.returncode)
    assert ended == {-signal.SIGINT}


@pytest.mark.parametrize("limit", range(5, 31))
def test_no_traceback_under_any_limit_of_descriptors(tmp_path, limit):
    (tmp_path / "v").write_text("value-that-is-secret")
    command = f'ulimit -n {limit}; exec "{sys.executable}" -m secretrun -q --set A=file://v -- true'
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    ours = done.stderr.partition("secretrun:")[2] or done.stderr
    assert done.returncode == 0 or "Traceback" not in ours
    assert "value-that-is-secret" not in done.stderr


def test_a_message_hides_a_value_in_every_form(tmp_path, secretrun):
    """A plugin that quotes another variable's value, as base64."""
    secret = "a-value-that-another-store-gave"
    (tmp_path / "v").write_text(secret)
    plugin = tmp_path / "bin" / "secretrun-backend-chatty"
    plugin.parent.mkdir()
    quoted = base64.b64encode(secret.encode()).decode()
    plugin.write_text(
        "#!/bin/sh\nwhile read -r line; do case $line in *describe*) "
        'echo \'{"version": 1, "name": "chatty", "title": "Chatty"}\';; '
        f'*) echo \'{{"version": 1, "error": {{"code": "failed", "message": "no: {quoted}"}}}}\';; esac; done\n'
    )
    plugin.chmod(0o755)
    done = secretrun(
        "--set", "A=file://v", "--set", "B=chatty://x", "--", "true",
        env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.status == REFUSED
    assert quoted not in done.err
    assert secret not in done.err


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+$"])
def test_a_projects_regular_expression_runs_under_a_time_limit(tmp_path, secretrun, pattern):
    (tmp_path / "v").write_text("a" * 60 + "!")
    (tmp_path / "secretrun.toml").write_text(
        f"[secrets]\nA = {{ ref = 'file://v', type = 'regex', pattern = '{pattern}' }}\n"
    )
    start = time.monotonic()
    done = secretrun("-e", "secretrun.toml", "--", "true")
    assert (done.status, "takes too long" in done.err) == (REFUSED, True)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("entry", ["", "lib", "./lib"])
def test_a_relative_entry_of_pythonpath_is_refused(tmp_path, entry):
    (tmp_path / "sitecustomize.py").write_text("")
    environ = os.environ | {"PYTHONPATH": f"/nonexistent:{entry}" if entry else "/nonexistent:"}
    done = subprocess.run([sys.executable, "-m", "secretrun", "-q", "--", "touch", "started"], cwd=tmp_path, env=environ,
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == REFUSED
    assert "PYTHONPATH has an entry that is empty or relative" in done.stderr
    assert "sitecustomize.py" in done.stderr
    assert not (tmp_path / "started").exists()
