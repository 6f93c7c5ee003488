"""What we write, read as each runner reads it, for any value."""

import json
import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.errors import ConfigError
from secretrun.runners import commands, detect, masks, variables

VALUES = st.lists(st.binary(min_size=1, max_size=60).filter(lambda value: b"\0" not in value), max_size=5)
NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,10}", fullmatch=True).filter(
    lambda name: not name.startswith(("GITHUB_", "RUNNER_")) and name != "NODE_OPTIONS"
)
# What a line or a blank is differs between runtimes; these are where .NET, Go and Python agree.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)


def told(values):
    """What a runner has to mask to mask these values line by line."""
    lines = {line.strip() for value in values for line in re.split(rb"[\r\n]", value) if line.strip()}
    return {line for line in lines if len(line) >= masks.SHORTEST and not line.startswith(b"-----")}


def github(data):
    """actions/runner, ActionCommand.cs: `::add-mask::DATA`, unescaped, whole and line by line."""
    found = set()
    for line in data.split(b"\n"):
        match = re.match(rb"\s*::add-mask::(.*)", line, re.DOTALL)
        if match:
            value = match.group(1).replace(b"%0D", b"\r").replace(b"%0A", b"\n").replace(b"%25", b"%")
            found |= {value, *re.split(rb"[\r\n]", value)}
    return found


def azure(data):
    """azure-pipelines-agent, Command.cs: from `##vso[` to `]`, then the message, unescaped."""
    found = set()
    for line in data.split(b"\n"):
        match = re.search(rb"##vso\[task\.setsecret\](.*)", line, re.DOTALL)
        if match:
            found.add(match.group(1).replace(b"%0D", b"\r").replace(b"%0A", b"\n").replace(b"%AZP25", b"%"))
    return found


@given(VALUES)
def test_a_runner_learns_every_line_that_is_long_enough(values):
    assert told(values) <= github(masks.github(values))
    assert told(values) <= azure(masks.azure(values))
    assert told(values) <= {line.removeprefix(b"::add-mask::") for line in masks.gitlab(values).split(b"\n")}


@given(VALUES)
def test_a_runner_learns_nothing_that_shreds_its_log(values):
    """Of a value of several lines no short one is told: the runner would mask every brace."""
    many = [
        value for value in values if len([line for line in re.split(rb"[\r\n]", value) if line.strip()]) > 1
    ]
    assert all(len(part) >= masks.SHORTEST for part in github(masks.github(many)))


@given(VALUES)
def test_what_is_told_is_read_back(values):
    """What we write for a runner, read as its mask commands: the parts, and nothing else."""
    for write in (masks.github, masks.azure):
        lines = write(values).split(b"\n")[:-1]
        assert [commands.masked_by(line) for line in lines] == masks.parts(values)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"::add-mask::abc", b"abc"),
        (b"  ::add-mask::a::b", b"a::b"),
        (b"::add-mask::100%25%0Atwo\r", b"100%\ntwo"),
        (b"::add-mask::%250A", b"%0A"),
        (b"##[add-mask]abc", b"abc"),
        (b"::Add-Mask::abc", b"abc"),
        (b"x ##vso[task.setsecret]a b", b"a b"),
        (b"##VSO[Task.SetSecret]abc%AZP25", b"abc%"),
        (b"##vso[task.setvariable variable=T;isSecret=true;isOutput=true]abc", b"abc"),
        (b"##vso[task.setvariable variable=T]abc", None),
        (b"##vso[task.setvariable variable=T;issecret=false]abc", None),
        (b"say ::add-mask::abc", None),
        (b"::add-mask::", None),
        (b"::notice::abc", None),
        (b"##[group]abc", None),
        (b"\xff::", None),
    ],
)
def test_a_mask_command_is_read_as_its_runner_reads_it(line, value):
    assert commands.masked_by(line) == value


@given(st.lists(TEXTS, max_size=5))
def test_buildkites_redactor_learns_them_too(values):
    raw = [value.encode() for value in values]
    said = json.loads(masks.buildkite(raw))
    assert all(isinstance(value, str) for value in said.values())
    assert told(raw) <= {value.encode() for value in said.values()}


def read_github_file(data):
    """actions/runner, FileCommandManager.cs, on Linux: lines end at LF alone."""
    found, lines = {}, data.split(b"\n")
    while lines:
        line = lines.pop(0)
        if not line:
            continue
        equals, heredoc = line.find(b"="), line.find(b"<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, value = line.partition(b"=")
        else:
            name, _, delimiter = line.partition(b"<<")
            body = []
            while (part := lines.pop(0)) != delimiter:
                body.append(part)
            value = b"\n".join(body)
        found[name.decode()] = value
    return found


@given(st.dictionaries(NAMES, st.binary(max_size=60).filter(lambda value: b"\0" not in value), max_size=4))
def test_github_reads_back_what_was_written(given_):
    assert read_github_file(variables.github_env(given_, os.urandom)) == given_
    assert read_github_file(variables.github_output(given_, os.urandom)) == given_


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "RUNNER_OS", "NODE_OPTIONS"])
def test_what_github_lets_no_step_set_is_an_error(name):
    with pytest.raises(ConfigError, match="GitHub lets no step set"):
        variables.github_env({name: b"x"}, os.urandom)
    assert variables.github_output({name: b"x"}, os.urandom) == f"{name}=x\n".encode()


def read_gitlab_dotenv(text):
    """gitlabhq, parse_dotenv_artifact_service.rb; then `$$` is `$`, as a variable that is expanded has it."""
    found = {}
    for line in text.splitlines():
        name, value = re.findall(r"^(.*?)=(.*)$", line)[-1]
        found[name.strip()] = value.strip().replace("$$", "$")
    return found


@given(
    st.dictionaries(
        NAMES,
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip),
        max_size=4,
    )
)
def test_gitlab_reads_back_what_was_written(given_):
    data = variables.gitlab_dotenv({name: value.encode() for name, value in given_.items()})
    assert read_gitlab_dotenv(data.decode()) == given_


@pytest.mark.parametrize(
    ("value", "said"), [(b"a\nb", "several lines"), (b" a", "a blank"), (b"a\r", "several lines")]
)
def test_what_a_gitlab_report_can_not_carry_is_an_error_by_name(value, said):
    with pytest.raises(ConfigError, match=f"NAME .*{said}"):
        variables.gitlab_dotenv({"NAME": value})


@pytest.mark.parametrize(
    ("environ", "runner"),
    [
        ({"GITHUB_ACTIONS": "true"}, "github"),
        ({"GITLAB_CI": "true"}, "gitlab"),
        ({"BUILDKITE": "true"}, "buildkite"),
        ({"TF_BUILD": "True"}, "azure"),
        ({"CI": "true"}, "none"),
        ({"GITHUB_ACTIONS": "false"}, "none"),
    ],
)
def test_a_runner_is_known_by_its_variable(environ, runner):
    assert detect.detect(environ) == runner
