"""A stream with pauses, twins, additions, breaks and colours: what comes out, and when."""

import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redact.oracle import occurrences
from redact.transparent_case import case

from secretrun.redact import RedactionError, Redactor

SECRET = b"super-secret-value-12345"


def feed(redactor, *chunks):
    return [redactor.feed(chunk) for chunk in chunks]


@pytest.mark.parametrize("part", range(8))
def test_cuts_change_nothing_in_broken_coloured_and_encoded_secrets(part):
    for seed in range(part * 250, part * 250 + 250):
        secrets, text, chunks = case(random.Random(seed))
        redactor = Redactor(secrets, mask="\x02")
        stream = redactor.twin()
        assert b"".join(feed(stream, *chunks)) + stream.flush() == redactor.mask(text), seed


@given(
    st.lists(
        st.sampled_from([b"\x1b[1m", b"\x1b[K", b"\x1b(B", b"\x0f", b"", b"", b""]), min_size=24, max_size=24
    )
)
@settings(max_examples=300)
def test_escapes_between_any_bytes_hide_no_secret_and_all_come_out(gaps):
    text = b"".join(bytes((byte,)) + gap for byte, gap in zip(SECRET, gaps, strict=True))
    out = Redactor([SECRET], mask="#").mask(b"a " + text + b" b")
    inside = b"".join(gaps[:-1])
    assert out == b"a #" + inside + gaps[-1] + b" b"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b"\n      ", b" \r"])
@pytest.mark.parametrize("width", [*range(1, 12), 20, 23])
def test_no_wrapping_shows_more_than_three_bytes_of_a_secret(width, end):
    wrapped = end.join(SECRET[i : i + width] for i in range(0, len(SECRET), width))
    out = Redactor([SECRET], mask="#").mask(b"x " + wrapped + b"\n")
    shown = b"".join(out.split())
    assert shown == b"x" + SECRET[: (3 // width) * width] + b"#"


def test_grep_colours_inside_a_word_are_seen_through():
    text = b"pw=\x1b[01;31m\x1b[Ksuper-\x1b[m\x1b[Ksecret-value-12345\n"
    assert Redactor([SECRET], mask="#").mask(text) == b"pw=\x1b[01;31m\x1b[K#\x1b[m\x1b[K\n"


def test_a_secret_in_a_window_title_or_a_link_is_masked_there():
    for text in (
        b"\x1b]0;on super-secret-value-12345\x07",
        b"\x1b]8;;https://h/?t=super-secret-value-12345\x1b\\x",
    ):
        out = Redactor([SECRET], mask="#").mask(text)
        assert out == text.replace(SECRET, b"#")


def test_a_prompt_is_out_before_the_next_read_with_a_thousand_secrets():
    rng = random.Random(1)
    secrets = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=32)) for _ in range(1000)]
    for prompt in (b"Password: ", b"$ ", b"Continue? [y/N] ", b"\x1b[32muser@host\x1b[0m:~$ "):
        assert Redactor(secrets).feed(prompt) == prompt


def test_a_line_that_ends_like_a_secret_begins_is_out_with_its_line_end():
    """A reader that waits for the line would wait forever."""
    for line in (b"status: s\n", b"status: su\n", b"status: sup\r\n"):
        assert Redactor([SECRET]).feed(line) == line


def test_an_idle_terminal_shows_three_bytes_at_most_and_the_rest_is_still_masked():
    redactor = Redactor([SECRET], mask="#", forms=())
    assert redactor.feed(b"x super-sec") == b"x "
    assert redactor.held == 9
    assert redactor.release() == b"sup"
    assert redactor.release() == b""
    assert redactor.held == 6
    assert redactor.feed(b"ret-value-12345 y") == b"# y"


def test_a_pause_shows_no_more_of_a_broken_beginning_than_of_a_whole_one():
    """An eighth of 22 bytes is two: `l` and `i` are shown with their line end, so `n` waits."""
    redactor = Redactor([b"line one 1234\nline two 5678"], mask="#")
    assert redactor.feed(b"l i\r\n") == b"l i\r\n"
    assert (redactor.feed(b"n"), redactor.release()) == (b"", b"")
    assert redactor.feed(b"e one 1234 line two 5678") + redactor.flush() == b"#"


