"""For authors of backends: the contract as a test class, a store in memory, stand-in programs.

A backend's suite is a subclass of `BackendContract` that fills in what it knows of the store:

    class TestShelf(BackendContract):
        @pytest.fixture(autouse=True)
        def shelf(self, tmp_path):
            ...put DIFFICULT_VALUES into a real store...
            self.backend = Shelf()
            self.context = Context({"SHELF": str(tmp_path)}, timeout=60)
            self.known = {parse(f"shelf://{name}"): value for name, value in DIFFICULT_VALUES.items()}
            self.missing = [parse("shelf://no-such-name")]

pytest collects the checks from there; nothing here imports pytest.
"""

from __future__ import annotations

import os
import shlex
import sys
import traceback

from secretrun.backend import Backend, BackendInfo, Context
from secretrun.errors import BackendError, NotFound, SecretrunError
from secretrun.model import Reference
from secretrun.reference import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

# Values that stores, their programs and their wrappers are known to spoil. All are text but the last.
DIFFICULT_VALUES: Mapping[str, bytes] = {
    "plain": b"correct-horse-battery-staple",
    "blanks": b"  leading and trailing  ",
    "lines": b"first line\nsecond line\n\nfourth line",
    "final-newline": b"ends with a newline\n",
    "carriage-returns": b"one\r\ntwo\r\n",
    "unicode": "pässwörd \N{KEY} \N{COMBINING ACUTE ACCENT}".encode(),
    "quotes": b"""it's "quoted" `twice`""",
    "shell": b"$HOME ${PATH} $(id) %s \\n \\",
    "braces": b'{{ op://a/b/c }} {"key": [1, 2.50, null]}',
    "yaml": b"- yes\n- ~\n- 0o17 # no comment",
    "number": b"0123456789012345678901234567890",
    "assignment": b"NAME=value=other",
    "long": b"0123456789abcdef" * 200,
    "empty": b"",
    "binary": bytes(range(256)),
}


def _require(condition: object, complaint: str) -> None:
    """`assert`, but also under `python -O` and without pytest's rewriting."""
    if not condition:
        _fail(complaint)


def _fail(complaint: str) -> NoReturn:
    raise AssertionError(complaint)


