"""What a discovered file reaches is agreed to once; a run that is not agreed to starts nothing."""

import os
import subprocess
import sys

import pytest
from trust.agreeing import REACHING, REFUSED, template


def test_nothing_is_started_before_it_is_agreed_to(project, secretrun, allow):
    template(project, REACHING)
    done = secretrun("--", "touch", "started", cwd=project)
    assert done.status == REFUSED
    assert not (project / "started").exists()
    assert ".env.secretrun is not agreed to, so nothing was started" in done.err
    assert "+ read A: file://dev.txt" in done.err
    assert "secretrun allow" in done.err
    status, shown = allow(project)
    assert status == 0
    assert "A: file://dev.txt" in shown
    assert "LOG_LEVEL" in shown
    assert secretrun("--", "sh", "-c", "test $A = value-of-dev", cwd=project) == (0, "", "")


def test_no_is_no(project, secretrun, allow):
    template(project, REACHING)
    for said in ("n", "", "yesterday"):
        assert allow(project, said=said)[0] == REFUSED
        assert secretrun("--", "true", cwd=project).status == REFUSED


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "A=1\nAPP_ENV=dev\n"),
        (".env.secretrun", "DATABASE_URL=postgres://localhost/db\nHOST=db.internal\n"),
        ("secretrun.toml", '[env]\nA = "1"\n[run]\ntimeout = 5\n[profile.p.env]\nA = "2"\n'),
    ],
)
def test_a_file_that_reaches_nothing_needs_no_agreement(project, secretrun, name, text):
    template(project, text, name)
    assert secretrun("--", "true", cwd=project) == (0, "", "")


@pytest.mark.parametrize("name", [".env", ".env.secretrun"])
@pytest.mark.parametrize(
    "line",
    ["PATH=./bin:${PATH}", "BASH_ENV=./hook.sh", "LD_PRELOAD=./e.so", "GIT_CONFIG_COUNT=1", "https_proxy=http://e", "PS4=x"],
)  # fmt: skip
def test_a_loader_variable_is_a_reach(project, secretrun, name, line):
    template(project, line + "\n", name)
    done = secretrun("--", "true", cwd=project)
    assert done.status == REFUSED
    assert f"+ loader {line}" in done.err


