"""Below a run of ours or in a coding agent: what prints or unmasks refuses, and a nested run registers its values."""

import shlex
import subprocess
import sys

import pytest
from support.store import COMMAND, clean_environ, secretrun

SECRET = "Kq8Zt2LmWv5x9Rb3"
OTHER = "Zz7-other-secret-41"
MARKERS = [
    {"CLAUDECODE": "1"}, {"CODEX_CI": "1"}, {"GEMINI_CLI": "1"}, {"OPENCODE": "1"}, {"COPILOT_CLI": "1"},
    {"CURSOR_AGENT": "1"}, {"QWEN_CODE": "1"}, {"AI_AGENT": "some-agent"}, {"SECRETRUN_SESSION": "1"},
]  # fmt: skip
WAYS = [
    (["read", "API_KEY"], {}),
    (["get", "API_KEY"], {}),
    (["read", "file://./store"], {}),
    (["inject"], {}),
    (["inject", "-o", "out"], {}),
    (["edit"], {}),
    (["--no-masking", "--", "env"], {}),
    (["--", "env"], {"SECRETRUN_NO_MASKING": "1"}),
    (["--pass", "SOPS_AGE_KEY", "--", "env"], {}),
    (["--", "env"], {"SECRETRUN_PASS": "*"}),
    (["--show", "API_KEY", "--", "env"], {}),
    (["--", "env"], {"SECRETRUN_SHOW": "API_KEY"}),
    (["--detect", "off", "--", "env"], {}),
    (["--", "env"], {"SECRETRUN_DETECT": "warn"}),
]


@pytest.fixture
def place(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "store").write_text(SECRET)
    (tmp_path / "other").write_text(OTHER)
    (tmp_path / ".env.secretrun").write_text("API_KEY=file://./store\n")
    (tmp_path / "other.env").write_text("OTHER=file://./other\n")
    return tmp_path


def ran(*words, place, **environ):
    return secretrun(*words, env=clean_environ(place) | {"SECRETRUN_TRUST": "all"} | environ, cwd=place)


@pytest.mark.parametrize(
    ("words", "given"), WAYS, ids=[" ".join(words) + " ".join(given) for words, given in WAYS]
)
@pytest.mark.parametrize("marker", [MARKERS[0], MARKERS[-1]], ids=["agent", "session"])
def test_what_prints_or_unmasks_refuses(words, given, marker, place):
    done = ran(*words, place=place, **marker, **given)
    assert done.returncode == 125, done
    assert SECRET.encode() not in done.stdout + done.stderr
    assert b"is refused here" in done.stderr
    assert not (place / "out").exists()


@pytest.mark.parametrize("marker", MARKERS, ids="".join)
def test_every_agent_is_known(marker, place):
    done = ran("read", "API_KEY", place=place, **marker)
    assert (done.returncode, done.stdout) == (125, b"")


def test_a_person_is_not_refused(place):
    assert ran("read", "API_KEY", place=place).stdout == SECRET.encode() + b"\n"


def test_what_the_owner_has_set_for_himself_holds(place):
    (place / ".config" / "secretrun").mkdir(parents=True)
    (place / ".config" / "secretrun" / "config.toml").write_text('[run]\npass = ["SOPS_*"]\n')
    assert ran("--", "true", place=place, CLAUDECODE="1").returncode == 0


def agreed(place, **environ):
    """The project's template agreed to, as a person does it."""
    done = secretrun("allow", "--print", env=clean_environ(place), cwd=place)
    assert done.returncode == 0, done.stderr
    return {"SECRETRUN_TRUST": "check", "SECRETRUN_ALLOW": done.stdout.decode().split()[-1]} | environ


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["-e", "other.env", "--", "env"], {}),
        (["--set", "OTHER=file://./other", "--", "env"], {}),
        (["--from", "sops://other.yaml", "--", "env"], {}),
        (["--", "env"], {"OTHER": "sops://other.yaml#/a"}),
        (["--", "env"], {"SECRETRUN_ENV_FILE": "other.env"}),
    ],
    ids=["-e", "--set", "--from", "inherited", "SECRETRUN_ENV_FILE"],
)
@pytest.mark.parametrize("marker", [MARKERS[0], MARKERS[-1]], ids=["agent", "session"])
def test_a_reference_that_nobody_agreed_to_is_refused(words, given, marker, place):
    done = ran(*words, place=place, **agreed(place), **marker, **given)
    assert done.returncode == 125, done
    assert OTHER.encode() not in done.stdout
    assert b"nobody has agreed to it" in done.stderr


def test_what_was_agreed_to_goes_on_however_it_is_named(place):
    marker = agreed(place, CLAUDECODE="1")
    for words in ([], ["-e", ".env.secretrun"], ["--set", "AGAIN=file://./store"]):
        done = ran(*words, "--", "sh", "-c", "echo $API_KEY $AGAIN", place=place, **marker)
        assert done.returncode == 0, done.stderr
        assert SECRET.encode() not in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the environment of a process is in Linux's /proc")
@pytest.mark.parametrize(("trust", "status"), [("all", 0), ("check", 125)])
def test_an_agent_that_shortens_its_servers_environment_was_started_with_the_persons(trust, status, place):
    command = [*COMMAND, "--stdio", "-e", "other.env", "--", "true"]
    environ = clean_environ(place) | {"SECRETRUN_TRUST": trust, "GEMINI_CLI": "1"}
    done = subprocess.run(["sh", "-c", f"env -u SECRETRUN_TRUST {shlex.join(command)}; exit $?"],
                          env=environ, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # fmt: skip
    assert done.returncode == status, done.stderr


def test_a_run_marks_what_it_starts(place):
    inner = " ".join([*COMMAND, "read", "API_KEY"])
    done = ran("--", "sh", "-c", f"{inner}; echo status $?", place=place)
    assert (done.stdout, SECRET.encode() in done.stderr) == (b"status 125\n", False)


def test_a_nested_run_registers_its_values_with_the_outer_one(place):
    """What it leaves in a file the outer run masks, though the outer never resolved it."""
    inner = " ".join([*COMMAND, "-e", "other.env", "--", "sh", "-c", "'echo $OTHER > kept'"])
    done = ran("--", "sh", "-c", f"{inner}; cat kept; base64 kept", place=place)
    assert done.returncode == 0, done.stderr
    assert OTHER in (place / "kept").read_text()
    assert done.stdout.startswith(b"[REDACTED:OTHER]\n")
    assert done.stdout.count(b"[REDACTED:OTHER]") == 2


def test_both_levels_of_a_nested_run_are_masked(place):
    inner = " ".join([*COMMAND, "-e", "other.env", "--", "sh", "-c", "'echo $OTHER $API_KEY'"])
    done = ran("--", "sh", "-c", f"{inner}; echo $API_KEY", place=place)
    assert done.stdout == b"[REDACTED:OTHER] [REDACTED:API_KEY]\n[REDACTED:API_KEY]\n"


@pytest.mark.parametrize("address", ["/nonexistent/masks", "@nobody", "@", "x" * 200])
def test_an_outer_run_that_is_gone_keeps_nothing_from_running(address, place):
    done = ran("--", "sh", "-c", "echo $API_KEY", place=place, SECRETRUN_MASKS=address)
    assert (done.returncode, done.stdout) == (0, b"[REDACTED:API_KEY]\n")
