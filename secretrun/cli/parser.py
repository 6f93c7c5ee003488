"""The command line as argparse trees, one a verb; completions and docs are made from the same trees."""

from __future__ import annotations

import argparse

from secretrun import hints
from secretrun.cli.verb import Verb
from secretrun.cli.verbs import broker
from secretrun.config import settings as table
from secretrun.errors import ConfigError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises instead of exiting, in our own words."""

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """What the words after a verb say; options may stand between the arguments too."""
        if any(action.nargs == "*" for action in self._get_positional_actions()):
            return self.parse_intermixed_args(words)
        return self.parse_args(words)

    def error(self, message: str) -> NoReturn:
        hint = f"{self.prog} --help says what there is"
        if message.startswith("unrecognized arguments: -"):
            word = message.split(maxsplit=3)[2].partition("=")[0]
            near = hints.closest(word, self._option_string_actions) if len(word) > 2 else None
            hint = f"did you mean {near}? {hint}" if near else hint
        raise UsageError(message, hint=hint)


def build(verb: str) -> Parser:
    """The parser of one verb."""
    said = VERBS[verb]
    parser = Parser(
        prog=f"secretrun {verb}",
        usage=said.usage,
        description=said.description or said.summary[0].upper() + said.summary[1:] + ".",
        epilog=f"examples:\n{said.examples}" if said.examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    said.add(parser)
    parser.add_argument("-h", "--help", action="help", help="show this help")
    return parser


def overview() -> str:
    """What `secretrun --help` shows."""
    width = max(len(name) for name in VERBS)
    verbs = "\n".join(f"  {name:{width}}  {verb.summary}" for name, verb in VERBS.items())
    return OVERVIEW.format(verbs=verbs)


OVERVIEW = """\
usage: secretrun [OPTIONS] -- COMMAND [ARG]...
       secretrun VERB [ARG]...

Run COMMAND with the secrets it needs, taken from the stores where they live, and mask every
secret value in what it prints.

verbs:
{verbs}

examples:
  secretrun -- npm test                             with .env.secretrun or .env of this project
  secretrun -e prod.env -- ./deploy.sh              with a template of your choice
  secretrun --set TOKEN=op://dev/api/token -- curl https://api.example.com
  secretrun check                                   resolve everything, show names and sources
  secretrun init                                    start a SOPS + age store in this directory

exit status: the command's own; 128+n when signal n killed it; 126 found but not executable;
127 not found; 125 secretrun's own failure; 2 wrong usage.

