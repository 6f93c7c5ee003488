"""What the last bytes of a clear read tell of its end is what a look at it tells, to the byte that is held."""

import random

import pytest

from secretrun.redact import Redactor
from secretrun.redact.engine.base64_edge import after
from secretrun.redact.engine.endings import start_of_end
from secretrun.redact.engine.matcher import Matcher
from secretrun.redact.engine.pattern_set import PatternSet

SECRETS = [
    "sk_live_9aF3kQ7zXc2Vb8Nm",
    "correct-horse-battery",
    "two words-and 2 more of them",
    "x9y8z7w6v5",
    "postgres://u:p4ss w0rdX9@h/db",
    "   leading  blanks and  more  ",
    "aa__aaaa||||....####",
]
BETWEEN = [
    b"\x1b[1m", b"\x1b[0;38;2;1;2;3m", b"\x1b[12;1H", b"\x1b[G", b"\x1b[", b"\x1b[38;5", b"\x1b", b"\x1b]0;t\x07", b"\x1b]8;;x",
    b"\n", b"\r\n", b"\n    ", b"\n  | ", b" |\n", b" \\\n", b"\n> ", b"\n |  | ", b"\n\xe2\x94\x82 ", b"\xe2\x9c\x94", b"\xe2\x80\x98",
    b" ", b"  ", b"\b", b" \r", b"_", b"...", b"\xe2\x80\xa6", b".", b'"', b"[22 chars]", b"[3", b"\\u2026", b"\\u20", b"\xe2", b"\x0e",
    b"plain words ", b"status=200 ", b"~~^~~", b"a", b"9", b":",
]  # fmt: skip


def text(rng):
    out = b""
    while len(out) < 60 or rng.random() < 0.6:
        if rng.random() < 0.4:
            secret = rng.choice(SECRETS).encode()
            for byte in secret[: rng.randint(1, 12)]:
                out += bytes([byte])
                if rng.random() < 0.1:
                    out += rng.choice(BETWEEN)
        else:
            out += rng.choice(BETWEEN)
    return out


def looked_at(patterns, read, before, last_shown):
    """The end of a read by a look at all of it."""
    begin = start_of_end(read, screen=patterns.screen)
    search, _ = patterns.look(read[begin:], after(read, begin, before), last_shown, final=False)
    return begin, search.waiting


def played(patterns, parts):
    matcher = Matcher(patterns, lambda pattern: b"#")
    return [(matcher.feed(part), matcher.held, matcher.release()) for part in parts] + [matcher.finish()]


@pytest.mark.parametrize("part", range(4))
def test_the_end_of_a_read_is_told_as_a_look_tells_it(part, monkeypatch):
    rng = random.Random(part)
    forms = [("wrapped", "terminal"), ("wrapped", "terminal", "base64", "hex")][part % 2]
    patterns = PatternSet(Redactor(SECRETS, forms=forms)._secrets.table, screen=True)
    for _ in range(60):
        whole = text(rng)
        cuts = sorted(rng.sample(range(len(whole)), rng.choice([0, 2, len(whole) // 2])))
        parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        told = played(patterns, parts)
        with monkeypatch.context() as patch:
            patch.setattr(PatternSet, "tail", looked_at)
            assert told == played(patterns, parts), parts
