"""Plan and backends to environment and secrets, in one pass.

References are deduplicated and grouped by backend, each group is fetched in one batch, the groups side
by side in threads that have ended when `resolve` returns (the child is forked after). Nothing is ever
resolved in part: either every variable has its value, or one error names all that failed.

May import: errors, model, plan, backend.
"""

from __future__ import annotations

from secretrun.errors import (
    BackendError,
    NotFound,
    RateLimited,
    ResolutionError,
    SecretrunError,
    TimedOut,
    Unavailable,
)
from secretrun.model import Reference, Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Protocol

    from secretrun.backend import Backend, Context
    from secretrun.plan import Entry, Plan

    Answer = bytes | SecretrunError
    Answers = dict[Reference, Answer]

    class Remembered(Protocol):
        """What `--cache` and `--offline` need of the agent's client."""

        def get(self, wanted: Iterable[Reference], *, stale: bool = False) -> dict[Reference, bytes]: ...

        def put(self, values: Mapping[Reference, bytes]) -> None: ...


UNREACHABLE = (RateLimited, TimedOut, Unavailable)  # a store that says no is not out of reach
GRACE = 2.0  # seconds a store gets, beyond its own time limit, to report that limit itself


class Resolved:
    """What resolution gives.

    Attributes:
        environment: the assigned variables, name to value.
        secrets: what must not be shown, each value once, with all names it goes by.
        left_out: optional variables whose reference names nothing.
        deliver: variables that do not hold their value: name to "file", "fd" or "stdin".
    """

    __slots__ = ("deliver", "environment", "left_out", "secrets")

    def __init__(
        self,
        environment: dict[str, bytes],
        secrets: list[Secret],
        left_out: list[str],
        deliver: dict[str, str],
    ) -> None:
        self.deliver = deliver
        self.environment = environment
        self.secrets = secrets
        self.left_out = left_out

    def __repr__(self) -> str:
        return f"<Resolved {len(self.environment)} variables, {len(self.secrets)} secrets>"


class Stores:
    """How `resolve` reaches the stores.

    Args:
        backend: scheme to backend; raises SecretrunError when there is none or it can't be loaded.
        context: backend to the context of its calls.
        allow_untrusted: references of `trusted_only` backends work from anywhere (`--allow-exec`).
        cache: where values are looked up before a store is asked, and kept after, or None.
        offline: what the cache remembers from before may stand in for a store that can't be reached.
    """

    def __init__(
        self,
        backend: Callable[[str], Backend],
        context: Callable[[Backend], Context],
        *,
        allow_untrusted: bool = False,
        cache: Remembered | None = None,
        offline: bool = False,
    ) -> None:
        self.backend = backend
        self.context = context
        self.allow_untrusted = allow_untrusted
        self.cache = cache
        self.offline = offline


def resolve(plan: Plan, stores: Stores, *, consequence: str = "the command was not started") -> Resolved:
    """Resolve everything in the plan; `consequence` ends the message when that fails.

    Raises:
        ResolutionError: naming every variable that has no value, and why.
    """
    failures: list[tuple[str, str, SecretrunError]] = []
    imported = _imports(plan, stores, failures)
    answers = fetch([r for entry in plan.entries.values() for r in entry.references()], stores)
    environment: dict[str, bytes] = {}
    secrets = _Collector()
    left_out: list[str] = []
    for name, (value, place) in imported.items():
        if name in plan.entries or (plan.keep_env and name in plan.inherited):
            continue
        if b"\0" in value:
            failures.append((place, name, _nul()))
        environment[name] = value
        secrets.add(value, name)
    for name, entry in plan.entries.items():
        composed = _compose(entry, answers, failures, secrets)
        if composed is None:
            left_out.append(name)
        else:
            environment[name] = composed
    failures += _groups(plan, environment)
    if failures:
        raise report(failures, consequence)
    deliver = {
        name: entry.deliver
        for name, entry in plan.entries.items()
        if entry.deliver != "env" and name in environment
    }
    return Resolved(environment, secrets.secrets(), left_out, deliver)


