"""Streams that both bodies of the engine are fed: coloured, wrapped, broken, cut, released, added to.

    python tests/redact/core/bodies.py [CASES] [FIRST_SEED] [PERCENT_DENSE]

One case is a line of steps; after each both bodies have to give the same bytes, the same masks of the same
patterns, and hold the same number of bytes.
"""

import base64
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

from redact.transparent_case import BROKEN, ESCAPES, GAPS, PADDING

from secretrun.redact.core import matcher as core
from secretrun.redact.engine import matcher as engine
from secretrun.redact.engine import pattern_set
from secretrun.redact.forms.derive import DEFAULT_FORMS
from secretrun.redact.pattern import PatternTable
from secretrun.redact.secret_set import SecretSet

SECRETS = [
    b"correct-horse-battery", b"abcabcabcabcabcabcab", b"line one 1234\nline two 5678", b'pa$$ "w0rd\'x', b"hunter2",
    b"\nlead-and-more-and-more", b"ab12", b"x\x1b[31mred\x1b[0m-inside-it", b"tail-space-and-so-on ", b"aaaaaaaaaa",
    b"postgres://app:s3cr3tpassw0rd@db:5432/app", b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJlLW9mLWl0",
    b"PASSWORD=correct-horse-battery-staple", "pässwörd-ünïcode-ß".encode(), b"...dots-and-more-dots...", b"a b", b"zz",
    b"-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\nAgEAAoIBAQC7VJTUt9Us8cKj\n-----END KEY-----\n",
    b"3f786850e387550fdab836ed7e6dc881de23001b", b"| bordered | value | with | marks |", b"_under_score__", b"\xe2\x94\x82box",
    "0123456789012345", b"abcdefgh" * 40, b"sk_live_9aF3kQ7zXc2Vb8NmKq", b"wide open  spaces  here now", b"\xff\xfe\x00binary\x80\x9b",
]  # fmt: skip
NOTHING = [
    "\u200b".encode(), "\u00ad".encode(), "\u00a0".encode(), "\ufeff".encode(), b"\x00", b"\x07", b"\x85", b"\xc2\x85",
    b"\x9b1m", b"\xc2\x9b32m", b"\x1b[0;1;38;5;120m", b"\x1b[999C", b"\x1b)0", b"\x1b=", "\u180e".encode(), b"\xd8\x9c",
]  # fmt: skip
CUTS = [
    b"\xe2",
    b"\xe2\x80",
    b"\xc2",
    b"\x1b]0;t",
    b"\x1bP1$r",
    b"\x9b3",
    b"\xc2\x9b",
    b"\x1b[1;",
    b"\x1b\\",
    b"\xef\xbb",
    b"\x1b",
]
BACK = [
    b" \b",
    b" \r",
    b" \x1b[G",
    b" \x1b[H",
    b"\b",
    b"\r",
    b"\x1b[1G",
    b"\x1b[2;1H",
    b"_\b",
    b"\b_",
    b"  \b\b",
    b"\x1bH",
]
MARGINS = [
    b"\n# ", "\n\u2502 ".encode(), " \u2502\n\u2502 ".encode(), b" \\\n", b" |\n| ", b"\n> ", b"\n// ", b"\n+ ", b"\n  - ",
    b"\\\n", b" |\r\n", b"\n> > > > > ", "\u2502\u2502\n".encode(), b"\n%; ", b"\n/ ", b"|\n",
]  # fmt: skip
DOTS = [
    b"...",
    "\u2026".encode(),
    b"\\u2026",
    b"'...'",
    b" ...",
    b"[...]",
    b"..",
    b"....",
    b".",
    b"\xe2\x80",
    b"\\u2",
]
NOISE = [b"a", b"-", b" ", b"_", b"log ", b"=", b"==", b"A", b"/+", b"\n", b"x" * 70, b" " * 63, b" " * 64, b" " * 65, b" " * 66, b"\n" * 130, b"."]  # fmt: skip


def twice(byte, between):
    """A character that is written, left and written again."""
    return bytes([byte]) + between + bytes([byte])


def piece(rng, texts):
    """A pattern, or a part of it, with things between its bytes."""
    text = rng.choice(texts)
    where = rng.random()
    if where < 0.25:
        text = text[: rng.randint(1, len(text))]
    elif where < 0.35:
        text = text[rng.randint(0, len(text) - 1) :]
    elif where < 0.4:
        text = base64.b64encode(
            bytes(rng.choices(b"abc", k=rng.randint(0, 3))) + text + b"x" * rng.randint(0, 2)
        )
    rate = rng.choice([0, 0, 0, 0.03, 0.1, 0.4, 1])
    kind = rng.choice(
        [
            GAPS,
            ESCAPES,
            NOTHING,
            MARGINS,
            BACK,
            NOISE,
            GAPS + ESCAPES + BROKEN,
            NOTHING + CUTS + MARGINS + BACK,
        ]
    )
    out = bytearray()
    for byte in text[:400]:
        if rng.random() < rate and kind is BACK:
            out += twice(byte, rng.choice(BACK)) if rng.random() < 0.7 else rng.choice(BACK) + bytes([byte])
            continue
        out.append(byte)
        if rng.random() < rate:
            out += rng.choice(kind)
    if rng.random() < 0.2:
        out += rng.choice(DOTS)
    if rng.random() < 0.1:
        out[:0] = rng.choice(DOTS)
    return bytes(out)