secretrun VERB --help says more about a verb, secretrun run --help about the options.
"""


def add_settings(parser: argparse.ArgumentParser, settings: Iterable[table.Setting]) -> None:
    """Add options from the table; an option that is not given parses to None."""
    for setting in settings:
        common: dict[str, object] = {"dest": setting.name, "help": setting.help, "default": None}
        if setting.kind == "flag":
            common["action"] = "store_true"
        elif setting.kind == "list":
            common.update(action="append", metavar=setting.metavar)
        elif setting.choices:
            common.update(choices=setting.choices)
            if setting.bare is not None:
                common.update(nargs="?", const=setting.bare)
        else:
            common["metavar"] = setting.metavar
            if setting.kind == "seconds":
                common["type"] = _seconds
            elif setting.kind == "duration":
                common["type"] = _duration
        parser.add_argument(*setting.flags, **common)  # type: ignore[arg-type]


def _seconds(text: str) -> float:
    return _read(table.seconds, text)


def _duration(text: str) -> float:
    return _read(table.duration, text)


def duration_text(text: str) -> str:
    """A duration as it was written, when it is one."""
    _duration(text)
    return text


def _read(read: Callable[[str, str], float], text: str) -> float:
    try:
        return read(text, "")
    except ConfigError as error:  # argparse names the option itself
        raise argparse.ArgumentTypeError(error.message.removeprefix(": ")) from None


def _run(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, table.RUN)


def _check(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--explain", metavar="NAME", help="say where one variable and each setting come from")


def _read_verb(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("-n", "--no-newline", action="store_true", help="print no newline after the value")
    parser.add_argument(
        "wanted",
        metavar="NAME|REFERENCE",
        help="a variable of the template, or a reference such as sops://secrets.yaml#/db/password",
    )


def _redact(parser: argparse.ArgumentParser) -> None:
    reporting = [setting for setting in table.CHILD if setting.name in ("fail_on_leak", "report")]
    add_settings(parser, (*table.RESOLUTION, *table.MASKING, *reporting, *table.OUTPUT))
    parser.add_argument("--in-place", action="store_true", help="replace the files by their masked content")
    parser.add_argument("files", nargs="*", metavar="FILE", help="what to mask (default: stdin)")


def _inject(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("-i", "--in-file", metavar="FILE", help="the file template to fill, '-' is stdin")
    parser.add_argument("-o", "--out-file", metavar="FILE", help="write here (mode 0600, atomic)")
    parser.add_argument("-f", "--force", action="store_true", help="replace the output file if it exists")
    parser.add_argument("--file-mode", default="0600", metavar="MODE", help="its permissions (default: 0600)")
    parser.add_argument(
        "--format",
        choices=("dotenv", "json", "yaml", "shell", "docker", "systemd", "k8s"),
        help="without -i: write the env template's variables in this format (default: dotenv)",
    )


def _init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--import", dest="import_file", metavar="FILE", help="move in the values of this file"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="where (default: here)")


def _allow(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (s for s in table.RESOLUTION if s.name in ("profile", "set")))
    parser.add_argument("--list", action="store_true", help="list what is agreed to")
    parser.add_argument("--revoke", action="store_true", help="forget the agreement")
    parser.add_argument("--print", action="store_true", help="print the digest, for SECRETRUN_ALLOW")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but what is asked and errors")
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a project's file (default: what is found here)"
    )


def _set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("name", metavar="NAME", help="the variable; stdin or a prompt gives the value")


def _list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def _unset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("name", metavar="NAME", help="the variable to take out")


def _rename(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("old", metavar="OLD", help="the name it has")
    parser.add_argument("new", metavar="NEW", help="the name it gets")


def _help(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "verb", nargs="?", metavar="VERB", help="the verb to explain (default: all, in short)"
    )


def _version(parser: argparse.ArgumentParser) -> None:
    pass


def _edit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")


def _cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=("start", "stop", "lock", "unlock", "status"), help="what to do")
    parser.add_argument(
        "--idle",
        default="8h",
        type=duration_text,
        metavar="TIME",
        help="start: end after this long without a request (default: 8h)",
    )
    parser.add_argument("--foreground", action="store_true", help="start: stay in the foreground")
    parser.add_argument("--json", action="store_true", help="status: print JSON for programs")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _doctor(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("--all", action="store_true", help="ask the stores that are not used here, too")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def _hook(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs="+", metavar="AGENT",
        help="claude, codex, copilot, cursor, gemini, opencode or qwen; before it install or uninstall",
    )  # fmt: skip
    parser.add_argument("--scope", choices=("user", "project"), default="user",
                        help="install: for you everywhere (default), or for this project only")  # fmt: skip
    parser.add_argument(
        "--dry-run", action="store_true", help="install: show what would change, and change nothing"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell to complete in")


VERBS = {
    "run": Verb(
        "run", "run a command with secrets in its environment, its output masked (the default)", _run,
        usage="secretrun [run] [OPTIONS] -- COMMAND [ARG]...",
        description="Run COMMAND with the template's variables, its output masked.",
        examples="""\
  secretrun -- npm test
  secretrun -- sh -c 'echo "$API_KEY"'     single quotes: your own shell must not expand it
  secretrun -e base.env -e prod.env -- ./deploy.sh
  secretrun --from sops://secrets.enc.yaml -- ./manage.py migrate
  secretrun --set TOKEN=op://dev/api/token -- sh -c 'curl -H "Authorization: Bearer $TOKEN" ...'
  secretrun --pristine --pass 'AWS_*' -- terraform plan""",
    ),
    "check": Verb(
        "check", "resolve everything and show names, sources and status, never values", _check,
        usage="secretrun check [OPTIONS]",
        examples="  secretrun check\n  secretrun check -v\n  secretrun check -e prod.env --json",
    ),
    "redact": Verb(
        "redact", "mask stdin or files with the same secrets", _redact,
        usage="secretrun redact [OPTIONS] [FILE]...",
        examples="  tail -f app.log | secretrun redact\n  secretrun redact --in-place build.log",
    ),
    "read": Verb(
        "read", "print one value (also: get)", _read_verb,
        usage="secretrun read [OPTIONS] NAME|REFERENCE",
        description="Print one value, unmasked: for $(...) and files, not for logs.",
        examples="  secretrun read API_KEY\n  secretrun read sops://secrets.enc.yaml#/db/password",
    ),
    "inject": Verb(
        "inject", "fill a file template with values, or write the variables in another format", _inject,
        usage="secretrun inject [OPTIONS] [-i TEMPLATE] [-o FILE]",
        examples="""\
  secretrun inject -i config.yaml.tpl -o config.yaml
  echo 'password: {{ op://dev/db/password }}' | secretrun inject -i -
  secretrun inject --format k8s | kubectl apply -f -""",
    ),
    "init": Verb(
        "init", "start a SOPS + age store beside a template", _init,
        usage="secretrun init [--import FILE] [DIR]",
        description="Create an age key in your config directory, .sops.yaml, secrets.enc.env and a template.",
        examples="  secretrun init\n  secretrun init --import .env",
    ),
    "set": Verb(
        "set", "put one value into the store", _set,
        usage="secretrun set [--store FILE] NAME",
        description="Ask for a value without echo (or read it from stdin) and put it into the store.",
        examples="  secretrun set API_KEY\n  pbpaste | secretrun set API_KEY",
    ),
    "list": Verb(
        "list", "print the names in the store", _list,
        usage="secretrun list [--store FILE] [--json]",
        description="Print the names in the store; they are readable without a key, the values are not.",
        examples="  secretrun list\n  secretrun list --json",
    ),
    "unset": Verb(
        "unset", "take one value out of the store", _unset,
        usage="secretrun unset [--store FILE] NAME",
        description="Take a value out of the store, and its line out of the template beside it.",
        examples="  secretrun unset OLD_KEY",
    ),
    "rename": Verb(
        "rename", "give a value of the store another name", _rename,
        usage="secretrun rename [--store FILE] OLD NEW",
        description="Rename a value of the store, and what refers to it in the template beside it.",
        examples="  secretrun rename DB_PASS DATABASE_PASSWORD",
    ),
    "edit": Verb("edit", "edit the store in your editor", _edit, usage="secretrun edit [--store FILE]"),
    "allow": Verb(
        "allow", "agree to what the project's files reach, once", _allow,
        usage="secretrun allow [-p NAME] [FILE] | --list | --revoke [FILE] | --print [FILE]",
        description="Show what the files that are found here reach, and ask on the terminal. A file that is\n"
        "named with -e needs no agreement.",
        examples="  secretrun allow\n  secretrun allow --list\n  secretrun allow --print",
    ),
    "doctor": Verb(
        "doctor", "say what is installed, signed in and reachable, and how to mend the rest", _doctor,
        usage="secretrun doctor [OPTIONS]",
        description="Look at every store; the exit status is about those that the template here uses.",
    ),
    "cache": Verb(
        "cache", "remember values in memory for a while, as ssh-agent does keys", _cache,
        usage="secretrun cache start|stop|lock|unlock|status",
        description="A per-user process that holds resolved values in memory, for runs with --cache TTL.",
        examples="  secretrun cache start\n  secretrun --cache 10m -- make\n  secretrun cache lock",
    ),
    "hook": Verb(
        "hook", "set a coding agent up, and answer its events", _hook,
        usage="secretrun hook [install|uninstall] AGENT [--scope user|project] [--dry-run]",
        description="""\
