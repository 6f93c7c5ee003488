"""Every message that the page of messages explains is one that a person can get today."""

import os
import re

import pytest
from support import document_world
from support.document_world import ROOT

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
EXPLAINED = re.findall(r"^### `(.*)`$", PAGE, re.MULTILINE)
NO_KEY = {"XDG_CONFIG_HOME": "/nonexistent"}
AWS = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_REGION": "eu-central-1"}

# What brings each of them up: the commands, and what their environment has besides (None: has not).
PROVOKED = {
    "...: command not found": ("secretrun -- no-such-command", {}),
    "...: permission denied": ("secretrun -- ./config.py", {}),
    "unknown verb '...'": ("secretrun npm test", {}),
    ".env.secretrun is not agreed to, so nothing was started": ("secretrun -- true", {"SECRETRUN_TRUST": None}),
    "... can be written to by everybody (mode 0666), so it is not read": (
        "chmod 666 .env.secretrun; secretrun -- true", {"SECRETRUN_TRUST": None}),
    "... references could not be resolved, so the command was not started": ("secretrun -- true", NO_KEY),
    "...: no key here opens ...": ("secretrun -- true", NO_KEY),
    "SOPS_AGE_KEY: line 1 is a malformed age identity": (
        "secretrun -- true", NO_KEY | {"SOPS_AGE_KEY": "AGE-SECRET-KEY-1XXX"}),
    "...: no key '...' in ...": ("secretrun --set A=sops://secrets.enc.env#/NOPE -- true", {}),
    "...: there is no file ...": ("secretrun --set A=sops://nope.yaml#/x -- true", {}),
    "... is not encrypted with sops (no sops metadata)": (
        "echo A=1 > plain.env; secretrun --set A=sops://plain.env#/A -- true", {}),
    "unknown scheme '...', is it a slip for '...'?": ("secretrun --set A=spos://x#/y -- true", {}),
    "...:2:2: not a variable name before '='": (r"printf 'A=1\nB C=2\n' > x.env; secretrun -e x.env -- true", {}),
    "...: $... is not set": ("echo 'A=$NOT_SET' > x.env; secretrun -e x.env -- true", {}),
    "...: exec:// references work only from --set or your own config": (
        "echo 'A=exec://gh/auth/token' > x.env; secretrun -e x.env -- true", {}),
    "secretrun.toml: no_masking can't be set by a project": (
        r"printf '[run]\nno_masking = true\n' > secretrun.toml; secretrun -- true", {}),
    "secretrun.toml: unknown key '...' in [run]": (
        r"printf '[run]\ntimout = 3\n' > secretrun.toml; secretrun -- true", {}),
    "--only ...: there is no such variable": ("secretrun --only NOPE -- true", {}),
    "...: op is not installed, or not on the PATH": ("rm ../bin/op; secretrun --set A=op://a/b/c -- true", {}),
    "...: no AWS credentials that work for ...": ("secretrun --set A=aws-sm://prod/db -- true", AWS),
    "...: can't reach ...": (
        "secretrun --set A=vault://secret/a#/b -- true", {"VAULT_ADDR": "http://127.0.0.1:9", "VAULT_TOKEN": "x"}),
    "--report ...: no such directory": ("secretrun --report nowhere/report.json -- true", {}),
    "no secretrun.toml, .env.secretrun or .env found: the command runs without secrets": (
        "mkdir ../empty; cd ../empty; secretrun -- true", {}),
    "... is shorter than 6 bytes and is masked only as a whole word": (
        "secretrun --set PIN=env://P -- true", {"P": "dev1"}),
    "secrets were printed, and masked: ...": ("secretrun --fail-on-leak -- sh -c 'echo $API_KEY'", {}),
    "--cache: no secretrun cache answers at ...": ("secretrun --cache 10m -- true", {}),
    "... exists already, and init overwrites nothing": ("secretrun init", {}),
    "set takes one name": ("secretrun set API_KEY value", {}),
    "... is set nowhere": ("secretrun read NOPE", {}),
    "secretrun read is refused here: Claude Code has started this, and would see the value": (
        "secretrun read API_KEY", {"CLAUDECODE": "1"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def pattern(tmp_path_factory):
    return document_world.with_store(document_world.make(tmp_path_factory.mktemp("pattern") / "world"))


@pytest.mark.parametrize("message", EXPLAINED)
def test_a_message_that_is_explained_can_be_had(message, pattern, tmp_path):
    world = document_world.copy(pattern, tmp_path / "world")
    command, besides = PROVOKED[message]
    for name, value in besides.items():
        world.environ.pop(name, None)
        if value is not None:
            world.environ[name] = value
    world.environ["PATH"] = f"{tmp_path / 'world' / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
    _, shown = world.run(command)
    wanted = ".*".join(map(re.escape, message.split("...")))
    assert re.search(rf"^secretrun: (error|warning): .*{wanted}", shown, re.MULTILINE), shown


def test_what_can_be_provoked_is_explained():
    assert set(PROVOKED) == set(EXPLAINED)
    assert len(EXPLAINED) == len(set(EXPLAINED))
