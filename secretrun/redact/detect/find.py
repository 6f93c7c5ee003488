"""Tokens in a text that may go on: what is surely one, and from where on nothing is decided yet.

The answer for a text does not depend on how it was cut: a token is decided when the run of its characters
has ended, and until then everything from its head on waits.
"""

from __future__ import annotations

import re
from functools import cached_property

from secretrun.redact import body
from secretrun.redact.detect import checks
from secretrun.redact.detect.rules import EXAMPLES, LONGEST, RULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from re import Pattern as Expression

    from secretrun.redact.detect.rules import Rule

BEFORE = 24  # bytes before a head that say whether it stands at the beginning of a word
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
# A letter or digit that ends an escape, so that a word begins after it: a colour, \n in JSON, %20 in a URL.
_ESCAPE = re.compile(rb"(?:\x1b\[[0-9;:]*m|\\[nrtvbf0]|\\u[0-9a-fA-F]{4}|%[0-9A-F]{2})\Z")
_LABEL = re.compile(rb"[ A-Z0-9]{0,40}")


def exempt_by(digests: Sequence[str]) -> Callable[[bytes], bool]:
    """Whether a token is one of those whose SHA-256, in hex, is given."""
    known = frozenset(digest.strip().lower().removeprefix("sha256:") for digest in digests)

    def exempt(token: bytes) -> bool:
        from hashlib import sha256

        return bool(known) and sha256(token).hexdigest() in known

    return exempt


class Found:
    """One token: its place, and the rule it fits."""

    __slots__ = ("end", "rule", "start")

    def __init__(self, start: int, end: int, rule: Rule) -> None:
        self.start = start
        self.end = end
        self.rule = rule

    def __repr__(self) -> str:
        return f"<Found {self.rule.name} at {self.start}>"


class Finder:
    """Finds tokens.

    Args:
        exempt: whether a token is known to be none, by what the user says.
    """

    def __init__(self, exempt: Callable[[bytes], bool] = lambda _: False) -> None:
        self._exempt = exempt
        self._rules: dict[bytes, list[_Compiled]] = {}
        for rule in RULES:
            compiled = _Compiled(rule)
            for head in rule.heads:
                self._rules.setdefault(head.encode(), []).append(compiled)
        self._heads = list(self._rules)
        self._places = body.chosen().places_of(self._heads)
        self._shortest = min(map(len, self._heads))
        self._by_start: dict[bytes, list[bytes]] = {}  # the longer head first where two begin at one place
        for begin in sorted(self._heads, key=len, reverse=True):
            self._by_start.setdefault(begin[: self._shortest], []).append(begin)
        self._prefixes = frozenset(head[:size] for head in self._heads for size in range(1, len(head)))
        self._firsts = frozenset(head[0] for head in self._heads)
        self._longest = max(map(len, self._heads)) - 1

    def find(self, text: bytes, start: int, *, final: bool) -> tuple[list[Found], int]:
        """The tokens in `text` from `start` on, and from where on it is undecided.

        Args:
            text: with at least `BEFORE` bytes before `start`, where there are any.
            start: the first byte that is not decided yet.
            final: nothing comes after it.
        """
        found: list[Found] = []
        done = start
        for at, head in self._candidates(text, start):
            if at < done or not _begins(text, at):
                continue
            for compiled in self._rules[head]:
                end = compiled.end(text, at, head, final=final)
                if end is None:
                    return found, at
                if end > at and self._is_real(compiled.rule, text[at:end], head):
                    found.append(Found(at, end, compiled.rule))
                    done = end
                    break
        return found, len(text) if final else self._beginning(text, max(start, done))

    def _candidates(self, text: bytes, start: int) -> Iterator[tuple[int, bytes]]:
        for place in self._places(text[start:] if start else text):
            at = start + place
            for head in self._by_start[text[at : at + self._shortest]]:
                if text.startswith(head, at):
                    yield at, head

    def _beginning(self, text: bytes, start: int) -> int:
        """Where the longest beginning of a head at the end of the text starts."""
        for at in range(len(text) - min(self._longest, len(text) - start), len(text)):
            if text[at] in self._firsts and text[at:] in self._prefixes and _begins(text, at):
                return at
        return len(text)

    def holds_token(self, text: bytes, start: int) -> bool:
        """Whether what is undecided from `start` on has a whole head already."""
        return any(text.startswith(head, start) for head in self._heads)

    def _is_real(self, rule: Rule, token: bytes, head: bytes) -> bool:
        return token not in EXAMPLES and checks.passes(rule.check, token, head) and not self._exempt(token)

    def all(self, text: bytes) -> Sequence[Found]:
        """The tokens of a whole text."""
        return self.find(text, 0, final=True)[0]


class _Compiled:
    """A rule ready to be matched."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self._block = rule.check == "key_block"

    @cached_property
    def _run(self) -> Expression[bytes]:
        """Compiled when its head is first seen: all of them take 20 ms."""
        return re.compile(f"[{self.rule.run}]*".encode())

    @cached_property
    def _body(self) -> Expression[bytes]:
        return re.compile(self.rule.body.encode())

    def end(self, text: bytes, at: int, head: bytes, *, final: bool) -> int | None:
        """Where the token that begins at `at` ends.

        `at` itself when there is none, None when that is open.
        """
        begin = at + len(head)
        if self._block:
            return self._block_end(text, at, begin, final=final)
        run = self._run.match(text, begin, begin + LONGEST)
        stop = run.end() if run is not None else begin
        if stop == len(text) and not final and stop - at < LONGEST:
            return None
        run_text = text[begin:stop]
        for end in (begin + len(run_text.rstrip(b".,:")), begin + len(run_text.rstrip(b".-_=/+,:"))):
            if self._body.fullmatch(text, begin, end):
                return end
        return at

    def _block_end(self, text: bytes, at: int, begin: int, *, final: bool) -> int | None:
        whole = self._body.match(text, begin, at + LONGEST)
        if whole is not None:
            return whole.end()
        label = _LABEL.match(text, begin)
        stop = label.end() if label is not None else begin
        open_end = not final and len(text) - at < LONGEST
        if stop == len(text) and stop - begin < 40:
            return None if open_end else at
        if b"PRIVATE KEY" not in text[begin:stop] or not b"-----".startswith(text[stop : stop + 5]):
            return at
        run = self._run.match(text, begin, at + LONGEST)
        end = run.end() if run is not None else begin
        if end == len(text) and open_end:
            return None
        # It breaks off: what there is of it is as secret.
        kept = text[begin:end].rpartition(b"\n")[0]
        return begin + len(kept) if len(kept) > 120 else at


def _begins(text: bytes, at: int) -> bool:
    """Whether a word may begin at a place: not in the middle of another."""
    if at == 0 or text[at - 1] not in _WORD:
        return True
    return _ESCAPE.search(text[max(0, at - BEFORE) : at]) is not None
