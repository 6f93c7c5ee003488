"""The order in which the variables of secretrun.toml are read: each after those that its text needs.

A table has no order that a reader could rely on, and a profile replaces a value wherever it is used. So
the definitions of one file, profiles included, are taken together, the last one of each name counts, and
`$NAME` in it is the one that counts of NAME; in its own definition it is the one before.
"""

from __future__ import annotations

from secretrun.errors import ConfigError, TemplateError
from secretrun.template.dotenv import parse_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.template.dotenv import Parts


class Definition:
    """What one table says of a variable.

    Attributes:
        name: the variable.
        said: its table, a plain text in it as "value".
        place: for messages.
        directory: where relative paths start.
        trusted: it is the user's own.
    """

    __slots__ = ("directory", "name", "place", "said", "trusted")

    def __init__(
        self, name: str, said: dict[str, object], place: str, *, directory: str, trusted: bool
    ) -> None:
        self.name = name
        self.said = said
        self.place = place
        self.directory = directory
        self.trusted = trusted

    def needs(self) -> list[str]:
        """The variables in its text, in order; none when it is malformed, which its reader will say."""
        text = self.said.get("ref", self.said.get("value"))
        if not isinstance(text, str) or "$" not in text:
            return []
        try:
            return _names(parse_text(self.name, text, self.place).parts)
        except TemplateError:
            return []

    def __repr__(self) -> str:
        return f"<Definition {self.place}>"


def _names(parts: Parts) -> list[str]:
    found = []
    for part in parts:
        if not isinstance(part, str):
            found += [part.name, *_names(part.word)]
    return found


def ordered(
    definitions: Mapping[str, list[Definition]], outside: Callable[[str], bool]
) -> list[tuple[Definition, bool]]:
    """Every definition, with whether it counts; one that does not is only looked at for mistakes.

    Args:
        definitions: name to its definitions, the last one counts.
        outside: whether a variable has a value that none of them gives it.

    Raises:
        ConfigError: when some need each other in a circle; it prints the circle.
    """
    result: list[tuple[Definition, bool]] = []
    done: set[str] = set()

    def visit(name: str, chain: list[str]) -> None:
        if name in done:
            return
        if name in chain:
            raise _circle(definitions[name][-1], [*chain[chain.index(name) :], name])
        *before, last = definitions[name]
        counting = [last]
        while before and name in counting[0].needs():  # `$NAME` in its own text: the one before
            counting.insert(0, before.pop())
        for definition in counting:
            for needed in definition.needs():
                if needed in definitions and needed != name:
                    visit(needed, [*chain, name])
        if name in counting[0].needs() and not outside(name):
            raise _circle(counting[0], [name, name])
        result.extend((definition, False) for definition in before)
        result.extend((definition, True) for definition in counting)
        done.add(name)

    for name in definitions:
        visit(name, [])
    return result


def _circle(definition: Definition, chain: list[str]) -> ConfigError:
    return ConfigError(
        f"{definition.place}: ${chain[1]} goes round in a circle: {' -> '.join(chain)}",
        hint="one of them must be written out",
    )
