"""Every reading of a stream against brute force: what the screen shows side by side is one text."""

import random

import pytest
from redact.oracle import Text

from secretrun.redact import Redactor

FORMS = ("wrapped", "terminal")
SECRETS = [
    b"sk_live_9aF3kQ7zXc2Vb8Nm", b"abcabcabcabcabcabcab", b"hunter2-and-1", b"two words-and 2 more of them",
    b"ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", b"x9y8z7w6v5",
]  # fmt: skip
NOTHING = [
    b"\x1b[1m", b"\x1b[0;38;2;9;99;199m", b"\x1b[K", b"\x1b(B", b"\x1b]8;;https://h/\x1b\\", b"\x1b]0;t\x07", b"\x0e", b"\x0f",
    b"\xe3\x80\x80", b"\xe2\x80\x83", b"\xf3\xa0\x81\x81", b"\xf3\xa0\x84\x80", b"\xe3\x85\xa4", b"\xef\xbf\xb9", b"\xe1\xa0\x8e",
    b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"\xc2\xad", b"\xc2\xa0", b"\xc2\x85", b"\0", b"\x1b[12;40H", b"\x1b7",
]  # fmt: skip
WRAPS = [b" \b", b" \r", b" \x1b[1G", b" \x1b[m\b", b" \r\x1b[K", b"\\\x1b[1G"]
MARGINS = [
    b"\n> ", b"\r\n", b"\n    ", b" |\n| ", b" \xe2\x94\x82\n\xe2\x94\x82 ", b"\\\n", b"\n# ", b"\n+ ", b"\r\n  ", b"\n// ",
    b"\n+", b"\n-", b"\n>", b"\n>>", b"\n< ", b"|\n|", b"\xe2\x80\x90\n     ", b" \xe2\x86\xb5\n", b" |    |\r\n|    | ",
    " \u2502      \u2502\n\u2502  \u2502 ".encode(), "\n\u21aa ".encode(), "\n \u2022 ".encode(), b"\n>> > ",
]  # fmt: skip
MARKS = frozenset(b"><#|+*:;%!-/")
ELLIPSES = [b"...", b"\xe2\x80\xa6"]
WORDS = [b"log ", b"a", b"=", b"GET /x ", b"id=3f ", b"\n", b"    "]


def plain(data):
    return [("space" if bytes([byte]).isspace() else "char", bytes([byte])) for byte in data]


def broken(rng, secret):
    """The secret, or a part of it, with things between its bytes that are no part of what is shown."""
    first, last = 0, len(secret)
    if rng.random() < 0.3:
        last = rng.randint(1, len(secret))
    kind = rng.choice(["none", "nothing", "wrap", "strike", "margin", "all"])
    rate = rng.choice([0.05, 0.2, 1])
    pieces = []
    for place, byte in enumerate(secret[first:last]):
        data = bytes([byte])
        if place and rng.random() < rate:
            if kind in ("nothing", "all"):
                pieces.append(("nothing", rng.choice(NOTHING)))
            if kind in ("wrap", "all"):
                wrap = rng.choice(WRAPS)
                before, _, after = wrap.partition(b"\x1b[m")
                pieces += [("wrap", before), ("nothing", b"\x1b[m" if after else b""), ("wrap", after)]
            if kind == "margin" and not {secret[place - 1], byte} & MARKS:  # alone on a line it is a margin
                pieces.append(("margin", rng.choice(MARGINS)))
        if kind == "strike" and rng.random() < rate and not data.isspace() and data != b"_":
            pieces.append(("wrap", rng.choice([data, b"_"]) + b"\b"))
        pieces += plain(data)
    if rng.random() < 0.15:
        pieces += plain(rng.choice(ELLIPSES))
        if rng.random() < 0.5:
            pieces += plain(secret[-rng.randint(4, 14) :])
    return pieces


def case(rng):
    secrets = rng.sample(SECRETS, rng.randint(1, 3))
    pieces = []
    for _ in range(rng.randint(1, 5)):
        choice = rng.random()
        if choice < 0.6:
            pieces += broken(rng, rng.choice(secrets))
        elif choice < 0.7:
            pieces.append(("nothing", rng.choice(NOTHING)))
        pieces += plain(rng.choice(WORDS))
    return secrets, Text(pieces)


def without(text):
    """The text without the sequences that a mask lets through."""
    for sequence in [*sorted(NOTHING, key=len, reverse=True), b"\x1b[m", b"\x1b[1G"]:
        text = text.replace(sequence, b"")
    return text