SAME = [  # what may change without a question
    ("LOG_LEVEL=debug", "LOG_LEVEL=info"),
    ("# a comment\nLOG_LEVEL=debug", "LOG_LEVEL=debug"),
    ("LOG_LEVEL='debug'", 'export LOG_LEVEL="debug"'),
]
OTHER = [  # and what may not
    ("APP_ENV=dev\nA=file://$APP_ENV.txt", "APP_ENV=prod\nA=file://$APP_ENV.txt"),
    ("APP_ENV=dev\nB=$APP_ENV\nA=file://${B}.txt", "APP_ENV=prod\nB=$APP_ENV\nA=file://${B}.txt"),
    ("OPENAI_BASE_URL=https://api.openai.com/v1", "OPENAI_BASE_URL=https://eve.example/v1"),
    ("SMTP=mail.example.com:25", "SMTP=mail.eve.example:25"),
    ("SMTP_HOST=mail", "SMTP_HOST=eve"),
    ("X=10.0.0.1", "X=10.0.0.2"),
    ("PATH=./bin:$PATH", "PATH=./other:$PATH"),
    ("A=file://dev.txt", "A=file://prod.txt"),
    ("A=file://dev.txt", "B=file://dev.txt"),
    ("A=file://dev.txt", "A=file://dev.txt\nB=new"),
    ("A=file://dev.txt\nB=new", "A=file://dev.txt"),
    ("A=https://{{ file://dev.txt }}@good.example", "A=https://{{ file://dev.txt }}@eve.example"),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_a_plain_literals_value_is_not_asked_about(project, secretrun, allow, before, after):
    template(project, f"R=file://dev.txt\n{before}\n")
    assert allow(project)[0] == 0
    template(project, f"R=file://dev.txt\n{after}\n")
    assert secretrun("--", "true", cwd=project) == (0, "", "")


@pytest.mark.parametrize(("before", "after"), OTHER)
def test_what_reaches_elsewhere_is_asked_about_again(project, secretrun, allow, before, after):
    template(project, f"R=file://dev.txt\n{before}\n")
    assert allow(project)[0] == 0
    assert secretrun("--", "true", cwd=project) == (0, "", "")
    template(project, f"R=file://dev.txt\n{after}\n")
    done = secretrun("--", "true", cwd=project)
    assert done.status == REFUSED
    assert any(
        line.startswith(("secretrun: error: + ", "secretrun: error: - ")) for line in done.err.splitlines()
    )
    assert "R: file://dev.txt" not in done.err  # what is new, and not what is known


def test_references_count_as_they_are_expanded_from_the_environment_too(
    project, secretrun, allow, monkeypatch
):
    template(project, "A=file://$APP_ENV.txt\n")
    monkeypatch.setenv("APP_ENV", "dev")
    assert allow(project)[0] == 0
    assert secretrun("--", "true", cwd=project).status == 0
    monkeypatch.setenv("APP_ENV", "prod")
    done = secretrun("--", "true", cwd=project)
    assert (done.status, "file://prod.txt" in done.err) == (REFUSED, True)


def test_another_path_of_the_reader_is_no_change(project, secretrun, allow):
    template(project, "PATH=./bin:$PATH\n")
    assert allow(project)[0] == 0
    assert secretrun("--", "true", cwd=project, env={"PATH": os.environ["PATH"] + ":/opt"}) == (0, "", "")


TOML = [
    ('[secrets]\nA = { ref = "file://dev.txt", mask = "auto" }', '[secrets]\nA = { ref = "file://dev.txt", mask = "never" }'),
    ('[secrets]\nA = "file://dev.txt"', '[secrets]\nA = "file://dev.txt"\n[backend.op]\naccount = "x"'),
    ('[secrets]\nA = "file://dev.txt"', '[run]\nfrom = ["file://dev.txt"]\n[secrets]\nA = "file://dev.txt"'),
    ('[secrets]\nA = { ref = "file://dev.txt", as = "env" }', '[secrets]\nA = { ref = "file://dev.txt", as = "file" }'),
    ('[secrets]\nA = "file://dev.txt"', '[run]\nkeep_env = true\n[secrets]\nA = "file://dev.txt"'),
    ('[env]\nE = "dev"\n[secrets]\nA = "file://$E.txt"', '[env]\nE = "prod"\n[secrets]\nA = "file://$E.txt"'),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), TOML)
def test_everything_in_the_rich_file_counts(project, secretrun, allow, before, after):
    template(project, before, "secretrun.toml")
    assert allow(project)[0] == 0
    assert secretrun("--", "true", cwd=project) == (0, "", "")
    template(project, after, "secretrun.toml")
    assert secretrun("--", "true", cwd=project).status == REFUSED


def test_profiles_are_shown_and_agreed_to_together(project, secretrun, allow):
    text = '[env]\nE = "dev"\n[secrets]\nA = "file://$E.txt"\n[profile.prod.env]\nE = "prod"\n'
    template(project, text, "secretrun.toml")
    assert secretrun("-p", "prod", "--", "true", cwd=project).status == REFUSED
    _, shown = allow(project)
    assert "file://dev.txt" in shown
    assert "file://prod.txt" in shown
    assert secretrun("--", "true", cwd=project).status == 0
    assert secretrun("-p", "prod", "--", "true", cwd=project).status == 0
    template(project, text + '[profile.prod.secrets]\nB = "file://x"\n', "secretrun.toml")
    assert secretrun("--", "true", cwd=project).status == 0
    assert secretrun("-p", "prod", "--", "true", cwd=project).status == REFUSED


