"""Plan and stores to environment and secrets: every store once, all failures at once, no value shown."""

from __future__ import annotations

import _thread
import threading
import traceback

import pytest
from resolution.planning import failure, plan, raises, stores
from support.until import until

from secretrun.backend import BackendInfo
from secretrun.errors import BackendError, Denied
from secretrun.reference import parse as parse_reference
from secretrun.resolution.resolve import resolve
from secretrun.testing import MemoryBackend

WAIT = 60  # seconds a test waits for what must happen


def test_values_literals_and_texts_around_references_become_the_environment():
    memory = MemoryBackend({"p": b"s3cret/\xff", "e": b""})
    found = resolve(plan("A=memory://p\nB=x{{ memory://p }}y\nC=plain ä\nD=memory://e\nE="), stores(memory))
    assert found.environment == {
        "A": b"s3cret/\xff", "B": b"xs3cret/\xffy", "C": "plain ä".encode(), "D": b"", "E": b"",
    }  # fmt: skip
    assert found.left_out == []


def test_a_value_is_asked_for_once_in_one_batch_a_store():
    one, two = MemoryBackend({"a": b"1", "b": b"2"}, scheme="one"), MemoryBackend({"a": b"3"}, scheme="two")
    text = "A=one://a\nB=one://b\nC=one://a\nD={{ one://a }}{{ two://a }}\nE=two://a\nF=$A$B"
    assert resolve(plan(text), stores(one, two)).environment["D"] == b"13"
    assert [[r.path for r in batch] for batch in one.calls] == [["a", "b"]]
    assert [[r.path for r in batch] for batch in two.calls] == [["a"]]


def test_a_plan_without_references_asks_nobody():
    assert resolve(plan("A=1"), stores()).environment == {"A": b"1"}


def test_two_backends_of_one_name_are_still_two():
    one, two = MemoryBackend({"a": b"1"}, scheme="one"), MemoryBackend({"a": b"2"}, scheme="two")
    two.info = BackendInfo(name=one.info.name, title="other", schemes=("two",), example="two://x")
    assert resolve(plan("A=one://a\nB=two://a"), stores(one, two)).environment == {"A": b"1", "B": b"2"}


class Meeting(MemoryBackend):
    """A store that answers only when all that share its barrier are being asked."""

    def __init__(self, barrier, scheme, *, serial=False):
        super().__init__({"a": scheme.encode()}, scheme=scheme)
        self.info = BackendInfo(
            name=scheme, title=scheme, schemes=(scheme,), example=f"{scheme}://a", serial=serial
        )
        self.barrier = barrier
        self.thread = None

    def fetch(self, references, context):
        self.thread = threading.get_ident()
        self.barrier.wait(WAIT)
        return super().fetch(references, context)


def test_stores_are_asked_side_by_side_and_no_thread_is_left():
    barrier = threading.Barrier(3)
    found = [Meeting(barrier, "one"), Meeting(barrier, "two"), Meeting(barrier, "three", serial=True)]
    before = _thread._count()
    assert len(resolve(plan("A=one://a\nB=two://a\nC=three://a"), stores(*found)).environment) == 3
    until(lambda: _thread._count() == before, "the threads' ends")
    # None on the calling thread, where Ctrl-C arrives and where the waiting has an end.
    assert threading.get_ident() not in [backend.thread for backend in found]


def test_whole_stores_are_asked_beside_the_rest():
    barrier = threading.Barrier(4)

    class Whole(Meeting):
        def fetch_all(self, reference, context):
            return dict(self.fetch([parse_reference(f"{reference.scheme}://a")], context).items())

    class Listed(Whole):
        def fetch_all(self, reference, context):
            self.barrier.wait(WAIT)
            return {f"{reference.scheme.upper()}_KEY": b"listed"}

    found = [
        Listed(barrier, "one"), Listed(barrier, "two", serial=True), Meeting(barrier, "three"),
        Meeting(barrier, "memory"),
    ]  # fmt: skip
    made = plan("C=three://a\nD=memory://a", imports=["one://.", "two://."])
    assert resolve(made, stores(*found)).environment == {
        "ONE_KEY": b"listed", "TWO_KEY": b"listed", "C": b"three", "D": b"memory",
    }  # fmt: skip


