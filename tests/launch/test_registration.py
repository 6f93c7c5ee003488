"""`--register`, the reports in CI, and `secretrun mask` in a command."""

import json
import os
import sys

import pytest
from support.store import Store

TOKEN, PEM = "ci-token-%41-8f2c", "-----BEGIN KEY-----\nc2VjcmV0LWxpbmUtb25l\n}\n-----END KEY-----\n"


@pytest.fixture
def env(tmp_path):
    store = Store(tmp_path, {"TOKEN": TOKEN, "PEM": PEM, "MODE": "production"})
    (tmp_path / ".env.secretrun").write_text(
        "".join(f"{name}=sops://secrets.enc.yaml#/{name}\n" for name in ("TOKEN", "PEM", "MODE"))
    )
    return store.environ


COMMAND = ["--", "sh", "-c", 'echo "$TOKEN"; echo ran >&2']


@pytest.mark.parametrize("how", [["--register", "github"], ["--register", "auto"]])
def test_github_is_told_before_the_command_prints(secretrun, env, how):
    done = secretrun("-q", *how, *COMMAND, env=env | {"GITHUB_ACTIONS": "true"})
    assert (done.status, done.out) == (0, "[REDACTED:TOKEN]\n")
    lines = done.err.splitlines()
    assert lines == ["::add-mask::ci-token-%2541-8f2c", "::add-mask::c2VjcmV0LWxpbmUtb25l", "ran"]


def test_azure_is_told_on_stdout(secretrun, env):
    done = secretrun("-q", "--register", "azure", *COMMAND, env=env)
    assert done.out.splitlines() == [
        "##vso[task.setsecret]ci-token-%AZP2541-8f2c",
        "##vso[task.setsecret]c2VjcmV0LWxpbmUtb25l",
        "[REDACTED:TOKEN]",
    ]


@pytest.mark.parametrize(
    "environ", [{}, {"GITLAB_CI": "true"}, {"GITHUB_ACTIONS": "true", "SECRETRUN_REGISTER": "none"}]
)
def test_nobody_is_told_who_would_print_it(secretrun, env, environ):
    options = [] if "SECRETRUN_REGISTER" in environ else ["--register", "auto"]
    done = secretrun("-q", *options, *COMMAND, env=env | environ)
    assert (done.out, done.err) == ("[REDACTED:TOKEN]\n", "ran\n")


def test_what_may_be_seen_is_not_told(secretrun, env):
    done = secretrun("-q", "--register", "github", "--show", "TOKEN", *COMMAND, env=env)
    assert "ci-token" not in done.err


def test_a_file_is_no_runner(secretrun, env, tmp_path):
    done = secretrun("-q", "--", "true", env=env)
    assert done.status == 0
    import subprocess
    import sys

    with (tmp_path / "log").open("wb") as log:
        finished = subprocess.run(
            [sys.executable, "-m", "secretrun", "-q", "--register", "github", "--", "touch", "started"],
            stderr=log, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, cwd=tmp_path, env=os.environ | env, timeout=60,
        )  # fmt: skip
    assert finished.returncode == 125
    assert "is no pipe of a runner" in (tmp_path / "log").read_text()
    assert "ci-token" not in (tmp_path / "log").read_text()
    assert not (tmp_path / "started").exists()


@pytest.fixture
def buildkite(tmp_path, env):
    """A buildkite-agent that follows the protocol of its `redactor add`."""
    agent = tmp_path / "bin" / "buildkite-agent"
    agent.parent.mkdir()
    agent.write_text(
        f'#!/bin/sh\necho "$@" > {tmp_path}/arguments; cat > {tmp_path}/given; exit "$(cat {tmp_path}/status)"\n'
    )
    agent.chmod(0o755)
    (tmp_path / "status").write_text("0")
    return env | {"BUILDKITE": "true", "PATH": f"{agent.parent}:{env['PATH']}"}


