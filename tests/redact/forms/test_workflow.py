"""Commands to CI runners: what stands in the log before the runner has read it.

The expected spellings are those of the runners' documentation: GitHub "Workflow commands" (`%25 %0D %0A`, and
`%3A %2C` in a property), Azure "Logging commands" (`%AZP25 %0D %0A %3B %5D`), TeamCity "Service messages" (`|`).
"""

import pytest

from secretrun.redact import Redactor

VALUES = ['100%"Kq8Zt2LmWv5', "50%:of,it;[Kq8Zt2]'|Lm", "first-Kq8Zt2\r\nsecond-Lm%Wv5\n[third]"]
GITHUB = {"%": "%25", "\r": "%0D", "\n": "%0A"}
RUNNERS = {
    "github": ("::error::{}", GITHUB),
    "github property": ("::error title={}::x", {**GITHUB, ":": "%3A", ",": "%2C"}),
    "azure": ("##vso[task.logissue type=error]{}", {"%": "%AZP25", "\r": "%0D", "\n": "%0A"}),
    "azure property": (
        "##vso[task.setvariable variable={}]x",
        {"%": "%AZP25", "\r": "%0D", "\n": "%0A", ";": "%3B", "]": "%5D"},
    ),
    "azure before %AZP25": ("##vso[task.x y={}]z", {"\r": "%0D", "\n": "%0A", ";": "%3B", "]": "%5D"}),
    "teamcity": (
        "##teamcity[message text='{}']",
        {"'": "|'", "\n": "|n", "\r": "|r", "|": "||", "[": "|[", "]": "|]"},
    ),
}


@pytest.mark.parametrize("value", VALUES, ids=["percent", "signs", "lines"])
@pytest.mark.parametrize("runner", RUNNERS)
def test_a_command_to_a_runner_shows_nothing_of_a_secret(runner, value):
    command, table = RUNNERS[runner]
    spelled = "".join(table.get(char, char) for char in value)
    line = command.format(spelled) + "\n"
    assert Redactor([value], mask="#").mask(line.encode()).decode() == command.format("#") + "\n"


@pytest.mark.parametrize("upper", [True, False])
def test_teamcitys_code_units_are_known(upper):
    unit = "|0x{:04X}" if upper else "|0x{:04x}"
    spelled = "Kq8" + unit.format(0xE9) + "Zt2" + unit.format(0xD83D) + unit.format(0xDD11) + "|n"
    redactor = Redactor(["Kq8éZt2\U0001f511\nend-of-it"], mask="#")
    assert redactor.mask(f"text='{spelled}end-of-it'".encode()) == b"text='#'"
