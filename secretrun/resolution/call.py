"""One batch to one store: in a thread of its own, with an end to the waiting, again when it throttles.

What is wanted of a store, single values and whole listings, is asked for in the same thread: a backend is
never called twice at once.
"""

from __future__ import annotations

from secretrun.errors import BackendError, BadAnswer, RateLimited, SecretrunError, TimedOut
from secretrun.posix.threads import Worker
from secretrun.resolution.batch import Answers, Batch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from secretrun.backend import Backend, Context
    from secretrun.model import Reference
    from secretrun.resolution.batch import Answer, Listing

RETRIES = (0.3, 0.9, 2.7)  # seconds before asking again what was throttled; the pause adds jitter
JITTER = 1.5  # times as long as it says a pause is at most
HEAD_START = 0.004  # seconds a store gets, to be asked, before we do something else beside it
GRACE = 2.0  # seconds a store gets, beyond its own time limit, to report that limit itself


class Call:
    """One batch in a thread of its own.

    A daemon thread: when a store hangs past every limit the run fails, and must be able to end.

    Args:
        batch: what is wanted.
        context: makes the context of one call.
        pause: waits before what was throttled is asked for again.
        done: called when the store has answered.
    """

    def __init__(
        self,
        batch: Batch,
        context: Callable[[Backend], Context],
        pause: Callable[[float], None],
        done: Callable[[], object],
    ) -> None:
        import time

        self._batch = batch
        self._context = context
        self._pause = pause
        self._done = done
        self._limit = context(batch.backend).timeout
        self._end = None if self._limit is None else time.monotonic() + self._limit
        self._found: Answers | None = None
        self._late = False
        self._worker = Worker(self._run)

    def found(self, meanwhile: Callable[[], None] = lambda: None) -> Answers:
        """Wait for the answers; when they are late, everything in the batch gets that as its error.

        `meanwhile` is called while the store is waited for, if it takes any time.
        """
        import time

        if not self._worker.join(HEAD_START):
            meanwhile()
        left = None if self._end is None else max(0.0, self._end + GRACE - time.monotonic())
        alive = not self._worker.join(left)
        title = self._batch.backend.info.title
        if not (alive or self._late):
            return self._found or self._batch.all(BadAnswer(f"{title} gave no answer"))
        late = self._batch.all(
            TimedOut(
                f"{title} did not answer within {self._limit:g} seconds",
                hint="allow more with --timeout SECONDS",
            )
        )
        if not alive and self._found is not None:  # an error of its own says more than ours
            late.update(self._found.errors())
        return late

    def _run(self) -> None:
        import time

        self._found = self._ask()
        self._late = self._end is not None and time.monotonic() > self._end
        self._done()

    def _ask(self) -> Answers:
        """Ask; what the store throttles is asked for again, later each time, while there is time."""
        import time

        found = ask_once(self._batch, self._context(self._batch.backend))
        for pause in RETRIES:
            again = _throttled(self._batch, found)
            if not again or (self._end is not None and time.monotonic() + pause * JITTER > self._end):
                break
            self._pause(pause)
            found.update(ask_once(again, self._context(self._batch.backend)))
        return found


def _throttled(batch: Batch, found: Answers) -> Batch:
    return Batch(
        batch.backend,
        (reference for reference, answer in found.values.items() if isinstance(answer, RateLimited)),
        (reference for reference, answer in found.listings.items() if isinstance(answer, RateLimited)),
    )


def ask_once(batch: Batch, context: Context) -> Answers:
    """One call for the values, one for each listing; what goes wrong in a backend becomes an error."""
    found = Answers()
    if batch.values:
        found.values = _values(batch.backend, batch.values, context)
    for reference in batch.listings:
        found.listings[reference] = _listing(batch.backend, reference, context)
    return found


def _values(backend: Backend, wanted: list[Reference], context: Context) -> dict[Reference, Answer]:
    try:
        said = dict(backend.fetch(wanted, context))
    except SecretrunError as error:
        return dict.fromkeys(wanted, error)
    except BaseException as error:  # noqa: BLE001  see _broken
        return dict.fromkeys(wanted, _broken(backend, error))
    answers: dict[Reference, Answer] = {}
    for reference in wanted:
        answer: object = said.get(reference)
        if isinstance(answer, (bytes, SecretrunError)):
            answers[reference] = answer
        else:
            what = "gave no answer" if answer is None else f"answered with {type(answer).__name__}, not bytes"
            answers[reference] = BadAnswer(f"the {backend.info.name} backend {what}")
    return answers


def _listing(backend: Backend, reference: Reference, context: Context) -> Listing:
    listing = getattr(backend, "fetch_all", None)
    if listing is None:
        return BackendError(
            f"{backend.info.title} can't be imported whole", hint="name each value in a template instead"
        )
    from secretrun.resolution.names import listed, without_options

    try:
        bare = without_options(reference)
        found = listed(reference, lambda: listing(bare, context))
    except SecretrunError as error:
        return error
    except BaseException as error:  # noqa: BLE001  see _broken
        return _broken(backend, error)
    for value in found.values():
        if not isinstance(value, bytes):
            return BadAnswer(
                f"the {backend.info.name} backend answered with {type(value).__name__}, not bytes"
            )
    return found


def _broken(backend: Backend, error: BaseException) -> BackendError:
    """A plugin's bug must not become a traceback with values in it, nor end the run as it likes.

    Whatever it raises: an extension module's panic is no `Exception`. Ctrl-C never arrives in a thread.
    """
    return BackendError(f"the {backend.info.name} backend failed with {type(error).__name__}")