def stream(one, text, sizes):
    out, at = b"", 0
    for size in sizes:
        out += one.feed(text[at : at + size])
        at += size
    return out + one.feed(text[at:]) + one.flush()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_every_reading_is_masked_as_brute_force_masks_it_however_it_is_cut(part):
    for seed in range(part * 50, part * 50 + 50):
        rng = random.Random(seed)
        secrets, text = case(rng)
        redactor = Redactor(secrets, mask="#", forms=FORMS)
        whole = redactor.mask(text.bytes)
        assert without(whole) == without(text.masked(secrets, b"#")), (seed, secrets, text.bytes)
        assert stream(redactor.twin(), text.bytes, [1] * len(text.bytes)) == whole, (
            seed,
            secrets,
            text.bytes,
        )
        sizes = [rng.randint(1, 12) for _ in text.bytes]
        assert stream(redactor.twin(), text.bytes, sizes) == whole, (seed, secrets, text.bytes)


GH, MARKER = b"ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8", b"sk_live_9aF3kQ7zXc2Vb8Nm"


@pytest.mark.parametrize(
    "text",
    [
        b"sk_live_9aF3k \bQ7zXc2Vb8Nm",  # less and libedit
        b"sk_live_9aF3k\x1b[m \b\x1b[mQ7zXc2Vb8Nm",
        b"sk_live_9aF3k \rQ7zXc2Vb8Nm",  # readline
        b"sk_live_9aF3k \r\x1b[KQ\rQ7zXc2Vb8Nm",  # zsh
        b"sk_live_9aF3k \x1b[1GQ7zXc2Vb8Nm",  # Node
        b"sk_live_9aF3kk\x1b[2;1HQ7zXc2Vb8Nm",  # vim
        b"sk_live_9aF3k\r\nQ7zXc2Vb8Nm",  # emacs, prompt_toolkit
        b"sk_live_9aF3k\x1b[12;1HQ7zXc2Vb8Nm",  # curses
        b"sk_live_9\b9a_\bF3kQ7zX\bXc2Vb8Nm",  # nroff
        "sk_live_9aF3k \u2502\n\u2502 Q7zXc2Vb8Nm".encode(),
        b"sk_live_9aF3k\n> Q7zXc2Vb8Nm",
        b"sk_live_9aF3k\\\n  Q7zXc2Vb8Nm",
        "sk_live_9aF3k\u200bQ7zX\u00adc2V\u00a0b8Nm".encode(),
        b"sk_live_9aF3k\x85Q7zX\xc2\x9b31mc2Vb8Nm",
        b"sk_live_9aF3k\\\x1b[2;1HQ7zXc2Vb8Nm",  # most
        b"sk_live_9aF3k\n+Q7zXc2Vb8Nm",  # a diff
        b"sk_live_9aF3k\n-Q7zX\n-c2Vb8Nm",
        b"sk_live_9aF3k\n< Q7zXc2Vb8Nm",
        b"sk_live_9aF3k\n>Q7zX\n> >c2Vb8Nm",  # mail
        b"sk_live_9aF3k|\n|Q7zXc2Vb8Nm",
        b"sk_live_9aF3k |    |\n|   | Q7zXc2Vb8Nm",  # the other cells are empty
        "sk_live_9aF3k \u2502 \u2502\n\u2502  \u2502 Q7zXc2Vb8Nm".encode(),
        "sk_live_9aF3k\u2010\n      Q7zXc2Vb8Nm".encode(),  # groff's hyphen, also as it is written bold
        "sk_live_9aF3k\u2010\b\u2010\n      Q7zXc2Vb8Nm".encode(),
        "sk_live_9aF3k\n\u21aa Q7zX\u21b5\nc2Vb8Nm".encode(),  # editors' marks of a line that goes on
        "sk_live_9aF3k\n\u21b3 Q7zXc2Vb8Nm".encode(),
        "sk_live_9aF3k\u3000Q7zX\u2003c2V\U000e0041b8\U000e0100N\u3164m".encode(),
    ],
)
def test_what_the_screen_shows_side_by_side_is_one_text(text):
    out = Redactor([MARKER], mask="#").mask(b"a " + text + b" z\n")
    assert out.startswith(b"a #")
    assert out.endswith(b" z\n")
    assert not any(MARKER[at : at + 4] in out for at in range(len(MARKER) - 3))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (f"expected '{GH.decode()[:37]}\u2026' to equal 'x'", "expected '#\u2026' to equal 'x'"),
        (f"'{GH.decode()[:12]}...{GH.decode()[-12:]}'", "'#...#'"),
        (f"'{GH.decode()[:10]}'... 30 more characters", "'#'... 30 more characters"),
        (f"'{GH.decode()[:10]}[22 chars]{GH.decode()[-8:]}' != 1", "'#[22 chars]#' != 1"),  # unittest
        (f"'{GH.decode()[:2]}[30 chars]{GH.decode()[-8:]}' != 1", "'gh[30 chars]#' != 1"),
        (
            f"'{GH.decode()[:10]}[22 charts]{GH.decode()[-8:]}'",
            f"'{GH.decode()[:10]}[22 charts]{GH.decode()[-8:]}'",
        ),
        (f"{GH.decode()[:20]} x", "# x"),
        (f"{GH.decode()[:11]} x", f"{GH.decode()[:11]} x"),
        ("AGE-SECRET-KEY-1... is a key", "AGE-SECRET-KEY-1... is a key"),
        ("AGE-SECRET-KEY-1QQPZRY9X... is one", "#... is one"),
        ("https://hooks.example/services/ up", "https://hooks.example/services/ up"),
        ("https://hooks.example/services/T0a9/B7x up", "# up"),
    ],
)
def test_a_shortened_value_is_masked_and_a_public_beginning_is_not(text, want):
    secrets = [
        GH,
        b"https://hooks.example/services/T0a9/B7xQ2zLm",
        b"AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQ",
    ]
    redactor = Redactor(secrets, mask="#")
    assert redactor.mask(text.encode()).decode() == want
    assert stream(redactor, text.encode(), [1] * len(text)).decode() == want


