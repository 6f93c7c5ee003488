"""What the user has agreed to: a small file for each project in their state directory.

Remembered by the path of the project's file; and, where the project is a git work tree of ours, by the path
in it, so that another work tree of the same repository need not be asked about again. Several digests are
kept, so that a branch that is checked out again is not asked about again either.
"""

from __future__ import annotations

import os

from secretrun.posix import atomic_file, directories
from secretrun.trust.digest import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.trust.ownership import Whose

KEPT = 16  # digests a file
HEAD = "secretrun agreements 1"


class Agreement:
    """One state of a project's files that was agreed to.

    Attributes:
        digest: "sha256:...".
        texts: its lines, as `Reach.texts` gives them.
    """

    __slots__ = ("digest", "texts")

    def __init__(self, digest: str, texts: Sequence[str]) -> None:
        self.digest = digest
        self.texts = list(texts)

    def __repr__(self) -> str:
        return f"<Agreement {self.digest}>"


class Agreements:
    """The agreements of this user.

    Args:
        environ: says where the state directory is.
        whose: who counts as us.
    """

    def __init__(self, environ: Mapping[str, str], whose: Whose) -> None:
        self._directory = os.path.join(directories.state(environ), "allow")
        self._whose = whose

    def of(self, path: str) -> list[Agreement]:
        """What was agreed to for the project file at `path`, the latest first."""
        found = self._read(self._file(path))[1]
        name = work_tree_name(path, self._whose)
        if name is not None:
            known = {agreement.digest for agreement in found}
            found += [one for one in self._read(self._file(name))[1] if one.digest not in known]
        return found

    def add(self, path: str, made: Agreement) -> None:
        """Remember an agreement.

        Raises:
            ConfigError: it can't be written.
        """
        for name in (path, work_tree_name(path, self._whose)):
            if name is None:
                continue
            file = self._file(name)
            before = [one for one in self._read(file)[1] if one.digest != made.digest]
            self._write(file, name, [made, *before][:KEPT])

    def revoke(self, path: str) -> bool:
        """Forget all agreements for `path`; whether there were any."""
        there = False
        for name in (path, work_tree_name(path, self._whose)):
            if name is not None and os.path.lexists(self._file(name)):
                os.unlink(self._file(name))
                there = True
        return there

    def all(self) -> list[tuple[str, list[Agreement]]]:
        """Every project file with its agreements, by path."""
        found = []
        try:
            names = sorted(os.listdir(self._directory))
        except OSError:
            names = []
        for name in names:
            path, agreements = self._read(os.path.join(self._directory, name))
            if agreements and path.startswith("/"):
                found.append((path, agreements))
        return sorted(found, key=lambda one: one[0])

    def _file(self, name: str) -> str:
        return os.path.join(self._directory, sha256(name)[:40])

    def _read(self, file: str) -> tuple[str, list[Agreement]]:
        """The name and the agreements in a state file; none when there is no such file of ours."""
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return "", []
        with open(descriptor, "rb", buffering=0) as state:
            if not self._whose.alone(os.fstat(descriptor)):
                return "", []
            lines = state.readall().decode("utf-8", "surrogateescape").split("\n")
        if lines[0] != HEAD or len(lines) < 2:
            return "", []
        found: list[Agreement] = []
        for line in lines[2:]:
            if line.startswith("sha256:"):
                found.append(Agreement(line, ()))
            elif line.startswith(" ") and found:
                found[-1].texts.append(line[1:])
        return lines[1], found

    def _write(self, file: str, name: str, agreements: Sequence[Agreement]) -> None:
        owner = directories.make(os.path.dirname(file))
        lines = [HEAD, name]
        for one in agreements:
            lines += [one.digest, *(f" {text}" for text in one.texts)]
        content = ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")
        atomic_file.write_atomic(file, content, replace=True)
        if owner is not None:  # root by sudo in the home of its user
            os.chown(file, *owner)


def work_tree_name(path: str, whose: Whose) -> str | None:
    """What a project file is remembered by in every work tree of its repository, or None.

    A linked work tree has a file `.git` that names its place in the repository; that it is one the
    repository must say too, or a `.git` in an unpacked archive could claim to be.
    """
    place = os.path.dirname(path)
    while not os.path.lexists(os.path.join(place, ".git")):
        above = os.path.dirname(place)
        if above == place:
            return None
        place = above
    dot = os.path.join(place, ".git")
    if not whose.owns(dot):
        return None
    common = _common(dot)
    if common is None or not whose.owns(common):
        return None
    return f"git:{common}\0{os.path.relpath(path, place)}".replace("\n", "\\n")


def _common(dot: str) -> str | None:
    if os.path.isdir(dot):
        return os.path.realpath(dot)
    try:
        said = _text(dot)
        if not said.startswith("gitdir: "):
            return None
        linked = os.path.join(os.path.dirname(dot), said[8:])
        back = os.path.join(linked, _text(os.path.join(linked, "gitdir")))
        if os.path.realpath(back) != os.path.realpath(dot):
            return None
        return os.path.realpath(os.path.join(linked, _text(os.path.join(linked, "commondir"))))
    except OSError:  # a submodule has neither: it is a repository of its own
        return None


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read(4096).rstrip("\n")
