"""Docker Compose's env-file rules, kept strictly; every mistake has its place.

The cases follow docs.docker.com "env file syntax" (quoting, comments, escapes, `${VAR...}`) and
developer.1password.com "environment file syntax" (blanks round `=`, `\\$`, several lines in quotes).
"""

from __future__ import annotations

import pytest

from secretrun.errors import TemplateError
from secretrun.formats.parse import parse_dotenv
from secretrun.template.dotenv import Variable, parse, parse_text


def shown(parts):
    """Parts as text: `<NAME>`, `<NAME:-word>` for variables."""
    return "".join(
        f"<{part.name}{part.operator}{shown(part.word)}>" if isinstance(part, Variable) else part
        for part in parts
    )


def values(text):
    return {assignment.name: shown(assignment.parts) for assignment in parse(text, "app.env")}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        # docs.docker.com, in its order
        ("VAR=VAL", "VAL"),
        ('VAR="VAL"', "VAL"),
        ("VAR='VAL'", "VAL"),
        ("VAR=VAL # comment", "VAL"),
        ("VAR=VAL# not a comment", "VAL# not a comment"),
        ('VAR="VAL # not a comment"', "VAL # not a comment"),
        ('VAR="VAL" # comment', "VAL"),
        ("VAR='$OTHER'", "$OTHER"),
        ("VAR='${OTHER}'", "${OTHER}"),
        ("VAR='Let\\'s go!'", "Let's go!"),
        ('VAR="{\\"hello\\": \\"json\\"}"', '{"hello": "json"}'),
        ('VAR="some\\tvalue"', "some\tvalue"),
        ("VAR='some\\tvalue'", "some\\tvalue"),
        ("VAR=some\\tvalue", "some\\tvalue"),
        ("VAR='a\nb\n\nc'", "a\nb\n\nc"),
        # blanks, empties, exports
        ("VAR=", ""),
        ("VAR=   ", ""),
        ('VAR=""', ""),
        ("VAR=''", ""),
        ("VAR = VAL  ", "VAL"),
        ("  VAR\t=\tVAL\t", "VAL"),
        ("export VAR=VAL", "VAL"),
        ("  export\tVAR = VAL", "VAL"),
        ('VAR="  kept  "', "  kept  "),
        ("VAR=two words", "two words"),
        ("VAR= # only a comment", ""),
        ("VAR=#5 is no comment", "#5 is no comment"),
        ("VAR='a'  # it's a comment", "a"),
        # quotes inside stay
        ('VAR={"foo":"bar"}', '{"foo":"bar"}'),
        ("VAR=it's", "it's"),
        ("VAR=a=b==", "a=b=="),
        ("VAR=VAL\\", "VAL\\"),
        # escapes of double quotes
        (r'VAR="\n\r\t\\\"\$\`"', '\n\r\t\\"$`'),
        (r'VAR="\d+\}\x"', r"\d+\}\x"),
        ('VAR="a\nb"', "a\nb"),
        (r"VAR='\\n'", r"\\n"),
        # variables
        ("VAR=$A", "<A>"),
        ("VAR=${A}", "<A>"),
        ("VAR=${ A }", "<A>"),
        ("VAR=$A_1-$B", "<A_1>-<B>"),
        ('VAR="x${A}y$B"', "x<A>y<B>"),
        (r"VAR=\$A", "$A"),
        (r'VAR="\${A}"', "${A}"),
        ("VAR=$", "$"),
        ("VAR=$5 and $ and $-", "$5 and $ and $-"),
        ("VAR=${A:-d}", "<A:-d>"),
        ("VAR=${A-d}", "<A-d>"),
        ("VAR=${A:?say so}", "<A:?say so>"),
        ("VAR=${A?say so}", "<A?say so>"),
        ("VAR=${A:+other}", "<A:+other>"),
        ("VAR=${A+other}", "<A+other>"),
        ("VAR=${A:-}", "<A:->"),
        ("VAR=${A:-${B:-c}}", "<A:-<B:-c>>"),
        ("VAR=${A:-${B:-${C}x}y}z", "<A:-<B:-<C>x>y>z"),
        ("VAR=${A:-$B/$C}", "<A:-<B>/<C>>"),
        (r"VAR=${A:-a\}b}", "<A:-a}b>"),
        ('VAR="${A:-a b}"', "<A:-a b>"),
        (r'VAR="${A:-\"\n}"', '<A:-"\n>'),
        # references are only text here
        ("VAR=op://dev/my item/field", "op://dev/my item/field"),
        ("VAR=sops://s.yaml#/a/b", "sops://s.yaml#/a/b"),
        ("VAR={{ op://a/b/c }}", "{{ op://a/b/c }}"),
        ("VAR=pässwörd🔑", "pässwörd🔑"),
    ],
)
def test_a_value_is_what_compose_documents(line, value):
    assert values(line) == {"VAR": value}
    assert values(f"# first\n\n{line}\nLAST=1\n") == {"VAR": value, "LAST": "1"}