def test_a_template_that_the_project_names_is_agreed_to_with_it(project, secretrun, allow):
    template(project, '[run]\nenv_file = ["more.env"]\n', "secretrun.toml")
    template(project, "A=1\n", "more.env")
    assert secretrun("--", "true", cwd=project) == (0, "", "")
    template(project, "A=file://dev.txt\n", "more.env")
    assert secretrun("--", "true", cwd=project).status == REFUSED
    assert allow(project)[0] == 0
    assert secretrun("--", "true", cwd=project).status == 0


def test_who_names_the_file_has_agreed(project, secretrun):
    template(project, REACHING)
    assert secretrun("-e", ".env.secretrun", "--", "true", cwd=project).status == 0
    template(project, '[secrets]\nA = "file://dev.txt"\n', "secretrun.toml")
    assert (
        secretrun("-e", "secretrun.toml", "--", "sh", "-c", "test $A = value-of-dev", cwd=project).status == 0
    )


def test_beside_a_named_file_the_project_still_needs_its_agreement(project, secretrun, allow):
    template(project, '[secrets]\nA = "file://dev.txt"\n[backend.op]\naccount = "x"\n', "secretrun.toml")
    template(project, "B=1\n", "b.env")
    assert secretrun("-e", "b.env", "--", "true", cwd=project).status == REFUSED
    assert allow(project)[0] == 0
    assert secretrun("-e", "b.env", "--", "true", cwd=project) == (0, "", "")
    template(project, '[secrets]\nA = "file://dev.txt"\n[run]\ntimeout = 5\n', "secretrun.toml")
    assert secretrun("-e", "b.env", "--", "true", cwd=project) == (0, "", "")


def test_the_digest_can_be_pinned(project, secretrun):
    template(project, REACHING)
    pin = secretrun("allow", "--print", cwd=project).out.strip()
    assert pin.startswith("sha256:")
    assert secretrun("--", "true", cwd=project, env={"SECRETRUN_ALLOW": pin}) == (0, "", "")
    assert secretrun("--", "true", cwd=project, env={"SECRETRUN_ALLOW": f"sha256:0,{pin}"}).status == 0
    assert secretrun("--", "true", cwd=project).status == REFUSED
    template(project, REACHING + "B=file://prod.txt\n")
    assert secretrun("--", "true", cwd=project, env={"SECRETRUN_ALLOW": pin}).status == REFUSED


def test_ci_changes_nothing(project, secretrun):
    template(project, REACHING)
    environ = {"CI": "true", "GITHUB_ACTIONS": "true"}
    assert secretrun("--", "true", cwd=project, env=environ).status == REFUSED


@pytest.mark.parametrize("trust", ["owner", "all"])
def test_trust_by_variable_is_said_on_stderr(project, secretrun, trust):
    template(project, REACHING)
    done = secretrun("--", "true", cwd=project, env={"SECRETRUN_TRUST": trust})
    assert done.status == 0
    assert f"SECRETRUN_TRUST={trust}" in done.err
    assert secretrun("-q", "--", "true", cwd=project, env={"SECRETRUN_TRUST": trust}) == (0, "", "")
    assert secretrun("--", "true", cwd=project, env={"SECRETRUN_TRUST": "check"}).status == REFUSED
    # Where the user has agreed it is said too: what counts here does so for another reason than they think.
    pin = secretrun("allow", "--print", cwd=project).out.strip()
    done = secretrun("--", "true", cwd=project, env={"SECRETRUN_TRUST": trust, "SECRETRUN_ALLOW": pin})
    assert f"SECRETRUN_TRUST={trust}" in done.err


def test_another_word_for_trust_is_an_error(project, secretrun):
    done = secretrun("--", "true", cwd=project, env={"SECRETRUN_TRUST": "always"})
    assert (done.status, "SECRETRUN_TRUST must be one of check, owner, all" in done.err) == (REFUSED, True)


