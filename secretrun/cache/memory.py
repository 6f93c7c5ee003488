"""What the cache remembers, as a pure machine: a request and the time in, an answer out.

A value is fresh for its TTL, then stale: kept a while longer for `--offline`, and given out only when
the request asks for stale ones. Locking forgets everything and holds nothing until it is unlocked.
"""

from __future__ import annotations

from secretrun.cache import wire

STALE_FOR = 24 * 3600.0  # seconds past its TTL for which a value can still help an offline run
MOST = 10_000  # values held at once; the oldest go first


class Memory:
    """Values by key, each with its time of storing and its TTL; times are seconds of one clock."""

    def __init__(self) -> None:
        self._values: dict[bytes, tuple[bytes, float, float]] = {}
        self._locked = False
        self.stopping = False
        self.hits = 0
        self.misses = 0

    def __repr__(self) -> str:
        return f"<Memory {len(self._values)} values>"

    def handle(self, request: list[bytes], now: float) -> list[bytes]:
        """Answer one request; a malformed one gets an error answer, never an exception."""
        if not request or request[0] != wire.VERSION:
            return self._error(b"unknown protocol version")
        verb, rest = (request[1] if len(request) > 1 else b""), request[2:]
        self.forget(now)
        if verb == b"get" and rest:
            return self._get(rest[0], rest[1:], now)
        if verb == b"put" and len(rest) % 2 == 1:
            return self._put(rest[0], rest[1:], now)
        if verb == b"lock":
            self._values.clear()
            self._locked = True
            return self._ok()
        if verb == b"unlock":
            self._locked = False
            return self._ok()
        if verb == b"stop":
            self._values.clear()
            self.stopping = True
            return self._ok()
        if verb == b"status":
            fresh = sum(now < stored + ttl for _, stored, ttl in self._values.values())
            counts = (
                (b"values", fresh), (b"stale", len(self._values) - fresh), (b"locked", int(self._locked)),
                (b"hits", self.hits), (b"misses", self.misses),
            )  # fmt: skip
            return self._ok(*(part for name, count in counts for part in (name, b"%d" % count)))
        return self._error(b"unsupported")

    def forget(self, now: float) -> None:
        """Drop what is past even its use for offline runs."""
        gone = [key for key, (_, stored, ttl) in self._values.items() if now >= stored + ttl + STALE_FOR]
        for key in gone:
            del self._values[key]

    def _get(self, flags: bytes, keys: list[bytes], now: float) -> list[bytes]:
        parts = []
        for key in keys:
            value, stored, ttl = self._values.get(key, (b"", 0.0, -1.0))
            fresh, known = now < stored + ttl, ttl >= 0
            if known and (fresh or b"s" in flags):
                self.hits += 1
                parts += [wire.FRESH if fresh else wire.STALE, b"%d" % (now - stored), value]
            else:
                self.misses += b"a" not in flags
                parts += [wire.MISSING, b"0", b""]
        return self._ok(*parts)

    def _put(self, ttl_text: bytes, pairs: list[bytes], now: float) -> list[bytes]:
        if self._locked:
            return self._error(b"locked")
        try:
            ttl = float(ttl_text)
        except ValueError:
            ttl = -1.0
        if not 0 < ttl < 1e9:
            return self._error(b"a TTL that is no number of seconds")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            self._values.pop(key, None)  # a new one goes to the end of the order
            self._values[key] = (value, now, ttl)
        while len(self._values) > MOST:
            del self._values[next(iter(self._values))]
        return self._ok()

    def _ok(self, *parts: bytes) -> list[bytes]:
        return [wire.VERSION, b"ok", *parts]

    def _error(self, reason: bytes) -> list[bytes]:
        return [wire.VERSION, b"error", reason]
