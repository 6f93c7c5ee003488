"""The environment of the child: what is inherited, minus what only signs in, plus what was resolved."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What a program needs to find its files, its terminal and its language, and nothing more.
MINIMAL = (
    "COLORTERM", "HOME", "LANG", "LC_*", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
)  # fmt: skip


class Globs:
    """Globs that many names are held against: `fnmatchcase`, without regular expressions where it can be.

    Every run compares every variable with all of SIGN_IN: as expressions, those take 2 ms to compile, and one
    by one they take 1 ms to compare.
    """

    __slots__ = ("_beginnings", "_names", "_others")

    def __init__(self, globs: Iterable[str]) -> None:
        names, beginnings, others = [], [], []
        for glob in globs:
            beginning = glob.removesuffix("*")
            if any(special in beginning for special in "*?["):
                others.append(glob)
            elif beginning == glob:
                names.append(glob)
            else:
                beginnings.append(beginning)
        self._names = frozenset(names)
        self._beginnings = tuple(beginnings)
        self._others = others

    def match(self, name: str) -> bool:
        """Whether one of them matches, case and all."""
        if name in self._names or name.startswith(self._beginnings):
            return True
        if not self._others:
            return False
        from fnmatch import fnmatchcase

        return any(fnmatchcase(name, glob) for glob in self._others)

    def __repr__(self) -> str:
        return f"<{len(self._names) + len(self._beginnings) + len(self._others)} globs>"


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a variable's name matches one of the globs, case and all."""
    return Globs(globs).match(name)


def withheld(name: str, sign_in: Iterable[str], passed: Iterable[str], *, pristine: bool) -> bool:
    """Whether an inherited variable is kept from the child; the arguments are those of `build`."""
    return _withheld(name, Globs(sign_in), Globs(passed), Globs(MINIMAL) if pristine else None)


def _withheld(name: str, sign_in: Globs, passed: Globs, minimal: Globs | None) -> bool:
    return not passed.match(name) and (
        sign_in.match(name) or (minimal is not None and not minimal.match(name))
    )


def build(
    inherited: Mapping[bytes, bytes],
    assigned: Mapping[str, bytes],
    *,
    sign_in: Iterable[str] = (),
    passed: Iterable[str] = (),
    pristine: bool = False,
    dropped: Iterable[str] = (),
) -> dict[bytes, bytes]:
    """Put the child's environment together.

    Args:
        inherited: the wrapper's own, bytes as the OS has them.
        assigned: resolved variables; they always win.
        sign_in: names or globs of variables that only sign in to a store.
        passed: globs that are passed on in spite of `sign_in` and `pristine`.
        pristine: pass on only `MINIMAL` and `passed`.
        dropped: names to leave out whatever else says (an optional secret that is missing).
    """
    child: dict[bytes, bytes] = {}
    globs = Globs(sign_in), Globs(passed), Globs(MINIMAL) if pristine else None
    for raw, value in inherited.items():
        name = raw.decode("utf-8", "surrogateescape")
        if not _withheld(name, *globs) and name not in dropped:
            child[raw] = value
    for name, value in assigned.items():
        child[name.encode("utf-8", "surrogateescape")] = value
    return child
