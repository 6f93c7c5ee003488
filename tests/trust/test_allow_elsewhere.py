"""What was agreed to by other verbs, and who else asks."""

import pytest
from trust.agreeing import REACHING, REFUSED, template


def test_init_set_and_edit_agree_to_what_they_write(project, secretrun):
    assert secretrun("init", "-q", cwd=project) == (0, "", "")
    assert secretrun("set", "-q", "API_KEY", cwd=project, stdin=b"sk-live-1234567890") == (0, "", "")
    assert secretrun("--", "sh", "-c", "test $API_KEY = sk-live-1234567890", cwd=project) == (0, "", "")
    assert secretrun("edit", cwd=project, env={"EDITOR": "true"}).status == 0
    assert secretrun("--", "true", cwd=project).status == 0


def test_an_import_agrees_to_what_it_writes(project, secretrun):
    template(project, "DB_PASSWORD=hunter2hunter2\n", "plain.env")
    assert secretrun("init", "-q", "--import", "plain.env", cwd=project).status == 0
    assert secretrun("--", "sh", "-c", "test -n $DB_PASSWORD", cwd=project).status == 0


def test_a_change_of_ours_is_no_agreement_to_the_rest(project, secretrun):
    """A cloned store and template, to which `set` adds a name."""
    assert secretrun("init", "-q", cwd=project).status == 0
    template(project, "LD_PRELOAD=./e.so\n")
    assert secretrun("set", "A", cwd=project, stdin=b"v").err.startswith(
        "secretrun: note: .env.secretrun is not agreed"
    )
    assert secretrun("--", "true", cwd=project).status == REFUSED


@pytest.mark.parametrize(
    "arguments", [("check",), ("inject", "--format", "json"), ("redact",), ("--watch", "--", "true")]
)
def test_every_front_that_resolves_asks(project, secretrun, arguments):
    template(project, "A=exec://touch/ran\nB=file://dev.txt\n")
    done = secretrun(*arguments, cwd=project)
    assert (done.status, "is not agreed to" in done.err) == (REFUSED, True)
    assert not (project / "ran").exists()


def test_check_and_doctor_say_what_is_agreed(project, secretrun, allow):
    template(project, REACHING)
    done = secretrun("doctor", cwd=project)
    assert "agreement: .env.secretrun is not agreed to" in done.out
    allow(project)
    assert "agreement: .env.secretrun is agreed to" in secretrun("doctor", cwd=project).out
    assert "agreement: .env.secretrun is agreed to" in secretrun("check", cwd=project).out
    template(project, "A=1\n")
    assert "agreement: .env.secretrun needs none" in secretrun("check", cwd=project).out


def test_a_template_sets_nothing_of_ours(project, secretrun):
    for name, text in (
        (".env", "SECRETRUN_TRUST=all\n"),
        ("named.env", "SECRETRUN_ALLOW=x\n"),
        ("secretrun.toml", "[env]\nSECRETRUN_SOPS = './sops'\n"),
    ):
        template(project, text, name)
        options = ("-e", name) if name == "named.env" else ()
        done = secretrun(*options, "--", "true", cwd=project)
        assert done.status == REFUSED
        assert "a template sets no variable of secretrun itself" in done.err
        (project / name).unlink()
