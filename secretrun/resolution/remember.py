"""What the cache remembers of the stores, and stands in for when they can't be reached."""

from __future__ import annotations

from secretrun.errors import RateLimited, SecretrunError, TimedOut, Unavailable
from secretrun.resolution.batch import Answers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from secretrun.model import Reference
    from secretrun.resolution.stores import Stores

UNREACHABLE = (RateLimited, TimedOut, Unavailable)  # a store that says no is not out of reach


def remembered(
    values: Iterable[Reference], listings: Iterable[Reference], stores: Stores, *, stale: bool = False
) -> Answers:
    """What the cache has; with `stale` also what is past its time."""
    found = Answers()
    if stores.cache is None:
        return found
    if values := list(values):
        found.values.update(stores.cache.get(values, stale=stale))
    for reference in listings:
        listing = stores.cache.get_listing(reference, stale=stale)
        if listing is not None:
            found.listings[reference] = listing
    return found


def remember(found: Answers, stores: Stores) -> None:
    """Have the cache keep what the stores gave."""
    if stores.cache is None:
        return
    stores.cache.put({r: answer for r, answer in found.values.items() if isinstance(answer, bytes)})
    for reference, listing in found.listings.items():
        if not isinstance(listing, SecretrunError):
            stores.cache.put_listing(reference, listing)


def stand_ins(found: Answers, stores: Stores) -> Answers:
    """What the cache remembers from before of the stores that can't be reached."""
    return remembered(
        [reference for reference, answer in found.values.items() if isinstance(answer, UNREACHABLE)],
        [reference for reference, answer in found.listings.items() if isinstance(answer, UNREACHABLE)],
        stores,
        stale=True,
    )