class BackendContract:
    """What every backend must do, as tests.

    Attributes:
        backend: the backend under test.
        context: a context in which the store can be reached.
        known: references to values that are in the store, with those values.
        missing: at least one well-formed reference to something that is not in the store.
        listing: for a backend with `fetch_all`: a reference and all that is below it; else None.
        counters: attributes of the backend that may change between calls (a call counter in a fake).
    """

    backend: Backend
    context: Context
    known: Mapping[Reference, bytes]
    missing: Sequence[Reference]
    listing: tuple[Reference, Mapping[str, bytes]] | None = None
    counters: tuple[str, ...] = ()

    def test_info_says_all_that_a_reader_needs(self) -> None:
        """Name, title, schemes and an example of its own scheme are given, install hint with a need."""
        info = self.backend.info
        _require(isinstance(info, BackendInfo), f"info is {type(info).__name__}, not BackendInfo")
        _require(info.name and info.name == info.name.lower(), f"not a lower-case name: {info.name!r}")
        _require(info.title, "no title")
        _require(info.schemes, "no schemes")
        for scheme in info.schemes:
            _require(scheme and scheme == scheme.lower(), f"not a lower-case scheme: {scheme!r}")
        _require(parse(info.example).scheme in info.schemes, f"the example is not its own: {info.example}")
        _require(bool(info.needs) == bool(info.install), "needs and install go together")
        for variable in info.sign_in_variables:
            bare = variable.removesuffix("*")
            _require(bare and bare.replace("_", "a").isalnum(), f"not a name or PREFIX_*: {variable!r}")

    def test_one_batch_answers_every_reference_with_its_exact_bytes(self) -> None:
        answers = self.backend.fetch(list(self.known), self.context)
        for reference, value in self.known.items():
            self._same(reference, answers.get(reference), value)
        _require(set(answers) <= set(self.known), "it answers what was not asked")

    def test_a_reference_alone_gives_what_it_gives_in_a_batch(self) -> None:
        for reference, value in self.known.items():
            self._same(reference, self.backend.fetch([reference], self.context).get(reference), value)

    def test_order_and_repetition_change_nothing(self) -> None:
        twice = [*reversed(list(self.known)), *self.known]
        answers = self.backend.fetch(twice, self.context)
        for reference, value in self.known.items():
            self._same(reference, answers.get(reference), value)

    def test_an_empty_batch_has_an_empty_answer(self) -> None:
        _require(dict(self.backend.fetch([], self.context)) == {}, "an answer to no question")

    def test_each_missing_reference_gets_its_own_error(self) -> None:
        """The error is an entry of the answer, a BackendError with a one-line message."""
        _require(self.missing, "the suite gives no missing reference")
        answers = self.backend.fetch(list(self.missing), self.context)
        for reference in self.missing:
            error = answers.get(reference)
            if not isinstance(error, BackendError):
                _fail(f"{reference.text}: {type(error).__name__} instead of a BackendError")
            _require(isinstance(error, NotFound), f"{reference.text}: {type(error).__name__}, not NotFound")
            _require(error.message.strip(), f"{reference.text}: an error without a message")
            _require("\n" not in error.message, f"{reference.text}: a message of several lines")
            _require(not error.message.endswith("."), f"{reference.text}: a message with a full stop")

    def test_a_missing_reference_spoils_no_other(self) -> None:
        answers = self.backend.fetch([*self.missing, *self.known], self.context)
        for reference, value in self.known.items():
            self._same(reference, answers.get(reference), value)
        for reference in self.missing:
            _require(isinstance(answers.get(reference), BackendError), f"{reference.text}: no error")

    def test_errors_hold_no_value(self) -> None:
        """Neither message nor hint nor traceback of an error shows a value fetched beside it."""
        answers = self.backend.fetch([*self.known, *self.missing], self.context)
        values = [value for value in self.known.values() if len(value) >= 6]
        for reference in self.missing:
            error = answers[reference]
            if not isinstance(error, BackendError):
                _fail(f"{reference.text}: no error")
            shown = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            shown += f"{error!r} {error.hint}"
            for value in values:
                _require(value.decode("latin-1") not in shown, f"{reference.text}: its error shows a value")
                _require(
                    value.decode("utf-8", "replace") not in shown,
                    f"{reference.text}: its error shows a value",
                )

    def test_no_state_is_kept_between_runs(self) -> None:
        before = self._state()
        self.backend.fetch([*self.known, *self.missing], self.context)
        _require(self._state() == before, "attributes of the backend changed during fetch")

    def test_our_own_environment_and_directory_stay_as_they_are(self) -> None:
        before = (dict(os.environ), os.getcwd())
        self.backend.fetch([*self.known, *self.missing], self.context)
        _require((dict(os.environ), os.getcwd()) == before, "fetch changed os.environ or the directory")

    def test_fetch_prints_nothing(self, capfd: Any) -> None:
        """`capfd` is pytest's fixture: what the process and its children write."""
        self.backend.fetch([*self.known, *self.missing], self.context)
        _require(tuple(capfd.readouterr()) == ("", ""), "fetch wrote to stdout or stderr")

    def test_a_whole_store_is_listed_with_exact_bytes(self) -> None:
        """`fetch_all` gives what the suite promises; a backend without it is given no listing."""
        fetch_all = getattr(self.backend, "fetch_all", None)
        _require((fetch_all is None) == (self.listing is None), "fetch_all and listing go together")
        if fetch_all is None or self.listing is None:
            return
        reference, expected = self.listing
        found = fetch_all(reference, self.context)
        _require(set(found) == set(expected), f"other keys than expected: {sorted(found)}")
        for name, value in expected.items():
            _require(type(found[name]) is bytes, f"{name}: {type(found[name]).__name__}, not bytes")
            _require(found[name] == value, f"{name}: another value than the store has")

    def test_check_speaks_of_the_store_or_raises_a_backend_error(self) -> None:
        check = getattr(self.backend, "check", None)
        if check is None:
            return
        said = check(self.context)
        _require(isinstance(said, str) and said.strip() and "\n" not in said, "check gives no one-line text")
        for value in self.known.values():
            _require(len(value) < 6 or value.decode("latin-1") not in said, "check shows a value")

    def _state(self) -> dict[str, str]:
        return {k: repr(v) for k, v in vars(self.backend).items() if k not in self.counters}

    def _same(self, reference: Reference, answer: bytes | BackendError | None, value: bytes) -> None:
        if isinstance(answer, SecretrunError):
            _fail(f"{reference.text}: {type(answer).__name__}: {answer.message}")
        _require(type(answer) is bytes, f"{reference.text}: {type(answer).__name__}, not bytes")
        # Values of a suite are made up, so a failure may show them.
        _require(answer == value, f"{reference.text}: {answer!r}, but the store has {value!r}")


