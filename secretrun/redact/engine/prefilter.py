"""Quick proofs that a text holds no occurrence in any reading, so nearly all text is never looked at closely.

No reading is made for them. What the readings leave out are escape sequences, whitespace, controls, what
stands at margins: so keys *without all of that* are looked for in the text without it, where sequences are
few short strings (`ESC[m`, their digits gone) that `bytes.replace` takes out. Cheapest first:

- *absence*: a text without `Q` holds no key with a `Q` in it, however it is read. Secrets are random and
  text is not, so a few rare bytes clear nearly all keys at the speed of `memchr`;
- *letters*: keys, and text, without digits, whitespace and marks; a few keys are looked for with
  `bytes.find`, many through the words that they must hold at a fixed stride;
- *digits*: keys of digits alone, as hex and UUIDs, would be a long run of digits;
- *texts*: keys of neither kind, which are rare, are looked for in the readings themselves.
"""

from __future__ import annotations

from secretrun.redact.engine.readings import has_margin, needs_care, shown, without_escapes, without_margins
from secretrun.redact.engine.words import NONE, Words
from secretrun.redact.pattern import SPACE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TAIL = 64  # bytes that a beginning at the end of a text may have without being looked for

# Letters and signs from seldom to common in logs, source code and prose. Only the speed depends on it.
_SELDOM = b"`^~|?;<>{}!&%$#*+@\\QZJXqKYzjVWHUGBMxLOFNPDRCTISAE'\"()[]=,kvw_9876543b/:-.yfgpmuhlcd210srnoaite"
_WITNESSES = 40  # bytes whose absence is asked for: later ones are in every text
_KEYS = 4096  # above so many, too many stay uncleared by absence in any text
_PLANS = 256
_PART = 1 << 13  # bytes: the shorter a text, the more bytes it lacks
_LEFT = 24  # the same of those that absence left, where words would be made for a text like this one alone
_OVERLAP = 4 * TAIL

_HEX = b"0123456789abcdefABCDEF"
_BETWEEN = b":\\x,-"  # what may stand between digits
_MARGIN = b"><#*+;%!:-/"  # what may stand round a line break, see `terminal_escapes.margins`
_HIGH = bytes(range(0x80, 0x100))
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
_ODD = _CONTROLS + _HIGH
_DROPPED = SPACE + _CONTROLS + _HIGH + _MARGIN
_LETTERS = _DROPPED + b"0123456789"  # what `letters` leaves out, with the two that follow
_LATER = b"|\\"  # of what stands at margins these two may end a sequence, so they go after the sequences
_NO_LETTERS = _LETTERS + _LATER
_SOLID = _DROPPED + _LATER
_DIGITS = bytes.maketrans(_HEX, b"0" * len(_HEX))
_NO_DIGITS = _SOLID + _BETWEEN
_NO_HEX = bytes(byte for byte in range(256) if byte not in _HEX)
_NO_COLOURS = _NO_DIGITS + b"\x1b[mK"
_ABSENT = bytes.maketrans(b"\0\1", b"10")
_ASCII = bytes(byte for byte in range(256) if byte not in _CONTROLS + _HIGH)
_IN_COLOURED_RUN = bytes(byte in _HEX + _NO_COLOURS for byte in range(256))
_IN_RUN = bytes(byte in _HEX + _NO_DIGITS for byte in range(256))
_LEAST_RUN = 12
_LONG_RUN = 24
_LEAST_LETTERS = 7
_PROBES = 6  # samples that are looked at in each run

