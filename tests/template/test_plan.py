"""Which source wins, and what a variable in a value stands for."""

from __future__ import annotations

import pytest

from secretrun.errors import ConfigError, ReferenceSyntaxError, TemplateError
from secretrun.model import Reference
from secretrun.template.dotenv import parse
from secretrun.template.entry import Nested
from secretrun.template.plan import Plan


def known(scheme):
    if scheme == "spos":
        raise ConfigError("unknown scheme 'spos://', is it a slip for 'sops://'?", hint="a hint")
    return scheme in ("op", "sops", "env", "exec")


def shown(piece):
    if isinstance(piece, Nested):
        return f"<<{piece.text} needs {', '.join(shown(part) for part in piece.needs())}>>"
    return f"<{piece.text}>" if isinstance(piece, Reference) else piece


def values(*templates, inherited=(), keep_env=False, **later):
    plan = Plan(dict(inherited), known, keep_env=keep_env)
    plan.add_inherited("/here")
    for number, text in enumerate(templates, 1):
        plan.add_template(parse(text, f"{number}.env"), f"/base{number}")
    for name, text in later.items():
        plan.add_text(name, text, "--set", base="/here", trusted=True)
    return {name: "".join(map(shown, entry.pieces)) for name, entry in plan.entries.items()}


def test_later_beats_earlier_in_a_file_and_between_files_and_set_beats_both():
    assert values("A=1\nA=2\nB=1\nC=1", "B=2\nC=2", C="3") == {"A": "2", "B": "2", "C": "3"}


def test_the_template_beats_the_environment_unless_keep_env_turns_it():
    inherited = {"A": "sops://s#/inherited", "B": "plain"}
    template = "A=sops://s#/template\nB=mine\nC=new"
    assert values(template, inherited=inherited) == {"A": "<sops://s#/template>", "B": "mine", "C": "new"}
    assert values(template, inherited=inherited, keep_env=True) == {"A": "<sops://s#/inherited>", "C": "new"}
    assert values(template, inherited=inherited, keep_env=True, B="set")["B"] == "set"


def test_inherited_variables_that_are_references_are_taken_over_and_no_others():
    inherited = {
        "A": "op://v/i/f", "B": "x op://v/i/f", "C": "https://h", "D": "{{ op://v/i/f }}", "E": "ref+sops://s#/a",
        "F": "spam", "G": "",
    }  # fmt: skip
    assert values(inherited=inherited) == {"A": "<op://v/i/f>", "E": "<ref+sops://s#/a>"}


def test_what_is_withheld_from_the_command_is_not_resolved():
    plan = Plan({"OP_SESSION_x": "op://v/i/f", "A": "op://v/i/f"}, known)
    plan.add_inherited("/", lambda name: name.startswith("OP_"))
    assert list(plan.entries) == ["A"]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("X=op://$APP_ENV/db/password", "<op://prod/db/password>"),
        ("X=op://${APP_ENV}/db/password", "<op://prod/db/password>"),
        ("X=op://${NONE:-dev}/db/password", "<op://dev/db/password>"),
        ("X=op://${APP_ENV:-dev}/my item/password", "<op://prod/my item/password>"),
        ("X={{ sops://$APP_ENV.yaml#/a }}", "<sops://prod.yaml#/a>"),
        ("X=sops://${APP_ENV}.yaml#/${KEY}", "<sops://prod.yaml#/a>"),
        ("X=ref+sops://$APP_ENV.yaml#/a", "<ref+sops://prod.yaml#/a>"),
        ("X=ref+envsubst://$APP_ENV", "prod"),
        ("X=a-$APP_ENV-b", "a-prod-b"),
        ("X=${EMPTY:-default}", "default"),
        ("X=${EMPTY-default}", ""),
        ("X=${APP_ENV:+yes}", "yes"),
        ("X=${EMPTY:+yes}", ""),
        ("X=${EMPTY+yes}", "yes"),
        ("X=${NONE+yes}", ""),
        ("X=${NONE:-${ALSO_NONE:-${APP_ENV}}}", "prod"),
        ("X=${NONE:-op://a/b/c}", "<op://a/b/c>"),
        ("X='$APP_ENV'", "$APP_ENV"),
        ("X=\\$APP_ENV", "$APP_ENV"),
        ('X={{ "$APP_ENV {{ }}" }}', "prod {{ }}"),
    ],
)
def test_a_variable_stands_for_its_text(line, value):
    inherited = {"APP_ENV": "prod", "KEY": "a", "EMPTY": ""}
    assert values(line, inherited=inherited)["X"] == value
    assert values(f"APP_ENV=prod\nKEY=a\nEMPTY=\n{line}")["X"] == value


def test_a_reference_of_an_earlier_line_is_spliced():
    text = "DB_PASSWORD=op://a/b/c\nURL=postgres://u:${DB_PASSWORD}@h\nCOPY=$URL/x\nALSO=${DB_PASSWORD:+yes}"
    assert values(text) == {
        "DB_PASSWORD": "<op://a/b/c>", "URL": "postgres://u:<op://a/b/c>@h",
        "COPY": "postgres://u:<op://a/b/c>@h/x", "ALSO": "yes",
    }  # fmt: skip


def test_a_reference_in_a_reference_waits_for_it():
    found = values("V=env://VAULT\nP=op://$V/db/p\nU=x {{ sops://$P.yaml#/$V }} y")
    assert found["P"] == "<<op://${V}/db/p needs <env://VAULT>>>"
    assert found["U"] == (
        "x <<sops://${P}.yaml#/${V} needs <<op://${V}/db/p needs <env://VAULT>>>, <env://VAULT>>> y"
    )


