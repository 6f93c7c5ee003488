"""The options of a run, read from the settings' table without argparse.

argparse and the parser made with it take 9 ms, as much as all the rest of a run without a secret. So
what is written in the plain way (`-e FILE`, `--env-file FILE`, `--env-file=FILE`, `--quiet`) is read
here, to the same result; whatever else there is, and every mistake, is left to the parser.
"""

from __future__ import annotations

from secretrun.config import settings as table
from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from secretrun.messages import Messages


class Options:
    """What a command line of `run` says: an attribute for every option that is given."""

    command: list[str]
    messages: Messages

    def __init__(self, command: list[str], messages: Messages, given: dict[str, object]) -> None:
        vars(self).update(given)
        self.command = command
        self.messages = messages


def reader(options: argparse.Namespace | Options) -> Callable[[str], object]:
    """What a command line says of a setting, by the setting's name; None where it says nothing."""
    return lambda name: getattr(options, name, None)


def read(words: Sequence[str]) -> dict[str, object] | None:
    """The options in `words` by the names of their settings, or None when argparse has to look."""
    known = {flag: setting for setting in table.RUN for flag in setting.flags} if words else {}
    given: dict[str, object] = {}
    lists: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        flag, joined, value = word.partition("=") if word.startswith("--") else (word, "", "")
        setting = known.get(flag)
        if setting is None or (setting.kind == "flag" and joined) or (setting.bare and not joined):
            return None
        if setting.kind == "flag":
            given[setting.name] = True
            continue
        if not joined:
            value = next(rest, "--")
            if value.startswith("-") and value != "-":
                return None
        try:
            read = _value(setting, value)
        except ConfigError:
            return None
        if setting.kind == "list":
            lists.setdefault(setting.name, []).append(value)
            read = lists[setting.name]
        given[setting.name] = read
    return given


def _value(setting: table.Setting, text: str) -> object:
    if setting.kind == "seconds":
        return table.seconds(text, "")
    if setting.kind == "duration":
        return table.duration(text, "")
    if setting.choices and text not in setting.choices:
        raise ConfigError("not a choice")
    return text