Set a coding agent up so that its commands have the project's secrets and what it reads is masked.
`hook AGENT` is what its settings then call: it answers one event, JSON on stdin.""",
        examples="""\
  secretrun hook install claude --dry-run
  secretrun hook install codex
  secretrun hook uninstall claude""",
    ),
    "broker": Verb(
        "broker", "explain, watch, narrow or serve what --broker lets out", broker.arguments,
        usage="secretrun broker check NAME METHOD URL | log | attenuate PLACEHOLDER | serve",
        examples="""\
  secretrun broker check STRIPE_KEY GET https://api.stripe.com/v1/refunds
  secretrun broker attenuate "$STRIPE_KEY" --path '/v1/products/**' --method GET --ttl 10m
  secretrun broker serve --listen 127.0.0.1:3128 > broker.env""",
    ),
    "completion": Verb(
        "completion", "print the completion script of a shell", _completion,
        usage="secretrun completion bash|zsh|fish",
        examples="  secretrun completion bash > ~/.local/share/bash-completion/completions/secretrun",
    ),
    "help": Verb(
        "help", "explain a verb", _help, usage="secretrun help [VERB]", examples="  secretrun help inject"
    ),
    "version": Verb("version", "print the version", _version, usage="secretrun version"),
}  # fmt: skip
ALIASES = {"get": "read"}
# What other tools call a thing, or a person would: the words to type instead.
MEANT = {
    "add": "secretrun set NAME puts a value into the store",
    "agent": "secretrun cache start|stop|lock|unlock|status",
    "cat": "secretrun read NAME prints one value",
    "delete": "secretrun unset NAME takes a value out of the store",
    "env": "secretrun inject prints the variables, secretrun check their names; secretrun -- env runs env",
    "exec": "secretrun -- COMMAND runs it",
    "export": "secretrun inject prints the variables, in many formats",
    "import": "secretrun init --import FILE moves the values of a file into a store",
    "ls": "secretrun list prints the names in the store",
    "mv": "secretrun rename OLD NEW",
    "print": "secretrun read NAME prints one value",
    "remove": "secretrun unset NAME takes a value out of the store",
    "rm": "secretrun unset NAME takes a value out of the store",
    "show": "secretrun read NAME prints one value",
    "status": "secretrun check shows what a command would get, secretrun doctor what is installed",
}