FILLING = [b"INFO 200 GET /api/v1/users in 13 ms commit ok\n", b"\x1b[32mPASS\x1b[39m \x1b[2msrc/\x1b[22mx.test.js (5 ms)\n", b"|  n |\n",
    b"+----+\n", b"- item 1...\n", "\u2713 \u2500\u2500 done\n".encode(), b"\x1b]0;title\x07$ ", b"x y z ", b"\t\t* ", b"  at f (a.js:1:2)\r\n"]  # fmt: skip


def filled(rng, filling, size):
    """So many bytes of lines that are no secret's."""
    lines = b"".join(rng.choice(filling) for _ in range(size // 6 + 1))
    return lines[len(lines) - size :]


def dense(rng, texts):
    """Hits, beginnings and near misses at random distances, in more text than is looked at closely in one go."""
    farthest = rng.choice([0, 3, 30, 300, 1500])
    filling = rng.sample(FILLING, rng.randint(1, 3))
    chosen = rng.sample(texts, min(len(texts), rng.randint(1, 3)))
    out = b""
    while len(out) < rng.choice([200, 800, 3000]):
        out += rng.choice([piece(rng, chosen), rng.choice(chosen), rng.choice(chosen)[: rng.randint(1, 80)]])
        out += filled(rng, filling, rng.randint(0, farthest))
    return out


def shortened(rng, texts):
    """Beginnings and ends at ellipses, which stand in rows and may be long."""
    chosen = rng.sample(texts, min(len(texts), 2))
    others = [b" [ 12%]\n", b"\n", b"'", b" ", b"\x1b[0m", b"\x1b[1G", b"\r", b"ab"]
    out = b""
    for _ in range(rng.randint(1, 20)):
        text, size = rng.choice(chosen), rng.randint(1, 60)
        mark = rng.choice([*DOTS, *DOTS, b"[12 chars]", b"[3", b"." * rng.choice([9, 40, 300]), *others])
        repeated = mark * rng.choice([1, 1, 1, 2, 30])
        out += rng.choice([repeated, repeated, text[:size], text[-size:], text[rng.randint(0, 20) :][:size]])
    return out


BEFORE_WORD = [b"token=", b'"key":"', b"user:pw@", b"abc", b"ab", b"", b"--flag=", b"/a/b/c/"]
AFTER_WORD = [b"", b"", b"", b"|", b"\\", b",", b"'", b"==", b"A", b'"}', b"...", b"[3", b"-----"]
AFTER = ESCAPES + BACK + MARGINS + CUTS + [b"\n", b" ", b"\r\n", b"\n    ", b" |\n| ", b"\n\b", b"\t"] * 3


def in_words(rng, texts):
    """Secrets in the middle of a word, beginnings at its end, and what may write over that or goes on with it."""
    chosen = rng.sample(texts, min(len(texts), 3))
    filling = rng.sample(FILLING, rng.randint(1, 3))
    out = b""
    for _ in range(rng.randint(1, 8)):
        first, second = rng.choice(chosen)[:400], rng.choice(chosen)[:400]
        cut, begun = rng.randint(1, len(first)), rng.randint(0, min(40, len(second)))
        word = rng.choice([first, first, first[:cut], first + second[:begun], first[:cut] + second])
        rest = rng.choice([b"", b"", first[cut:], second[begun:], first[-1:]])
        out += rng.choice(BEFORE_WORD) + word + rng.choice(AFTER_WORD) + rng.choice(AFTER) + rest
        out += filled(rng, filling, rng.choice([0, 10, 40, 100]))
    return out


def text_of(rng, texts):
    every = GAPS + ESCAPES + BROKEN + NOTHING + CUTS + MARGINS + DOTS + NOISE + BACK
    out = b""
    for _ in range(rng.randint(1, 6)):
        out += rng.choice(
            [
                piece(rng, texts),
                piece(rng, texts),
                rng.choice(every),
                rng.choice(NOISE),
                rng.randbytes(rng.randint(1, 4)),
            ]
        )
    if rng.random() < 0.15:
        out = rng.choice(PADDING) * rng.randint(0, 60) + out + rng.choice(PADDING) * rng.randint(0, 60)
    if rng.random() < 0.05:
        out = out * rng.randint(2, 20)
    return out


class Never:
    """A prefilter that clears nothing."""

    def clear(self, text):
        return False

    def suspect(self, text):
        return None


class Looking(pattern_set.PatternSet):
    """Patterns of Python's engine that have it look at every byte, and at all that waits with each read."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._prefilter = Never()

    def carried(self, buffer, before):
        return None


class Tables:
    """Patterns as both bodies are given them."""

    def __init__(self, ours, theirs):
        self.ours, self.theirs = ours, theirs

    def __len__(self):
        assert len(self.ours) == len(self.theirs)
        return len(self.ours)

    def copy(self):
        return Tables(self.ours.copy(), self.theirs.copy())

    def add(self, found):
        self.ours.add(found)
        self.theirs.add(found)


class Secrets(SecretSet):
    """Compiled by both bodies."""

    engine = Looking

    def _empty(self):
        return Tables(PatternTable(squeeze=self.squeeze), core.PatternTable(squeeze=self.squeeze))

    def _compiled(self, table):
        options = {"screen": self.terminal, "shortened": bool(self.forms) and self.min_length > 1}
        return self.engine(table.ours, **options), core.PatternSet(table.theirs, **options)

    def _choose_masks(self, patterns):
        pass


class Pair:
    """Patterns of some secrets, compiled by both bodies; and the same with more secrets.

    With `proves` Python's engine is what users run: what it can prove it does not look at.
    """

    def __init__(self, rng, *, proves=False):
        forms = rng.choice(
            [DEFAULT_FORMS, DEFAULT_FORMS, DEFAULT_FORMS, (), ("terminal",), ("wrapped", "hex", "base64")]
        )
        least = rng.choice([6, 6, 6, 1])
        shared = Secrets(mask="#", forms=forms, min_length=least, paranoid=rng.random() < 0.1, common=())
        if proves:
            shared.engine = pattern_set.PatternSet
        self.bodies = []
        for _ in range(2):
            shared.add({str(rng.random()): secret for secret in rng.sample(SECRETS, rng.randint(1, 3))})
            self.bodies.append(shared.patterns)
        self.texts = list(shared.table.ours.texts)
        self.some = [*self.texts[:3], *rng.sample(self.texts, min(8, len(self.texts)))]


def name(pattern):
    return b"{%d}" % pattern.order


def steps(rng, pair, text_of=text_of):
    """What is done to a stream: ("feed", bytes), ("release", None), ("add", None), ("finish", None)."""
    text = text_of(rng, pair.some)
    longest = rng.choice([1, 3, 10, 40] if len(text) < 80 else [20, 60, 300, 300, 5_000])
    releases, add = rng.choice([0, 0, 0.1, 0.5]), rng.random() < 0.15
    at = 0
    while at < len(text):
        size = rng.randint(1, longest)
        yield "feed", text[at : at + size]
        at += size
        if rng.random() < releases:
            yield "release", None
        if add and rng.random() < 0.2:
            add = False
            yield "add", None
        if rng.random() < 0.01:
            yield "finish", None
    yield "finish", None


def difference(seed, pairs, percent=1):
    """What the bodies do not agree about in the case of this seed, or None."""
    rng = random.Random(seed)
    share = random.Random(f"kind {seed}").random() * 100
    every = (dense, percent), (shortened, percent + 5), (in_words, percent + 10), (text_of, 100)
    kind = next(kind for kind, end in every if share < end)
    pair = pairs[seed % len(pairs)]
    ours, theirs = engine.Matcher(pair.bodies[0][0], name), core.Matcher(pair.bodies[0][1], name)
    done = []
    for what, data in steps(rng, pair, kind):
        done.append((what, data))
        if what == "add":
            ours.add(pair.bodies[1][0])
            theirs.add(pair.bodies[1][1])
            continue
        took = [data] if what == "feed" else []
        answers = [(getattr(one, what)(*took), one.held) for one in (ours, theirs)]
        if answers[0] != answers[1]:
            return {"seed": seed, "python": answers[0], "core": answers[1], "steps": done, "pair": pair}
    return None


def made(number=40, seed=0):
    return [Pair(random.Random(f"pair {seed} {index}"), proves=index % 2 == 0) for index in range(number)]


def main(cases=10_000, first=0, percent=1):
    pairs = made()
    found = 0
    for seed in range(first, first + cases):
        wrong = difference(seed, pairs, percent)
        if wrong:
            found += 1
            print(wrong["seed"], "python", wrong["python"], "core", wrong["core"])
            print("   ", [data if what == "feed" else what for what, data in wrong["steps"]][-40:])
            if found > 10:
                break
    print(f"{seed + 1 - first} cases, {found} differences", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
