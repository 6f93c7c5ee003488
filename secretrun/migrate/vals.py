"""vals: a YAML or JSON map of names to values, with `ref+backend://...` expressions that we read too.

Without one it is a plain map of values, all of them literals.

Source: github.com/helmfile/vals, README "Usage" and pkg/expansion.
"""

from __future__ import annotations

from secretrun import reference
from secretrun.errors import ReferenceSyntaxError
from secretrun.migrate.documents import Tagged, yaml
from secretrun.migrate.migration import Migration, literal
from secretrun.template import value as pieces

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.migrate.migration import Text


def read(source: Text) -> Migration:
    """Every scalar of the top level becomes a variable."""
    found = Migration("vals" if reference.VALS.search(source.text) else "plain values")
    for name, value in yaml(source).items():
        line = source.line_of(name)
        if isinstance(value, Tagged):
            found.leave(value.line, name, f"the tag !{value.tag} is not known")
            continue
        if isinstance(value, (dict, list)):
            found.leave(line, name, "a nested value is no environment variable")
        elif value is None:
            found.add(name, {"value": ""}, line)
        elif isinstance(value, str) and reference.VALS.search(value):
            text = _text(value)
            try:
                pieces.split(text.replace("\\$", "$"), lambda _: False)
            except ReferenceSyntaxError as error:
                found.leave(line, name, error.message)
            else:
                found.add(name, {"ref": text}, line)
        else:
            found.add(name, {"value": literal(value)}, line)
    return found


def _text(value: str) -> str:
    """A text with expressions in it: dollars are text for vals, but in the one that reads variables."""
    texts, position = [], 0
    for match in reference.VALS.finditer(value):
        if match.group(1) == "envsubst":
            texts += [literal(value[position : match.start()]), match.group()]
            position = match.end()
    return "".join((*texts, literal(value[position:])))
