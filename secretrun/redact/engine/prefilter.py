"""Quick proofs that a text holds no occurrence in any reading, so nearly all text is never looked at closely.

No reading is made for them. What the readings leave out are escape sequences, whitespace, controls, what
stands at margins: so keys *without all of that* are looked for in the text without it, where sequences are
few short strings (`ESC[00m`, all digits alike) that `bytes.replace` takes out. Cheapest first:

- *absence*: see that file;
- *letters*: keys, and text, without digits, whitespace and marks; a few keys are looked for with
  `bytes.find`, many through the words that they must hold at a fixed stride;
- *digits*: keys of digits alone, as hex and UUIDs, would be a long run of digits;
- *texts*: keys of neither kind, which are rare, are looked for in the readings themselves.
"""

from __future__ import annotations

from secretrun.redact.engine.absence import Absence
from secretrun.redact.engine.margins import AT_MARGIN, MARKS, has_margin, without_margins
from secretrun.redact.engine.readings import lone_returns, needs_care, otherwise, shown
from secretrun.redact.engine.terminal_escapes import without_escapes
from secretrun.redact.engine.words import Words
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TAIL = 64  # bytes that a beginning at the end of a text may have without being looked for

_OVERLAP = 4 * TAIL
_TELLING = 512  # bytes of a text that is like others

_HEX = b"0123456789abcdefABCDEF"
_BETWEEN = b":\\x,-"  # what may stand between digits
_HIGH = bytes(range(0x80, 0x100))
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
_ODD = _CONTROLS + _HIGH
_LATER = b"|\\"  # of what stands at margins these two may end a sequence, so they go after the sequences
_DROPPED = SPACE + _CONTROLS + _HIGH + MARKS.translate(None, _LATER)
_LETTERS = _DROPPED + b"0123456789"  # what `letters` leaves out, with the two that go later
_NO_LETTERS = _LETTERS + _LATER
_SOLID = _DROPPED + _LATER
_DIGITS = bytes.maketrans(_HEX, b"0" * len(_HEX))
_NO_DIGITS = _SOLID + _BETWEEN
_NO_HEX = bytes(byte for byte in range(256) if byte not in _HEX)
_ASCII = bytes(byte for byte in range(256) if byte not in _CONTROLS + _HIGH)
_LEAST_RUN = 12
_LEAST_LETTERS = 7
_ZEROS = bytes.maketrans(b"0123456789", b"0000000000")
# The last letter of a sequence may be a secret's first, so needles lack theirs.
_PARAMETERS = (b"0", b"?")
_MOVES = frozenset((b"H", b"G"))
_FINALS = _MOVES | frozenset(bytes([byte]) for byte in b"mKCJlhABDXdr")
_KINDS = 12  # of sequences in a text; with more it is stripped of them with an expression


def letters_of(data: bytes) -> bytes:
    """What is compared of a key or of a text without sequences."""
    return data.translate(None, _NO_LETTERS)


def _without(keys: list[bytes], left: bytes) -> list[bytes]:
    """The keys without some bytes."""
    return b"\n".join(keys).translate(None, left.replace(b"\n", b"")).split(b"\n") if keys else []