def test_buildkite_is_told_by_its_agent(secretrun, buildkite, tmp_path):
    done = secretrun("-q", "--register", "auto", *COMMAND, env=buildkite)
    assert (done.status, done.out, done.err) == (0, "[REDACTED:TOKEN]\n", "ran\n")
    assert (tmp_path / "arguments").read_text() == "redactor add --format json\n"
    assert set(json.loads((tmp_path / "given").read_text()).values()) == {TOKEN, "c2VjcmV0LWxpbmUtb25l"}
    (tmp_path / "status").write_text("1")
    done = secretrun("-q", "--register", "auto", "--", "touch", "started", env=buildkite)
    assert (done.status, (tmp_path / "started").exists()) == (125, False)
    assert "failed with status 1" in done.err


def test_a_report_that_can_not_be_written_is_said_before_the_deploy(secretrun, env, tmp_path):
    for path, said in (("missing/report.json", "no such directory"), (".", "is a directory")):
        done = secretrun("-q", "--report", path, "--", "touch", "started", env=env)
        assert done.status == 125
        assert f"--report {path}: {said}" in done.err
        assert not (tmp_path / "started").exists()


def test_a_step_on_github_gets_a_summary(secretrun, env, tmp_path):
    given = env | {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "GITHUB_ACTIONS": "true"}
    secretrun("-q", "--register", "auto", "--report", "r.json", *COMMAND, env=given)
    text = (tmp_path / "summary.md").read_text()
    assert "| TOKEN | 1 |" in text
    assert "ci-token" not in text


def test_variables_for_the_steps_after(secretrun, env):
    done = secretrun("inject", "--format", "github-env", env=env | {"GITHUB_ACTIONS": "true"})
    assert done.status == 0
    assert f"TOKEN={TOKEN}\n" in done.out
    assert "PEM<<secretrun_" in done.out
    assert "::add-mask::ci-token-%2541-8f2c" in done.err
    done = secretrun("inject", "--format", "gitlab-dotenv", env=env)
    assert done.status == 125
    assert "PEM has several lines" in done.err
    done = secretrun("inject", "--format", "gitlab-dotenv", "--except", "PEM", env=env)
    assert done.out == f"TOKEN={TOKEN}\nMODE=production\n"


def test_a_value_that_the_command_mints_is_masked_from_then_on(secretrun, env):
    script = """
token=minted-$(printf 0123)-456789
printf '%s\\n' "$token" | secretrun mask NEW || exit 9
echo "out $token"; echo "err $token" >&2; printf %s "$token" | base64
"""
    import sys

    given = env | {"PATH": f"{os.path.dirname(sys.executable)}:{env['PATH']}"}
    done = secretrun("-q", "--", "sh", "-c", script, env=given)
    assert done.status == 0, done.err
    assert done.out == "out [REDACTED:NEW]\n[REDACTED:NEW]\n"
    assert done.err == "err [REDACTED:NEW]\n"


@pytest.mark.parametrize(
    ("value", "status", "said"),
    [
        (b"long-enough-value", 125, "no run of secretrun"),
        (b"abc", 2, "too short"),
        (b"", 2, "empty"),
        (b"production", 2, "too common"),
    ],
)
def test_mask_refuses_what_it_can_not_keep(secretrun, value, status, said):
    done = secretrun("mask", stdin=value)
    assert (done.status, done.out) == (status, "")
    assert said in done.err
    assert value.decode() not in done.err or not value


MINTING = """
print("::add-mask::minted-%2541-value", flush=True)
print("out minted-%41-value", flush=True)
print("##vso[task.setvariable variable=T;issecret=true]another-minted-one", flush=True)
print("another-minted-one", flush=True)
"""


@pytest.mark.parametrize(
    ("options", "environ", "masked"),
    [
        ([], {"GITHUB_ACTIONS": "true"}, True),
        ([], {"TF_BUILD": "True"}, True),
        ([], {"GITLAB_CI": "true"}, True),
        (["--register", "github"], {}, True),
        ([], {}, False),
    ],
)
def test_what_the_command_tells_its_runner_to_mask_is_masked(secretrun, env, options, environ, masked):
    """The commands themselves pass, for the runner to read; what is printed after them is masked."""
    done = secretrun("-q", *options, "--", sys.executable, "-c", MINTING, env=env | environ)
    value, other = ("[REDACTED:MINTED]",) * 2 if masked else ("minted-%41-value", "another-minted-one")
    assert done.out.splitlines() == [
        "::add-mask::minted-%2541-value",
        f"out {value}",
        "##vso[task.setvariable variable=T;issecret=true]another-minted-one",
        other,
    ]