def test_a_name_may_be_the_word_export():
    assert values("export=1") == {"export": "1"}
    assert values("export =2") == {"export": "2"}
    assert values("export  =3") == {"export": "3"}
    assert values("export export=4") == {"export": "4"}


def test_blank_lines_comments_bom_and_crlf_mean_nothing():
    assert values("\ufeff# c\r\n\r\nA=1\r\nB='x\r\ny'\r\n  # d\r\nC=\"z\"\r\nD=\r\n") == {
        "A": "1",
        "B": "x\ny",
        "C": "z",
        "D": "",
    }


def test_no_lines_are_no_assignments():
    assert [values(text) for text in ("", "\n", "\ufeff", "# only", "  \t\r\n \n")] == [{}] * 5


def test_assignments_keep_their_order_repetitions_and_places():
    found = parse("A=1\n\n  B = 'x\ny'\nA=\"2\"", "app.env")
    assert [(a.name, a.line, a.column) for a in found] == [("A", 1, 3), ("B", 3, 8), ("A", 5, 4)]


def test_a_variable_knows_its_place_and_how_it_was_written():
    parts = parse('A=1\nB="x\n ${C:-$D}"', "app.env")[1].parts
    outer = parts[1]
    assert (outer.name, outer.line, outer.column, outer.written) == ("C", 3, 2, "${C:-$D}")
    assert (outer.word[0].line, outer.word[0].column, outer.word[0].written) == (3, 7, "$D")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("hunter2hunter2", (1, 1), "expected NAME=VALUE"),
        ("A=1\nhunter2hunter2\n", (2, 1), "expected NAME=VALUE"),
        ("A=1\n  export\n", (2, 3), "expected NAME=VALUE"),
        ("export NAME", (1, 8), "expected NAME=VALUE"),
        ("A: hunter2", (1, 2), "expected '=' after the name, found ':'"),
        ("=hunter2", (1, 1), "no name before '='"),
        ("A=1\r\n\r\n  =hunter2", (3, 3), "no name before '='"),
        ("my-var=hunter2", (1, 3), "not a variable name before '='"),
        ("my.var=hunter2", (1, 3), "not a variable name before '='"),
        ("1VAR=hunter2", (1, 1), "not a variable name before '='"),
        ("my var=hunter2", (1, 3), "not a variable name before '='"),
        ("pässword=hunter2", (1, 2), "not a variable name before '='"),
        ("'A'=hunter2", (1, 1), "not a variable name before '='"),
        ('A=1\nB="hunter2\nC=3\n', (2, 3), "the double quote is never closed"),
        ("A=1\nB = 'hunter2\nC=3\n", (2, 5), "the single quote is never closed"),
        ('A="hunter2\\"', (1, 3), "the double quote is never closed"),
        ("A='hunter2\\'", (1, 3), "the single quote is never closed"),
        ('A="hunter2"x', (1, 12), "text after the closing quote"),
        ("A='hunter2' 'more'", (1, 12), "text after the closing quote"),
        ('A="hunter2"#x', (1, 12), "text after the closing quote"),
        ('A="x\nhunter2" y', (2, 9), "text after the closing quote"),
        ("A=hunter2${", (1, 10), "no variable name after '${'"),
        ("A=hunter2${}", (1, 10), "no variable name after '${'"),
        ("A=${1}", (1, 3), "no variable name after '${'"),
        ("A=${B", (1, 3), "'${' is never closed by '}'"),
        ("A=${B!x}", (1, 3), "'${' is never closed by '}'"),
        ("A=${B:-hunter2\nC=}", (1, 3), "'${' is never closed by '}'"),
        ("A=${B:-x #}", (1, 3), "'${' is never closed by '}'"),
        ('A="${B:-hunter2"\nC="}"', (1, 4), "'${' is not closed before the quote"),
        ('A="${B:-hunter2', (1, 4), "'${' is never closed by '}'"),
        ("A=$(cat hunter2)", (1, 3), "a template runs no commands"),
        ('A=1\nB="x $(hunter2)"', (2, 6), "a template runs no commands"),
        ("A=1\nB=hun\0ter2", (2, 6), "a NUL byte, which no environment variable can hold"),
        ("A=" + "${A:-" * 51 + "}" * 51, (1, 253), "more than 50 '${' inside each other"),
    ],
)
def test_a_malformed_line_is_an_error_with_its_place_and_without_its_value(text, place, message):
    with pytest.raises(TemplateError) as caught:
        parse(text, "app.env")
    error = caught.value
    assert (error.file, error.line, error.column) == ("app.env", *place)
    assert error.message == f"app.env:{place[0]}:{place[1]}: {message}"
    assert "hunter" not in f"{error!r} {error} {error.hint}"


