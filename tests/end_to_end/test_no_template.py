"""A run that finds no template says so: most often somebody is in the wrong directory."""

import subprocess

import pytest

SAID = "no secretrun.toml, .env.secretrun or .env found: the command runs without secrets"


def test_it_warns_and_runs_the_command_all_the_same(secretrun):
    done = secretrun("--", "sh", "-c", "echo out; exit 3")
    assert (done.status, done.out) == (3, "out\n")
    assert SAID in done.err
    assert "-e FILE" in done.err


def test_in_a_repository_too_and_what_lies_above_it_is_not_named(secretrun, tmp_path):
    (tmp_path / ".env.secretrun").write_text("A=1\n")
    inner = tmp_path / "repository" / "sub"
    inner.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", inner.parent], check=True)
    done = secretrun("--", "true", cwd=inner)
    assert SAID in done.err
    assert str(tmp_path / ".env.secretrun") not in done.err


@pytest.mark.parametrize("name", [".env.secretrun", "secretrun.toml"])
def test_outside_a_repository_a_template_above_is_named(secretrun, tmp_path, name):
    (tmp_path / name).write_text("")
    (tmp_path / "a" / "b").mkdir(parents=True)
    done = secretrun("--", "true", cwd=tmp_path / "a" / "b")
    assert SAID in done.err
    assert str(tmp_path / name) in done.err


@pytest.mark.parametrize("name", [".env.secretrun", "secretrun.toml", ".env"])
def test_an_empty_template_is_somebodys_choice(secretrun, tmp_path, name):
    (tmp_path / name).write_text("")
    assert secretrun("--", "true") == (0, "", "")


@pytest.mark.parametrize(
    ("options", "env"),
    [
        (["-q"], {}),
        ([], {"SECRETRUN_QUIET": "1"}),
        (["--set", "A=1"], {}),
        (["--mask-env", "PATH"], {}),
    ],
)
def test_who_asks_for_something_is_not_warned(secretrun, options, env):
    assert secretrun(*options, "--", "true", env=env) == (0, "", "")
