"""What the command line knows of a verb before it is loaded."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


class Verb:
    """A verb: the module that does it, one line about it, its arguments and examples."""

    __slots__ = ("add", "description", "examples", "module", "summary", "usage")

    def __init__(
        self,
        module: str,
        summary: str,
        add: Callable[[argparse.ArgumentParser], None],
        *,
        usage: str,
        description: str = "",
        examples: str = "",
    ) -> None:
        self.module = module
        self.summary = summary
        self.add = add
        self.usage = usage
        self.description = description
        self.examples = examples