class Prefilter:
    """What clears a text of a set of keys. Immutable but for a cache, shared between threads.

    Args:
        keys: without whitespace, none empty; no more than `TAIL` + 1 bytes of each.
        screen: the text is read as a terminal shows it too.
    """

    __slots__ = (
        "_absence", "_digits", "_marked", "_needed", "_odd", "_run", "_screen", "_wide",
    )  # fmt: skip

    def __init__(self, keys: Iterable[bytes], *, screen: bool) -> None:
        self._screen = screen
        odd: list[bytes] = []
        digits: list[bytes] = []
        wide: list[bytes] = []
        needles: list[bytes] = []
        self._run = 0
        keys = list(set(keys))
        # of all keys at once: no line end is in any
        parts = [_without(keys, left) for left in (_ODD, _NO_DIGITS, _HEX + _BETWEEN, _NO_LETTERS)]
        for key, ascii_, hexes, others, letters in zip(keys, *parts, strict=True):
            if len(ascii_) < len(key):
                odd.append(key)
            elif len(hexes) >= _LEAST_RUN and not others:
                digits.append(hexes)
                self._run = min(self._run or len(hexes), len(hexes))
            else:
                wide.append(key)
                # what is in every text the key stands in, even where it begins within a sequence
                needle = letters.lstrip(b"[?<=")[1:] if 0x1B not in key else b""
                needles.append(needle if len(needle) >= _LEAST_LETTERS else b"")
        self._odd = Words(odd)
        # where a key begins at a margin all but its first marks stands behind it
        self._marked = Words([key.lstrip(AT_MARGIN) or key[-1:] for key in odd if key[:1] in AT_MARGIN])
        self._needed: dict[int, set[frozenset[int]]] = {}  # by one of them, the odd bytes of each odd key
        for key in odd:
            needed = frozenset(key.translate(None, _ASCII))
            self._needed.setdefault(min(needed), set()).add(needed)
        self._digits = Words(digits)
        self._wide = dict(zip(wide, needles, strict=True))
        self._absence = Absence(wide, self._of)

    def _of(self, keys: Iterable[bytes]) -> tuple[Words, Words]:
        """What to look for of some wide keys: in letters, and in the readings."""
        needles = self._wide
        letters = [needle for needle in map(needles.__getitem__, keys) if needle]
        solid = _without([key for key in keys if not needles[key]], _SOLID)
        return Words(letters), Words(solid)

    def clear(self, text: bytes) -> bool:
        """Whether `text` surely holds no key in any reading."""
        absence = self._absence
        plan = absence.plan(text)
        if plan is not None:
            return self._clear_of(text, *plan)
        clear = self._clear_of(text, *absence.every())
        if len(text) > _TELLING:
            proof = absence.proof(text)
            if proof is not None and (clear or self._clear_of(text, *proof.plan(text))):
                absence.keep(proof)
                return True
        return clear

    def _clear_of(self, text: bytes, letters: Words, texts: Words) -> bool:
        if self._odd and not self._clear_odd(text):
            return False
        plain = not self._screen or (0x1B not in text and not _is_changed(text))
        both = text if plain else b""  # readings, one after the other; made when they are needed
        left = both or _uncoloured(text)
        if left is None:
            left = both = _both(text)
        # rfind, which takes a third of the time of find on runs of one byte
        if self._run and left.translate(_DIGITS, _NO_DIGITS).rfind(b"0" * self._run) >= 0:
            both = both or _both(text)
            if not self._digits.clear(both.translate(None, _NO_HEX)):
                return False
        return (not letters or letters.clear(letters_of(left))) and (
            not texts or texts.clear((both or _both(text)).translate(None, _SOLID))
        )

    def _clear_odd(self, text: bytes) -> bool:
        """The same of keys with bytes that are no ASCII, or controls: nearly all lack one of them."""
        if not any(byte in text for byte in self._needed):
            return True
        there = frozenset(text.translate(None, _ASCII))
        if not any(needed <= there for byte in there for needed in self._needed.get(byte, ())):
            return True
        if not self._odd.clear(text.translate(None, SPACE)):
            return False
        if not self._screen:
            return True
        seen = _shown(text)
        # margins are taken out of the text here: these keys are compared with their own marks
        if not self._odd.clear(seen.translate(None, SPACE)):
            return False
        if 0x0A not in seen or not has_margin(seen):
            return True
        left = without_margins(seen)
        return self._odd.clear(left) and self._marked.clear(left)

    def __repr__(self) -> str:
        return f"<Prefilter of {len(self._wide)} keys>"


def _uncoloured(text: bytes) -> bytes | None:
    """A text without its colours, 0 for each digit; None where it has other sequences, or is written over."""
    if 0x9B in text or 0x08 in text or lone_returns(text):
        return None
    if text.count(b"\x1b[") < text.count(b"\x1b") - text.endswith(b"\x1b"):
        return None
    left = text.translate(_ZEROS, _DROPPED)
    begun = left.rfind(b"\x1b")
    if not left[begun + 1 :].strip(b"[?0"):
        # the last sequence is cut: nothing, or text but for the ESC
        left = left[:begun] + b"]" + left[max(0, begun - _OVERLAP) : begun] + left[begun + 1 :]
    finals: set[bytes] = set()
    for _ in range(_KINDS):
        begin = left.find(b"\x1b")
        if begin < 0:
            return left if finals.isdisjoint(_MOVES) or not needs_care(text) else None
        end = begin + 2
        while left[end : end + 1] in _PARAMETERS:
            end += 1
        final = left[end : end + 1]
        if end - begin >= _LEAST_RUN or final not in _FINALS:
            return None
        finals.add(final)
        left = left.replace(left[begin : end + 1], b"")
    return None


def _is_changed(text: bytes) -> bool:
    """Whether a terminal may show other letters of a text than those outside its sequences of ESC."""
    return 0x9B in text or needs_care(text)


def _both(text: bytes) -> bytes:
    """A text as it is, and what a terminal shows of it, but for bytes that are dropped later."""
    return text + b"]" + (_shown(text) if _is_changed(text) else without_escapes(text))


def _shown(text: bytes) -> bytes:
    """What a terminal shows of a text, in both ways that it may."""
    other = otherwise(text)
    return shown(text) if other is None else shown(text) + b"\n" + other
