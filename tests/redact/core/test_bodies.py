"""Both bodies give the same answers: the same bytes and masks after every step, and as many bytes held."""

import pytest
from redact.core.bodies import difference, made


@pytest.fixture(scope="module")
def pairs():
    return made(20)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_both_bodies_give_the_same_answers(pairs, part):
    for seed in range(part * 1_000, part * 1_000 + 1_000):
        assert difference(seed, pairs) is None