def test_without_a_terminal_allow_asks_nobody(project, secretrun):
    template(project, REACHING)
    done = subprocess.run(
        ["setsid", "-w", sys.executable, "-m", "secretrun", "allow"], cwd=project, input=b"y\ny\n",
        capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == REFUSED
    assert b"no terminal to ask on" in done.stderr
    assert b"SECRETRUN_ALLOW=sha256:" in done.stderr
    assert secretrun("--", "true", cwd=project).status == REFUSED


def test_list_and_revoke(project, secretrun, allow):
    template(project, REACHING)
    assert secretrun("allow", "--list", cwd=project) == (0, "", "")
    allow(project)
    digest = secretrun("allow", "--print", cwd=project).out.strip()
    assert secretrun("allow", "--list").out == f"{digest}  {project}/.env.secretrun\n"
    assert secretrun("allow", "--revoke", cwd=project) == (0, "", "")
    assert secretrun("--", "true", cwd=project).status == REFUSED
    assert secretrun("allow", "--list", cwd=project).out == ""
    assert secretrun("allow", "--revoke", cwd=project).status == REFUSED


def test_the_same_file_elsewhere_is_another(project, secretrun, allow, tmp_path):
    """Its relative paths are others: the fault of agreeing to a content alone."""
    template(project, "PATH=./bin:$PATH\n")
    allow(project)
    other = tmp_path / "other"
    other.mkdir()
    template(other, "PATH=./bin:$PATH\n")
    assert secretrun("--", "true", cwd=other).status == REFUSED


def commit(project):
    git = ["git", "-C", project, "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    return git


def test_a_new_work_tree_of_the_repository_need_not_be_asked_about(project, secretrun, allow, tmp_path):
    template(project, REACHING)
    git = commit(project)
    allow(project)
    subprocess.run([*git, "worktree", "add", "-q", tmp_path / "tree"], check=True)
    assert secretrun("--", "true", cwd=tmp_path / "tree") == (0, "", "")
    (tmp_path / "tree" / "sub").mkdir()
    template(tmp_path / "tree" / "sub", REACHING)
    assert secretrun("--", "true", cwd=tmp_path / "tree" / "sub").status == REFUSED


def test_a_git_file_that_only_claims_to_be_a_work_tree(project, secretrun, allow, tmp_path):
    """An unpacked archive can hold a `.git` that names somebody's repository."""
    template(project, REACHING)
    git = commit(project)
    allow(project)
    subprocess.run([*git, "worktree", "add", "-q", tmp_path / "tree"], check=True)
    fake = tmp_path / "archive"
    fake.mkdir()
    (fake / ".git").write_text((tmp_path / "tree" / ".git").read_text())
    template(fake, REACHING)
    assert secretrun("--", "true", cwd=fake).status == REFUSED


def test_a_branch_that_is_checked_out_again_is_not_asked_about(project, secretrun, allow):
    template(project, REACHING)
    git = commit(project)
    allow(project)
    subprocess.run([*git, "checkout", "-qb", "other"], check=True)
    template(project, REACHING + "B=file://prod.txt\n")
    commit(project)
    assert secretrun("--", "true", cwd=project).status == REFUSED
    allow(project)
    for branch in ("-", "other"):
        subprocess.run([*git, "checkout", "-q", branch], check=True)
        assert secretrun("--", "true", cwd=project) == (0, "", "")


def test_an_editor_that_writes_a_new_file_and_renames_it(project, secretrun, allow):
    template(project, REACHING)
    allow(project)
    template(project, REACHING.replace("debug", "info"), "new~")
    os.replace(project / "new~", project / ".env.secretrun")
    assert secretrun("--", "true", cwd=project) == (0, "", "")


def test_the_state_is_ours_alone_and_holds_no_password(project, secretrun, allow, clean_environment):
    template(project, REACHING + "U=https://joe:hunter2hunter2@example.org\n")
    _, shown = allow(project)
    assert "hunter2" not in shown
    state = clean_environment / ".local/state/secretrun/allow"
    assert state.stat().st_mode & 0o777 == 0o700
    assert len(list(state.iterdir())) == 2  # by its path, and by its place in the repository
    for file in state.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert "hunter2" not in file.read_text()
        file.chmod(0o666)  # somebody may have written to it
    assert secretrun("--", "true", cwd=project).status == REFUSED
