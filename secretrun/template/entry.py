"""The nouns of a plan: a variable with the pieces of its value, and a reference that waits for others."""

from __future__ import annotations

from secretrun.model import Reference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Piece: TypeAlias = "str | Reference | Nested"
    Pieces: TypeAlias = list[Piece]

ENVIRONMENT = "the environment"  # the place of an inherited variable


class Nested:
    """A reference that needs the values of other references first.

    Attributes:
        text: as written, the variables in it not expanded: safe to print.
        scheme: see `Reference`.
        parts: its text, and the references whose values stand in it.
        base, trusted: see `Reference`.
    """

    __slots__ = ("base", "parts", "scheme", "text", "trusted")

    def __init__(self, text: str, parts: Pieces, *, base: str, trusted: bool) -> None:
        self.text = text
        self.scheme = text.partition("://")[0].lower()
        self.parts = tuple(parts)
        self.base = base
        self.trusted = trusted

    def needs(self) -> list[Reference | Nested]:
        """The references to resolve before this one."""
        return [part for part in self.parts if not isinstance(part, str)]

    def __repr__(self) -> str:
        return f"<Nested {self.text}>"


class Entry:
    """One variable of the plan.

    Attributes:
        name: the variable.
        pieces: literal texts and references, in order.
        place: where it was written, for messages: "app.env:3", "--set", "the environment".
        required: a missing value is an error; otherwise the variable is left out.
        group: ("at_least_one" or "exactly_one", the group's name) when it is one of several, or None.
        default: the text to use instead of a missing value, or None.
        mask, min_length: see `Secret`.
        deliver: "env", "file", "fd" or "stdin".
        remember: seconds for which the cache may remember it at most, 0 never, None as the run says.
        check: looks at the resolved value and raises a BackendError, or None.
        broker: its keys for the broker, as they were written.
    """

    __slots__ = (
        "broker", "check", "default", "deliver", "group", "mask", "min_length", "name", "pieces", "place",
        "remember", "required",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        pieces: Pieces,
        place: str,
        *,
        required: bool = True,
        group: tuple[str, str] | None = None,
        default: str | None = None,
        mask: str = "auto",
        min_length: int | None = None,
        deliver: str = "env",
        remember: float | None = None,
        check: Callable[[bytes], None] | None = None,
        broker: Mapping[str, object] | None = None,
    ) -> None:
        self.name = name
        self.pieces = pieces
        self.place = place
        self.required = required
        self.default = default
        self.mask = mask
        self.min_length = min_length
        self.group = group
        self.deliver = deliver
        self.remember = remember
        self.check = check
        self.broker = broker or {}

    def references(self) -> list[Reference | Nested]:
        return [piece for piece in self.pieces if not isinstance(piece, str)]

    def __repr__(self) -> str:
        return f"<Entry {self.name} {self.place}>"
