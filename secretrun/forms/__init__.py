"""The spellings of a secret: value to byte strings, one small pure function for each dialect.

May import: its own modules.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WRAPPED = "wrapped"
TERMINAL = "terminal"
DEFAULT_FORMS: tuple[str, ...] = (WRAPPED, TERMINAL)


def derive(
    value: bytes, forms: Iterable[str], *, anywhere: bool, paranoid: bool
) -> Iterator[tuple[str, bytes, str]]:
    """Yield (form, text, rule) for one value; `rule` as in `patterns.Pattern`."""
    yield "raw", value, "" if anywhere else "word"
