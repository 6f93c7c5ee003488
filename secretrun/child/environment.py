"""The environment of the child: what is inherited, minus what only signs in, plus what was resolved."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What a program needs to find its files, its terminal and its language, and nothing more.
MINIMAL = (
    "COLORTERM", "HOME", "LANG", "LC_*", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER",
)  # fmt: skip


def matches(name: str, globs: Iterable[str]) -> bool:
    """Whether a variable's name matches one of the globs, case and all."""
    return any(_matches(name, glob) for glob in globs)


def _matches(name: str, glob: str) -> bool:
    """`fnmatchcase`, without making a regular expression for a plain name or a beginning.

    Every run compares every variable with all of SIGN_IN: as expressions, those take 2 ms to compile.
    """
    beginning = glob.removesuffix("*")
    if not any(special in beginning for special in "*?["):
        return name == glob if beginning == glob else name.startswith(beginning)
    from fnmatch import fnmatchcase

    return fnmatchcase(name, glob)


def withheld(name: str, sign_in: Iterable[str], passed: Iterable[str], *, pristine: bool) -> bool:
    """Whether an inherited variable is kept from the child; the arguments are those of `build`."""
    return not matches(name, passed) and (matches(name, sign_in) or (pristine and not matches(name, MINIMAL)))


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
    for raw, value in inherited.items():
        name = raw.decode("utf-8", "surrogateescape")
        if not withheld(name, sign_in, passed, pristine=pristine) and name not in dropped:
            child[raw] = value
    for name, value in assigned.items():
        child[name.encode("utf-8", "surrogateescape")] = value
    return child
