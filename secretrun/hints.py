"""Hints for a word that is none of those there are."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is most likely a slip for, if any is near."""
    import difflib

    plain = {name.replace("-", "_").lower(): name for name in known}
    found = difflib.get_close_matches(word.replace("-", "_").lower(), plain, 1, 0.6)
    return plain[found[0]] if found else None


def one_of(word: str, known: Iterable[str], what: str = "known ones") -> str:
    """A hint that names the nearest known word, and then all of them."""
    known = list(known)
    near = closest(word, known)
    said = f"{what}: {', '.join(known) or 'none'}"
    return f"did you mean {near!r}? {said}" if near else said
