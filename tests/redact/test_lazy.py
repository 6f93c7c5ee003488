"""A redactor that is made when the first byte comes masks like one that was there before."""

from __future__ import annotations

import threading

import pytest

from secretrun.errors import SecretrunError
from secretrun.redact import Redactor
from secretrun.redact.lazy import LazyRedactor, Maker
from secretrun.redact.report import Report

SECRET = b"s3cret-token-value"


@pytest.fixture
def made():
    """Every redactor that was made."""
    return []


@pytest.fixture
def deferred(made):
    def make():
        made.append(Redactor({"TOKEN": SECRET}))
        return made[-1]

    return LazyRedactor(Maker(make))


def test_nothing_is_made_for_a_stream_without_a_byte(deferred, made):
    stream = deferred.twin()
    assert stream.feed(b"") + stream.release() + stream.flush() == b""
    assert (stream.held, stream.report(), stream.warnings) == (0, Report({}), ())
    assert made == []


def test_its_streams_share_one_redactor_and_its_counts_not_its_state(deferred, made):
    one, other = deferred.twin(), deferred.twin()
    shown = one.feed(b"a " + SECRET[:9])
    assert one.held == 9
    assert other.feed(SECRET[9:] + b" b\n") == SECRET[9:] + b" b\n"
    assert shown + one.feed(SECRET[9:] + b"\n") + one.flush() == b"a [REDACTED:TOKEN]\n"
    assert deferred.report() == Report({"TOKEN": {"raw": 1}})
    assert len(made) == 1


def test_a_byte_at_a_time_and_with_idle_moments(deferred):
    stream, whole = deferred.twin(), Redactor({"TOKEN": SECRET})
    text = b"x" + SECRET + b"y" + SECRET[:10]
    got = b"".join(stream.feed(text[n : n + 1]) + stream.release() for n in range(len(text)))
    wanted = b"".join(whole.feed(text[n : n + 1]) + whole.release() for n in range(len(text)))
    assert got + stream.flush() == wanted + whole.flush()


def test_what_is_asked_besides_a_stream_makes_the_redactor(deferred):
    assert deferred.mask(SECRET) == b"[REDACTED:TOKEN]"
    assert deferred.probe().mask(SECRET) == b"[REDACTED:TOKEN]"
    deferred.add({"LATER": b"later-than-the-first-0123"})
    assert deferred.mask(b"later-than-the-first-0123") == b"[REDACTED:LATER]"


def test_streams_that_start_at_once_make_it_once(made):
    """Every pump is a thread, and their first bytes come together."""
    entered, go = threading.Semaphore(0), threading.Event()

    def make():
        go.wait(30)
        made.append(Redactor({"TOKEN": SECRET}))
        return made[-1]

    deferred, shown = LazyRedactor(Maker(make)), []

    def pump():
        stream = deferred.twin()
        entered.release()
        shown.append(stream.feed(SECRET) + stream.flush())

    threads = [threading.Thread(target=pump) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=30)
    go.set()
    for thread in threads:
        thread.join(30)
    assert shown == [b"[REDACTED:TOKEN]"] * 8
    assert len(made) == 1


def test_a_redactor_that_can_not_be_made_lets_no_byte_past_it():
    def make():
        raise SecretrunError("no room")

    stream = LazyRedactor(Maker(make)).twin()
    for _ in range(2):
        with pytest.raises(SecretrunError):
            stream.feed(SECRET)
    assert stream.flush() + stream.release() == b""


def test_what_was_said_of_a_value_is_not_said_again():
    """A short value is warned of before the run; that a mask holds a secret is known after the first byte."""
    short = "PIN is shorter than 6 bytes and is masked only as a whole word"
    maker = Maker(
        lambda: Redactor({"PIN": b"4711x", "TOKEN": b"TOKEN-IS-IT"}, mask="<TOKEN-IS-IT>"), said=[short]
    )
    deferred = LazyRedactor(maker)
    assert deferred.warnings == ()
    deferred.twin().feed(b"x")
    assert short not in deferred.warnings
    assert any("holds a secret" in warning for warning in deferred.warnings)


def test_neither_shows_a_value(deferred):
    assert "LazyRedactor" in repr(deferred)
    deferred.feed(b"x")
    assert SECRET.decode() not in repr(deferred) + repr(vars(deferred))
