"""Ten thousand templates and references, each way in: parsed, or an error that says where; never a traceback.

What is right is bent a little (characters dropped, doubled, swapped, put in), since pure noise fails at its
first character. The seed is fixed, so that a failure can be run again.
"""

from __future__ import annotations

import random
import re
import types

import pytest

from secretrun import reference
from secretrun.cli.verbs import inject
from secretrun.config.fill import fill
from secretrun.config.load import Config, Layer
from secretrun.config.settings import Settings
from secretrun.errors import ConfigError, ReferenceSyntaxError, ResolutionError, SecretrunError, TemplateError
from secretrun.model import Reference
from secretrun.resolution.registry import BUILTIN, Registry
from secretrun.template import dotenv
from secretrun.template.entry import Nested
from secretrun.template.plan import Plan

COUNT = 10_000
INHERITED = {"HOME": "/home/me", "VAULT": "dev", "REF": "env://OTHER", "OTHER": "plain", "EMPTY": ""}
EXAMPLES = [backend.info.example for backend in Registry({}).everything()]
REFERENCES = [
    *EXAMPLES, "op://dev/App/Security/one-time password?attribute=otp", "op://a/b/private key?ssh-format=openssh",
    "ref+vault://secret/app#/key", "ref+awsssm://a/b?region=eu-central-1&mode=singleparam#/x",
    "secretref+sops://f.yaml#/a/b+", "ref+echo://a/b", "sops://a%20b.yaml?format=json#/a~1b/%C3%A9/0",
    "aws-sm://arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/db-AbCdEf#/password",
    "op://$VAULT/db/${NAME:-password}",
]  # fmt: skip
VALUES = [
    "{}", "'{}'", '"{}"', "x{{{{ {} }}}}y", '"postgres://app:{{{{ {} }}}}@$HOST/db"', "{} # a comment", '{{{{ "{{{{ {} }}}}" }}}}',
    "${{A:-{}}}", "a,{},b", '"two\nlines {}"', "export X={}",
]  # fmt: skip
NOISE = (
    *" \t\n\r\0\x1b\x7f\"'`\\/?#&=%~+,.:;-_@$(){}[]!|<>*^aA0é\ufeff\u2028", "\udcff", "://", "{{", "}}", "${", "#/",
    "%00", "%FF", "ref+", "op://", "sops://", "\N{KEY}", "9" * 50, "a" * 300,
)  # fmt: skip


def bend(text, chance):
    """The text with up to four small accidents in it."""
    for _ in range(chance.randrange(5)):
        at = chance.randrange(len(text) + 1)
        end = min(len(text), at + chance.randrange(1, 5))
        accident = chance.randrange(4)
        if accident == 0:
            text = text[:at] + text[end:]
        elif accident == 1:
            text = text[:at] + chance.choice(NOISE) + text[at:]
        elif accident == 2:
            text = text[:end] + text[at:]
        else:
            text = text[:at] + text[at:end][::-1] + text[end:]
    return text


def a_reference(chance):
    return bend(chance.choice(REFERENCES), chance)


def a_value(chance):
    return bend(chance.choice(VALUES).format(a_reference(chance)), chance)


def a_template(chance):
    lines = [f"{chance.choice('ABCD')}={a_value(chance)}" for _ in range(chance.randrange(1, 4))]
    return bend("\n".join(lines), chance)


def counted(outcomes):
    """Neither all fine nor all wrong: else nothing was tried."""
    fine = sum(outcomes)
    assert COUNT / 20 < fine < COUNT * 19 / 20, fine


def placed(right, said):
    """What an outcome is that failed; `right` is whether its place is."""
    assert right, said
    return False


def located(error, text, shown):
    """The error begins with a place that is in the text."""
    match = re.match(rf"{re.escape(shown)}:(\d+):(\d+): ", error.message)
    assert match, error.message
    lines = text.replace("\r\n", "\n").split("\n")
    line, column = int(match[1]), int(match[2])
    assert 1 <= line <= len(lines), (text, error.message)
    return placed(1 <= column <= max(map(len, lines)) + 1, (text, error.message))


