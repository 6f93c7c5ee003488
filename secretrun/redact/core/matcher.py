"""The core behind the engine's interface: a set of patterns, and a stream through it."""

from __future__ import annotations

import ctypes

from secretrun.redact.core.library import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from secretrun.redact.core.library import Library
    from secretrun.redact.pattern import Pattern, PatternTable

_FEED, _RELEASE, _FINISH = 0, 1, 2
_UNCHANGED = 1
_SCREEN, _SHORTENED, _SQUEEZE = 1, 2, 4
_WORD, _RIGHT = 1, 2


class CoreError(Exception):
    """The core failed; it says no more, for whatever it could say might be of the stream."""


class Mark(ctypes.Structure):
    """Where a mask goes in what a step gives, and of which pattern."""

    _fields_ = (("at", ctypes.c_uint64), ("order", ctypes.c_uint64))


class Answer(ctypes.Structure):
    """What a step gives; it belongs to the stream, until its next step."""

    _fields_ = (
        ("bytes", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("marks", ctypes.POINTER(Mark)),
        ("count", ctypes.c_size_t),
        ("held", ctypes.c_size_t),
    )


def _functions() -> ctypes.CDLL:
    """The library's functions, their types told once.

    Raises:
        CoreError: it is not there.
    """
    library: Library | None = load()
    if library is None:
        raise CoreError("there is no compiled core")
    functions = library.functions
    if functions.secretrun_core_stream_step.argtypes is None:
        pointer, size = ctypes.c_void_p, ctypes.c_size_t
        for name, gives, takes in (
            ("patterns_new", pointer, (ctypes.c_char_p, size)),
            ("patterns_free", None, (pointer,)),
            ("patterns_hold", ctypes.c_int32, (pointer, ctypes.c_char_p, size)),
            ("stream_new", pointer, (pointer,)),
            ("stream_free", None, (pointer,)),
            ("stream_add", ctypes.c_int32, (pointer, pointer)),
            ("stream_step", ctypes.c_int32, (pointer, ctypes.c_int32, ctypes.c_char_p, size, pointer)),
        ):
            function = getattr(functions, "secretrun_core_" + name)
            function.restype, function.argtypes = gives, takes
    return functions


class PatternSet:
    """Every pattern of a redactor. Immutable, shared between threads.

    Args:
        patterns: none empty or of whitespace only.
        screen: text is read as a terminal shows it too.
        shortened: a beginning that breaks off is masked too when it is long enough.

    Raises:
        CoreError: there is no core, or the set is larger than it takes.
    """

    __slots__ = ("_free", "handle", "patterns")

    def __init__(self, patterns: PatternTable, *, screen: bool, shortened: bool = True) -> None:
        self.patterns = patterns
        self.handle: int | None = None
        functions = _functions()
        self._free = functions.secretrun_core_patterns_free
        data = _wire(patterns, screen=screen, shortened=shortened)
        self.handle = functions.secretrun_core_patterns_new(data, len(data))
        if not self.handle:
            raise CoreError("the set of patterns is too large")

    def __del__(self) -> None:
        self._free(self.handle)

    def holds(self, text: bytes) -> bool:
        """Whether anything stands in `text`."""
        found = _functions().secretrun_core_patterns_hold(self.handle, text, len(text))
        if found < 0:
            raise CoreError
        return bool(found)

    def __repr__(self) -> str:
        return f"<PatternSet of {len(self.patterns)}>"


def _wire(patterns: PatternTable, *, screen: bool, shortened: bool) -> bytes:
    """A set as `core/src/wire.rs` reads it."""
    texts = patterns.texts
    rules = {rule: number for number, rule in enumerate(dict.fromkeys(patterns.rules))}
    options = _SCREEN * screen | _SHORTENED * shortened | _SQUEEZE * patterns.squeeze
    numbers = (ctypes.c_uint32 * (2 * len(texts)))(*map(len, texts), *map(rules.__getitem__, patterns.rules))
    head = [options, len(rules), len(texts)]
    parts = [number.to_bytes(4, "little") for number in head]
    for rule in rules:
        parts.append((_WORD * rule.word | _RIGHT * rule.right).to_bytes(4, "little"))
        parts.append(rule.left.to_bytes(32, "little"))
    return b"".join([*parts, bytes(numbers), *texts])


class Matcher:
    """The state of one stream.

    Args:
        patterns: what to mask.
        mask: gives the mask of a pattern, and is told so that it is written.

    Raises:
        CoreError: there is no core.
    """

    __slots__ = ("_answer", "_free", "_handle", "_mask", "_patterns", "_place", "_step", "held")

    def __init__(self, patterns: PatternSet | None, mask: Callable[[Pattern], bytes]) -> None:
        self._handle: int | None = None
        functions = _functions()
        self._free = functions.secretrun_core_stream_free
        self._step = functions.secretrun_core_stream_step
        self._patterns = patterns
        self._mask = mask
        self.held = 0
        self._answer = Answer()
        self._place = ctypes.addressof(self._answer)
        self._handle = functions.secretrun_core_stream_new(patterns.handle if patterns else None)
        if not self._handle:
            raise CoreError

    def __del__(self) -> None:
        self._free(self._handle)

    def add(self, patterns: PatternSet | None) -> None:
        """Look for these from now on: the old ones and more, which count from the first byte not shown."""
        handle = patterns.handle if patterns is not None else None
        if _functions().secretrun_core_stream_add(self._handle, handle) < 0:
            raise CoreError
        self._patterns = patterns

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes; return those that are decided.

        Raises:
            CoreError: it failed, and so will every later step.
        """
        return self._take(_FEED, data)

    def release(self) -> bytes:
        """Return the held bytes that an idle terminal may show."""
        return self._take(_RELEASE, b"")

    def finish(self) -> bytes:
        """End the stream and begin another; return the rest of it."""
        return self._take(_FINISH, b"")

    def _take(self, what: int, data: bytes) -> bytes:
        done = self._step(self._handle, what, data, len(data), self._place)
        if done == _UNCHANGED:
            self.held = 0
            return data
        if done < 0:
            raise CoreError
        answer = self._answer
        self.held = answer.held
        out = ctypes.string_at(answer.bytes, answer.size)
        if not answer.count:
            return out
        assert self._patterns is not None  # noqa: S101  a mask is of a pattern
        patterns, parts, last = self._patterns.patterns, [], 0
        for mark in answer.marks[: answer.count]:
            parts += [out[last : mark.at], self._mask(patterns[mark.order])]
            last = mark.at
        parts.append(out[last:])
        return b"".join(parts)
