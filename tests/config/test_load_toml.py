"""What a secretrun.toml says of a run: the rich form, profiles, the user's own file, and what it may not say."""

from __future__ import annotations

import pytest
from config.loading import Run, fails, write

from secretrun.errors import SecretrunError

TOML = """
[env]
PLAIN = "text"
NUMBER = 5
FLAG = true
WITH = "$PLAIN-${HOME:+home}"
[secrets]
SHORT = "sops://s.yaml#/short"
LONG = { ref = "op://${NUMBER}/b/c", required = false, default = "d", mask = "always", min_length = 3 }
[profile.prod.env]
PLAIN = "prod"
[profile.prod.secrets]
SHORT = "sops://prod.yaml#/short"
[profile.prod.run]
timeout = 5
[backend.op]
account = "mine"
[run]
timeout = 7
"""


def test_the_rich_form_says_what_a_template_says_and_more(project, home):
    write(project / "secretrun.toml", TOML)
    run = Run(project / "sub", home)
    assert run.values == {
        "PLAIN": "text", "NUMBER": "5", "FLAG": "true", "WITH": "text-home", "SHORT": "<sops://s.yaml#/short>",
        "LONG": "<op://5/b/c>",
    }  # fmt: skip
    long = run.plan.entries["LONG"]
    assert (long.required, long.default, long.mask, long.min_length) == (False, "d", "always", 3)
    assert run.reference("SHORT").base == str(project)
    assert run.config.backends == {"op": {"account": "mine"}}
    assert run.config.settings.seconds("timeout") == 7
    assert run.config.settings.source("timeout") == str(project / "secretrun.toml")


def test_a_profile_comes_on_top(project, home):
    write(project / "secretrun.toml", TOML)
    for run in (Run(project, home, profile=["prod"]), Run(project, home, {"SECRETRUN_PROFILE": "prod"})):
        assert (run.values["PLAIN"], run.values["SHORT"]) == ("prod", "<sops://prod.yaml#/short>")
        assert run.config.settings.seconds("timeout") == 5
        assert run.config.settings.source("timeout") == "secretrun.toml: [profile.prod]"
    error = fails(project, home, profile=["prd"])
    assert (error.message, error.hint) == (
        "no profile 'prd'",
        "did you mean 'prod'? profiles in secretrun.toml: prod",
    )


def test_a_table_has_no_order_and_what_a_value_needs_is_read_first(project, home):
    write(
        project / "secretrun.toml",
        """
        [secrets]
        URL = "postgres://app:{{ sops://$FILE#/password }}@$HOST/${NAME:-app}"
        FILE = { ref = "$STAGE.yaml" }
        [env]
        HOST = "db.$STAGE.test"
        STAGE = "dev"
        """,
    )
    values = Run(project, home).values
    assert values["URL"] == "postgres://app:<sops://dev.yaml#/password>@db.dev.test/app"
    assert list(values) == ["HOST", "STAGE", "URL", "FILE"]  # as [env] and [secrets] have them


def test_a_file_may_choose_the_profile_and_the_command_line_another(project, home):
    """The project's word before the user's own, as with every setting."""
    profiles = '[profile.one.env]\nA = "one"\n[profile.two.env]\nA = "two"\nB = "two"\n'
    write(project / "secretrun.toml", f'[run]\nprofile = "one"\n{profiles}')
    assert Run(project, home).values["A"] == "one"
    assert Run(project, home, profile=["two"]).values["A"] == "two"
    assert Run(project, home, {"SECRETRUN_PROFILE": "two"}).values["A"] == "two"
    write(project / "secretrun.toml", f'[run]\nprofile = ["two", "one"]\n{profiles}')
    assert Run(project, home).values == {"A": "one", "B": "two"}
    write(project / "secretrun.toml", f'[run]\nprofile = "on"\n{profiles}')
    assert fails(project, home).hint.startswith("did you mean 'one'?")


