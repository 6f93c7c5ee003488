"""The examples for services: systemd takes the unit, and a pod's mounted files are what its template reads."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "services"
PAGE = (ROOT / "docs" / "services.md").read_text(encoding="utf-8")
SECRET = "sk-live-2b7d9e41c05f4a86"


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
def test_systemd_takes_the_unit(tmp_path):
    unit = tmp_path / "app.service"
    text = (EXAMPLES / "app.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/secretrun/bin/secretrun", shutil.which("true")))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_key_that_systemd_hands_over_opens_the_store(secretrun, tmp_path):
    """%d is $CREDENTIALS_DIRECTORY: a directory of files that are the unit's alone."""
    from support.store import Store

    text = (EXAMPLES / "app.service").read_text(encoding="utf-8")
    name = re.search(r"^LoadCredentialEncrypted=(.*)$", text, re.MULTILINE).group(1)
    variable, _, path = re.search(r"^Environment=(.*)$", text, re.MULTILINE).group(1).partition("=")
    assert path == f"%d/{name}"
    store = Store(tmp_path, {"API_KEY": SECRET})
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    shutil.copy(store.key, credentials / name)
    (credentials / name).chmod(0o400)
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/API_KEY\n")
    environ = {variable: path.replace("%d", str(credentials)), "CREDENTIALS_DIRECTORY": str(credentials)}
    done = secretrun("-e", ".env.secretrun", "--", "sh", "-c", 'echo "$API_KEY"', env=environ)
    assert (done.status, done.out) == (0, "[REDACTED:API_KEY]\n")


def test_a_pods_mounted_secrets_are_what_its_template_reads(secretrun, tmp_path):
    """Laid out as the kubelet does: links to a directory with a date, files for the group."""
    pod = yaml.safe_load((EXAMPLES / "pod.yaml").read_text(encoding="utf-8"))
    (container,) = pod["spec"]["containers"]
    (mount,) = container["volumeMounts"]
    (volume,) = pod["spec"]["volumes"]
    assert mount["name"] == volume["name"]
    items = [item for source in volume["projected"]["sources"] for item in source["secret"]["items"]]
    assert [item["path"] for item in items] == ["db/password", "api.json"]
    dated = tmp_path / "mounted" / "..2026_01_31_12_00_00.1"
    (dated / "db").mkdir(parents=True)
    (dated / "db" / "password").write_text(SECRET)
    (dated / "api.json").write_text('{"key": "op-4kD81jsPq0-value"}')
    os.symlink(dated.name, tmp_path / "mounted" / "..data")
    for name in ("db", "api.json"):
        os.symlink(f"..data/{name}", tmp_path / "mounted" / name)
    template = re.search(r"^```dotenv\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL).group(1)
    assert template.count(f"file://{mount['mountPath']}/") == 2
    (tmp_path / "app.env").write_text(template.replace(mount["mountPath"], str(tmp_path / "mounted")))
    done = secretrun("-e", "app.env", "--", "sh", "-c", 'echo "$DB_PASSWORD $API_KEY"; echo ${#DB_PASSWORD}')
    assert (done.status, done.out) == (0, f"[REDACTED:DB_PASSWORD] [REDACTED:API_KEY]\n{len(SECRET)}\n")
