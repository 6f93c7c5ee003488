"""The manual page secretrun(1), from the trees of the command line: `scripts/docs.py` writes it."""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Iterable

from secretrun.cli import parser
from secretrun.config import settings

FILES = (
    (".env.secretrun, .env", "the template of a directory, or of a repository"),
    ("secretrun.toml", "the same with profiles, checks and settings"),
    (".sops.yaml, secrets.enc.env", "the embedded store, and who can open it"),
    ("~/.config/secretrun/config.toml", "your own settings"),
    ("~/.config/secretrun/age/keys.txt", "your age key"),
    ("~/.local/state/secretrun/", "what you have agreed to"),
)
DATE = "2026-11-25"  # of the last change to what this file itself says
ABOUT = """\
Run COMMAND with the secrets it needs, taken from the stores where they live, and mask every one of them in
what it prints: raw, encoded, quoted, across any boundary of chunks. On a terminal the command has a terminal
of its own; in pipes its two streams stay apart. Nothing is started while one reference fails."""


def page(exits: Iterable[tuple[str, str]]) -> str:
    """The page in the macros of man(7)."""
    run = parser.VERBS["run"]
    out = [
        '.\\" made by scripts/docs.py',
        f'.TH SECRETRUN 1 {DATE} "secretrun" "User Commands"',
        ".SH NAME",
        "secretrun \\- run a command with its secrets, and mask them in its output",
        ".SH SYNOPSIS",
        *_synopsis([run.usage, "secretrun VERB [ARG]..."]),
        ".SH DESCRIPTION",
        *_text(ABOUT),
        ".SH VERBS",
    ]
    for name, verb in parser.VERBS.items():
        out += [".SS " + _plain(name), *_synopsis([verb.usage])]
        out += [".PP", *_text(verb.description or verb.summary[0].upper() + verb.summary[1:] + ".")]
        if name == "run":
            out += [".PP", *_text("Its options are below, under OPTIONS.")]
        else:
            out += _options(parser.build(name))
        out += _examples(verb.examples)
    out += [".SH OPTIONS", *_options(parser.build("run"))]
    out += [".SH EXIT STATUS", *_list((_plain(status), said.replace("`", "")) for status, said in exits)]
    out += [".SH ENVIRONMENT", *_text("Every option of run has a variable:")]
    out += _list((f"\\fB{_plain(one.variable)}\\fR", one.help) for one in settings.RUN)
    out += [".SH FILES", *_list((f"\\fI{_plain(file)}\\fR", said) for file, said in FILES)]
    out += [".SH SEE ALSO", ".BR sops (1),", ".BR age (1)"]
    return "\n".join(out) + "\n"


def _plain(text: str) -> str:
    """Text as troff prints it: its own marks are escaped, dashes can be copied."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti").replace("^", "\\(ha")
    text = text.replace("'", "\\(aq").replace("`", "\\(ga")
    assert text.isascii(), text
    return re.sub(r"^\.", r"\\&.", text)


def _text(text: str) -> list[str]:
    return [_plain(line) for line in textwrap.wrap(" ".join(text.split()), 72)]


def _synopsis(usages: Iterable[str]) -> list[str]:
    out: list[str] = []
    for usage in usages:
        program, _, rest = usage.partition(" ")
        out += [".PP" if out else "", f"\\fB{program}\\fR {_plain(rest)}"]
    return [line for line in out if line]


def _list(rows: Iterable[tuple[str, str]]) -> list[str]:
    out = []
    for term, said in rows:
        out += [".TP", term, *_text(said)]
    return out


def _examples(examples: str) -> list[str]:
    if not examples:
        return []
    lines = textwrap.dedent(examples).splitlines()
    return [".PP", "Examples:", ".PP", ".RS 4", ".nf", *map(_plain, lines), ".fi", ".RE"]


def _options(tree: argparse.ArgumentParser) -> list[str]:
    """The arguments of a parser, those of its subcommands among them, in their groups."""
    out: list[str] = []
    for group in tree._action_groups:
        shown = [action for action in group._group_actions if action.help is not argparse.SUPPRESS]
        rows = []
        for action in shown:
            if isinstance(action, argparse._SubParsersAction):
                for name, sub in action.choices.items():
                    out += [".PP", f"\\fB{_plain(name)}\\fR:", ".RS 4", *_options(sub), ".RE"]
            else:
                rows.append((_term(action), _help(action)))
        if rows and group.title not in ("options", "positional arguments"):
            out += [".PP", f"\\fI{_plain(str(group.title))}\\fR"]
        out += _list(rows)
    return out


def _term(action: argparse.Action) -> str:
    if not action.option_strings:
        name = action.metavar or action.dest
        return f"\\fI{_plain(name if isinstance(name, str) else ' '.join(name))}\\fR"
    value = ""
    if action.nargs != 0:
        said = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else "")
        said = said if isinstance(said, str) else " ".join(said)
        said = said or action.dest.upper()
        value = f" [\\fI{_plain(said)}\\fR]" if action.nargs == "?" else f" \\fI{_plain(said)}\\fR"
    return ", ".join(f"\\fB{_plain(flag)}\\fR" for flag in action.option_strings) + value


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


if __name__ == "__main__":
    sys.exit("python scripts/docs.py writes the page")
