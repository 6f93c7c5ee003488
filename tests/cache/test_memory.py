"""The cache's pure parts: frames, and what is remembered for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.cache import wire
from secretrun.cache.memory import MOST, STALE_FOR, Memory

OK = [wire.VERSION, b"ok"]


def ask(memory, now, *fields):
    return memory.handle([wire.VERSION, *fields], now)


@given(st.lists(st.binary(max_size=64)))
def test_any_fields_survive_a_frame(parts):
    whole = wire.frame(*parts)
    assert wire.body_length(whole[:4]) == len(whole) - 4
    assert wire.fields(whole[4:]) == parts


@given(st.binary(max_size=200))
def test_any_body_is_fields_or_a_wire_error(body):
    try:
        found = wire.fields(body)
    except wire.WireError:
        return
    assert wire.frame(*found)[4:] == body


@given(st.lists(st.binary(max_size=16), max_size=8))
def test_any_request_gets_an_answer(request):
    answer = Memory().handle(request, 0.0)
    assert answer[0] == wire.VERSION
    assert answer[1] in (b"ok", b"error")


def test_a_frame_above_the_limit_is_refused_before_it_is_read():
    with pytest.raises(wire.WireError):
        wire.body_length((wire.LIMIT + 1).to_bytes(4, "big"))


def test_a_value_is_fresh_for_its_ttl_and_then_missing():
    memory = Memory()
    assert ask(memory, 0.0, b"put", b"10", b"k", b"value") == OK
    assert ask(memory, 9.9, b"get", b"", b"k") == [*OK, wire.FRESH, b"9", b"value"]
    assert ask(memory, 10.0, b"get", b"", b"k") == [*OK, wire.MISSING, b"0", b""]


def test_a_stale_value_is_given_only_to_who_asks_for_stale_ones_and_not_for_ever():
    memory = Memory()
    ask(memory, 0.0, b"put", b"10", b"k", b"value")
    assert ask(memory, 60.0, b"get", b"s", b"k") == [*OK, wire.STALE, b"60", b"value"]
    assert ask(memory, 10.0 + STALE_FOR, b"get", b"s", b"k") == [*OK, wire.MISSING, b"0", b""]


def test_what_one_run_looks_up_twice_is_one_miss():
    memory = Memory()
    ask(memory, 0.0, b"get", b"", b"k")
    ask(memory, 0.0, b"get", b"a", b"k")
    assert (memory.hits, memory.misses) == (0, 1)


def test_locking_forgets_and_refuses_until_it_is_unlocked():
    memory = Memory()
    ask(memory, 0.0, b"put", b"10", b"k", b"value")
    assert ask(memory, 1.0, b"lock") == OK
    assert ask(memory, 1.0, b"get", b"s", b"k")[2] == wire.MISSING
    assert ask(memory, 1.0, b"put", b"10", b"k", b"value")[1] == b"error"
    ask(memory, 2.0, b"unlock")
    assert ask(memory, 2.0, b"get", b"s", b"k")[2] == wire.MISSING
    assert ask(memory, 2.0, b"put", b"10", b"k", b"value") == OK


@pytest.mark.parametrize("ttl", [b"0", b"-1", b"nan", b"inf", b"soon", b""])
def test_a_ttl_that_is_no_time_is_refused(ttl):
    assert ask(Memory(), 0.0, b"put", ttl, b"k", b"value")[1] == b"error"


def test_memory_is_bounded_and_the_oldest_go_first():
    memory = Memory()
    for number in range(MOST + 5):
        ask(memory, 0.0, b"put", b"10", b"%d" % number, b"v")
    assert ask(memory, 1.0, b"get", b"", b"0", b"%d" % MOST)[2::3] == [wire.MISSING, wire.FRESH]


def test_no_repr_shows_a_value():
    memory = Memory()
    ask(memory, 0.0, b"put", b"10", b"k", b"hunter2hunter2")
    assert "hunter2" not in repr(memory)
