"""A backend as a package had it in 0.1: everything that the contract gave it, used once."""

from __future__ import annotations

from secretrun.backend import BackendInfo, Context, Health
from secretrun.errors import (
    BackendError,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.formats.pointer import select
from secretrun.reference import Reference

KNOWN = {"entry": b'{"key": "value-of-a-package-2"}'}
assert all(
    issubclass(kind, BackendError)
    for kind in (BadReference, Denied, NotFound, NotSignedIn, RateLimited, TimedOut, Unavailable)
)


class Old:
    info = BackendInfo(
        name="elder",
        title="An old package",
        schemes=("elder",),
        example="elder://entry#/key",
        needs="nothing",
        install="",
        sign_in="nothing",
        sign_in_variables=("ELDER_TOKEN",),
        docs="https://example.com/",
        serial=True,
        trusted_only=False,
    )

    def fetch(self, references: list[Reference], context: Context) -> dict[Reference, bytes | BackendError]:
        assert context.environ.get("INHERITED")
        assert context.timeout > 0
        found: dict[Reference, bytes | BackendError] = {}
        for reference in references:
            assert reference.scheme == "elder"
            if reference.path in KNOWN:
                found[reference] = select(KNOWN[reference.path], reference.pointer, what=reference.path)
            else:
                found[reference] = NotFound(f"no entry {reference.path}", hint="there is: entry")
        return found

    def fetch_all(self, reference: Reference, context: Context) -> dict[str, bytes]:
        return {"FROM_A_LISTING": b"value-of-a-listing-3"}

    def may_prompt(self, references: list[Reference], context: Context) -> bool:
        return False

    def check(self, context: Context) -> Health:
        return Health("fine", version="1")
