"""A store's values as text for an editor, and back; what can't be kept is said before anything is written.

The text is dotenv as a template has it, but for variables: a `$` in a value is a `$`.
"""

from __future__ import annotations

import re

from secretrun.embedded_store import store
from secretrun.errors import TemplateError, UsageError
from secretrun.formats import render
from secretrun.template import dotenv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The last line of base64 ends in "=", and looks like a name without a value.
LINE_OF_A_KEY = re.compile("(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9]{12,}")
FILE = "the edited store"  # its name in errors
HEADER = """\
# NAME=value, a line each; a value of several lines, or with a blank at an end, goes into quotes.
# Lines that begin with # are not kept.
"""


def text(values: Mapping[str, str]) -> str:
    """What the editor shows."""
    return HEADER + render.dotenv(list(values.items()))


def read(edited: str) -> dict[str, str]:
    """The values of an edited text.

    Raises:
        TemplateError: at a malformed line, a name that no store can hold, and one that stands twice; no value
            is quoted.
    """
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    source = edited.removeprefix("\ufeff").split("\n")
    for said in dotenv.parse(edited, FILE):
        if said.name in values:
            raise TemplateError(
                f"{said.name} stands in line {lines[said.name]} already",
                file=FILE,
                line=said.line,
                hint="keep one of the lines",
            )
        try:
            store.check_name(said.name)
        except UsageError as error:
            raise TemplateError(error.message, file=FILE, line=said.line, hint=error.hint) from None
        value = "".join(part if isinstance(part, str) else part.written for part in said.parts)
        if "$$" in source[said.line - 1] and "$$" not in value:
            raise TemplateError(
                f"{said.name}: $$ stands for one dollar here",
                file=FILE,
                line=said.line,
                hint="put the value into single quotes, in which it is two",
            )
        if not value and LINE_OF_A_KEY.fullmatch(said.name):
            raise TemplateError(  # the name is not said: it is a part of a value
                "a line of a value of several lines, by its look",
                file=FILE,
                line=said.line,
                hint="such a value needs quotes round the whole of it",
            )
        lines[said.name] = said.line
        values[said.name] = value
    return values
