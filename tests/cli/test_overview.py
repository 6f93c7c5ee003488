"""The overview of verbs, help and version, and what a wrong word for a verb is answered."""

from __future__ import annotations

import pytest

from secretrun.cli import parser


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        (["exec", "npm", "test"], "secretrun -- npm test"),
        (["exec", "--", "npm", "a b"], "secretrun -- npm 'a b'"),
        (["exec"], "secretrun -- COMMAND runs it"),
        (["env"], "secretrun -- env runs env"),
        (["rm", "A"], "secretrun unset NAME"),
        (["agent", "start"], "secretrun cache start"),
        (["decrypt", "A"], "secretrun read NAME"),
        (["trust"], "secretrun allow"),
        (["share", "bo"], "secretrun member add KEY"),
        (["shell"], "secretrun -- bash"),
        (["unst", "A"], "did you mean secretrun unset?"),
        (["gett", "A"], "did you mean secretrun get?"),
        (["npm", "test"], "to run it: secretrun -- npm test"),
    ],
)
def test_another_word_for_a_verb_is_answered_by_what_was_meant(secretrun, typed, hint):
    done = secretrun(*typed)
    assert (done.status, done.out) == (2, "")
    assert hint in done.err


def test_help_and_version_are_verbs_too(secretrun):
    assert secretrun("help") == secretrun("--help")
    assert secretrun("help", "set") == secretrun("set", "--help")
    assert secretrun("help", "get") == secretrun("read", "--help")
    assert secretrun("version") == secretrun("--version")
    done = secretrun("help", "sett")
    assert (done.status, done.out) == (2, "")
    assert "did you mean 'set'?" in done.err


def test_the_overview_names_every_verb_once_and_fits_a_screen():
    text = parser.overview()
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 50
    for verb in parser.VERBS:
        assert sum(line.split()[:1] == [verb] for line in lines) == 1, verb


def test_what_other_tools_call_a_thing_is_no_verb_of_ours_and_names_one():
    for word, hint in parser.MEANT.items():
        assert word not in parser.VERBS
        assert any(f"secretrun {verb}" in hint for verb in (*parser.VERBS, "--")), word


def test_the_options_of_a_run_stand_in_groups_that_fit_a_screen(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    groups = parser.build("run").format_help().split("\n\n")
    assert len(groups) >= 9
    for group in groups:
        assert len(group.splitlines()) <= 24, group