def test_a_store_is_never_asked_twice_at_once_for_values_and_listings():
    class Busy(MemoryBackend):
        busy, clashes = threading.Lock(), 0

        def _alone(self, call, *arguments):
            if not self.busy.acquire(blocking=False):
                Busy.clashes += 1
                return {}
            try:
                return call(*arguments)
            finally:
                self.busy.release()

        def fetch(self, references, context):
            return self._alone(super().fetch, references, context)

        def fetch_all(self, reference, context):
            return self._alone(super().fetch_all, reference, context)

    memory = Busy({"a": b"1", "x/B": b"2", "y/C": b"3"})
    found = resolve(plan("A=memory://a", imports=["memory://x", "memory://y"]), stores(memory))
    assert found.environment == {"A": b"1", "B": b"2", "C": b"3"}
    assert Busy.clashes == 0


def test_references_of_the_environment_wait_for_imports_and_only_for_them():
    memory = MemoryBackend({"x/A": b"imported", "i": b"inherited", "t": b"template"})
    made = plan("B=memory://t", inherited={"A": "memory://i", "D": "memory://i"}, imports=["memory://x"])
    assert resolve(made, stores(memory)).environment == {
        "A": b"imported", "B": b"template", "D": b"inherited",
    }  # fmt: skip
    assert [[r.path for r in batch] for batch in memory.calls] == [["t"], ["x"], ["i"]]


def test_a_value_of_an_import_is_in_no_message_either():
    memory = MemoryBackend({"x/A": b"imported-value", "b": Denied("not with imported-value")})
    error = failure(plan("B=memory://b", imports=["memory://x"]), stores(memory))
    assert error.failures == ("app.env:1: B: memory://b: not with [memory://x]",)


class Panic(BaseException):
    """What no `except Exception` stops: an extension module's panic."""


class Alone(MemoryBackend):
    """A store that may prompt; it notes whether another one is asked at the same time."""

    busy = threading.Lock()
    clashes = 0

    def __init__(self, scheme):
        super().__init__({"a": b"1"}, scheme=scheme)
        self.info = BackendInfo(
            name=scheme, title=scheme, schemes=(scheme,), example=f"{scheme}://a", serial=True
        )

    def fetch(self, references, context):
        if not Alone.busy.acquire(blocking=False):
            Alone.clashes += 1
            return {}
        try:
            return super().fetch(references, context)
        finally:
            Alone.busy.release()


def test_stores_that_may_prompt_are_asked_one_after_the_other():
    resolve(plan("A=one://a\nB=two://a\nC=three://a"), stores(Alone("one"), Alone("two"), Alone("three")))
    assert Alone.clashes == 0


def test_all_failures_come_in_one_report_a_line_each():
    memory = MemoryBackend({"no": Denied("you may not", hint="ask an admin"), "ok": b"s3cret-value"})
    made = plan("A=memory://ok\nB=memory://no\nC=x{{ memory://missing }}\nD=gone://x\nE=1")
    error = failure(made, stores(memory))
    assert error.message == "3 references could not be resolved, so the command was not started"
    assert error.failures == (
        "app.env:2: B: memory://no: you may not",
        "app.env:3: C: memory://missing: no value is stored at missing",
        "app.env:4: D: gone://x: no backend for gone://",
    )
    assert error.hint == "ask an admin"
    assert error.exit_status == 125


def test_one_failure_is_said_in_the_singular():
    error = failure(plan("A=memory://x"), stores(MemoryBackend({})))
    assert error.message == "a reference could not be resolved, so the command was not started"