# A sequence without its digits. The last letter of one may be a secret's first, so needles lack theirs.
_SEQUENCES = tuple(
    b"\x1b[" + end
    for end in (b"m", b"K", b"H", b"C", b"J", b"?l", b"?h", b"A", b"B", b"D", b"G", b"X", b"d", b"r")
)
_COLOURS = _SEQUENCES[:2]


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
        "_absent", "_all", "_digits", "_letters", "_needed", "_needles", "_odd", "_plans", "_rest", "_run",
        "_screen", "_solid", "_texts", "_wide",
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
        self._needed: dict[int, set[frozenset[int]]] = {}  # by one of them, the odd bytes of each odd key
        for key in odd:
            needed = frozenset(key.translate(None, _ASCII))
            self._needed.setdefault(min(needed), set()).add(needed)
        self._digits = Words(digits)
        self._letters = Words(filter(None, needles))
        self._rest = NONE  # what absence is not asked for
        if len(wide) > _KEYS:  # of so many, those without letters alone, which are few
            self._rest = self._letters
            wide = [key for key, needle in zip(wide, needles, strict=True) if not needle]
            needles = [b""] * len(wide)
        self._wide = wide
        self._needles = needles
        self._solid = _without(wide, _SOLID)
        self._texts = Words(
            {key for key, needle in zip(self._solid, self._needles, strict=True) if not needle}
        )
        self._all = (1 << len(wide)) - 1  # a bit for each wide key
        self._absent = self._witnesses() if len(wide) <= _KEYS else []
        self._plans: dict[int, tuple[Words, Words]] = {
            self._all: (self._letters, self._texts),
            0: (self._rest, NONE),
        }

    def _witnesses(self) -> list[tuple[int, int]]:
        """(byte, bits of the keys it is not in: those that its absence leaves), the seldom bytes first."""
        from itertools import repeat
        from operator import contains

        found: list[tuple[int, int]] = []
        used = frozenset(b"".join(self._wide))
        keys = self._wide[::-1]
        for byte in (*_SELDOM, *sorted(used.difference(_SELDOM))):
            if byte in used:
                found.append((byte, int(bytes(map(contains, keys, repeat(byte))).translate(_ABSENT), 2)))
            if len(found) == _WITNESSES:
                break
        return found

    def clear(self, text: bytes) -> bool:
        """Whether `text` surely holds no key in any reading."""
        left = self._all
        for byte, mask in self._absent:
            if byte not in text:
                left &= mask
                if not left:
                    break
        if left and len(text) > 2 * _PART and self._absent:
            return self._clear_parts(text)
        seen: list[bytes] = []
        if self._odd and not self._clear_odd(text, seen):
            return False
        letters, texts = self._plans.get(left) or self._plan(left)
        if self._screen and (0x1B in text or _odd(text)):
            return self._clear_coloured(letters, texts, text, seen)
        return (
            (not letters or letters.clear(letters_of(text)))
            and (not self._run or self._clear_runs(text))
            and (not texts or texts.clear(text.translate(None, _SOLID)))
        )

    def _clear_odd(self, text: bytes, made: list[bytes]) -> bool:
        """The same of keys with bytes that are no ASCII, or controls: nearly all lack one of them.

        What a terminal shows of the text is added to `made`, if it was needed.
        """
        if not any(byte in text for byte in self._needed):
            return True
        there = frozenset(text.translate(None, _ASCII))
        if not any(needed <= there for byte in there for needed in self._needed.get(byte, ())):
            return True
        if not self._odd.clear(text.translate(None, SPACE)):
            return False
        if not self._screen:
            return True
        seen = shown(text)
        made.append(seen)
        # margins are taken out of the text here: these keys are compared with their own marks
        return self._odd.clear(seen.translate(None, SPACE)) and (
            0x0A not in seen or not has_margin(seen) or self._odd.clear(without_margins(seen))
        )

    def _clear_coloured(self, letters: Words, texts: Words, text: bytes, made: list[bytes]) -> bool:
        bare: bytes | None = None  # what a terminal shows, when it is needed
        left = b"" if _odd(text) else text.translate(None, _LETTERS)
        plain = False  # all sequences are colours
        begun = left.rfind(b"\x1b")
        if begun >= 0 and left[begun + 1 :] in (b"", b"[", b"[?"):
            # the last sequence is cut: nothing, or text but for the ESC
            left = left[:begun] + b"\x1b[m" + left[max(0, begun - _OVERLAP) : begun] + left[begun + 1 :]
        for sequence in _SEQUENCES:
            if left:
                left = left.replace(sequence, b"")
                if 0x1B not in left:
                    plain = sequence in _COLOURS
                    break
        else:
            bare = made[0] if made and _odd(text) else _bare(text)
        if letters and not (
            letters.clear(left.translate(None, _LATER))
            if bare is None
            else letters.clear(letters_of(text)) and letters.clear(letters_of(bare))
        ):
            return False
        if self._run and not (plain and not self._long_run(text, _IN_COLOURED_RUN)):
            if plain:
                digits = text.translate(_DIGITS, _NO_COLOURS)
            else:
                if bare is None:
                    bare = _bare(text)
                digits = text.translate(_DIGITS, _NO_DIGITS) + b"\n" + bare.translate(_DIGITS, _NO_DIGITS)
            if not self._clear_digits(text, digits):
                return False
        return not texts or (
            texts.clear(text.translate(None, _SOLID))
            and texts.clear((_bare(text) if bare is None else bare).translate(None, _SOLID))
        )

    def _long_run(self, text: bytes, inside: bytes) -> bool:
        """Whether a run of digits, and what may stand between them, may be in the text: by samples of it."""
        step = max(1, self._run // _PROBES)
        # rfind, which takes a third of the time of find on samples that repeat one byte
        return text[::step].translate(inside).rfind(b"\1" * (self._run // step)) >= 0

    def _clear_digits(self, text: bytes, digits: bytes) -> bool:
        """`digits` is the text, 0 for each digit; nothing is left between two that may stand side by side."""
        step = max(1, self._run // _PROBES)
        # rfind, which takes a third of the time of find on samples that repeat one byte
        if digits[::step].rfind(b"0" * (self._run // step)) < 0 or digits.rfind(b"0" * self._run) < 0:
            return True
        if not self._digits.clear(text.translate(None, _NO_HEX)):
            return False
        bare = _bare(text) if self._screen else text
        return bare is text or self._digits.clear(bare.translate(None, _NO_HEX))

    def _clear_runs(self, text: bytes) -> bool:
        """The same of a text that is shown as it is."""
        if self._run > _LONG_RUN:
            found = self._long_run(text, _IN_RUN)
        else:
            found = text.translate(_DIGITS, _NO_DIGITS).rfind(b"0" * self._run) >= 0
        return not found or self._digits.clear(text.translate(None, _NO_HEX))

    def _clear_parts(self, text: bytes) -> bool:
        begin = 0
        while len(text) - begin > 2 * _PART:
            end = begin + _PART
            # what goes on beyond a part has more than `TAIL` bytes in it, or begins in its last ones,
            # which the next part has too
            if len(letters_of(without_escapes(text[end - 8 * TAIL : end]))) < 2 * TAIL or not self.clear(
                text[begin:end]
            ):
                return False
            begin = end - 8 * TAIL
        return self.clear(text[begin:])

    def _plan(self, left: int) -> tuple[Words, Words]:
        """What to look for when only the keys that `left` stands for may be there."""
        plan = self._letters, self._texts
        if left.bit_count() <= _LEFT:
            bits = [bit for bit in range(len(self._wide)) if left >> bit & 1]
            plan = (
                self._rest or Words({self._needles[bit] for bit in bits if self._needles[bit]}, few=_LEFT),
                Words({self._solid[bit] for bit in bits if not self._needles[bit]}, few=_LEFT),
            )
        if len(self._plans) >= _PLANS:
            self._plans = {self._all: (self._letters, self._texts), 0: (self._rest, NONE)}
        self._plans[left] = plan
        return plan

    def __repr__(self) -> str:
        return f"<Prefilter of {self._all.bit_length()} keys>"


def _odd(text: bytes) -> bool:
    """Whether what a terminal shows of a text may lack letters besides those of sequences of ESC."""
    return 0x9B in text or needs_care(text)


def _bare(text: bytes) -> bytes:
    """What a terminal shows of a text, but for bytes that are dropped later."""
    return shown(text) if _odd(text) else without_escapes(text)
