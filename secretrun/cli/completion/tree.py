"""The command line as data: what a completion script has to know of every verb."""

from __future__ import annotations

import argparse

from secretrun.cli import parser
from secretrun.hooks import dialects

# What stands in an argument, by the name the help gives it. Others are free text.
KINDS = {
    "FILE": "file",
    "PATH": "file",
    "TPL": "file",
    "OUT": "file",
    "DIR": "directory",
    "GLOB": "variable",
    "REFERENCE": "reference",
    "NAME|REFERENCE": "reference",
}

# What `secretrun __complete` knows (`cli.offers`), by the argument's own name, in one verb or in all.
KNOWN_HERE = {
    "env_file": "template",
    "except": "name",
    "explain": "name",
    "key": "member",
    "old": "stored",
    "only": "name",
    "profile": "profile",
    "set name": "stored",
    "show": "name",
    "store": "store",
    "unset name": "stored",
    "wanted": "name or reference",
}

# What may be typed where argparse is not told of it.
WORDS = {
    ("help", "verb"): tuple(parser.VERBS),
    ("hook", "words"): ("install", "uninstall", *dialects.NAMES),
}

# The first line of every script, after the shell's name.
HEADER = "made by `secretrun completion {}`; after `--` the command's own completion takes over"


class Argument:
    """One option or positional argument.

    Attributes:
        flags: its spellings, or () when it is positional.
        help: one line for people.
        value: the name the help gives its value, or "" when it takes none.
        kind: "file", "directory", "variable", "reference", "choice", one of `KNOWN_HERE`, or "".
        choices: the words allowed, or ().
        repeatable: whether it may be given more than once.
    """

    __slots__ = ("choices", "flags", "help", "kind", "repeatable", "value")

    def __init__(self, verb: str, action: argparse.Action) -> None:
        self.flags = tuple(action.option_strings)
        self.help = (action.help or "") % {"default": action.default, "prog": "secretrun"}
        words = WORDS.get((verb, action.dest), ())
        self.choices = tuple(str(choice) for choice in action.choices or words)
        self.repeatable = action.nargs in ("*", "+") or isinstance(action, argparse._AppendAction)  # noqa: SLF001
        self.value = ""
        if action.nargs != 0:
            self.value = str(action.metavar or action.dest).upper()
        here = KNOWN_HERE.get(f"{verb} {action.dest}") or KNOWN_HERE.get(action.dest)
        self.kind = "choice" if self.choices else here or KINDS.get(self.value, "")


class VerbWords:
    """One verb: its name, the line about it, its options and its positional arguments."""

    __slots__ = ("name", "options", "positionals", "summary")

    def __init__(self, name: str) -> None:
        arguments = [
            Argument(name, action)
            for action in parser.build(name)._actions  # noqa: SLF001  argparse has no public walk
            if action.help is not argparse.SUPPRESS
        ]
        self.name = name
        self.summary = parser.VERBS[name].summary
        self.options = [argument for argument in arguments if argument.flags]
        self.positionals = [argument for argument in arguments if not argument.flags]


class Words:
    """All that can be completed: the verbs and the schemes of references."""

    __slots__ = ("schemes", "verbs")

    def __init__(self, verbs: list[VerbWords], schemes: list[str]) -> None:
        self.verbs = verbs
        self.schemes = schemes


def words() -> Words:
    """Read the argparse trees; the same on every machine, so plugins are left out."""
    from secretrun.resolution.registry import BUILTIN

    return Words([VerbWords(name) for name in parser.VERBS], [f"{scheme}://" for scheme in sorted(BUILTIN)])
