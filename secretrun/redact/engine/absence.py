"""Absence: a text without `Q` holds no key with a `Q` in it, however it is read.

Secrets are random and text is not, so a few seldom bytes clear nearly all keys at the speed of `memchr`.
What one text lacks the next most likely lacks too: so the keys that a few bytes prove nothing of are sifted
out once, and only these are asked for in each text.
"""

from __future__ import annotations

from itertools import repeat
from operator import contains

from secretrun.redact.engine.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Letters and signs from seldom to common in logs, source code and prose. Only the speed depends on it.
_SELDOM = b"`^~|?;<>{}!&%$#*+@\\QZJXqKYzjVWHUGBMxLOFNPDRCTISAE'\"()[]=,kvw_9876543b/:-.yfgpmuhlcd210srnoaite"
_WITNESSES = 40  # bytes whose absence is asked for: later ones are in every text
_MOST_LEFT = 8  # of so many keys one may stay uncleared by the bytes that the last texts lacked
_FEW_LEFT = 6  # so few, as bits to the right, that no more bytes need be asked for in every text
_OFTEN = 8  # texts between two proofs, at most
_PLANS = 256
_LEFT = 24  # keys for which words are made for texts like one alone
_ABSENT = bytes.maketrans(b"\0\1", b"10")

Plan = tuple[Words, Words]


class Proof:
    """What clears texts that lack some bytes. Immutable but for a cache.

    Args:
        lacks: the bytes.
        keys: those that have none of them.
        others: bytes whose absence is asked for in each text.
        words: what to look for of some keys.
        lacking: all bytes that none of the last texts had.
    """

    __slots__ = ("_all", "_keys", "_masks", "_plan", "_plans", "_words", "lacking", "lacks")

    def __init__(
        self,
        lacks: bytes,
        keys: Sequence[bytes],
        others: bytes,
        words: Callable[[Iterable[bytes]], Plan],
        lacking: bytes,
    ) -> None:
        self.lacks = lacks
        self.lacking = lacking
        self._keys = keys
        self._words = words
        self._all = (1 << len(keys)) - 1  # a bit for each key
        # (byte, bits of the keys it is not in: those that its absence leaves)
        self._masks = [
            (byte, int(bytes(map(contains, reversed(keys), repeat(byte))).translate(_ABSENT), 2))
            for byte in (others if keys else b"")
        ]
        self._plan: Plan | None = None
        self._plans: dict[int, Plan] = {}

    def plan(self, text: bytes) -> Plan:
        """What to look for in a text that lacks the bytes."""
        left = self._all
        for byte, mask in self._masks:
            if left & mask != left and byte not in text:
                left &= mask
        plan = self._plans.get(left)
        if plan is None:
            if left.bit_count() > _LEFT:
                if self._plan is None:
                    self._plan = self._words(self._keys)
                return self._plan
            if len(self._plans) >= _PLANS:
                self._plans = {}
            plan = self._plans[left] = self._words(
                [key for bit, key in enumerate(self._keys) if left >> bit & 1]
            )
        return plan


class Absence:
    """Proofs for the texts of all streams. Immutable but for a cache, shared between threads.

    Args:
        keys: what may be there.
        words: gives what to look for of some of them, in letters and in readings.
    """

    __slots__ = ("_due", "_full", "_keys", "_lacking", "_proof", "_wait", "_witnesses", "_words")

    def __init__(self, keys: Sequence[bytes], words: Callable[[Iterable[bytes]], Plan]) -> None:
        joined = b"".join(keys)
        self._keys = keys
        self._words = words
        self._witnesses = bytes([byte for byte in _SELDOM if byte in joined][:_WITNESSES])
        self._lacking = self._witnesses  # those that none of the last texts had
        self._full: Plan | None = None
        self._proof: Proof | None = None
        self._due = 0  # texts until the next proof is made
        self._wait = 1  # how many they were after the last

    def plan(self, text: bytes) -> Plan | None:
        """What to look for in a text, of the keys that it may have; None where no proof fits it."""
        proof = self._proof
        if proof is None:
            return None
        for byte in proof.lacks:
            if byte in text:
                return None
        return proof.plan(text)

    def every(self) -> Plan:
        """The same of all keys."""
        if self._full is None:
            self._full = self._words(self._keys)
        return self._full

    def proof(self, text: bytes) -> Proof | None:
        """A proof for texts like this one, if it is time to make one and it lacks anything."""
        self._due -= 1
        if self._due > 0:
            return None
        self._wait = self._due = min(2 * self._wait, max(_OFTEN, len(self._keys) >> 8))
        lacking = bytes([byte for byte in self._lacking if byte not in text])
        used, left = self._sifted(lacking)
        if len(left) > len(self._keys) // _MOST_LEFT:
            lacking = bytes([byte for byte in self._witnesses if byte not in text])
            used, left = self._sifted(lacking)
        return (
            Proof(used, left, self._witnesses.translate(None, used), self._words, lacking) if used else None
        )

    def keep(self, proof: Proof) -> None:
        """Use this one from now on: it cleared a text."""
        self._lacking = proof.lacking
        self._proof = proof

    def _sifted(self, lacks: bytes) -> tuple[bytes, list[bytes]]:
        """Enough of some bytes, the seldom ones first, and the few keys that have none of them."""
        left = list(self._keys)
        used: list[int] = []
        for byte in lacks:
            rest = [key for key in left if byte not in key]
            if len(rest) < len(left):
                used.append(byte)
                left = rest
            if len(left) <= len(self._keys) >> _FEW_LEFT:
                break
        return bytes(used), left

    def __repr__(self) -> str:
        return f"<Absence of {len(self._keys)} keys>"