def fetch(wanted: list[Reference], stores: Stores) -> Answers:
    """Values for references, from the cache or else from the stores; each gets its value or its error."""
    unique = list(dict.fromkeys(wanted))
    cache = stores.cache
    if cache is None or not unique:
        return _ask(unique, stores)
    remembered = cache.get(unique)
    missing = [reference for reference in unique if reference not in remembered]
    asked = _ask(missing, stores)
    cache.put({r: answer for r, answer in asked.items() if isinstance(answer, bytes)})
    if stores.offline:
        out_of_reach = [r for r, answer in asked.items() if isinstance(answer, UNREACHABLE)]
        asked.update(cache.get(out_of_reach, stale=True))
    return {**remembered, **asked}


def _ask(wanted: list[Reference], stores: Stores) -> Answers:
    """Ask every store once for what is wanted of it."""
    answers: Answers = {}
    groups: dict[str, tuple[Backend, list[Reference]]] = {}
    for reference in wanted:
        try:
            backend = stores.backend(reference.scheme)
        except SecretrunError as error:
            answers[reference] = error
            continue
        if backend.info.trusted_only and not (reference.trusted or stores.allow_untrusted):
            answers[reference] = BackendError(
                f"{reference.scheme}:// references work only from --set or your own config",
                hint="if you trust this file: --allow-exec",
            )
            continue
        groups.setdefault(backend.info.name, (backend, []))[1].append(reference)
    serial = [group for group in groups.values() if group[0].info.serial]
    parallel = [group for group in groups.values() if not group[0].info.serial]
    if len(groups) < 2:
        for backend, batch in groups.values():
            answers.update(_fetch_group(backend, batch, stores.context(backend)))
        return answers
    # Stores that may prompt go one after the other, on this thread: one question at a time, and
    # Ctrl-C reaches it.
    threads = [_start(backend, batch, stores.context(backend)) for backend, batch in parallel]
    for backend, batch in serial:
        answers.update(_fetch_group(backend, batch, stores.context(backend)))
    for join in threads:
        answers.update(join())
    return answers


def _start(backend: Backend, batch: list[Reference], context: Context) -> Callable[[], Answers]:
    import threading

    result: Answers = {}
    # A daemon thread: when a store hangs past every limit the run fails, and must be able to end.
    thread = threading.Thread(
        target=lambda: result.update(_fetch_group(backend, batch, context)),
        name=f"secretrun-{backend.info.name}",
        daemon=True,
    )
    thread.start()

    def join() -> Answers:
        thread.join(None if context.timeout is None else context.timeout + GRACE)
        if thread.is_alive():
            late = TimedOut(f"{backend.info.title} did not answer within {context.timeout:g} seconds")
            return dict.fromkeys(batch, late)
        return result

    return join


def _fetch_group(backend: Backend, batch: list[Reference], context: Context) -> Answers:
    """One batch; whatever goes wrong in a backend becomes an error of its references."""
    try:
        found = backend.fetch(batch, context)
    except SecretrunError as error:
        return dict.fromkeys(batch, error)
    except Exception as error:  # noqa: BLE001  a plugin's bug must not become a traceback with values in it
        broken = BackendError(f"the {backend.info.name} backend failed with {type(error).__name__}")
        return dict.fromkeys(batch, broken)
    answers: Answers = {}
    for reference in batch:
        answer = found.get(reference)
        if isinstance(answer, (bytes, SecretrunError)):
            answers[reference] = answer
        else:
            answers[reference] = BackendError(f"the {backend.info.name} backend gave no answer")
    return answers


def _imports(
    plan: Plan, stores: Stores, failures: list[tuple[str, str, SecretrunError]]
) -> dict[str, tuple[bytes, str]]:
    imported: dict[str, tuple[bytes, str]] = {}
    for reference, place in plan.imports:
        try:
            backend = stores.backend(reference.scheme)
            listing = getattr(backend, "fetch_all", None)
            if listing is None:
                raise BackendError(
                    f"{backend.info.title} can't be imported whole",
                    hint="name each value in a template instead",
                )
            for name, value in listing(reference, stores.context(backend)).items():
                if not name or "=" in name or "\0" in name:
                    raise BackendError(f"the key {name!r} can't be a variable's name")
                imported[name] = (value, place)
        except SecretrunError as error:
            failures.append((place, reference.text, error))
    return imported


