"""A small real npm project under secretrun: colours on a terminal, masks everywhere, npm's own status."""

import json
import re
import shutil

import pytest
from support.store import Store, on_terminal, secretrun

SECRET = "npm-secret-value-0123456789"
SCRIPT = """
const colour = process.stdout.isTTY ? '\\u001b[32m' : '';
console.log(`${colour}token ${process.env.API_KEY}`);
console.error('basic', Buffer.from('user:' + process.env.API_KEY).toString('base64'));
process.exit(Number(process.env.STATUS || 0));
"""


@pytest.fixture
def project(tmp_path):
    assert shutil.which("npm"), "the tests need npm: see scripts/debian-packages.sh"
    store = Store(tmp_path, {"key": SECRET})
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.yaml#/key\n")
    (tmp_path / "package.json").write_text(
        json.dumps({"name": "small", "version": "1.0.0", "scripts": {"test": "node test.js"}})
    )
    (tmp_path / "test.js").write_text(SCRIPT)
    store.environ |= {"NPM_CONFIG_UPDATE_NOTIFIER": "false", "NPM_CONFIG_CACHE": str(tmp_path / "cache")}
    return store


def test_in_a_pipe_it_is_masked_and_without_colours(project):
    done = secretrun("--", "npm", "test", env=project.environ, cwd=project.directory)
    assert done.returncode == 0, done.stderr
    assert b"token [REDACTED:API_KEY]" in done.stdout
    assert b"\x1b[32m" not in done.stdout
    assert b"basic [REDACTED:API_KEY]" in done.stderr or b"[REDACTED:API_KEY]" in done.stderr
    assert SECRET.encode() not in done.stdout + done.stderr


def test_on_a_terminal_it_is_masked_and_in_colours(project):
    shown, status = on_terminal("--", "npm", "test", env=project.environ, cwd=project.directory)
    assert status == 0
    assert b"\x1b[32mtoken [REDACTED:API_KEY]" in shown
    assert SECRET.encode() not in re.sub(rb"\x1b\[[0-9;]*m", b"", shown)


def test_npms_own_exit_status_comes_back(project):
    plain = secretrun(
        "--no-masking", "--", "npm", "test", env=project.environ | {"STATUS": "3"}, cwd=project.directory
    )
    masked = secretrun("--", "npm", "test", env=project.environ | {"STATUS": "3"}, cwd=project.directory)
    assert masked.returncode == plain.returncode != 0
