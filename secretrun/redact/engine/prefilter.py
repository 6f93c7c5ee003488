"""Quick proofs that a text holds no occurrence, so that nearly all text is never looked at closely.

Cheapest first; what one can't clear is left to the next:

- *absence*: a text without `Q` holds no key with a `Q` in it, however it is broken. Secrets are random
  and text is not, so a few rare bytes clear nearly all keys at the speed of `memchr`;
- *runs*: keys of digits alone, as hex and UUIDs, would be a long run of digits and whitespace, and a
  run can't hide from samples taken every few bytes;
- *finds*: one or two keys that are left are looked for with `bytes.find`;
- *words*: every occurrence of a long key covers one of the words read at a fixed stride, so text whose
  sampled words are all unknown holds none. The cost does not grow with the number of keys.
"""

from __future__ import annotations

from secretrun.redact.engine.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TAIL = 64  # bytes that a beginning at the end of a text may have without being looked for

# Letters and signs from seldom to common in logs, source code and prose. Only the speed depends on it.
_SELDOM = b"`^~|?;<>{}!&%$#*+@\\QZJXqKYzjVWHUGBMxLOFNPDRCTISAE'\"()[]=,kvw_9876543b/:-.yfgpmuhlcd210srnoaite"
_WITNESSES = 40  # bytes whose absence is asked for: later ones are in every text
_KEYS = 2048  # above so many, a few stay uncleared by absence in any text
_DIGITS = b"0123456789abcdefABCDEF"
_MARKS = b":\\x,-"  # what may stand between digits
_SHORTEST_RUN = 24
_PROBES = 12  # samples that are looked at in each run
_TRIES = 24  # places in one text that are looked at closely
_NARROW = 8  # keys of digits that are looked for one by one when a run was seen
_PLANS = 256
_PART = 1 << 13  # bytes

# Measured on CPython 3.11 with 4 KiB of log text: a `find` takes 0.7 to 3 microseconds, a sampled word
# 0.034. So a handful of keys is cheaper to find one by one than to sample.
_FEW = 4
_SHORT = 64
_CROWD = 4096
_SHORTEST_SAMPLED = 7


class Sieve:
    """What clears a text of a set of keys. Immutable but for a cache, shared between threads.

    Args:
        keys: what is looked for, none empty.
        squeeze: keys are found with whitespace between their bytes too.
        search: whether a text holds the beginning of any key; asked when all else is slower.
    """

    __slots__ = ("_absent", "_all", "_narrow", "_plans", "_run", "_squeeze", "_wide", "_words")

    def __init__(self, keys: Iterable[bytes], search: Callable[[bytes], bool], *, squeeze: bool) -> None:
        self._squeeze = squeeze
        heads = {key[: TAIL + 1] for key in keys}
        narrow = {
            key for key in heads if len(key) >= _SHORTEST_RUN and not key.translate(None, _DIGITS + _MARKS)
        }
        self._narrow = tuple(narrow)
        self._wide = tuple(heads - narrow)
        self._run = _Run(self._narrow, SPACE if squeeze else b"") if narrow else None
        self._all = (1 << len(self._wide)) - 1  # a bit for each wide key
        self._absent = self._witnesses() if len(self._wide) <= _KEYS else []
        self._plans: dict[int, tuple[bytes, ...] | None] = {}
        self._words = _Words(heads, search)

    def _witnesses(self) -> list[tuple[int, int]]:
        """(byte, bits of the keys it is not in: those that its absence leaves), the seldom bytes first."""
        found: list[tuple[int, int]] = []
        used = frozenset(b"".join(self._wide))
        for byte in (*_SELDOM, *sorted(used.difference(_SELDOM))):
            if byte in used:
                found.append((byte, sum(1 << bit for bit, key in enumerate(self._wide) if byte not in key)))
            if len(found) == _WITNESSES:
                break
        return found

    def clear(self, text: bytes) -> bool:
        """Whether `text` surely holds no key, and no beginning of one of more than `TAIL` bytes."""
        left = self._all
        for byte, mask in self._absent:
            if byte not in text:
                left &= mask
                if not left:
                    break
        needles: tuple[bytes, ...] | None = ()
        if left:
            if len(text) > 2 * _PART:
                return self._clear_parts(text)
            needles = self._plans[left] if left in self._plans else self._plan(left)
        if needles is not None and self._run is not None and self._run.may_be_in(text):
            needles = (*needles, *self._narrow) if len(self._narrow) <= _NARROW else None
        if needles is None:
            return self._words.clear(self._squeezed(text))
        if needles:
            squeezed = self._squeezed(text)
            for needle in needles:
                if needle in squeezed:
                    return False
        return True

    def _clear_parts(self, text: bytes) -> bool:
        """The same part by part: the shorter a text, the more bytes it lacks."""
        begin = 0
        while len(text) - begin > 2 * _PART:
            end = begin + _PART
            # what goes on beyond a part has more than `TAIL` bytes in it, or begins in its last ones,
            # which the next part has too
            if len(self._squeezed(text[end - 4 * TAIL : end])) < TAIL or not self.clear(text[begin:end]):
                return False
            begin = end - 4 * TAIL
        return self.clear(text[begin:])

    def _squeezed(self, text: bytes) -> bytes:
        return text.translate(None, SPACE) if self._squeeze else text

    def _plan(self, left: int) -> tuple[bytes, ...] | None:
        """The keys that `left` stands for, to be found one by one; None when sampling all is cheaper."""
        keys = None
        if left.bit_count() <= _FEW:
            keys = tuple(key for bit, key in enumerate(self._wide) if left >> bit & 1)
        if len(self._plans) >= _PLANS:
            self._plans = {}
        self._plans[left] = keys
        return keys

    def __repr__(self) -> str:
        return f"<Sieve of {len(self._wide) + len(self._narrow)} keys>"


