"""Mask commands in a stream: whole, byte by byte and at any cut the same, and masked from the next line on."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from secretrun.launch.mask_commands import LONGEST, MaskCommands, listens
from secretrun.redact import Redactor

SECRET = "known-secret-0123456789"
TEXT = (
    f"begin {SECRET}\nlate-value-777 is not known yet\n::add-mask::late-value-777\nnow late-value-777 is\r\n"
    "x ##vso[task.setsecret]two%0Alines-of-it\r\nlines-of-it two\n::add-mask::abc\nxabcx is too short\nlate-value-777"
).encode()
SHOWN = (
    b"begin [REDACTED:KEY]\nlate-value-777 is not known yet\n::add-mask::late-value-777\nnow [REDACTED:MINTED] is\r\n"
    b"x ##vso[task.setsecret]two%0Alines-of-it\r\n[REDACTED:MINTED] two\n::add-mask::abc\nxabcx is too short\n[REDACTED:MINTED]"
)


def masked(pieces):
    stream = MaskCommands(Redactor({"KEY": SECRET})).twin()
    return b"".join([*(stream.feed(piece) for piece in pieces), stream.flush()])


def test_whole_and_byte_by_byte():
    assert masked([TEXT]) == SHOWN
    assert masked([TEXT[at : at + 1] for at in range(len(TEXT))]) == SHOWN


@given(st.lists(st.integers(0, len(TEXT)), max_size=8))
def test_at_any_cuts(cuts):
    ends = [0, *sorted(cuts), len(TEXT)]
    assert masked([TEXT[a:b] for a, b in itertools.pairwise(ends)]) == SHOWN


def test_twins_share_what_one_was_told():
    one = MaskCommands(Redactor({"KEY": SECRET}))
    other = one.twin()
    one.feed(b"::add-mask::late-value-777\n")
    assert other.feed(b"a late-value-777 b") + other.flush() == b"a [REDACTED:MINTED] b"


def test_a_line_without_an_end_is_not_kept():
    stream = MaskCommands(Redactor({"KEY": SECRET}))
    for _ in range(4):
        stream.feed(b"x" * LONGEST)
    assert len(stream._line) <= LONGEST
    assert stream.feed(b"\n::add-mask::late-value-777\nlate-value-777").endswith(b"\n")


def test_who_listens():
    assert listens("github", {})
    assert listens("none", {"TF_BUILD": "True"})
    assert not listens("none", {"BUILDKITE": "true"})
    assert not listens("none", {})
