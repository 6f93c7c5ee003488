"""The brute-force masker that the streaming one is compared with. Slow, and plain enough to be right.

Every occurrence of every pattern is found by trying every position; overlapping spans are one span;
each maximal span becomes one mask. Touching spans stay two.
"""


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
    out, at = b"", 0
    for start, end in union(occurrences(text, patterns)):
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
