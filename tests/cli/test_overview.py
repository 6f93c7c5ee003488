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
