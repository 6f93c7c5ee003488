"""What a failed start is told as."""

import pytest
from support.terminal import SECRET

from secretrun.child import execute
from secretrun.errors import CommandError, CommandNotFound


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (2, CommandNotFound, "tool: command not found"),
        (13, CommandError, "tool: permission denied"),
        (7, CommandError, "tool: argument list too long"),
    ],
)
def test_what_a_failed_exec_is_told_as(code, kind, text):
    """By the command's name alone: its arguments may be secret."""
    error = execute.failure(code, [b"tool", SECRET.encode()])
    assert type(error) is kind
    assert error.message == text
    assert SECRET not in str(error) + str(error.hint)


def test_a_variable_without_a_name_is_left_out_and_nul_is_an_error():
    assert execute.execute([b"no-such-command-anywhere"], {b"": b"x", b"PATH": b"/bin"}) == 2
    assert execute.execute([b"/bin/true\0"], {}) == 22
    assert execute.execute([b""], {}) == 2