@given(st.data())
@settings(max_examples=1000)
def test_releases_anywhere_show_no_more_than_the_first_bytes(data):
    """P8: with pauses anywhere, an occurrence shows an eighth of its bytes at most, and nothing is lost."""
    secrets = data.draw(st.lists(st.text("ab", min_size=8, max_size=20), min_size=1, max_size=3))
    text = "".join(data.draw(st.lists(st.sampled_from([*secrets, "a", "b", "c"]), max_size=8))).encode()
    redactor, out, at = Redactor(secrets, mask="#", forms=()), b"", 0
    released = set()  # the places in the text of bytes that a pause has shown
    while at < len(text):
        size = data.draw(st.integers(1, 9))
        out += redactor.feed(text[at : at + size])
        at = min(at + size, len(text))
        if data.draw(st.booleans()):
            held, shown = redactor.held, redactor.release()
            assert redactor.held == held - len(shown)
            released.update(range(at - held, at - held + len(shown)))
            out += shown
    out += redactor.flush()
    for start, end in occurrences(text, [secret.encode() for secret in secrets]):
        assert released.isdisjoint(range(start + min(3, (end - start) // 8), end))
    assert not any(secret.encode() in out for secret in secrets)
    whole = Redactor(secrets, mask="#", forms=()).mask(text)
    assert len(out.replace(b"#", b"")) <= len(whole.replace(b"#", b"")) + len(released)


def test_an_unfinished_secret_at_the_end_is_masked_from_half_of_it_on():
    assert Redactor([SECRET], mask="#").mask(b"k=super-secret-") == b"k=#"
    assert Redactor([SECRET], mask="#").mask(b"k=super-sec") == b"k=super-sec"


def test_a_secret_added_in_mid_stream_counts_from_the_first_byte_not_shown():
    redactor = Redactor({"A": "first-secret"}, mask="#", forms=())
    out = redactor.feed(b"later-on first-sec")
    redactor.add({"B": "later-on", "C": "sec-and-more"})
    assert out + redactor.feed(b"-and-more later-on") + redactor.flush() == b"later-on first-# #"


def test_additions_reach_the_twins_and_counts_are_one():
    redactor = Redactor({"A": "alpha-secret"})
    twin = redactor.twin()
    assert twin.feed(b"beta-secret\n") == b"beta-secret\n"
    redactor.add({"B": "beta-secret"})
    assert twin.feed(b"beta-secret alpha-secret\n") == b"[REDACTED:B] [REDACTED:A]\n"
    assert redactor.feed(b"alpha-secret\n") == b"[REDACTED:A]\n"
    assert (redactor.report().total, redactor.report().masks) == (3, {"B": {"raw": 1}, "A": {"raw": 2}})


def test_streams_in_threads_do_not_mix():
    redactor = Redactor({"A": SECRET}, mask="#")
    texts = {i: b"line %d super-secret-value-12345 end\n" % i * 200 for i in range(4)}
    results = {}

    def run(index):
        stream = redactor.twin()
        text = texts[index]
        out = b"".join(stream.feed(text[i : i + 7]) for i in range(0, len(text), 7))
        results[index] = out + stream.flush()

    threads = [threading.Thread(target=run, args=(index,)) for index in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {index: text.replace(SECRET, b"#") for index, text in texts.items()}


def test_memory_stays_that_of_the_longest_pattern_on_a_run_of_its_own_byte():
    redactor = Redactor([b"a" * 1000], mask="#", forms=())
    out = b""
    for _ in range(4):
        out += redactor.feed(b"a" * 20_000)
        assert redactor.held < 1000
    assert out + redactor.flush() == b"#"


def test_offsets_beyond_two_gib_are_right():
    """pyahocorasick's own index is a C int; ours begins anew with each chunk."""
    redactor, chunk = Redactor([SECRET], mask="#", forms=()), b"." * (64 << 20)
    for _ in range(32):
        assert len(redactor.feed(chunk)) == len(chunk)
    assert redactor.feed(b"super-secret-") == b""
    assert redactor.feed(b"value-12345!") == b"#!"


def test_a_failure_ends_the_stream_and_shows_nothing():
    redactor = Redactor([SECRET])
    redactor._stream._matcher = None  # any failure inside
    with pytest.raises(RedactionError) as caught:
        redactor.feed(b"super-secret")
    for step in (redactor.flush, redactor.release, lambda: redactor.feed(b"later")):
        with pytest.raises(RedactionError):
            step()
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_no_repr_shows_a_value():
    redactor = Redactor({"A": SECRET})
    redactor.feed(b"super-secret")
    shown = repr(redactor) + repr(redactor.report()) + repr(redactor.warnings)
    shown += "".join(repr(part) for part in (redactor._secrets, redactor._stream, redactor._secrets.patterns))
    shown += "".join(map(repr, redactor._secrets.patterns.patterns))
    assert "super" not in shown
    assert SECRET.hex() not in shown


def test_arbitrary_bytes_without_a_secret_pass_as_they_are():
    rng = random.Random(3)
    redactor = Redactor([SECRET])
    for data in (bytes(range(256)) * 20, b"\x1b" * 50, b"\xff\xfe\0" * 50, rng.randbytes(100_000)):
        out = b"".join(redactor.feed(data[i : i + 1000]) for i in range(0, len(data), 1000))
        assert out + redactor.flush() == data


def test_one_large_piece_is_masked_like_many_small_ones():
    """It is looked at in parts, and a secret may lie across any of their ends."""
    text = b"".join(b"x" * (size % 7) + SECRET for size in range(30_000))
    want = text.replace(SECRET, b"#")
    redactor = Redactor([SECRET], mask="#", forms=())
    assert redactor.feed(text) + redactor.flush() == want