def test_what_others_wrote_into_the_environment_is_never_looked_through_for_references():
    """The title of a pull request can't read a store."""
    title = "{{ sops://s#/a }} op://a/b/c ref+sops://s#/a"
    found = values("A=$TITLE\nB=new: $TITLE\nC=$A", inherited={"TITLE": title})
    assert found == {"A": title, "B": f"new: {title}", "C": title}


def test_quoted_braces_stay_quoted_wherever_they_are_used():
    assert values('A={{ "{{ op://x/y/z }}" }}\nB=<$A>') == {
        "A": "{{ op://x/y/z }}",
        "B": "<{{ op://x/y/z }}>",
    }


def fails(*templates, inherited=(), error=TemplateError, **later):
    with pytest.raises(error) as caught:
        values(*templates, inherited=inherited, **later)
    return caught.value


def test_an_undefined_variable_is_an_error_with_its_place_and_a_hint():
    error = fails("A=1\nB=x-$NOPE")
    assert error.message == "1.env:2:5: $NOPE is not set"
    assert "${NOPE:-}" in error.hint


def test_a_required_variable_says_what_the_template_says():
    assert fails("A=${NOPE:?ask the team}").message == "1.env:1:3: NOPE: ask the team"
    assert fails("A=${NOPE?}").message == "1.env:1:3: NOPE: is not set"
    assert fails("E=\nA=${E:?is empty}").message == "1.env:2:3: E: is empty"


def test_a_variable_that_comes_too_late_is_named_with_its_line():
    error = fails("A=op://$V/b/c\nB=1\nV=dev")
    assert error.message == "1.env:1:8: $V is not set here, but in line 3"
    assert "move that line up" in error.hint


@pytest.mark.parametrize(
    ("text", "chain"),
    [
        ("A=op://$A/b/c", "A -> A"),
        ("A=op://$B/b/c\nB=sops://$A", "A -> B -> A"),
        ("A=$B\nB=$C\nC=${A}", "A -> B -> C -> A"),
        ("A=$B\nB=$C\nC=$B", "B -> C -> B"),
    ],
)
def test_a_circle_of_variables_is_an_error_that_prints_the_chain(text, chain):
    assert fails(text).message.endswith(f"goes round in a circle: {chain}")


def test_env_references_that_would_give_a_reference_for_a_value_are_refused():
    error = fails("P=env://A", inherited={"A": "op://v/i/f"})
    assert error.message == "1.env:1:3: P: env://A: A is a reference itself"
    assert "$A" in error.hint
    assert values("P=env://C", inherited={"C": "plain"}) == {"P": "<env://C>"}


def test_a_variable_that_would_make_a_reference_is_refused():
    """Nothing that looks like a reference reaches the command unresolved."""
    for text in ("A=${S}://x.yaml#/a", "A=$S$T"):
        error = fails(text, inherited={"S": "sops", "T": "://x"})
        assert error.message == "1.env:1:3: A: a variable can't bring the scheme of a reference, write it out"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A=1\n  B = sops://s?q", "1.env:2:16: B: option 'q' of 'sops://s?q' is not of the form name=value"),
        ("A=sops:/s.yaml#/a", "1.env:1:3: A: 'sops:/' with one slash is no reference"),
        ("A=op:/a/b/c", "1.env:1:3: A: 'op:/' with one slash is no reference"),
        ('A=" sops://s.yaml#/a"', "1.env:1:5: A: blanks before 'sops://'"),
        ("A=spos://x", "1.env:1:3: A: unknown scheme 'spos://', is it a slip for 'sops://'?"),
        ("A=sops://${B:-s}?q", "1.env:1:3: A: option 'q' of 'sops://s?q' is not of the form name=value"),
    ],
)
def test_a_malformed_reference_is_an_error_with_file_line_and_column(text, message):
    assert fails(text).message == message


def test_a_malformed_reference_elsewhere_names_its_source():
    assert fails(A="sops://s#x", error=ReferenceSyntaxError).message.startswith("--set: A: the pointer")
    inherited = fails(inherited={"A": "sops://s#x"}, error=ReferenceSyntaxError)
    assert inherited.message.startswith("the environment: A: the pointer")
    assert fails(inherited={"A": "spos://s"}, error=ConfigError).message.startswith(
        "the environment: A: unknown"
    )


def test_a_reference_knows_where_its_relative_path_starts_and_who_wrote_it():
    plan = Plan({"I": "sops://i"}, known)
    plan.add_inherited("/here")
    plan.add_template(parse("V=env://X\nT=sops://t\nN=sops://$V", "1.env"), "/base1")
    plan.add_text("S", "exec://s", "--set", base="/here", trusted=True)
    found = {name: entry.references()[0] for name, entry in plan.entries.items()}
    assert {n: (r.base, r.trusted) for n, r in found.items()} == {
        "I": ("/here", False), "V": ("/base1", False), "T": ("/base1", False), "N": ("/base1", False),
        "S": ("/here", True),
    }  # fmt: skip
    assert plan.trail == {
        "I": ["the environment"],
        "V": ["1.env:1"],
        "T": ["1.env:2"],
        "N": ["1.env:3"],
        "S": ["--set"],
    }


def test_a_value_holds_a_thousand_variables_and_refuses_more():
    assert values("A=" + "$X" * 1024, inherited={"X": "y"})["A"] == "y" * 1024
    assert "more than 1024 variables" in fails("A=" + "$X" * 1025, inherited={"X": "y"}).message