def test_fifty_levels_of_defaults_are_read():
    assert values("A=" + "${A:-" * 50 + "x" + "}" * 50)["A"].count("<") == 50


def test_a_text_outside_a_file_knows_variables_and_nothing_else():
    assert shown(parse_text("A", "  'x' # y\nz \\$B $C ", "[env] A").parts) == "  'x' # y\nz $B <C> "
    assert parse_text("A", "", "[env] A").parts == ()
    with pytest.raises(TemplateError, match="no variable name"):
        parse_text("A", "x${", "[env] A")


def test_a_dotenv_file_takes_variables_from_the_lines_before():
    text = "A=1\nB=$A-${A:+yes}\nC=${A:-no}\nD=${X:-no}\nE=${X:+no}\nA=2\nF=$A"
    assert parse_dotenv(text, "s.env") == [
        ("A", "1"), ("B", "1-yes"), ("C", "1"), ("D", "no"), ("E", ""), ("A", "2"), ("F", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["pa$word", "${x}", "${ x }", "${x:?y}", "a$b${c?}d$"])
def test_a_dotenv_file_keeps_a_dollar_that_is_no_variable_of_its_own(value):
    """A decrypted password with a `$` in it reaches the command unchanged."""
    assert parse_dotenv(f'A={value}\nB="{value}"', "s.env") == [("A", value), ("B", value)]


class Counted(str):
    """A text that counts the characters its methods and slices go through."""

    __slots__ = ()
    work = 0

    def __getitem__(self, key):
        part = str.__getitem__(self, key)
        Counted.work += len(part)
        return part

    def find(self, what, start=0, *end):
        found = str.find(self, what, start, *end)
        limit = end[0] if end else len(self)
        Counted.work += (found if found >= 0 else limit) - start + 1
        return found

    def rfind(self, what, start=0, *end):
        Counted.work += len(self)
        return str.rfind(self, what, start, *end)

    def count(self, what, start=0, *end):
        Counted.work += (end[0] if end else len(self)) - start
        return str.count(self, what, start, *end)

    def removeprefix(self, prefix):
        return Counted(str.removeprefix(self, prefix))

    def replace(self, *arguments):
        return Counted(str.replace(self, *arguments))


def work(lines):
    text = Counted(
        "".join(f"NAME_{i} = value $A {i}  # why\nQ='a\nb'\nD=\"${{E:-x}}\"\n" for i in range(lines))
    )
    Counted.work = 0
    assert len(parse(text, "big.env")) == 3 * lines
    return Counted.work / len(text)


def test_the_work_for_a_character_does_not_grow_with_the_file():
    """Ten thousand lines cost as much a character as a hundred: parsing is linear."""
    assert work(2500) < 1.5 * work(25)
