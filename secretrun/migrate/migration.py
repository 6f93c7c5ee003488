"""What a foreign file says, in our words; and its text, for the readers."""

from __future__ import annotations

import re

from secretrun.errors import ReferenceSyntaxError
from secretrun.reference import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Table = dict[str, object]

VARIABLE = re.compile(r"(?<!\\)\$[A-Za-z_{]")


class Migration:
    """What a foreign file says, in our words.

    Attributes:
        secrets: variable to its table in `[secrets]`.
        profiles: the same, by profile.
        imports: references of whole stores, for `from` in `[run]`.
        left: (line from 1 or 0 for the whole file, what, why) of everything not carried over.
        public: (profile or None, variable) of the literals that the tool's file declares to be no secret.
    """

    def __init__(self, tool: str) -> None:
        self.tool = tool
        self.secrets: dict[str, Table] = {}
        self.profiles: dict[str, dict[str, Table]] = {}
        self.imports: list[str] = []
        self.left: list[tuple[int, str, str]] = []
        self.public: set[tuple[str | None, str]] = set()

    def __repr__(self) -> str:
        return f"<Migration from {self.tool}: {len(self.secrets)} variables, {len(self.left)} left>"

    def leave(self, line: int, what: str, why: str) -> None:
        """Note something that can't be carried over."""
        self.left.append((line, what, why))

    def leave_rest(self, said: Mapping[str, object], carried: Iterable[str], line: int, within: str) -> None:
        """Note every key of a table that is not among the `carried` ones."""
        for key in said:
            if key not in carried:
                self.leave(line, f"{within}.{key}", "has no counterpart")

    def add(self, name: str, entry: Table, line: int, profile: str | None = None) -> None:
        """Add one variable; a name that is none of ours is left, by line."""
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            self.leave(line, name, "not a variable name")
            return
        reference = entry.get("ref")
        if isinstance(reference, str) and "ref+" not in reference:
            try:
                parse(reference)
            except ReferenceSyntaxError as error:
                self.leave(line, name, error.message)
                return
        target = self.secrets if profile is None else self.profiles.setdefault(profile, {})
        target[name] = entry

    def take_secrets(self, is_setting: Callable[[str, str], bool], store: str) -> dict[str, str]:
        """The literals that are neither public nor settings, by the name they get in a store.

        They become references to that store here: secretrun.toml is there to be committed.

        Args:
            is_setting: whether a variable's value is no secret.
            store: what a reference to the store starts with.
        """
        taken: dict[str, str] = {}
        for profile, entries in ((None, self.secrets), *self.profiles.items()):
            for name, entry in entries.items():
                text = entry.get("value")
                if not isinstance(text, str) or VARIABLE.search(text) or entry.get("mask") == "never":
                    continue
                value = plain(text)
                if (profile, name) in self.public or is_setting(name, value):
                    continue
                key = name if profile is None else f"{re.sub('[^A-Za-z0-9_]', '_', profile).upper()}_{name}"
                taken[key] = value
                del entry["value"]
                entry.pop("mask", None)
                entries[name] = {"ref": f"{store}#/{key}", **entry}
        return taken


class Text:
    """The text of a foreign file, and what else its reader may look at."""

    def __init__(self, text: str, path: str, environ: Mapping[str, str]) -> None:
        self.text = text
        self.path = path
        self.environ = environ
        self._lines = text.splitlines()

    def line_of(self, key: str, after: int = 0) -> int:
        """The line (from 1) that sets `key`, in any of the formats; 0 when it is not to be found."""
        pattern = re.compile(rf"""^\s*(?:-\s+)?["']?{re.escape(key)}["']?\s*[:=.]""")
        table = re.compile(rf"""^\s*\[{{1,2}}(?:[^\]]*\.)?["']?{re.escape(key)}["']?[\].]""")
        for number, line in enumerate(self._lines, 1):
            if number > after and (pattern.match(line) or table.match(line)):
                return number
        return 0


def escaped(text: str) -> str:
    """A name of another tool as part of a reference's path."""
    return text.replace("%", "%25").replace("#", "%23").replace("?", "%3F")


def literal(value: object, *, variables: bool = False) -> str:
    """A foreign literal as our text: its dollars and braces stand for themselves.

    With `variables` a `${NAME}` in it is a variable, for us as for the other tool.
    """
    if isinstance(value, bool):
        value = "true" if value else "false"
    dollar = r"\$(?!\{[A-Za-z_][A-Za-z0-9_]*\})" if variables else r"\$"
    text = re.sub(dollar, r"\\$", str(value))
    return text.replace("{{", '{{ "{{" }}')


def plain(text: str) -> str:
    """What `literal` was made of."""
    return text.replace("\\$", "$").replace('{{ "{{" }}', "{{")