def test_vim_at_the_margin_writes_the_last_character_again_also_where_the_next_one_is_the_same():
    secret = b"sk_live_9aF3kkQ7zXc2Vb8Nm"
    for cut in range(5, len(secret) - 3):
        last = secret[cut - 1 : cut]
        text = b"a " + secret[:cut] + last + b"\x1b[2;1H" + secret[cut:] + b" z\n"
        redactor = Redactor([secret], mask="#")
        assert redactor.mask(text).startswith(b"a #"), cut
        assert not any(secret[at : at + 4] in redactor.mask(text) for at in range(len(secret) - 3)), cut
        assert stream(redactor.twin(), text, [1] * len(text)) == redactor.mask(text), cut


def test_curses_writes_two_characters_that_are_the_same_on_both_sides_of_a_margin_or_before_it():
    secret = b"sk_live_9aaF3kkkQ7zXXc2Vb8Nm"
    for cut in range(5, len(secret) - 3):
        text = b"a " + secret[:cut] + b"\x1b[2;1H" + secret[cut:] + b" z\n"
        redactor = Redactor([secret], mask="#")
        assert redactor.mask(text) == b"a #\x1b[2;1H z\n", cut
        assert stream(redactor.twin(), text, [1] * len(text)) == b"a #\x1b[2;1H z\n", cut
        assert stream(redactor.twin(), b"y" * 600 + text, [500, 50]) == b"y" * 600 + b"a #\x1b[2;1H z\n", cut


def test_a_value_with_letters_beyond_ascii_is_found_round_a_margin():
    secret = "p\u00e4ssw\u00f6rter-sind-geheim-99".encode()
    for cut in range(4, len(secret) - 4):
        text = b"a " + secret[:cut] + b"\n> " + secret[cut:] + b" z\n"
        redactor = Redactor([secret], mask="#")
        assert redactor.mask(text) == b"a # z\n"
        assert stream(redactor.twin(), text, [1] * len(text)) == b"a # z\n"


@pytest.mark.parametrize("text", [b"\\" + b"\r" * 600, b"correct-horse'" + b" " * 600])
def test_what_may_become_an_ellipsis_does_not_wait_for_ever(text):
    redactor = Redactor([b"correct-horse-battery"], mask="#")
    out = b"".join(redactor.feed(text[at : at + 8]) for at in range(0, len(text), 8))
    assert redactor.held == 0
    assert out.endswith(text[-500:])
    assert len(getattr(redactor._stream._matcher, "_buffer", b"")) < 200


def test_a_sequence_that_is_open_holds_back_nothing_that_is_decided():
    data = b"plain " + MARKER + b" then " + b"\x1b[32mok\x1b[0m text line\n" * 20
    redactor = Redactor([MARKER], mask="#")
    out = redactor.feed(data + b"\x1b[01;")
    assert out.startswith(b"plain # then ")
    assert redactor.held <= len(b"\x1b[01;")


