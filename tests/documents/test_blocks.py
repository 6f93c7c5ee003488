"""Every block of every document is what it claims to be: commands run, templates parse, tables have known keys."""

import json
import re
import shutil
import sys
import tarfile
import tomllib

import jsonschema
import pytest
import yaml
from support import document_world
from support.document_world import OP_VALUES, ROOT, SECRETS, SHOWS, TYPED, VALUES

from secretrun.config.schema import schema
from secretrun.template import dotenv

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^( *)```(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
ELSEWHERE = {"Try it", "Test it"}  # .ci/run takes these two from the README and runs them
PRINTS = re.compile(r"secretrun read |--register github|github-(env|output)|--show ")  # a value, on purpose


def name(document):
    return str(document.relative_to(ROOT))


def blocks(document, language):
    """The blocks of a language, by the heading that each stands below."""
    text = document.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        if match.group(2) == language:
            outside = FENCE.sub("", text[: match.start()])
            headings = re.findall(r"^#+ (.*)$", outside, re.MULTILINE)
            yield headings[-1] if headings else "", match.group(3)


def every(language):
    return [
        pytest.param(document, block, id=f"{name(document)}-{number}")
        for document in DOCUMENTS
        for number, (_, block) in enumerate(blocks(document, language), 1)
    ]


COMMANDS = {
    name(document): [block for heading, block in blocks(document, "sh") if heading not in ELSEWHERE]
    for document in DOCUMENTS
}

# Blocks that somebody else runs: a home of their own, and the same project.
BY = {("docs/team.md", "secretrun init"), ("docs/team.md", "secretrun allow")}
SHOWN_KEY = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"  # the one of age's own manual
# What a document's commands find there besides the store.
AROUND = {}
# Blocks that a person answers: by document and first line, (what is waited for, what is typed).
ANSWERS = {
    ("docs/start.md", "secretrun init"): [("value", f"{TYPED}\r"), ("again", f"{TYPED}\r")],
    ("docs/developer.md", "secretrun set API_KEY"): [("value", f"{TYPED}\r"), ("again", f"{TYPED}\r")],
    ("docs/embedded-store.md", "secretrun set API_KEY"): [("value", f"{TYPED}\r"), ("again", f"{TYPED}\r")],
    ("docs/team.md", "secretrun set API_KEY"): [("value", f"{TYPED}\r"), ("again", f"{TYPED}\r")],
    ("docs/developer.md", "secretrun allow"): [("[y/N]", "y\r")],
    ("docs/team.md", "secretrun allow"): [("[y/N]", "y\r")],
}


def around(document):
    def add(function):
        AROUND[document] = function
        return function

    return add


@around("docs/start.md")
def _(world):
    """Nothing yet, but what the second half of the page brings."""
    shutil.rmtree(world.project)
    shutil.rmtree(world.home)
    world.project.mkdir()
    world.home.mkdir()
    world.git("init", "-q")
    world.write("deploy.sh", SHOWS, 0o755)
    world.write("prod.env", "API_KEY=op://app/api/key\n")


@around("docs/moving.md")
def _(world):
    """The imports are those of three tools' users: what the one before made is put away."""
    world.write("prod.env", "API_KEY=op://app/api/key\n")
    before = 'if [ "$1" = init ]; then mkdir -p done && mv -f .env.secretrun secrets.enc.env done/; fi\n'
    world.program("secretrun", f'#!/bin/sh\n{before}exec "{sys.executable}" -m secretrun "$@"\n')
    for name in ("plain.env", ".env"):
        world.write(name, "NODE_ENV=development\nTOKEN=plain-4kD81jsPq0-value\n")


@around("docs/install.md")
def _(world):
    world.environ["SHELL"] = "/bin/bash"


@around("docs/developer.md")
def _(world):
    world.write("nginx.conf.tpl", "auth {{ sops://secrets.enc.env#/DB_PASSWORD }};\n")


@around("docs/agents/index.md")
def _(world):
    status, shown = world.run("secretrun hook install claude")
    assert status == 0, shown


@around("docs/embedded-store.md")
def _(world):
    world.write("key.pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA\n-----END PRIVATE KEY-----\n")


@around("docs/shells.md")
def _(world):
    world.write("examples/shells/direnv.sh", (ROOT / "examples/shells/direnv.sh").read_text())


@around("docs/scan.md")
def _(world):
    world.write("dist/app.js", "// nothing of ours\n")
    with tarfile.open(world.project / "dist" / "app.tar.gz", "w:gz") as archive:
        archive.add(world.project / "dist" / "app.js", "app.js")


@around("docs/program.md")
def _(world):
    world.program("curl", SHOWS)
    world.write("test_one.py", "import os\n\n\ndef test_one():\n    assert os.environ['API_KEY']\n")
    world.write("examples/agent/run_tool.py", (ROOT / "examples/agent/run_tool.py").read_text())


@around("docs/broker.md")
def _(world):
    own = world.home / ".config" / "secretrun" / "config.toml"
    tables = [block for _, block in blocks(ROOT / "docs" / "broker.md", "toml") if "ANTHROPIC" in block]
    own.write_text(tables[0] + '\n[secrets.OPENAI_API_KEY]\nref = "op://dev/openai/key"\nuse = "openai"\n')
    for agent in ("claude", "codex"):  # the sandbox has a /tmp of its own
        world.write(f"../home/.local/bin/{agent}", SHOWS, 0o755)
    world.environ["PATH"] = f"{world.home}/.local/bin:{world.environ['PATH']}"
    world.environ["STRIPE_KEY"] = "srph_" + "0a" * 16
    assert all(reference in OP_VALUES for reference in re.findall(r"op://[^\"]+", own.read_text()))


@pytest.fixture(scope="session")
def pattern(tmp_path_factory):
    """A world with a store, made once for all."""
    return document_world.with_store(document_world.make(tmp_path_factory.mktemp("pattern") / "world"))


@pytest.mark.slow
@pytest.mark.parametrize("document", [document for document, found in COMMANDS.items() if found])
def test_commands(document, pattern, tmp_path, request):
    """Each block of a document runs, one after another in one project, and prints no value."""
    world = document_world.copy(pattern, tmp_path / "world")
    if any("cache start" in block for block in COMMANDS[document]):
        request.addfinalizer(lambda: world.run("secretrun cache stop"))
    AROUND.get(document, lambda _: None)(world)
    key = SHOWN_KEY
    for shown_block in COMMANDS[document]:
        where = (document, shown_block.split("\n")[0].partition("  ")[0])
        block = shown_block.replace(SHOWN_KEY, key)
        world.environ["HOME"] = str(world.place / "bo" if where in BY else world.home)
        answers = ANSWERS.get(where)
        status, shown = world.on_terminal(block, answers) if answers else world.run(block)
        assert status == 0, f"{block}\n{shown}"
        if made := re.search(r"^secretrun member add (age1\w+)", shown, re.MULTILINE):
            key = made.group(1)  # the newcomer's, in place of the page's
        if not PRINTS.search(block):
            assert not [value for value in SECRETS if value in shown], f"{block}\n{shown}"
        if re.search(r"^secretrun [^|]*-- (npm|make|claude)", block, re.MULTILINE):
            assert "ran:" in shown
            assert "[REDACTED:" in shown or "--broker" in block or "--grant" in block, shown


def test_what_is_said_of_blocks_is_of_blocks_there_are():
    for where, start in (*ANSWERS, *BY):
        assert any(block.startswith(start) for block in COMMANDS[where]), (where, start)
    assert set(AROUND) <= {document for document, found in COMMANDS.items() if found}
    assert len(VALUES) == len(set(VALUES.values()))


@pytest.mark.parametrize(("document", "block"), every("dotenv"))
def test_templates(document, block):
    assert list(dotenv.parse(block, "a template"))


@pytest.mark.parametrize(("document", "block"), every("toml"))
def test_tables(document, block):
    """A secretrun.toml has the keys that there are; others' files are TOML."""
    table = tomllib.loads(block)
    if table.keys() & {"env", "secrets", "profile", "run", "backend", "broker"}:
        jsonschema.validate(table, schema())


@pytest.mark.parametrize(("document", "block"), every("json"))
def test_json(document, block):
    try:
        json.loads(block)
    except json.JSONDecodeError:
        assert [json.loads(line) for line in block.splitlines()]  # or a message a line


@pytest.mark.parametrize(("document", "block"), every("yaml"))
def test_yaml(document, block):
    assert list(yaml.safe_load_all(block))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_block_says_what_it_is(document):
    """So that it is run or read by one of these tests, or is no more than text."""
    text = document.read_text(encoding="utf-8")
    known = {
        "sh",
        "dotenv",
        "toml",
        "json",
        "yaml",
        "python",
        "text",
        "{toctree}",
        "ini",
        "dockerfile",
        "xml",
    }
    assert {match.group(2) for match in FENCE.finditer(text)} <= known
    outside = FENCE.sub("", text)
    assert "```" not in outside
    assert not re.search(r"\n\n    \S", outside), "an indented block: fence it"
