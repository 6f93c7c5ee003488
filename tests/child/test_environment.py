"""What of the environment reaches the command."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from secretrun.child.environment import build, matches

INHERITED = {
    b"PATH": b"/bin",
    b"HOME": b"/h",
    b"LC_ALL": b"C",
    b"X": b"\xff",
    b"OP_SESSION_a": b"t",
    b"TOKEN": b"t",
    b"\xff": b"odd",
}
SIGN_IN = ("OP_SESSION_*", "TOKEN")


def names(**more):
    return set(build(INHERITED, {}, sign_in=SIGN_IN, **more))


def test_what_only_signs_in_is_kept_back():
    assert names() == {b"PATH", b"HOME", b"LC_ALL", b"X", b"\xff"}


def test_what_is_passed_on_purpose_reaches_it():
    assert names(passed=["OP_*"]) == {b"PATH", b"HOME", b"LC_ALL", b"X", b"\xff", b"OP_SESSION_a"}
    assert names(passed=["op_*", "TOKE"]) == names()


def test_pristine_passes_a_minimum_and_what_is_named():
    assert names(pristine=True) == {b"PATH", b"HOME", b"LC_ALL"}
    assert names(pristine=True, passed=["X", "TOKEN"]) == {b"PATH", b"HOME", b"LC_ALL", b"X", b"TOKEN"}


def test_what_is_assigned_wins_and_what_is_dropped_is_gone():
    child = build(
        INHERITED, {"X": b"new", "TOKEN": b"mine", "\udcff": b"even"}, sign_in=SIGN_IN, dropped=["HOME"]
    )
    assert child == {b"PATH": b"/bin", b"LC_ALL": b"C", b"X": b"new", b"TOKEN": b"mine", b"\xff": b"even"}


@pytest.mark.parametrize(
    "glob", ["", "*", "A", "A*", "A**", "*A", "A?", "A[BC]", "A[", "[*]", "a*", "A\n*", "A*C"]
)
def test_a_plain_name_or_beginning_is_compared_as_fnmatch_would(glob):
    """The short way must give the answer of the long one."""
    for name in ("", "A", "AB", "ABC", "a", "A*", "*", "A\nB", "A[", "B"):
        assert matches(name, [glob]) == fnmatchcase(name, glob), (name, glob)