def test_a_profile_replaces_a_value_wherever_it_is_used(project, home):
    write(
        project / "secretrun.toml",
        """
        [env]
        STAGE = "dev"
        FLAGS = "-a"
        [secrets]
        KEY = "sops://$STAGE.yaml#/key"
        [profile.prod.env]
        STAGE = "prod"
        FLAGS = "$FLAGS -b"
        [profile.more.env]
        FLAGS = "$FLAGS -c"
        [profile.other.env]
        FLAGS = "-d"
        """,
    )
    assert Run(project, home).values["KEY"] == "<sops://dev.yaml#/key>"
    run = Run(project, home, profile=["prod", "more"])
    assert (run.values["KEY"], run.values["FLAGS"]) == ("<sops://prod.yaml#/key>", "-a -b -c")
    assert Run(project, home, profile=["prod", "other"]).values["FLAGS"] == "-d"
    assert Run(project, home, profile=["prod"]).plan.trail["STAGE"] == [
        "secretrun.toml: [env] STAGE", "secretrun.toml: [profile.prod]: [env] STAGE",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ('[env]\nA="$A"', "[env] A: $A goes round in a circle: A -> A"),
        (
            '[env]\nA="$B"\n[secrets]\nB="sops://${A}x#/k"',
            "[env] A: $B goes round in a circle: A -> B -> A",
        ),
        (
            '[env]\nX="$A"\nA="$B"\nB="${X:-$C}"\nC="$B"',
            "[env] X: $A goes round in a circle: X -> A -> B -> X",
        ),
        ('[env]\nB="${N-$C}"\nC="$B"', "[env] B: $C goes round in a circle: B -> C -> B"),
    ],
)
def test_a_circle_is_printed(project, home, toml, message):
    write(project / "secretrun.toml", toml)
    error = fails(project, home)
    assert error.message == f"secretrun.toml: {message}"


def test_what_is_inherited_or_replaced_makes_no_circle(project, home):
    write(
        project / "secretrun.toml",
        '[env]\nPATH="/extra:$PATH"\nA="$B"\nB="1"\n[profile.p.env]\nA="2"\nB="$A"',
    )
    values = Run(project, home, {"PATH": "/bin"}, profile=["p"]).values
    assert (values["PATH"], values["A"], values["B"]) == ("/extra:/bin", "2", "2")


def test_what_a_profile_replaces_is_looked_at_all_the_same(project, home):
    write(
        project / "secretrun.toml", '[secrets]\nA={ref="sops://a#/b", as="pipe"}\n[profile.p.secrets]\nA="x"'
    )
    assert "'as' must be one of" in fails(project, home, profile=["p"]).message


def test_a_project_has_no_say_in_what_the_users_own_file_is_made_of(project, home):
    write(home / ".config/secretrun/config.toml", '[secrets]\nA="exec://tool/$WHAT"\n[env]\nWHAT="mine"')
    write(project / "secretrun.toml", '[env]\nWHAT="theirs"\nB="$A/$WHAT"')
    values = Run(project, home).values
    assert values["A"] == "<exec://tool/mine>"
    assert values["WHAT"] == "theirs"


def test_the_template_beside_it_wins_over_it(project, home):
    write(project / "secretrun.toml", TOML)
    write(project / ".env.secretrun", "PLAIN=template")
    assert Run(project, home).values["PLAIN"] == "template"


def test_templates_named_here_and_now_replace_its_values_but_not_a_named_profile(project, home):
    write(project / "secretrun.toml", TOML)
    write(project / "a.env", "A=1")
    assert Run(project, home, env_file=["a.env"]).values == {"A": "1"}
    assert Run(project, home, env_file=["a.env"], profile=["prod"]).values == {
        "PLAIN": "prod", "SHORT": "<sops://prod.yaml#/short>", "A": "1",
    }  # fmt: skip


def test_templates_it_names_itself_come_on_top_and_lie_beside_it(project, home):
    write(
        project / "secretrun.toml",
        '[run]\nenv_file = ["a.env"]\nfrom = ["sops://f"]\n[env]\nA = "toml"\nB = "toml"',
    )
    write(project / "a.env", "A=template")
    run = Run(project / "sub", home)
    assert run.values == {"A": "template", "B": "toml"}
    assert [(r.text, r.base, r.trusted) for r, _ in run.plan.imports] == [("sops://f", str(project), False)]


def test_keep_env_turns_the_precedence_round(project, home):
    write(project / "secretrun.toml", TOML)
    assert "PLAIN" not in Run(project, home, {"PLAIN": "mine"}, keep_env=True).values