def test_an_idle_terminal_shows_the_public_beginning_of_an_address():
    redactor = Redactor([b"https://hooks.example/services/T0a9/B7xQ2zLm"], mask="#", forms=())
    out = redactor.feed(b"curl https://") + redactor.release()
    assert out == b"curl https://"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        # less -N writes the number of the line before each row of it, vim its showbreak: named in SECURITY.md
        (b"sk_live_9aF3k \b      1 Q7zXc2Vb8Nm", b"#\x20\b      1 Q7zXc2Vb8Nm"),
        (b"sk_live_9aF3kk\x1b[2;1H>>> Q7zXc2Vb8Nm", b"#\x1b[2;1H>>> Q7zXc2Vb8Nm"),
        # and what is shown so without a row's end between is found
        (b"sk_live_9aF3k \b        Q7zXc2Vb8Nm", b"#"),
        (b"sk_live_9aF3k\n>>> Q7zXc2Vb8Nm", b"#"),
    ],
)
def test_what_a_pager_writes_between_two_rows_of_a_value_is_not_taken_for_nothing(text, want):
    redactor = Redactor([MARKER], mask="#")
    assert redactor.mask(b"a " + text + b" z\n") == b"a " + want + b" z\n"


@pytest.mark.parametrize(
    ("secret", "text", "want"),
    [
        # a value that begins with a margin's mark, and is broken at a margin again
        (b"+9aF3kQ7zXc2Vb8Nm", b"a\n+9aF3kQ7zX\n>c2Vb8Nm z", b"a\n# z"),
        (
            "\u2502box\u2502abc\u2502def99".encode(),
            "a\n\u2502box\u2502ab\n\u2022c\u2502def99 z".encode(),
            b"a\n# z",
        ),
        (b">quoted>text>99x", b"a\n> q\n// uoted>\ntext>99x z", b"a\n> q\n// # z"),
        (b"-----secret-1-x-", b"a\n-----se\x1b[1mcret-1-\n< x- z", b"a\n#\x1b[1m z"),
        (b"#1234567890abcdef", b"a\n# # 12345\n# 67890abcdef z", b"a\n# # # z"),
        (b"%20%21%22%23%24x", b"a\n% 20|\n21%22%23%24x z", b"a\n% 20|\n21%22%23%24x z"),
        (b"%20%21%22%23%24x", b"a\n% 20|\n%21%22%23%24x z", b"a\n% 20|\n# z"),
        # a border, or a mark, may end a line that may be a margin as a whole
        (b"%20%21%22%23%24x", "%20\n%\u2010\n21%22%23%24x z".encode(), b"%20\n# z"),
        # the blank that makes a margin is written over
        (b"%20%21%22%23%24x", b"%20\n#% \b21%22%23%24x z", b"%20\n## z"),
        # an end after an ellipsis of which the last byte is written over
        (b"................", b"[0 chars]...\x08...... z", b"[0 chars]# z"),
        (MARKER, "\u2026 \rXc2Vb8 \r\x1b[KNm z".encode(), "\u2026 \r#\x1b[K z".encode()),
        (MARKER, b".\x0f...c2Vb8Nm z", b".\x0f...c2Vb8Nm z"),
        (MARKER, b".\x0f...Xc2Vb8Nm z", b".\x0f...# z"),
        # an open string that is text after all, and in it a character that is cut
        (b"* star * * 1234 xyz", b"\x1b_* star * \xc2\xa0* 1234 xyz\n", b"\x1b_#\n"),
        # the last character is written again
        (MARKER, MARKER + b"\rm z", b"# z"),
        (MARKER, MARKER + b"\rn z", b"#\rn z"),
        # a tab stop is no move
        (MARKER, b"sk_live_9aF3kk\x1bHQ7zXc2Vb8Nm z", b"#k\x1bHQ7zXc2Vb8Nm z"),
    ],
)
def test_the_answer_is_the_same_wherever_the_stream_is_cut(secret, text, want):
    """What an occurrence is depends on nothing before its first byte."""
    redactor = Redactor([secret], mask="#", forms=FORMS)
    assert redactor.mask(text) == want
    assert stream(redactor.twin(), text, [1] * len(text)) == want
    for cut in range(1, len(text)):
        assert stream(redactor.twin(), text, [cut]) == want, cut
