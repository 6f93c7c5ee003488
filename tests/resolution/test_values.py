"""What became of resolved values: optional ones, defaults, one secret with several names, nothing that shows one."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback

import pytest
from resolution.planning import failure, plan, raises, stores

from secretrun.backend import Context
from secretrun.errors import Denied, NotFound, TimedOut
from secretrun.model import Reference, Secret
from secretrun.reference import parse as parse_reference
from secretrun.resolution.resolve import resolve
from secretrun.template.dotenv import parse
from secretrun.template.entry import Entry
from secretrun.testing import MemoryBackend


def entry(name="A", reference="memory://a", **more):
    return Entry(name, [parse_reference(reference)], "secretrun.toml: [secrets] A", **more)


@pytest.mark.parametrize(
    ("more", "environment", "left_out"),
    [
        ({"required": False}, {}, ["A"]),
        ({"default": "d"}, {"A": b"d"}, []),
        ({"default": ""}, {"A": b""}, []),
    ],
)
def test_an_optional_secret_may_be_missing_and_a_default_stands_in(more, environment, left_out):
    made = plan()
    made.add(entry(**more))
    found = resolve(made, stores(MemoryBackend({})))
    assert (found.environment, found.left_out, found.secrets) == (environment, left_out, [])


@pytest.mark.parametrize("more", [{"required": False}, {"default": "d"}])
@pytest.mark.parametrize("error", [Denied("no"), TimedOut("late")])
def test_only_what_is_missing_is_excused_not_what_fails(more, error):
    made = plan()
    made.add(entry(**more))
    assert failure(made, stores(MemoryBackend({"a": error}))).failures[0].endswith(error.message)


def test_a_nul_byte_is_an_error_unless_the_value_is_delivered_as_a_file():
    made = plan("A=memory://a")
    memory = MemoryBackend({"a": b"x\0y"})
    assert "NUL byte" in failure(made, stores(memory)).failures[0]
    made.add(entry(deliver="file"))
    assert resolve(made, stores(memory)).environment == {"A": b"x\0y"}


def test_a_value_is_one_secret_with_all_its_names():
    memory = MemoryBackend({"a": b"same", "b": b"same", "c": b"other"})
    found = resolve(plan("A=memory://a\nB={{ memory://b }}x\nC=memory://c\nD=$A\nE=literal"), stores(memory))
    assert {secret.reveal(): secret.names for secret in found.secrets} == {
        b"same": ("A", "B", "D"), b"other": ("C",),
    }  # fmt: skip


def test_the_stricter_of_two_mask_rules_wins():
    made = plan()
    for name, mask in (("A", "never"), ("B", "always"), ("C", "never")):
        made.add(entry(name, mask=mask, min_length=3))
    assert [s.mask for s in resolve(made, stores(MemoryBackend({"a": b"same"}))).secrets] == ["always"]
    made.add(entry("B", mask="never", min_length=3))
    found = resolve(made, stores(MemoryBackend({"a": b"same"}))).secrets
    assert [(s.mask, s.min_length) for s in found] == [("never", 3)]


def test_a_failed_check_of_a_value_is_a_failure_of_its_variable():
    made = plan()
    made.add(entry(check=lambda value: raises(NotFound("the value is not a port")) if value else None))
    error = failure(made, stores(MemoryBackend({"a": b"s3cret"})))
    assert error.failures == ("secretrun.toml: [secrets] A: A: the value is not a port",)


VALUE = b"s3cret-s3cret"


def frame_of(secret):
    try:
        raise ValueError(secret)
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(shown.format())


@pytest.mark.parametrize(
    "show",
    [
        repr, str, "{}".format, "{!r:>40}".format, lambda s: f"{s}{s!s}{s!r}", lambda s: f"{s:>99}",
        lambda s: repr([s, {"a": s}]), frame_of, lambda s: str(ValueError(s)), lambda s: str(hash(s)),
    ],
)  # fmt: skip
def test_nothing_but_reveal_shows_a_secret(show):
    assert "s3cret" not in show(Secret(VALUE, ("NAME",)))
    assert Secret(VALUE, ("NAME",)).reveal() == VALUE


def test_a_secret_is_not_pickled_copied_logged_or_changed(caplog):
    secret = Secret(VALUE, ("NAME",))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(AttributeError, match="immutable"):
        secret.mask = "never"
    with pytest.raises(AttributeError, match="immutable"):
        del secret.names
    logging.getLogger().warning("got %s %r", secret, secret)
    assert "s3cret" not in caplog.text
    assert "NAME" in caplog.text


def test_what_resolution_handles_shows_no_value():
    made = plan("A=memory://a\nL=literal-s3cret")
    found = resolve(made, stores(MemoryBackend({"a": VALUE})))
    shown = repr(
        (
            made.entries,
            found,
            found.secrets,
            Context({"T": "s3cret"}),
            MemoryBackend({"a": VALUE}),
            parse("A=s3cret", "f"),
        )
    )
    assert "s3cret" not in shown
    assert isinstance(made.entries["A"].references()[0], Reference)
