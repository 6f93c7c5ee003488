"""The brute-force masker that the streaming one is compared with. Slow, and plain enough to be right.

Every occurrence of every pattern is found by trying every position; overlapping spans are one span;
each maximal span becomes one mask. Touching spans stay two.

`masked` knows bytes alone. `Text` knows the readings: it is built from pieces that say what they are, so
nothing here parses an escape sequence or a margin.
"""

import re

SHOWN, RUN = 3, 64


def occurrences(text, patterns):
    """Every (start, end) at which a pattern stands in `text`."""
    return sorted(
        (start, start + len(pattern))
        for pattern in set(patterns)
        for start in range(len(text) - len(pattern) + 1)
        if text.startswith(pattern, start)
    )


def union(spans):
    """Overlapping spans joined; touching ones kept apart."""
    joined = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    return joined


def masked(text, patterns, mask):
    """`text` with every maximal span replaced by `mask`."""
    return _replaced(text, occurrences(text, patterns), mask)


def _replaced(text, spans, mask):
    out, at = b"", 0
    for start, end in union(spans):
        out += text[at:start] + mask
        at = end
    return out + text[at:]


def live_prefix(text, patterns):
    """The length of the longest suffix of `text` that is a proper prefix of a pattern."""
    longest = max((len(pattern) for pattern in patterns), default=1)
    for length in range(min(len(text), longest - 1), 0, -1):
        if any(len(p) > length and p.startswith(text[len(text) - length :]) for p in patterns):
            return length
    return 0


def least(pattern, end=False):
    """How many bytes of a pattern without a public beginning are masked when they break off."""
    return min(len(pattern), max(8 if end else 12, (len(pattern) + 1) // 2))


class Text:
    """A text and its readings.

    Args:
        pieces: (kind, bytes): `char` and `space` are shown; `nothing` is not; `wrap` is written over by what
            follows; `margin` is a line end with what stands round it.
    """

    def __init__(self, pieces):
        self.pieces = [(kind, data) for kind, data in pieces if data]
        self.bytes = b"".join(data for _, data in self.pieces)

    def readings(self):
        """(text, places, soft places) of each: as it is, and shown; with whitespace and without."""
        raw = [(byte, place, place, "char") for place, byte in enumerate(self.bytes)]
        seen, place, soft = [], 0, 0
        for kind, data in self.pieces:
            for byte in data:
                if kind not in ("nothing", "wrap"):
                    seen.append((byte, place, soft, kind))
                place += 1
                soft += kind != "nothing"
        for cells, loose in ((raw, False), (raw, True), (seen, False), (seen, True)):
            kept = [
                cell
                for cell in cells
                if not loose or (not bytes([cell[0]]).isspace() and cell[3] != "margin")
            ]
            yield bytes(c[0] for c in kept), [c[1] for c in kept], [c[2] for c in kept], loose

    def spans(self, patterns):
        """(start, end) in the text's bytes of all that is masked."""
        return [
            span
            for text, places, soft, loose in self.readings()
            for pattern in patterns
            for span in self._found(pattern, text, places, soft, loose)
        ]

    def _found(self, pattern, text, places, soft, loose):
        key = b"".join(pattern.split()) if loose else pattern
        if loose and len(key) < 16:
            return
        for start in range(len(text)):
            size = 0
            while size < min(len(key), len(text) - start) and text[start + size] == key[size]:
                if size and soft[start + size] - soft[start + size - 1] > RUN + 1:
                    break
                size += 1
            last = start + size == len(text)
            cut = re.match(rb"[\"'`\[(<]? ?(?:\.{3,}|\xe2\x80\xa6)", text[start + size :])
            if size == len(key) or size >= least(key, end=last) or (cut and size >= 8):
                shown = max(
                    (
                        n
                        for n in range(1, min(SHOWN, size - 1) + 1)
                        if soft[start + n] - soft[start + n - 1] > 1
                    ),
                    default=0,
                )
                yield places[start + shown], places[start + size - 1] + 1
        if not loose:
            for mark in re.finditer(rb"(?:\.{3,}|\xe2\x80\xa6)[\])>]?", text):
                for size in range(8, min(len(pattern), 257)):
                    end = mark.end() + size
                    if (
                        text[mark.end() : end] == pattern[-size:]
                        and not text[mark.end() : mark.end() + 1].isspace()
                    ):
                        yield places[mark.end()], places[end - 1] + 1

    def masked(self, patterns, mask):
        """What comes out, but for the sequences that a terminal must have."""
        return _replaced(self.bytes, self.spans(patterns), mask)
