"""The prefilter may only clear text in which nothing stands: it is asked about texts in which something does."""

import base64
import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redact.transparent_case import case

from secretrun.redact import Redactor
from secretrun.redact.engine.prefilter import TAIL, Prefilter

ALNUM = string.ascii_letters + string.digits
LOG = b"2026-11-23T10:12:01.123Z INFO request handled status=200 duration=12ms id=3fa9c2d1 peer=10.0.0.7\n"


def random_key(rng):
    letters = rng.choice(
        [ALNUM, ALNUM, "abcdef0123456789", "0123456789", "0123456789ABCDEF:", "ab", "-:x,\\0f"]
    )
    return "".join(rng.choices(letters, k=rng.choice([4, 8, 12, 24, 32, 64, 90, 300]))).encode()


def broken(rng, text):
    """The text as it is, or with whitespace between some or all of its bytes."""
    rate = rng.choice([0, 0, 0.05, 0.5, 1])
    return b"".join(
        bytes([byte]) + (rng.choice([b"\n", b" ", b"\r\n  "]) if rng.random() < rate else b"")
        for byte in text
    )


def prefilter_of(keys, *, screen=True):
    return Prefilter({key[: TAIL + 1] for key in keys}, screen=screen)


@pytest.mark.parametrize("part", range(4))
def test_text_with_a_key_in_it_is_never_cleared(part):
    """Whole, broken anywhere, at any place, among few keys or many; and more than a tail of one at the end."""
    rng = random.Random(part)
    for _ in range(400):
        keys = [random_key(rng) for _ in range(rng.choice([1, 2, 5, 20, 200]))]
        screen = rng.random() < 0.8
        prefilter = prefilter_of(keys, screen=screen)
        for key in rng.sample(keys, min(5, len(keys))):
            whole = broken(rng, key)
            before, after = LOG * rng.choice([0, 1, 30, 400]), LOG * rng.choice([0, 1, 30, 400])
            before = before[: rng.randint(0, len(before))]
            assert not prefilter.clear(before + whole + after), (keys, key)
            if len(key) > TAIL + 1:
                part_of_it = key[: rng.randint(TAIL + 1, len(key))]
                assert not prefilter.clear(before + broken(rng, part_of_it))


@pytest.mark.parametrize("number", [1, 10, 100])
def test_log_lines_are_cleared(number):
    """Else the prefilter would be right, and useless."""
    rng = random.Random(number)
    redactor = Redactor(["".join(rng.choices(ALNUM, k=32)) for _ in range(number)])
    patterns = redactor._secrets.patterns
    assert patterns.clear(LOG * 40)
    assert patterns.clear(
        b"GET /api/v1/users 200 12ms, worker started, queue flushed; retry of 3 is due\n" * 50
    )


@given(st.binary(max_size=600), st.lists(st.binary(min_size=1, max_size=80), min_size=1, max_size=6))
@settings(max_examples=2_000)
def test_what_it_clears_holds_no_key(text, keys):
    keys = [key for key in (bytes(key.translate(None, b" \t\r\n\v\f")) for key in keys) if key] or [b"k"]
    if prefilter_of(keys).clear(text):
        squeezed = text.translate(None, b" \t\r\n\v\f")
        assert not any(key in squeezed for key in keys)


@pytest.mark.parametrize("url", [False, True])
@pytest.mark.parametrize("cut", ["whole", "bytes", "random"])
def test_no_character_of_base64_that_a_secret_has_a_part_in_is_shown(url, cut):
    """At every alignment, on both sides: what is left is what the neighbours alone determine."""
    rng = random.Random(f"{url} {cut}")
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    for _ in range(300):
        secret = (
            rng.randbytes(rng.randint(9, 40))
            if rng.random() < 0.5
            else bytes(rng.choices(ALNUM.encode(), k=20))
        )
        if secret.strip() != secret:
            continue
        before, after = rng.randbytes(rng.randint(0, 7)), rng.randbytes(rng.randint(0, 7))
        text = encode(before + secret + after)
        redactor = Redactor([secret], mask="#")
        sizes = {"whole": [len(text)], "bytes": [1], "random": [1, 2, 3, 4, 9]}[cut]
        out, at = b"", 0
        while at < len(text):
            size = rng.choice(sizes)
            out += redactor.feed(text[at : at + size])
            at += size
        out += redactor.flush()
        left, _, right = out.partition(b"#")
        assert b"#" not in right, (secret, before, after)
        assert left == text[: len(before) * 8 // 6], (secret, before, after)
        rest = text[-(-(len(before) + len(secret)) * 8 // 6) :]
        assert right == (rest if rest.strip(b"=") else b""), (secret, before, after)


def test_a_last_character_that_may_belong_to_base64_waits_for_the_next():
    """The character before the run holds bits of the secret, so it can't be out before the run is known."""
    secret = b"correct-horse"
    text = base64.b64encode(b"x" + secret)  # eGNvcnJlY3Q...: the second character is half the secret's
    redactor = Redactor([secret], mask="#")
    assert redactor.feed(text[:1]) == text[:1]
    assert redactor.feed(text[1:2]) == b""
    assert redactor.held == 1
    assert redactor.release() == text[1:2], "a pause on a terminal shows it"
    assert redactor.feed(text[2:]) + redactor.flush() == b"#"


class Never:
    """A prefilter that clears nothing."""

    def clear(self, text):
        return False

    def suspect(self, text):
        return None


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_the_answer_does_not_depend_on_the_prefilter(part):
    """The same bytes at the same time, with pauses too, when no text is ever called clear."""
    for seed in range(part * 100, part * 100 + 100):
        rng = random.Random(seed)
        secrets, _, chunks = case(rng)
        sifting, looking = Redactor(secrets, mask="#"), Redactor(secrets, mask="#")
        looking._secrets.patterns._prefilter = Never()
        for chunk in chunks:
            assert sifting.feed(chunk) == looking.feed(chunk), (seed, chunk)
            assert sifting.held == looking.held, (seed, chunk)
            if rng.random() < 0.1:
                assert sifting.release() == looking.release(), (seed, chunk)
        assert sifting.flush() == looking.flush(), seed


@pytest.mark.parametrize("before", ["", "rea", "status done, qui", "\x1b[1m rea"])
def test_a_last_letter_waits_for_base64_only_where_base64_can_have_it(before):
    """First in a run of letters, or fourth: such a character is whole groups away from the secret's."""
    redactor = Redactor([b"correct-horse"], mask="#")
    texts = [pattern.text for pattern in redactor._secrets.patterns.patterns]
    for letter in ALNUM.encode():
        text = before.encode() + bytes([letter])
        if not any(pattern.startswith(text[-size:]) for size in (1, 2, 3) for pattern in texts):
            assert redactor.twin().feed(text) == text