def sound(plan):
    for entry in plan.entries.values():
        assert all(isinstance(piece, (str, Reference, Nested)) for piece in entry.pieces)
        assert all(r.scheme in BUILTIN for r in entry.references()), entry.references()


def a_plan():
    return Plan(dict(INHERITED), Registry({}).known)


def test_references():
    chance = random.Random(1)

    def outcome(text):
        try:
            found = reference.parse(text, base="/")
        except ReferenceSyntaxError as error:
            return placed(1 <= error.column <= len(text) + 1, text)
        assert isinstance(found, Reference)
        assert found.scheme
        assert found.path
        return True

    counted([outcome(a_reference(chance)) for _ in range(COUNT)])


def test_templates():
    chance = random.Random(2)

    def outcome(text):
        plan = a_plan()
        try:
            plan.add_template(dotenv.parse(text, "a.env"), "/")
        except TemplateError as error:
            return located(error, text, "a.env")
        sound(plan)
        return True

    counted([outcome(a_template(chance)) for _ in range(COUNT)])


def test_values_of_the_command_line_and_of_the_environment():
    chance = random.Random(3)

    def outcome(text):
        plan = a_plan()
        try:
            plan.add_text("A", text, "--set", base="/", trusted=True)
            inherited = Plan({"A": text}, Registry({}).known)
            inherited.add_inherited("/")
        except (ConfigError, ReferenceSyntaxError) as error:
            return placed(error.message.startswith(("--set: A: ", "the environment: A: ")), error.message)
        sound(plan)
        sound(inherited)
        return True

    counted([outcome(a_value(chance)) for _ in range(COUNT)])


def test_tables():
    chance = random.Random(4)

    def outcome(values):
        tables = {"env": {"A": values[0]}, "secrets": {"B": {"ref": values[1]}}, "profile": {}}
        config = Config(Settings())
        config.tables = [Layer("t.toml", "/", tables, trusted=False)]
        plan = a_plan()
        try:
            fill(plan, config, "/", lambda: b"")
        except ConfigError as error:
            return placed(
                error.message.startswith(("t.toml: [env] A: ", "t.toml: [secrets] B: ")), error.message
            )
        sound(plan)
        return True

    counted([outcome((a_value(chance), a_value(chance))) for _ in range(COUNT)])


def test_files_to_fill(monkeypatch):
    """No store is asked: what is wrong with the text is found before."""
    chance = random.Random(5)
    registry = Registry({})
    monkeypatch.setattr(
        inject,
        "answer",
        lambda entries, _: {one: b"value" for entry in entries for one in entry.references()},
    )
    prepared = types.SimpleNamespace(
        directory="/", environ=dict(INHERITED), registry=registry, stores=None,
        plan=a_plan(), settings=Settings(),
    )  # fmt: skip

    def outcome(text):
        try:
            inject.fill(text.encode("utf-8", "surrogatepass"), "/t.tpl", prepared)
        except TemplateError as error:
            return located(
                error, text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape"), "/t.tpl"
            )
        except ResolutionError as error:  # several things: each line of the report has its place
            return placed(
                all(re.match(r"/t\.tpl:\d+:\d+: |hint: | ", line) for line in error.failures), str(error)
            )
        return True

    counted([outcome(a_template(chance)) for _ in range(COUNT)])


@pytest.mark.parametrize("seed", range(3))
def test_toml_files(tmp_path, seed):
    from secretrun.config.load import read_toml

    chance = random.Random(seed)
    file = tmp_path / "secretrun.toml"
    for _ in range(300):
        said = "\n".join(f'{chance.choice("ABC")} = "{a_value(chance)}"' for _ in range(2))
        file.write_bytes(
            bend(f"[secrets]\n{said}\n[run]\ntimeout = 3\n", chance).encode("utf-8", "surrogatepass")
        )
        try:
            assert isinstance(read_toml(str(file), "t.toml"), dict)
        except SecretrunError as error:
            placed(error.message.startswith("t.toml"), error.message)
