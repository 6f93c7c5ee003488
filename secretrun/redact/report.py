"""What was masked in a stream, counted; never a value."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Report:
    """How many masks were written.

    Attributes:
        masks: by name, and within it by form: {"TOKEN": {"raw": 1, "base64": 2}}.
        detected: by kind, of what only looked like a secret; these are not among the masks.
    """

    __slots__ = ("detected", "masks")

    def __init__(
        self, masks: Mapping[str, Mapping[str, int]], detected: Mapping[str, int] | None = None
    ) -> None:
        self.masks = {name: dict(forms) for name, forms in masks.items()}
        self.detected = dict(detected or {})

    @property
    def total(self) -> int:
        """All masks of named secrets."""
        return sum(sum(forms.values()) for forms in self.masks.values())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Report):
            return NotImplemented
        return (self.masks, self.detected) == (other.masks, other.detected)

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.masks)))

    def __repr__(self) -> str:
        return f"<Report total={self.total} masks={self.masks} detected={self.detected}>"
