"""The stream matrix: every combination of what our streams are, and what the command gets."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.session import layout as lay

T, X, P, F, N, C = lay.TERMINAL, lay.OTHER_TERMINAL, lay.PIPE, lay.FILE, lay.NULL, lay.CLOSED
KINDS = st.sampled_from([T, X, P, F, N, C])

# stdout, stderr: what the command gets for them, and whether it starts in the foreground with stdin
# on the terminal, on a pipe, elsewhere.
MATRIX = [
    (T, T, lay.INNER, lay.SHARED, (True, False, True)),
    (T, P, lay.INNER, lay.PIPED, (True, False, True)),
    (T, F, lay.INNER, lay.PIPED, (True, False, True)),
    (P, T, lay.PIPED, lay.INNER, (False, False, False)),
    (P, P, lay.PIPED, lay.PIPED, (False, False, False)),
    (P, F, lay.PIPED, lay.PIPED, (False, False, False)),
    (F, T, lay.PIPED, lay.INNER, (True, False, True)),
    (F, P, lay.PIPED, lay.PIPED, (False, False, False)),
    (F, F, lay.PIPED, lay.PIPED, (False, False, False)),
    (T, X, lay.INNER, lay.SIDE, (True, False, True)),
    (N, T, lay.INHERITED, lay.INNER, (True, False, True)),
    (C, C, lay.INHERITED, lay.INHERITED, (False, False, False)),
]


@pytest.mark.parametrize(("stdout", "stderr", "gets1", "gets2", "foreground"), MATRIX)
def test_matrix(stdout, stderr, gets1, gets2, foreground):
    for stdin, first in zip((T, P, F), foreground, strict=True):
        got = lay.plan((stdin, stdout, stderr), same=False)
        stdin_gets = lay.INNER if stdin == T and lay.INNER in (gets1, gets2) else lay.INHERITED
        assert got == lay.Layout((stdin_gets, gets1, gets2), foreground=first)


@given(KINDS, KINDS, KINDS, st.booleans(), st.booleans())
def test_never_means_no_terminal(stdin, stdout, stderr, same, foreground):
    got = lay.plan((stdin, stdout, stderr), same=same, tty="never", foreground=foreground)
    assert not got.monitored
    assert lay.SIDE not in got.streams


@given(KINDS, KINDS, KINDS, st.booleans())
def test_always_means_a_terminal_for_every_stream_that_is_open(stdin, stdout, stderr, same):
    got = lay.plan((stdin, stdout, stderr), same=same, tty="always")
    for kind, gets in zip((stdout, stderr), got.streams[1:], strict=True):
        assert gets == lay.INHERITED if kind in (N, C) else gets in (lay.INNER, lay.SIDE, lay.SHARED)


@given(KINDS, KINDS, KINDS, st.booleans(), st.sampled_from(["auto", "always", "never"]), st.booleans())
def test_stdin_is_never_proxied_but_from_the_terminal(stdin, stdout, stderr, same, tty, foreground):
    got = lay.plan((stdin, stdout, stderr), same=same, tty=tty, foreground=foreground)
    assert got.streams[0] == lay.INHERITED or (stdin == T and got.monitored)


def test_in_the_background_the_command_waits_for_the_terminal():
    for kinds in itertools.product((T, P, F, N), repeat=3):
        assert not lay.plan(kinds, same=False, foreground=False).foreground


def test_one_open_file_gets_one_pipe():
    assert lay.plan((N, F, F), same=True).streams == (lay.INHERITED, lay.PIPED, lay.SHARED)
    assert lay.plan((N, F, F), same=False).streams == (lay.INHERITED, lay.PIPED, lay.PIPED)
