"""Bytes in and out of descriptors, whatever pieces they come in."""

import io

import pytest

from secretrun.posix import descriptors


@pytest.mark.parametrize("most", [1, 2, 100])
@pytest.mark.parametrize(("size", "want"), [(0, b""), (3, b"abc"), (6, b"abcdef"), (9, b"abcdef")])
def test_so_many_bytes_are_read_or_all_that_there_are(most, size, want):
    source = io.BytesIO(b"abcdef")
    assert descriptors.read_exactly(lambda left: source.read(min(left, most)), size) == want
    assert source.read() == b"abcdef"[size:]
