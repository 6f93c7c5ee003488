"""Where secrets stand in a text: line, name and form, by the redactor's own judgement.

A text that comes out of the redactor as it went in holds none: that is nearly every text, and the quick
way. Only where it changes is it fed line by line, to see which line makes a mask.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from secretrun.redact.masker import Masker

_BLOCK = 1 << 16  # bytes of lines that are looked at together
_MOST_LINES = 120  # that one value reaches over


class Find:
    """One place that holds a secret.

    Attributes:
        where: the file, archive member, commit or blob.
        line: from 1, where it begins.
        name: of the secret.
        form: how it stands there.
    """

    __slots__ = ("form", "line", "name", "where")

    def __init__(self, where: str, line: int, name: str, form: str) -> None:
        self.where = where
        self.line = line
        self.name = name
        self.form = form

    def __repr__(self) -> str:
        return f"<Find {self.name} in {self.where}:{self.line}>"


class Search:
    """Looks for what a masker masks.

    Args:
        masker: knows the secrets.
        values: the secrets, for how many lines one may reach over.
    """

    def __init__(self, masker: Masker, values: Sequence[bytes]) -> None:
        self._masker = masker
        # as they are, or wrapped by an encoder at 60 characters or more
        reach = max((value.count(b"\n") + len(value) * 2 // 60 for value in values), default=0)
        self._reach = min(reach + 1, _MOST_LINES)

    def clear(self, data: bytes) -> bool:
        """Whether a text holds nothing."""
        return self._masker.probe().mask(data) == data

    def find(self, where: str, data: bytes) -> Iterator[Find]:
        """The places in one text, in order."""
        if self.clear(data):
            return
        lines = data.splitlines(keepends=True)
        told: set[tuple[int, str, str]] = set()
        start = 0
        while start < len(lines):
            end, size = start, 0
            while end < len(lines) and size < _BLOCK:
                size += len(lines[end])
                end += 1
            first, last = max(0, start - self._reach), min(len(lines), end + self._reach)
            if not self.clear(b"".join(lines[first:last])):
                for line, name, form in self._lines(lines, first, last):
                    if (line, name, form) not in told:
                        told.add((line, name, form))
                        yield Find(where, line + 1, name, form)
            start = end

    def _lines(self, lines: list[bytes], first: int, last: int) -> Iterator[tuple[int, str, str]]:
        """(line, name, form) of every mask that the lines from `first` to `last` make."""
        stream = self._masker.probe()
        known: dict[tuple[str, str], int] = {}
        for at in range(first, last + 1):
            if at < last:
                stream.feed(lines[at])
            else:
                stream.flush()
            said = _counts(stream)
            fresh = [key for key, number in said.items() if number > known.get(key, 0)]
            known = said
            if fresh:
                begin = self._begin(lines, first, min(at, last - 1))
                for name, form in fresh:
                    yield begin, name, form

    def _begin(self, lines: list[bytes], first: int, at: int) -> int:
        """The line in which the last secret of the lines up to `at` begins."""
        begin, least = at, max(first, at - self._reach)
        while begin > least and self.clear(b"".join(lines[begin : at + 1])):
            begin -= 1
        mask = self._masker.probe().mask
        rest = b"".join(lines[begin : at + 1])
        for earlier in range(begin - 1, least - 1, -1):
            # one that goes on from an earlier line is masked otherwise than the two by themselves
            line = lines[earlier]
            if mask(line + rest) != mask(line) + mask(rest):
                begin = earlier
            rest = line + rest
        return begin


def _counts(masker: Masker) -> dict[tuple[str, str], int]:
    said = masker.report()
    found = {(name, form): number for name, forms in said.masks.items() for form, number in forms.items()}
    found.update({(f"{kind}?", "shape"): number for kind, number in said.detected.items()})
    return found
