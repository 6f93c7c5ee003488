"""What is there before the command starts, what is not loaded for it, and what it can't change any more."""

import os
import subprocess
import sys

import pytest
import trustme
from support.until import until

from secretrun.broker.roots import Roots

LATER = ("asyncio", "cryptography.x509", "h11", "secretrun.redact.redactor", "ssl", "subprocess")


def test_what_takes_long_to_load_is_loaded_when_the_command_may_start():
    code = (
        "import sys; from secretrun.broker import ca, opening; ca.Authority(['a.test']); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100
    )
    loaded = done.stdout.split()
    assert "secretrun.broker.ca" in loaded
    assert [name for name in LATER if name in loaded] == []


def organizations(roots):
    found = [dict(pair[0] for pair in one["subject"]) for one in roots.context.get_ca_certs()]
    return {subject.get("organizationName") for subject in found}


def test_roots_are_those_of_before_the_command(tmp_path):
    good, bad = (trustme.CA(organization_name=name) for name in ("good", "bad"))
    bundle, empty = tmp_path / "roots.pem", tmp_path / "empty.pem"
    good.cert_pem.write_to_path(str(bundle))
    empty.write_text("no certificate\n")
    roots = Roots(
        {"CURL_CA_BUNDLE": str(bundle), "PIP_CERT": str(empty), "AWS_CA_BUNDLE": str(tmp_path / "gone")}
    )
    bad.cert_pem.write_to_path(str(bundle))
    bad.cert_pem.write_to_path(str(empty))
    assert {"good", "bad"} & organizations(roots) == {"good"}


@pytest.mark.parametrize(
    "options", [["-e", "{0}/env"], ["--set", "K=file:///dev/null/none", "--report", "{0}"]]
)
def test_a_run_that_does_not_start_leaves_no_broker(tmp_path, options):
    """A store that fails, and what is wrong with an option: the process was there before either was looked at."""
    (tmp_path / "env").write_text(f"K=file://{tmp_path}/missing\n")
    words = [option.format(tmp_path) for option in options]
    host = f"p{os.getpid()}-{len(words)}.test"
    command = [sys.executable, "-m", "secretrun", "--broker", "--grant", f"K@{host}:GET:/**", *words]
    done = subprocess.run([*command, "--", "true"], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode != 0
    assert "secretrun: error: " in done.stderr
    until(lambda: not left(host), "the broker's end")


def left(mark):
    """The processes with a word of ours on their command line."""
    said = subprocess.run(
        ["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True, timeout=100
    )
    return [line for line in said.stdout.splitlines() if mark in line and not line.startswith("ps ")]