class MemoryBackend:
    """A store in memory, for tests of what uses backends; it passes `BackendContract`.

    Args:
        values: the path of a reference (`memory://PATH`) to its value, or to the error it gives.
        scheme: the scheme it answers.
        failure: raised by every `fetch`, as a store that is out of reach does.

    Attributes:
        calls: the batches asked for, in order.
    """

    def __init__(
        self,
        values: Mapping[str, bytes | BackendError],
        *,
        scheme: str = "memory",
        failure: BackendError | None = None,
    ) -> None:
        self.info = BackendInfo(
            name=scheme, title=f"{scheme} (in memory)", schemes=(scheme,), example=f"{scheme}://name"
        )
        self.calls: list[tuple[Reference, ...]] = []
        self._values = dict(values)
        self._failure = failure

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> dict[Reference, bytes | BackendError]:
        """The value or error of each path; NotFound for a path that has none."""
        del context
        self.calls.append(tuple(references))
        if self._failure is not None:
            raise self._failure
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in references:
            absent = NotFound(f"no value is stored at {reference.path}")
            answers[reference] = self._values.get(reference.path, absent)
        return answers

    def fetch_all(self, reference: Reference, context: Context) -> dict[str, bytes]:
        """Every value whose name starts with the path and "/"; the path `.` is the whole store."""
        del context
        self.calls.append((reference,))
        if self._failure is not None:
            raise self._failure
        prefix = "" if reference.path == "." else reference.path.rstrip("/") + "/"
        return {
            name.removeprefix(prefix): value
            for name, value in self._values.items()
            if name.startswith(prefix) and isinstance(value, bytes)
        }

    def __repr__(self) -> str:
        return f"<MemoryBackend {self.info.name}, {len(self._values)} values>"


def program_backend(name: str, path: str) -> Backend:
    """The backend that an executable `secretrun-backend-NAME` at `path` is, for the contract's tests."""
    from secretrun.resolution.program_backend import ProgramBackend

    return ProgramBackend(name, path)


def install_program(
    directory: str | os.PathLike[str], name: str, source: str, environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Put a stand-in for a store's program on the PATH.

    Args:
        directory: where to put it; made when it is not there.
        name: what the program is called.
        source: its Python source.
        environ: the environment to start from; the default is this process's own.

    Returns:
        The environment with `directory` first on its PATH.
    """
    directory = os.path.abspath(directory)
    os.makedirs(directory, exist_ok=True)
    script = os.path.join(directory, f"{name}.py")
    with open(script, "w", encoding="utf-8") as file:
        file.write(source)
    # By way of sh: the path of an interpreter may be too long, or hold blanks, for a `#!` line.
    program = os.path.join(directory, name)
    descriptor = os.open(program, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o755)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -I {shlex.quote(script)} "$@"\n')
    prepared = dict(os.environ if environ is None else environ)
    prepared["PATH"] = directory + os.pathsep + prepared.get("PATH", os.defpath)
    return prepared
