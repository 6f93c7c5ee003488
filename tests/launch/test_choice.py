"""`--only`, `--except` and `--show`: what one command gets, and what of it may be seen."""

import json

import pytest
from support.store import Store

A, B, C = "value-of-a-51f0", "value-of-b-77c2", "value-of-c-09ed"


@pytest.fixture
def env(tmp_path):
    """A store of three values, a template that uses them, a value made of another, and a literal."""
    store = Store(tmp_path, {"A": A, "B": B, "C": C})
    (tmp_path / ".env.secretrun").write_text(
        "A=sops://secrets.enc.yaml#/A\nB=sops://secrets.enc.yaml#/B\nURL=https://app:${B}@host\nLEVEL=debug\n"
    )
    return store.environ


def got(secretrun, env, *options):
    """The variables of ours that the command got, and what it printed."""
    program = "import json, os, sys; json.dump({n: len(os.environ[n]) for n in 'A B C URL LEVEL'.split() if n in os.environ}, sys.stdout)"
    done = secretrun(*options, "--", "python3", "-c", program, env=env)
    assert done.status == 0, done.err
    return sorted(json.loads(done.out))


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ([], ["A", "B", "LEVEL", "URL"]),
        (["--only", "A"], ["A", "LEVEL"]),
        (["--only", "URL"], ["LEVEL", "URL"]),
        (["--only", "A", "--only", "B"], ["A", "B", "LEVEL"]),
        (["--only", "[AB]"], ["A", "B", "LEVEL"]),
        (["--only", "U*"], ["LEVEL", "URL"]),
        (["--except", "A"], ["B", "LEVEL", "URL"]),
        (["--except", "B"], ["A", "LEVEL", "URL"]),
        (["--except", "L*"], ["A", "B", "URL"]),
        (["--only", "*", "--except", "URL"], ["A", "B", "LEVEL"]),
        (["--from", "sops://secrets.enc.yaml"], ["A", "B", "C", "LEVEL", "URL"]),
        (["--from", "sops://secrets.enc.yaml", "--only", "C"], ["C", "LEVEL"]),
        (["--from", "sops://secrets.enc.yaml", "--except", "[BC]"], ["A", "LEVEL", "URL"]),
    ],
)
def test_the_command_gets_what_was_chosen(secretrun, env, options, names):
    assert got(secretrun, env, *options) == names


def test_what_a_chosen_secret_is_made_with_is_masked_though_not_passed(secretrun, env):
    done = secretrun("--only", "URL", "--", "sh", "-c", 'echo "$URL ${B-gone}"', env=env)
    assert done.out == "https://app:[REDACTED:URL]@host gone\n"


def test_a_store_that_is_not_needed_is_not_asked(secretrun, env, tmp_path):
    with (tmp_path / ".env.secretrun").open("a") as file:
        file.write("BROKEN=sops://missing.yaml#/x\n")
    assert secretrun("--", "true", env=env).status == 125
    assert secretrun("--except", "BROKEN", "--", "true", env=env) == (0, "", "")
    assert secretrun("--only", "A", "--", "true", env=env) == (0, "", "")


def test_inherited_variables_are_kept_back_too(secretrun, env):
    given = env | {"A": "inherited", "PLAIN_X": "1", "TOKEN": "sops://missing.yaml#/x"}
    done = secretrun(
        "--only",
        "B",
        "--except",
        "PLAIN_*",
        "--",
        "sh",
        "-c",
        'echo "${A-} ${PLAIN_X-} ${TOKEN-}"',
        env=given,
    )
    assert (done.status, done.out) == (0, "  \n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--only", "NOPE"], "--only NOPE: there is no such variable"),
        (["--only", "LEVL"], "did you mean 'LEVEL'?"),
        (["--except", "X_*"], "--except X_*: there is no such variable"),
        (["--show", "B_"], "--show B_: there is no such variable"),
        (["--from", "sops://secrets.enc.yaml", "--only", "D"], "--only D: there is no such variable"),
    ],
)
def test_a_choice_of_nothing_starts_nothing(secretrun, env, tmp_path, options, said):
    done = secretrun(*options, "--", "touch", "started", env=env)
    assert done.status == 125
    assert said in done.err
    assert not (tmp_path / "started").exists()


def test_show_leaves_one_value_to_be_seen(secretrun, env):
    command = ["sh", "-c", 'echo "$A $B"']
    assert secretrun("--show", "A", "--", *command, env=env).out == f"{A} [REDACTED:B]\n"
    done = secretrun(
        "--from", "sops://secrets.enc.yaml", "--show", "C", "--", "sh", "-c", 'echo "$A $C"', env=env
    )
    assert done.out == f"[REDACTED:A] {C}\n"


def test_a_value_that_goes_by_another_name_stays_masked(secretrun, env, tmp_path):
    with (tmp_path / ".env.secretrun").open("a") as file:
        file.write("SAME=sops://secrets.enc.yaml#/A\n")
    assert secretrun("--show", "A", "--", "sh", "-c", "echo $A", env=env).out == "[REDACTED:A]\n"


def test_a_project_can_not_show(secretrun, env, tmp_path):
    (tmp_path / "secretrun.toml").write_text('[run]\nshow = ["A"]\n')
    done = secretrun("--", "sh", "-c", "echo $A", env=env)
    assert done.status == 125
    assert "show can't be set by a project" in done.err


def test_the_other_verbs_choose_too(secretrun, env):
    assert secretrun("check", "--only", "A", env=env).out.count("secrets.enc.yaml") == 1
    assert json.loads(secretrun("inject", "--format", "json", "--only", "A", env=env).out) == {
        "A": A,
        "LEVEL": "debug",
    }
    masked = secretrun("redact", "--only", "B", env=env, stdin=f"{A} {B}".encode()).out
    assert masked == f"{A} [REDACTED:B]"
