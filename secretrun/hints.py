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


def slip(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` is one edit away from, if it is long enough to tell."""
    return next((one for one in known if len(one) >= 4 and _one_edit(word, one)), None)


def _one_edit(a: str, b: str) -> bool:
    """Whether one insertion, deletion, substitution or swap of neighbours turns `a` into `b`."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    head = 0
    while head < min(len(a), len(b)) and a[head] == b[head]:
        head += 1
    x, y = a[head:], b[head:]
    return x[1:] == y or x == y[1:] or x[1:] == y[1:] or (x[:2] == y[:2][::-1] and x[2:] == y[2:])
