"""Both bodies give the same answers: the same bytes and masks after every step, and as many bytes held."""

import base64
import random
import string

import pytest
from redact.core.bodies import Pair, difference, made

from secretrun.redact import Redactor, body
from secretrun.redact.detect.find import Finder


@pytest.fixture(scope="module")
def pairs():
    return made(20)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_both_bodies_give_the_same_answers(pairs, part):
    for seed in range(part * 1_000, part * 1_000 + 1_000):
        assert difference(seed, pairs) is None


@pytest.mark.parametrize(
    "seed",
    [
        1013146,  # an ellipsis in a CSI
        3000661,  # a secret in titles before an open one
        9803551,  # what is written over, where blanks are a gap with it alone
        9852951,  # what an idle terminal may show of patterns that were added
        300002652,  # a key with a NUL between margins
        300014988,  # what begins within a long string that another sequence ends
        120053266,  # an underscore that is written over a character, at the beginning of a key
    ],
)
def test_what_once_differed_does_no_more(seed):
    number = seed % 40
    proves = number % 2 == 0 and seed > 100_000_000  # as `made` has it since then
    assert difference(seed, [Pair(random.Random(f"pair 0 {number}"), proves=proves)], 2) is None


SECRET = b"correct-horse-battery"
TITLE = b"\x1b]0;on " + SECRET + b"\x07"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ((TITLE + b"\x1b]0;" + SECRET) * 20, (TITLE + b"\x1b]0;" + SECRET).replace(SECRET, b"#") * 20),
        (
            b"x" * 900 + b"\x1b]0;correct-horse...\x07" + b"y" * 900,
            b"x" * 900 + b"\x1b]0;#...\x07" + b"y" * 900,
        ),
        ((b"correct-horse-ba" + b" " * 176) * 8, (b"#" + b" " * 176) * 8),
        # what goes back behind it is all that is unclear of the rest
        (SECRET + b" ab_\bc " + b"z " * 400, b"# ab_\bc " + b"z " * 400),
    ],
)
def test_what_stands_in_titles_or_before_many_blanks_is_masked_in_long_reads_too(text, want):
    redactor = Redactor([SECRET], mask="#")
    assert redactor.feed(text) + redactor.flush() == want


def test_a_beginning_without_the_nul_of_its_secret_is_masked_before_an_ellipsis():
    redactor = Redactor([b"\xff\xfe\x00binary\x80\x9b"], mask="#")
    assert redactor.feed(b"|0xfffd|0xfffd....\n") == b"#....\n"


@pytest.mark.parametrize(
    "mark", [b"...[2 chars]", b"[2 chars][12 chars]", b"." * 400, b"[2 chars]" + b"." * 400]
)
@pytest.mark.parametrize("cut", [1, 30, 1000])
def test_an_end_after_ellipses_in_a_row_or_a_long_one_is_masked(mark, cut):
    redactor = Redactor([SECRET], mask="#")
    text = b"x" * 300 + mark + SECRET[-12:] + b" and more\n"
    shown = b"".join(redactor.feed(text[at : at + cut]) for at in range(0, len(text), cut)) + redactor.flush()
    assert shown == b"x" * 300 + mark + b"# and more\n"


@pytest.mark.parametrize("colours", range(26, 36))
def test_an_end_waits_however_many_colours_stand_before_it(colours):
    redactor = Redactor(["3f786850e387550fdab836ed7e6dc881de23001b"], mask="#")
    before = b"..." + b"\x1b[0m" * colours
    assert (
        redactor.feed(before) + redactor.feed(b"7e6dc8") + redactor.feed(b"81de23001b\n") == before + b"#\n"
    )


def test_an_end_that_a_move_to_column_1_breaks_is_masked():
    redactor = Redactor(['pa$$ "w0rd&#039;x'], mask="#")
    assert redactor.feed("\u2026d&#0 \x1b[H39;x more\n".encode()) == "\u2026#\x1b[H more\n".encode()


MOVES = b"\x1b[1G" * 3


@pytest.mark.parametrize("cut", range(1, len(MOVES) + 1))
def test_moves_to_column_1_before_the_last_letter_again_are_all_written(cut):
    redactor = Redactor([SECRET], mask="#")
    text = SECRET + MOVES + b"y more\n"
    at = len(SECRET) + cut
    assert redactor.feed(text[:at]) + redactor.feed(text[at:]) == b"#" + MOVES + b" more\n"


def test_the_last_letter_again_waits_for_nothing_after_blanks():
    redactor = Redactor([SECRET], mask="#")
    assert redactor.feed(SECRET + b"   y") == b"#   y"


def test_a_backspace_far_behind_a_value_holds_nothing():
    redactor = Redactor([SECRET], mask="#")
    assert redactor.feed(SECRET + b" " * 9 + b"\v\b") == b"#" + b" " * 9 + b"\v\b"


@pytest.mark.parametrize("cut", [8, 11, 22])
def test_what_stands_before_a_break_in_an_open_string_is_shown_at_once(cut):
    redactor = Redactor([b"wide open  spaces  here now"])
    text = b"\x1b]dpZ\tGUgb3BlbiAgc3Bhd"  # base64 of it, broken and broken off
    assert redactor.feed(text[:cut]) + redactor.feed(text[cut:]) == text[:6]


def test_the_character_that_belongs_to_base64_waits_with_it_in_an_open_string():
    text = b"\x1b]" + base64.b64encode(b"ab" + SECRET)[:24] + b"?"
    for cut in (8, len(text)):
        redactor = Redactor([SECRET])
        assert redactor.feed(text[:cut]) + redactor.feed(text[cut:]) == text[:4]


