# What `core/src/module.rs` gives to Python.

from collections.abc import Callable

from secretrun.redact.core.matcher import PatternSet
from secretrun.redact.pattern import Origin, Rule

abi: int
version: str

# It failed, and says no more: whatever it could say might be of the stream.
class CoreError(Exception): ...

# A capsule round a set of patterns. Immutable, shared between threads.
class Handle: ...

# The state of one stream; one thread at a time. A step that raises ends it: each later one raises CoreError,
# as does one that begins while another thread is in one. A TypeError of `feed` leaves the stream as it was.
class Matcher:
    # `mask` gives the mask of a pattern, and is told so that it is written.
    def __init__(self, patterns: PatternSet | None, mask: Callable[[Origin], bytes]) -> None: ...
    # Take the next bytes; return those that are decided, the very object where that is all of them and
    # nothing waits. Other threads run meanwhile when they are 64 KiB or more.
    def feed(self, data: bytes, /) -> bytes: ...
    # Look for these from now on: the old ones and more, which count from the first byte not shown.
    def add(self, patterns: PatternSet | None, /) -> None: ...
    # Return the held bytes that an idle terminal may show.
    def release(self) -> bytes: ...
    # End the stream and begin another; return the rest of it.
    def finish(self) -> bytes: ...
    # The number of bytes that wait for what follows them.
    @property
    def held(self) -> int: ...

# A capsule round a table of patterns. A step that raises ends it: each later one raises CoreError.
class Table: ...

# An empty one; with `squeeze` its patterns are found with other whitespace than theirs.
def table(squeeze: bool, /) -> Table: ...

# Another with the same patterns, to add to.
def copy(table: Table, /) -> Table: ...

# Look for (form, text, rule)s too, no text empty; the forms of those that were not there yet.
def extend(table: Table, found: list[tuple[str, bytes, Rule]], /) -> list[str]: ...

# The set of a table's patterns, in what a terminal shows too (1), their beginnings too (2).
# CoreError where it is too large.
def compiled(table: Table, options: int, /) -> Handle: ...

# A capsule round some words. Immutable, shared between threads.
class Words: ...

# Words with a NUL between them; CoreError where one has less than two bytes.
def words(joined: bytes, /) -> Words: ...

# Where in a text any of them begins, in order: `u32`s of the machine.
def places(words: Words, text: bytes, /) -> bytes: ...

# Whether anything of a set stands in a text.
def holds(patterns: Handle, text: bytes, /) -> bool: ...