def test_a_store_that_is_out_of_reach_fails_all_its_references():
    error = failure(
        plan("A=memory://a\nB=memory://b"), stores(MemoryBackend({}, failure=BackendError("is on fire")))
    )
    assert error.failures == ("app.env:1: A: memory://a: is on fire", "app.env:2: B: memory://b: is on fire")


class Odd(MemoryBackend):
    """A store with a bug."""

    def __init__(self, act):
        super().__init__({})
        self.act = act

    def fetch(self, references, context):
        return self.act(references)

    def fetch_all(self, reference, context):
        return self.act([reference])


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda _: raises(ValueError("s3cret-value")), "the memory backend failed with ValueError"),
        (lambda _: raises(SystemExit(0)), "the memory backend failed with SystemExit"),
        (lambda _: raises(Panic("s3cret-value")), "the memory backend failed with Panic"),
        (lambda _: raises(RecursionError()), "the memory backend failed with RecursionError"),
        (lambda _: None, "the memory backend failed with TypeError"),
        (lambda _: {}, "the memory backend gave no answer"),
        (dict.fromkeys, "the memory backend gave no answer"),
        (lambda rs: dict.fromkeys(rs, "text"), "the memory backend answered with str, not bytes"),
        (
            lambda rs: dict.fromkeys(rs, ValueError()),
            "the memory backend answered with ValueError, not bytes",
        ),
    ],
)
def test_whatever_a_backend_does_becomes_an_error_of_its_references(act, said):
    error = failure(plan("A=memory://a"), stores(Odd(act)))
    assert error.failures == (f"app.env:1: A: memory://a: {said}",)
    assert "s3cret" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda _: raises(ValueError("s3cret-value")), "the memory backend failed with ValueError"),
        (lambda _: None, "the memory backend failed with TypeError"),
        (lambda _: {"A": "text"}, "the memory backend answered with str, not bytes"),
        (lambda _: {"A=B": b"x"}, "the key 'A=B' can't be a variable's name"),
        (lambda _: {7: b"x"}, "the key 7 can't be a variable's name"),
        (lambda _: {"": b"x"}, "the key '' can't be a variable's name"),
        (lambda _: {"A": b"x\0y"}, "the value holds a NUL byte, which no environment variable can"),
    ],
)
def test_whatever_a_backend_lists_becomes_an_error_of_the_import(act, said):
    error = failure(plan(imports=["memory://."]), stores(Odd(act)))
    assert len(error.failures) == 1
    assert error.failures[0].startswith("--from: ")
    assert error.failures[0].endswith(said)
    assert "s3cret" not in "".join(traceback.format_exception(error))


def test_a_store_that_hangs_past_its_time_limit_is_an_error_and_the_others_are_not(monkeypatch):
    monkeypatch.setattr("secretrun.resolution.call.GRACE", 0.0)
    release = threading.Event()

    def hang(_):
        release.wait(WAIT)
        return {}

    hanging = Odd(hang)
    try:
        error = failure(
            plan("A=memory://a\nB=one://a"),
            stores(hanging, MemoryBackend({"a": b"1"}, scheme="one"), timeout=0.5),
        )
    finally:
        release.set()
    assert error.failures == (
        "app.env:1: A: memory://a: memory (in memory) did not answer within 0.5 seconds",
    )


def test_an_answer_after_the_time_limit_is_not_used_and_an_error_then_is_kept():
    def late(references):
        threading.Event().wait(0.3)
        return {r: b"s3cret-value" if r.path == "a" else Denied("you may not") for r in references}

    error = failure(plan("A=memory://a\nB=memory://b"), stores(Odd(late), timeout=0.1))
    assert error.failures == (
        "app.env:1: A: memory://a: memory (in memory) did not answer within 0.1 seconds",
        "app.env:2: B: memory://b: you may not",
    )