def _compose(
    entry: Entry,
    answers: Answers,
    failures: list[tuple[str, str, SecretrunError]],
    secrets: _Collector,
) -> bytes | None:
    """The value of one variable, or None when it is optional and missing or has failed."""
    errors = [
        (reference, answer)
        for reference in entry.references()
        if isinstance(answer := answers[reference], SecretrunError)
    ]
    if errors and all(isinstance(error, NotFound) for _, error in errors):
        if entry.default is not None:
            return encode(entry.default)
        if not entry.required:
            return None
    if errors:
        failures.extend((entry.place, f"{entry.name}: {r.text}", error) for r, error in errors)
        return None
    chunks: list[bytes] = []
    for piece in entry.pieces:
        if isinstance(piece, str):
            chunks.append(encode(piece))
            continue
        value = answers[piece]
        assert isinstance(value, bytes)  # noqa: S101  errors returned above
        if b"\0" in value and entry.deliver == "env":
            failures.append((entry.place, f"{entry.name}: {piece.text}", _nul()))
            return None
        secrets.add(value, entry.name, entry.mask, entry.min_length)
        chunks.append(value)
    whole = b"".join(chunks)
    if entry.check is not None:
        try:
            entry.check(whole)
        except SecretrunError as error:
            failures.append((entry.place, entry.name, error))
    return whole


def _groups(plan: Plan, environment: dict[str, bytes]) -> list[tuple[str, str, SecretrunError]]:
    """A failure for every group of which too few or too many members have a value."""
    members: dict[tuple[str, str], list[Entry]] = {}
    for entry in plan.entries.values():
        if entry.group is not None:
            members.setdefault(entry.group, []).append(entry)
    failures: list[tuple[str, str, SecretrunError]] = []
    for (rule, group), entries in members.items():
        present = [entry.name for entry in entries if entry.name in environment]
        if not present or (rule == "exactly_one" and len(present) > 1):
            names = ", ".join(entry.name for entry in entries)
            found = f"{', '.join(present)} have values" if present else "none has a value"
            wanted = "exactly one" if rule == "exactly_one" else "at least one"
            problem = NotFound(f"{wanted} of {names} must have a value, {found}")
            failures.append((entries[0].place, f"group {group}", problem))
    return failures


def _nul() -> BackendError:
    return BackendError(
        "the value holds a NUL byte, which no environment variable can",
        hint='deliver it as a file: as = "file" in secretrun.toml',
    )


def report(failures: list[tuple[str, str, SecretrunError]], consequence: str) -> ResolutionError:
    """One error for all failures, a line each: place, variable, reference, reason."""
    lines = [f"{place}: {what}: {error.message}" for place, what, error in failures]
    hints = dict.fromkeys(error.hint for *_, error in failures if error.hint)
    count = "a reference" if len(lines) == 1 else f"{len(lines)} references"
    return ResolutionError(
        f"{count} could not be resolved, so {consequence}",
        failures=lines,
        hint="\n".join(hints) or None,
    )


def encode(text: str) -> bytes:
    """Text to the bytes of an environment variable (undecodable input bytes survive)."""
    return text.encode("utf-8", "surrogateescape")


class _Collector:
    """Secrets by value, so that one value used under three names is one secret."""

    def __init__(self) -> None:
        self._found: dict[bytes, tuple[list[str], str, int | None]] = {}

    def add(self, value: bytes, name: str, mask: str = "auto", min_length: int | None = None) -> None:
        names, known_mask, known_length = self._found.setdefault(value, ([], mask, min_length))
        if name not in names:
            names.append(name)
        if known_mask != mask or known_length != min_length:
            # Said differently under two names: the stricter wins, so that no name opens another's value.
            strict = "always" if "always" in (mask, known_mask) else "auto"
            self._found[value] = (names, strict, None)

    def secrets(self) -> list[Secret]:
        return [
            Secret(value, tuple(names), mask=mask, min_length=length)
            for value, (names, mask, length) in self._found.items()
        ]