def test_the_users_own_file_comes_first_and_may_say_more(project, home):
    mine = home / ".config" / "secretrun" / "config.toml"
    write(
        mine,
        '[run]\nallow_exec = true\ntimeout = 3\nmask = "#"\n[backend.op]\npath = "/opt/op"\n[secrets]\nX = "exec://x"\nPLAIN = "y"',
    )
    write(project / "secretrun.toml", TOML)
    run = Run(project, home)
    assert run.config.settings.flag("allow_exec")
    assert (run.config.settings.seconds("timeout"), run.config.settings.text("mask")) == (7, "#")
    assert run.config.backends == {"op": {"path": "/opt/op", "account": "mine"}}
    assert (run.values["X"], run.values["PLAIN"]) == ("<exec://x>", "text")
    assert run.reference("X").trusted
    assert not run.reference("SHORT").trusted
    write(project / "a.env", "A=1")
    assert "X" in Run(project, home, env_file=["a.env"]).values


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[run]\nallow_exec = true", "allow_exec can't be set by a project"),
        ('[run]\nset = ["A=1"]', "set can't be set by a project"),
        ("[run]\nno_masking = true", "no_masking can't be set by a project"),
        ("[profile.p.run]\nallow_exec = true", "allow_exec can't be set by a project"),
        ('[backend.op]\npath = "/tmp/op"', "[backend.op] path can't be set by a project"),
        ('[profile.p.backend.op]\npath = "/tmp/op"', "[backend.op] path can't be set by a project"),
        ('[backend.vault]\naddress = "https://evil"', "[backend.vault] address can't be set by a project"),
        ("[run]\ntimeoot = 1", "unknown key 'timeoot' in [run]"),
        ("[rum]\ntimeout = 1", "unknown section [rum]"),
        ("timeout = 1", "unknown section [timeout]"),
        ("[profile.p.profile.q]", "unknown section [profile]"),
        ("run = 1", "[run] must be a table"),
        ("secrets = 1", "[secrets] must be a table"),
        ("profile = 1", "[profile] must be a table"),
        ("[profile]\np = 1", "[p] must be a table"),
        ("[backend]\nop = 1", "[backend.op] must be a table"),
        ('[env]\n"my-var" = "x"', "[env] my-var: not a variable name"),
        ("[env]\nA = [1]", "[env] A: 'ref' (or 'value') must be a text"),
        ("[env]\nA = 1.10", "[env] A: a number with a fraction must be written as a text, in quotes"),
        ('[env]\nA = "x\\u0000y"', "[env] A: 'value' holds a NUL byte, which no environment variable can"),
        ('[secrets]\nA = { ref = "sops://s", default = "\\u0000" }', "[secrets] A: 'default' holds a NUL byte"),
        ("[secrets]\nA = {}", "[secrets] A: 'ref' (or 'value') must be a text"),
        ('[secrets]\nA = { ref = "sops://s", value = "x" }', "[secrets] A: 'ref' and 'value' exclude each other"),
        ('[secrets]\nA = { rif = "sops://s" }', "[secrets] A: unknown key 'rif'"),
        ('[secrets]\nA = { ref = "sops://s", mask = "maybe" }', "[secrets] A: 'mask' must be one of auto, always, never"),
        ('[secrets]\nA = { ref = "sops://s", min_length = 0 }', "[secrets] A: 'min_length' must be a number above 0"),
        ('[secrets]\nA = { ref = "sops://s", required = 1 }', "[secrets] A: 'required' must be"),
        ('[secrets]\nA = "sops://s#x"', "[secrets] A: the pointer of 'sops://s#x' does not start with '/'"),
        ('[secrets]\nA = "$NOPE"', "[secrets] A: $NOPE is not set"),
        ('[secrets]\nA = { ref = "any text" }', "[secrets] A: 'ref' holds no reference"),
        ('[secrets]\nA = { ref = "sops:/s.yaml#/a" }', "[secrets] A: 'sops:/' with one slash is no reference"),
        ('[secrets]\nA = { ref = "" }', "[secrets] A: 'ref' holds no reference"),
        ("[env\n", "at line 1"),
    ],
)  # fmt: skip
def test_what_it_may_not_say_is_an_error_naming_file_and_key(project, home, toml, message):
    write(project / "secretrun.toml", toml)
    profiles = {"profile": ["p"]} if "[profile.p" in toml or "p = 1" in toml else {}
    error = fails(project, home, **profiles)
    assert error.message.startswith("secretrun.toml: ")
    assert message in error.message
    assert "hunter2" not in error.message


@pytest.mark.parametrize("content", [b"A=\xff", b"[env]\nA = \xff"])
def test_a_toml_file_that_is_not_utf8_is_an_error_at_the_byte(project, home, content):
    (project / "secretrun.toml").write_bytes(content)
    assert fails(project, home, error=SecretrunError).message.endswith("not UTF-8 text")


def test_a_directory_with_brackets_in_its_name_is_no_profile(tmp_path, home):
    odd = tmp_path / "a: [profile.x] b"
    write(odd / "secretrun.toml", '[profile.p.env]\nA = "1"\n[env]\nS = "sops://s#/a"')
    run = Run(odd, home, profile=["p"])
    assert run.values == {"A": "1", "S": "<sops://s#/a>"}
    assert run.reference("S").base == str(odd)
