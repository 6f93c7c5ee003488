"""The redactor takes bytes; what else it is given by mistake does not end the stream, and never becomes bytes."""

import pytest

from secretrun.redact import Redactor


@pytest.mark.parametrize("wrong", [5, "text", None, [1, 2], 3.0, True])
def test_what_is_no_bytes_is_an_error_and_the_stream_goes_on(wrong):
    redactor = Redactor({"A": "a-secret-value-1"}, mask="#")
    out = redactor.feed(b"x a-secret-")
    with pytest.raises(TypeError, match=f"bytes, not {type(wrong).__name__}"):
        redactor.feed(wrong)
    with pytest.raises(TypeError):
        redactor.mask(wrong)
    assert out + redactor.feed(b"value-1 y") + redactor.flush() == b"x # y"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_bytes_is_taken(kind):
    assert Redactor({"A": "a-secret-value-1"}, mask="#").mask(kind(b"x a-secret-value-1")) == b"x #"
