"""What is wanted of one store, and what the stores said."""

from __future__ import annotations

from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.backend import Backend
    from secretrun.model import Reference

    Answer = bytes | SecretrunError
    Listing = Mapping[str, bytes] | SecretrunError


class Answers:
    """Answers.

    Attributes:
        values: reference to its value or its error.
        listings: reference to every key below it with its value, or its error: `--from`.
    """

    __slots__ = ("listings", "values")

    def __init__(self) -> None:
        self.values: dict[Reference, Answer] = {}
        self.listings: dict[Reference, Listing] = {}

    def update(self, other: Answers) -> None:
        """Take over the answers of another one."""
        self.values.update(other.values)
        self.listings.update(other.listings)

    def errors(self) -> Answers:
        """The part of it that failed."""
        failed = Answers()
        failed.values = {r: said for r, said in self.values.items() if isinstance(said, SecretrunError)}
        failed.listings = {r: said for r, said in self.listings.items() if isinstance(said, SecretrunError)}
        return failed

    def __repr__(self) -> str:
        return f"<Answers {len(self.values)} values, {len(self.listings)} listings>"


class Batch:
    """What is wanted of one store.

    Args:
        backend: how the store is asked.
        values: references to single values.
        listings: references of which every key is wanted.
    """

    __slots__ = ("backend", "listings", "values")

    def __init__(
        self, backend: Backend, values: Iterable[Reference] = (), listings: Iterable[Reference] = ()
    ) -> None:
        self.backend = backend
        self.values = list(values)
        self.listings = list(listings)

    def __bool__(self) -> bool:
        return bool(self.values or self.listings)

    def without(self, found: Answers) -> Batch:
        """The part of it that has no answer yet."""
        return Batch(
            self.backend,
            (reference for reference in self.values if reference not in found.values),
            (reference for reference in self.listings if reference not in found.listings),
        )

    def all(self, error: SecretrunError) -> Answers:
        """One error for everything in it."""
        found = Answers()
        found.values = dict.fromkeys(self.values, error)
        found.listings = dict.fromkeys(self.listings, error)
        return found