class _Run:
    """Whether a text has a run of bytes that is long enough for one of some keys."""

    __slots__ = ("_length", "_probe", "_step", "_table")

    def __init__(self, keys: tuple[bytes, ...], space: bytes) -> None:
        inside = frozenset(b"".join(keys) + space)
        self._table = bytes(byte in inside for byte in range(256))
        self._length = min(map(len, keys))
        self._step = self._length // _PROBES
        self._probe = b"\1" * (self._length // self._step)

    def may_be_in(self, text: bytes) -> bool:
        step, probe = self._step, self._probe
        samples = text[::step].translate(self._table)
        # rfind, which takes a third of the time of find on samples that repeat one byte
        at = samples.rfind(probe)
        if at < 0:
            return False
        run = b"\1" * self._length
        for _ in range(_TRIES):  # samples may skip what ends a run: look at every byte round them
            begin = max(0, at * step - self._length)
            if run in text[begin : (at + len(probe)) * step + self._length].translate(self._table):
                return True
            at = samples.rfind(probe, 0, at + len(probe) - 1)
            if at < 0:
                return False
        return True


class _Words:
    """Clears a squeezed text of any number of keys, at a cost that hardly depends on their number."""

    __slots__ = ("_finds", "_search", "_step4", "_step8", "_words4", "_words8")

    def __init__(self, keys: set[bytes], search: Callable[[bytes], bool]) -> None:
        self._search = search
        self._words8: frozenset[int] = frozenset()
        self._words4: frozenset[int] = frozenset()
        self._step8 = self._step4 = 2
        if len(keys) > _FEW:
            # the wider the stride the faster, but short keys slip through, and the words take memory
            for self._step8 in (4, 3, 2) if len(keys) <= _CROWD else (2,):
                covered = 8 * self._step8 + 6
                if sum(_SHORTEST_SAMPLED <= len(key) <= covered for key in keys) <= _FEW:
                    break
            self._words8 = _words(
                {key[: covered + 1] for key in keys if len(key) > covered}, 8 * self._step8, 8
            )
            keys = {key for key in keys if len(key) <= covered}
        sampled = [key for key in keys if len(key) >= _SHORTEST_SAMPLED]
        if len(sampled) > 2 * _FEW:
            self._step4 = 2 if min(map(len, sampled)) > 10 else 1
            self._words4 = _words({key[: 4 * self._step4 + 3] for key in sampled}, 4 * self._step4, 4)
            keys = keys.difference(sampled)
        self._finds = tuple(keys)

    def clear(self, text: bytes) -> bool:
        finds = self._finds
        if len(finds) > _SHORT:  # many short values: only the automaton is any good
            return not self._search(text)
        for needle in finds:
            if needle in text:
                return False
        if self._words8 and not self._words8.isdisjoint(
            memoryview(text)[: len(text) & -8].cast("Q")[:: self._step8]
        ):
            return False
        return not self._words4 or self._words4.isdisjoint(
            memoryview(text)[: len(text) & -4].cast("I")[:: self._step4]
        )


def _words(heads: Iterable[bytes], stride: int, size: int) -> frozenset[int]:
    """The words of `size` bytes, one for each of `stride` alignments, that cover every head."""
    width = stride + size
    joined = b"".join([head[: width - 1].ljust(width, b"\0") for head in heads]) + bytes(width)
    words: set[int] = set()
    for shift in range(stride):
        column = memoryview(joined)[shift : len(joined) - width + shift]
        words.update(column.cast("Q" if size == 8 else "I")[:: width // size])
    return frozenset(words)
