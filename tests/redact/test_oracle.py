"""The streaming redactor against the brute-force one: the same bytes for every text, secrets and cuts."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redact.oracle import live_prefix, masked, occurrences, union

from secretrun.redact import Redactor

MASK = b"#"
CASES, PARTS = 60_000, 12


def redactor(patterns, mask="#"):
    return Redactor(patterns, mask=mask, forms=(), min_length=1)


def stream(one, text, cuts):
    out, at = b"", 0
    for cut in [*sorted(cuts), len(text)]:
        out += one.feed(text[at:cut])
        at = cut
    return out + one.flush()


def case(rng):
    """A tiny alphabet, so that secrets overlap themselves and each other; a text that is full of them."""
    letters = b"ab" if rng.random() < 0.5 else b"abc"
    patterns = [bytes(rng.choices(letters, k=rng.randint(1, 6))) for _ in range(rng.randint(1, 3))]
    text = b""
    while len(text) < rng.randint(0, 24):
        text += rng.choice([*patterns, bytes(rng.choices(letters + b"x", k=rng.randint(1, 4)))])
    cuts = [rng.randint(0, len(text)) for _ in range(rng.randint(0, 6))]
    return patterns, text, cuts


@pytest.mark.parametrize("part", range(PARTS))
def test_sixty_thousand_random_cases_differ_in_none(part):
    rng = random.Random(20_261_123 + part)
    for _ in range(CASES // PARTS):
        patterns, text, cuts = case(rng)
        want = masked(text, patterns, MASK)
        assert want == stream(redactor(patterns), text, cuts), (patterns, text, cuts)


@pytest.mark.parametrize("part", range(4))
def test_what_is_held_is_exactly_the_live_prefix(part):
    """After every write, what is out and what is held make up the text; nothing else is withheld."""
    rng = random.Random(7_000 + part)
    for _ in range(2_000):
        patterns, text, cuts = case(rng)
        one, out, at = redactor(patterns), b"", 0
        for cut in [*sorted(cuts), len(text)]:
            out += one.feed(text[at:cut])
            at = cut
            seen = text[:at]
            live = live_prefix(seen, patterns)
            covered = max(
                (end for start, end in union(occurrences(seen, patterns)) if start < at - live), default=0
            )
            assert one.held == at - max(at - live, min(covered, at)), (patterns, text, cuts, at)


@settings(max_examples=1_500)
@given(
    st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=4),
    st.lists(st.one_of(st.integers(0, 3), st.binary(max_size=8)), max_size=10),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_any_split_of_any_stream_gives_the_bytes_of_the_whole(patterns, pieces, cuts):
    """Blank secrets are left out: they are never masked."""
    patterns = [pattern for pattern in patterns if pattern.strip()] or [b"secret"]
    text = b"".join(p if isinstance(p, bytes) else patterns[p % len(patterns)] for p in pieces)
    mask = next(bytes([n]) for n in range(256) if not any(n in pattern for pattern in patterns))
    if mask >= b"\x80":  # a mask is ASCII
        return
    want = masked(text, patterns, mask)
    mask_text = mask.decode()
    assert want == stream(redactor(patterns, mask_text), text, [min(cut, len(text)) for cut in cuts])
    assert want == stream(redactor(patterns, mask_text), text, range(len(text)))


@settings(max_examples=500)
@given(st.data())
def test_order_and_repetition_of_secrets_change_nothing(data):
    rng = random.Random(data.draw(st.integers()))
    patterns, text, cuts = case(rng)
    shuffled = patterns * 2
    rng.shuffle(shuffled)
    assert stream(redactor(patterns), text, cuts) == stream(redactor(shuffled), text, cuts)


@settings(max_examples=500)
@given(st.integers())
def test_one_more_secret_never_uncovers_a_byte(seed):
    rng = random.Random(seed)
    patterns, text, cuts = case(rng)
    more = [*patterns, bytes(rng.choices(b"abc", k=3))]
    before = {n for start, end in union(occurrences(text, patterns)) for n in range(start, end)}
    after = {n for start, end in union(occurrences(text, more)) for n in range(start, end)}
    assert before <= after
    assert masked(text, more, MASK) == stream(redactor(more), text, cuts)


@settings(max_examples=300)
@given(st.integers())
def test_a_secret_added_midway_counts_from_the_next_byte_and_for_what_is_held(seed):
    """As if the new secret had been known from the held bytes on; what is out stays out."""
    rng = random.Random(seed)
    patterns, text, _ = case(rng)
    new = bytes(rng.choices(b"abc", k=rng.randint(2, 5)))
    cut = rng.randint(0, len(text))
    one = redactor(patterns)
    first = one.feed(text[:cut])
    held = one.held
    one.add([new])
    rest = one.feed(text[cut:]) + one.flush()
    plain = rest.replace(MASK, b"\0")
    tail = text[cut - held :]
    assert new not in plain
    assert all(pattern not in plain for pattern in patterns)
    if not first.endswith(MASK):
        # Nothing was half masked at the cut, so the rest is what the union masks of the held bytes on.
        assert rest == masked(tail, [*patterns, new], MASK)


@settings(max_examples=500)
@given(st.integers())
def test_idle_release_shows_a_few_leading_bytes_at_most_and_forgets_nothing(seed):
    rng = random.Random(seed)
    secret = bytes(rng.sample(range(ord("a"), ord("z")), rng.randint(8, 25)))
    text, one, out = b"Z" + secret + b"Z" + secret + secret + b"Z", redactor([secret]), b""
    for n in range(len(text)):
        out += one.feed(text[n : n + 1])
        if rng.random() < 0.5:
            out += one.release()
    out += one.flush()
    most = min(3, len(secret) // 8)
    shown = out.split(MASK)
    assert len(shown) == 4
    for number, piece in enumerate(shown[:3]):
        assert secret[: most + 1] not in piece
        assert piece.lstrip(b"Z") == secret[: len(piece.lstrip(b"Z"))], number
    assert shown[3] == b"Z"


def test_memory_stays_bounded_on_a_run_of_one_letter():
    one = redactor([b"a" * 50])
    out = b""
    for _ in range(20):
        out += one.feed(b"a" * 50_000)
        assert one.held < 50
    assert out + one.flush() == MASK
