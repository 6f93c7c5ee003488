"""Runs side by side with one cache: what another got just before our turn is taken, not asked for again."""

from __future__ import annotations

from resolution.planning import plan, stores

from secretrun.resolution.resolve import resolve
from secretrun.resolution.waiting import Waiting
from secretrun.testing import MemoryBackend


class Held:
    """A cache whose contents the test sees to."""

    def __init__(self):
        self.values = {}
        self.stale = {}

    def get(self, wanted, *, stale=False):
        return {r: self.values[r.text] for r in wanted if r.text in self.values}

    def put(self, values):
        self.values.update((r.text, value) for r, value in values.items())

    def claims(self, values, listings):
        return [r.text.encode() for r in values]


class Edge(Waiting):
    """Another run is done between our look into the cache and our turn, for which nobody waits then."""

    def __init__(self, cache, values):
        super().__init__({}, None)
        self.cache, self.others = cache, values

    def claim(self, keys, seconds, queued):
        edge = self

        class Free:
            def __enter__(self):
                edge.cache.values |= edge.others
                return False

            def __exit__(self, *_):
                return None

        return Free()


def test_what_another_run_got_before_our_turn_is_not_asked_for_again():
    memory, cache = MemoryBackend({"a": b"asked", "b": b"too"}), Held()
    edge = Edge(cache, {"memory://a": b"remembered"})
    found = resolve(plan("A=memory://a\nB=memory://b"), stores(memory, cache=cache, edge=edge))
    assert found.environment == {"A": b"remembered", "B": b"too"}
    assert [[r.path for r in batch] for batch in memory.calls] == [["b"]]