def test_references_of_programs_work_only_where_the_user_wrote_them():
    memory = MemoryBackend({"a": b"1"})
    memory.info = BackendInfo(
        name="m", title="M", schemes=("memory",), example="memory://a", trusted_only=True
    )
    made = plan("A=memory://a")
    assert "work only from --set" in failure(made, stores(memory)).failures[0]
    assert "work only from --set" in failure(plan(imports=["memory://."]), stores(memory)).failures[0]
    assert memory.calls == []
    assert resolve(made, stores(memory, allow_untrusted=True)).environment == {"A": b"1"}
    made.add_text("A", "memory://a", "--set", base="/", trusted=True)
    assert resolve(made, stores(memory)).environment == {"A": b"1"}


def test_imports_beat_the_environment_and_templates_beat_imports():
    memory = MemoryBackend(
        {"A": b"imported", "B": b"imported", "C": b"imported", "i": b"inherited", "t": b"template"}
    )
    inherited = {"A": "memory://i", "C": "plain", "D": "memory://i"}

    def values(**more):
        made = plan("B=memory://t", inherited=inherited, imports=["memory://."], **more)
        found = resolve(made, stores(memory)).environment
        return {name: found.get(name) for name in "ABCD"}

    assert values() == {"A": b"imported", "B": b"template", "C": b"imported", "D": b"inherited"}
    assert values(keep_env=True) == {"A": b"inherited", "B": b"template", "C": None, "D": b"inherited"}
    made = plan(inherited={"A": "memory://gone"}, imports=["memory://."])
    assert resolve(made, stores(memory)).environment["A"] == b"imported"  # what is replaced is not asked for


def test_a_reference_is_resolved_before_the_references_it_stands_in():
    one = MemoryBackend({"vault": b"dev", "dev/item": b"s3cret", "key": b"s3cret"}, scheme="one")
    two = MemoryBackend({"s3cret/dev": b"end"}, scheme="two")
    made = plan("V=one://vault\nP=one://$V/item\nE={{ two://$P/$V }}!\nK=one://key")
    assert resolve(made, stores(one, two)).environment == {
        "V": b"dev", "P": b"s3cret", "E": b"end!", "K": b"s3cret",
    }  # fmt: skip
    assert [[r.path for r in batch] for batch in one.calls] == [["vault", "key"], ["dev/item"]]
    assert [[r.path for r in batch] for batch in two.calls] == [["s3cret/dev"]]


def test_a_reference_keeps_needing_what_a_later_line_replaces():
    memory = MemoryBackend({"vault": b"dev", "dev/item": b"s3cret"})
    made = plan("V=memory://vault\nP=memory://$V/item\nV=plain")
    assert resolve(made, stores(memory)).environment == {"V": b"plain", "P": b"s3cret"}


def test_a_reference_that_needs_a_failed_one_fails_too_and_no_message_shows_a_value():
    memory = MemoryBackend({"vault": b"s3cret-vault", "odd": b"a\nb", "ok": b"0123456789"})
    text = "V=memory://vault\nP=memory://$V/item\nG=memory://gone\nH=memory://$G/x\nO=memory://odd\nQ=memory://$O"
    error = failure(plan(text), stores(memory))
    assert error.failures == (
        "app.env:2: P: memory://${V}/item: no value is stored at [memory://vault]/item",
        "app.env:3: G: memory://gone: no value is stored at gone",
        "app.env:4: H: memory://${G}/x: it needs memory://gone: no value is stored at gone",
        "app.env:6: Q: memory://${O}: with the values of its variables it is no reference",
    )
    assert "s3cret-vault" not in "".join(traceback.format_exception(error))


def test_no_report_quotes_a_value_that_was_resolved_beside_the_failure():
    memory = MemoryBackend({"a": b"s3cret-value", "b": Denied("no: s3cret-value", hint="not s3cret-value")})
    error = failure(plan("A=memory://a\nB=memory://b"), stores(memory))
    assert error.failures == ("app.env:2: B: memory://b: no: [memory://a]",)
    assert error.hint == "not [memory://a]"
