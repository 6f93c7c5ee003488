"""The shipped fake keeps the contract it is used to test others with, and the contract can fail."""

from __future__ import annotations

import pytest

from secretrun.backend import Context
from secretrun.errors import NotFound, Unavailable
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, MemoryBackend, install_program


class TestMemoryBackend(BackendContract):
    counters = ("calls",)

    @pytest.fixture(autouse=True)
    def store(self):
        self.backend = MemoryBackend(DIFFICULT_VALUES)
        self.context = Context({})
        self.known = {parse(f"memory://{name}"): value for name, value in DIFFICULT_VALUES.items()}
        self.missing = [parse("memory://no-such-name"), parse("memory://nor-this")]
        self.listing = (parse("memory://."), DIFFICULT_VALUES)


def test_a_failure_fails_the_whole_batch():
    failure = Unavailable("out of reach")
    backend = MemoryBackend({}, failure=failure)
    with pytest.raises(Unavailable) as caught:
        backend.fetch([parse("memory://name")], Context({}))
    assert caught.value is failure


class Broken(MemoryBackend):
    """A backend that breaks one promise, chosen by `how`."""

    def __init__(self, how):
        super().__init__({"name": b"a-secret-value"})
        self.how = how
        self.cache = {}

    def fetch(self, references, context):
        answers = super().fetch(references, context)
        if self.how == "raises":
            raise NotFound("one of them is missing")
        if self.how == "leaks":
            return {
                r: NotFound("not a-secret-value") if isinstance(a, NotFound) else a
                for r, a in answers.items()
            }
        if self.how == "text":
            return {r: a.decode() if isinstance(a, bytes) else a for r, a in answers.items()}
        if self.how == "trims":
            return {r: a[:-1] if isinstance(a, bytes) else a for r, a in answers.items()}
        if self.how == "keeps":
            self.cache.update(answers)
        if self.how == "prints":
            print("fetching")
        return answers


@pytest.mark.parametrize(
    ("how", "check"),
    [
        ("raises", "test_a_missing_reference_spoils_no_other"),
        ("leaks", "test_errors_hold_no_value"),
        ("text", "test_one_batch_answers_every_reference_with_its_exact_bytes"),
        ("trims", "test_a_reference_alone_gives_what_it_gives_in_a_batch"),
        ("keeps", "test_no_state_is_kept_between_runs"),
        ("prints", "test_fetch_prints_nothing"),
    ],
)
def test_the_contract_catches_a_backend_that_breaks_it(how, check, capfd):
    suite = BackendContract()
    suite.backend, suite.context, suite.counters = Broken(how), Context({}), ("calls",)
    suite.known = {parse("memory://name"): b"a-secret-value"}
    suite.missing = [parse("memory://none")]
    arguments = (capfd,) if check == "test_fetch_prints_nothing" else ()
    with pytest.raises((AssertionError, NotFound)):
        getattr(suite, check)(*arguments)


def test_a_stand_in_program_is_found_first_and_gets_its_arguments(tmp_path):
    import subprocess

    environ = install_program(tmp_path / "a 'quoted' directory", "store", "import sys; print(sys.argv[1:])")
    done = subprocess.run(["store", "a b", "$c"], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "['a b', '$c']\n"
