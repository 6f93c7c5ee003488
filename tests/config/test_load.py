"""Which files configure a run, what they may say, and where their paths start."""

from __future__ import annotations

import pytest
from config.loading import Run, fails, write

from secretrun.config.discovery import discover
from secretrun.errors import ReferenceSyntaxError, TemplateError


def test_the_nearest_files_up_to_the_repositorys_root_are_found(project):
    assert discover(str(project / "sub")) == (None, None)
    template = str(write(project / ".env.secretrun", ""))
    assert discover(str(project / "sub")) == (None, template)
    toml = str(write(project / "secretrun.toml", ""))
    assert discover(str(project / "sub")) == (toml, template)
    nearer = str(write(project / "sub" / ".env.secretrun", ""))
    assert discover(str(project / "sub")) == (None, nearer)


def test_nothing_above_the_repository_or_outside_of_one_is_looked_at(project, tmp_path):
    write(tmp_path / "secretrun.toml", "")
    assert discover(str(project / "sub")) == (None, None)
    (tmp_path / "loose").mkdir()
    assert discover(str(tmp_path / "loose")) == (None, None)
    assert discover(str(tmp_path))[0] == str(tmp_path / "secretrun.toml")


def test_a_worktree_whose_git_is_a_file_is_a_repository_too(tmp_path):
    write(tmp_path / "tree" / ".git", "gitdir: /elsewhere")
    write(tmp_path / "tree" / ".env.secretrun", "")
    (tmp_path / "tree" / "sub").mkdir()
    assert discover(str(tmp_path / "tree" / "sub"))[1] == str(tmp_path / "tree" / ".env.secretrun")


def test_dotenv_of_the_current_directory_is_read_when_there_is_nothing_else(project, home):
    write(project / ".env", "A=dotenv")
    assert Run(project, home).values == {"A": "dotenv"}
    assert Run(project / "sub", home).values == {}
    write(project / ".env.secretrun", "B=template")
    assert Run(project, home).values == {"B": "template"}


def test_no_template_is_an_empty_plan(project, home):
    assert Run(project, home).values == {}


def test_named_templates_replace_discovery_and_later_ones_win(project, home):
    write(project / ".env.secretrun", "A=found")
    write(project / "a.env", "A=1\nB=1")
    write(project / "b.env", "B=2\nC=$A")
    assert Run(project, home, env_file=["a.env", "b.env"]).values == {"A": "1", "B": "2", "C": "1"}
    assert Run(project, home, {"SECRETRUN_ENV_FILE": "b.env:a.env", "A": "x"}).values["B"] == "1"
    assert Run(project / "sub", home, env_file=["../a.env"]).values == {"A": "1", "B": "1"}
    assert Run(project, home, env_file=[str(project / "a.env")]).values == {"A": "1", "B": "1"}


def test_a_dash_is_stdin_once(project, home):
    write(project / "a.env", "A=file\nB=file")
    run = Run(project, home, env_file=["a.env", "-"], stdin=b"A=stdin\nS=sops://s#/a")
    assert run.values == {"A": "stdin", "B": "file", "S": "<sops://s#/a>"}
    assert run.reference("S").base == str(project)
    assert "once" in fails(project, home, env_file=["-", "-"]).message
    assert fails(project, home, env_file=["-"], stdin=b"A", error=TemplateError).file == "<stdin>"


def test_relative_paths_start_at_the_file_that_holds_them(project, home):
    write(project / "deep" / "a.env", "A=sops://s#/a")
    run = Run(
        project / "sub",
        home,
        {"I": "sops://s#/i"},
        env_file=["../deep/a.env"],
        set=["S=sops://s#/s"],
        **{"from": ["sops://f"]},
    )
    assert run.reference("A").base.endswith("deep")
    assert [run.reference(name).base for name in "IS"] == [str(project / "sub")] * 2
    assert run.plan.imports[0][0].base == str(project / "sub")


@pytest.mark.parametrize(
    ("name", "why"), [("gone.env", "no such file or directory"), (".", "is a directory")]
)
def test_a_template_that_can_not_be_read_is_an_error_naming_it(project, home, name, why):
    assert fails(project, home, env_file=[name]).message == f"{name}: {why}"


def test_a_template_that_is_not_utf8_is_an_error_at_the_byte(project, home):
    (project / "a.env").write_bytes(b"A=1\nB=x\xffy")
    assert str(fails(project, home, env_file=["a.env"], error=TemplateError)) == "a.env:2:4: not UTF-8 text"


def test_set_beats_all_and_a_malformed_one_is_not_quoted(project, home):
    write(project / ".env", "A=file")
    assert Run(project, home, set=["A=set", "B=", "C=a=b"]).values == {"A": "set", "B": "", "C": "a=b"}
    for bad in ("hunter2", "=hunter2", "1A=hunter2", "my name=hunter2"):
        assert "hunter2" not in fails(project, home, set=[bad]).message
    error = fails(project, home, set=["A=1", "NAME"])
    assert error.message == "--set: argument 2 is not of the form NAME=VALUE"


def test_a_malformed_import_is_an_error_that_names_the_option(project, home):
    error = fails(project, home, error=ReferenceSyntaxError, **{"from": ["hunter2"]})
    assert error.message == "--from: not a reference"