@pytest.mark.parametrize("cut", [2, 9, 19])
def test_a_mask_in_an_open_string_does_not_wait_for_the_end_of_the_string(cut):
    redactor = Redactor([b"52Y-horse-battery"], mask="#")
    text = b"\x1b]\x9b52Y-horse-battery5"  # as no string it would begin with a CSI
    assert redactor.feed(text[:cut]) + redactor.feed(text[cut:]) == b"\x1b]\x9b#"


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_blank_before_one_that_is_written_over_stays_and_holds_nothing(cut):
    redactor = Redactor([b"one 1234 and more"])
    text = b"one   \b"
    assert redactor.feed(text[:cut]) + redactor.feed(text[cut:]) == text


@pytest.mark.parametrize("cut", range(7, 15))
def test_the_line_end_of_a_value_is_masked_with_its_return_behind_a_blank(cut):
    redactor = Redactor([b"\nlead-and-more-and-more"], mask="#")
    text = b"a line \r\x1b[1m\nlead-and-more-and-more\n"  # a return that ends no line would be over the blank
    shown = redactor.feed(text[:cut]) + redactor.feed(text[cut:]) + redactor.flush()
    assert shown == b"a line #\x1b[1m\n"


@pytest.mark.parametrize("before", [b"", b"\x1b[1m", b"\0"])
def test_what_no_terminal_shows_is_not_looked_for_between_margins(before):
    redactor = Redactor([b"\xff\xfe\x00binary\x80\x9b"])  # |0xfffd|0xfffd and a NUL, as some print it
    text = before + b"a\n|0xf\n;"
    assert redactor.feed(text) == text


@pytest.mark.parametrize("cut", range(1, 30))
def test_the_last_byte_of_a_character_is_no_control_wherever_a_stream_is_cut(cut):
    redactor = Redactor([SECRET], mask="#")
    text = "\u26db".encode() + SECRET[:8] + b"\x1b[1m" + SECRET[8:] + b"\n"  # alone it would be a CSI
    shown = redactor.feed(text[:cut]) + redactor.feed(text[cut:])
    assert shown == "\u26db#\x1b[1m\n".encode()


@pytest.mark.parametrize("size", [284, 285, 286, 287])
def test_nor_is_it_where_a_read_is_looked_at_in_halves(size):
    redactor = Redactor([SECRET], mask="#")
    broken = b"\x80\x9b" + SECRET[:8] + b"\x1b[1m" + SECRET[8:]
    before, after = SECRET + b" " + b"x" * size, b" " + b"x" * 260 + b" " + SECRET
    assert redactor.feed(before + broken + after + b"\n") == (
        b"# " + b"x" * size + b"\x80\x9b#\x1b[1m " + b"x" * 260 + b" #\n"
    )


def test_a_beginning_in_an_open_string_waits_before_a_backslash():
    redactor = Redactor([SECRET])
    redactor.feed(b"\x1bPcorr")
    redactor.feed(b"e\\")
    assert redactor.held == len(b"corre\\")


def test_a_beginning_before_what_may_be_the_number_of_an_ellipsis_waits():
    redactor = Redactor([SECRET], mask="#")
    text = b"x" * 300 + b" " + SECRET[:12]
    assert redactor.feed(text + b"[ 1") + redactor.feed(b" chars]\n") == b"x" * 300 + b" #[ 1 chars]\n"


@pytest.mark.parametrize(
    "between", [b"", b"\x1b[1m", b"\x1bH", b"\x1b7\x1b[0;1m", b"\x00", "\u200b".encode()]
)
def test_a_character_that_is_written_again_before_a_move_may_be_after_a_colour(between):
    redactor = Redactor([SECRET], mask="#", min_length=1)  # whole values alone
    text = SECRET[:9] + between + SECRET[8:9] + b"\x1b[G" + SECRET[9:]
    assert redactor.feed(b"a " + text + b" and what follows\n").startswith(b"a #")


def test_digits_within_a_sequence_are_seen():
    redactor = Redactor(["61623132"], mask="#")
    assert redactor.feed(b"a \x1b[1;61623132;3m b \x9b==61623132d\n") == b"a \x1b[1;#;3m b \x9b==#d\n"


def test_both_bodies_find_the_same_tokens(monkeypatch):
    """Heads, whole tokens and what only looks like one, between words, escapes and each other."""
    finders = [Finder()]
    monkeypatch.setattr(body, "_chosen", body.Body(None, "a test"))
    finders.append(Finder())
    heads = finders[0]._heads
    rng = random.Random(4)
    drawn = "".join(rng.choices(string.ascii_letters + string.digits, k=24)).encode()
    tokens = [*heads, *(head + drawn for head in heads), *(head[:-1] for head in heads)]
    found = 0
    between = [b"", b" ", b"a", b"\n", b"\\n", b"\x1b[1m", b"-", b"--", b"tasks", b"%20", b"x" * 60]
    for _ in range(300):
        text = b"".join(rng.choice(tokens) + rng.choice(between) for _ in range(rng.randint(1, 12)))
        start, final = rng.choice([0, 0, rng.randint(0, len(text))]), rng.random() < 0.5
        (ours, open_), (theirs, theirs_open) = (one.find(text, start, final=final) for one in finders)
        assert list(map(repr, ours)) == list(map(repr, theirs))
        assert open_ == theirs_open
        found += len(ours)
    assert found > 10
