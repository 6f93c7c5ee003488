"""The command line as argparse trees, one a verb; completions and docs are made from the same trees."""

from __future__ import annotations

import argparse
import textwrap

from secretrun import hints
from secretrun.cli import arguments
from secretrun.cli.verb import Verb
from secretrun.cli.verbs import broker
from secretrun.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """An argparse parser that raises instead of exiting, in our own words."""

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """What the words after a verb say; options may stand between the arguments too."""
        if any(action.nargs == "*" for action in self._get_positional_actions()):
            return self.parse_intermixed_args(words)
        return self.parse_args(words)

    def error(self, message: str) -> NoReturn:
        hint = f"{self.prog} --help says what there is"
        if message.startswith("unrecognized arguments: ") and self.prog == "secretrun set":
            message = "set takes one name"  # the rest is not quoted: it may be the value
            hint = "the value is no argument, which others could see: it comes from a prompt, or from stdin"
        if message.startswith("unrecognized arguments: -"):
            word = message.split(maxsplit=3)[2].partition("=")[0]
            near = hints.closest(word, self._option_string_actions) if len(word) > 2 else None
            hint = f"did you mean {near}? {hint}" if near else hint
        raise UsageError(message, hint=hint)


class _Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal, and no wider than a page; examples are left as they are, to be copied."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: Any = None) -> None:
        """Our own line, broken between its parts where the terminal is narrow."""
        shown = textwrap.fill(
            usage, self._width - len("usage: "), break_long_words=False, break_on_hyphens=False
        )
        super().add_usage(shown.replace("\n", "\n" + " " * len("usage: ")), actions, groups, prefix)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """A value once, behind all names of its option: as Python 3.13 has it, on every version."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("examples:"):
            return super()._fill_text(text, width, indent)
        return "\n".join(
            textwrap.fill(line, width, initial_indent=indent, subsequent_indent=indent)
            for line in text.splitlines()
        )


def build(verb: str) -> Parser:
    """The parser of one verb."""
    said = VERBS[verb]
    parser = Parser(
        prog=f"secretrun {verb}",
        usage=said.usage,
        description=said.description or said.summary[0].upper() + said.summary[1:] + ".",
        epilog=f"examples:\n{said.examples}" if said.examples else None,
        formatter_class=_Help,
        allow_abbrev=False,
        add_help=False,
    )
    said.add(parser)
    parser.add_argument("-h", "--help", action="help", help="show this help")
    return parser


# The verbs by what a person is about; one that is in none of the groups stands in the last.
GROUPS = {
    "a command": ("run", "check", "redact", "mask", "read", "inject", "allow"),
    "the store": ("init", "set", "list", "unset", "rename", "edit", "member", "rotate"),
    "coding agents": ("hook", "broker", "mcp", "scan"),
    "this machine": (),
}


def overview(columns: int = 80) -> str:
    """What `secretrun --help` shows on a terminal of so many columns."""
    width = max(len(name) for name in VERBS)
    grouped = [name for names in GROUPS.values() for name in names]
    lines: list[str] = []
    for title, names in GROUPS.items():
        there = [name for name in names or VERBS if name in VERBS and (names or name not in grouped)]
        lines += ["", f"{title}:", *(_beside(f"  {name:{width}}  ", name, columns) for name in there)]
    text = OVERVIEW.format(verbs="\n".join(lines).lstrip("\n"))
    if columns >= 80:
        return text
    prose = [part if "\n " in part else textwrap.fill(part, columns) for part in text.split("\n\n")]
    return "\n\n".join(prose) + "\n"


def _beside(start: str, name: str, columns: int) -> str:
    """A verb and its line, in more lines where a terminal is narrow."""
    room = max(20, columns - len(start))
    return start + f"\n{'':{len(start)}}".join(textwrap.wrap(VERBS[name].summary, room))


OVERVIEW = """\
usage: secretrun [OPTIONS] -- COMMAND [ARG]...
       secretrun VERB [ARG]...

Run COMMAND with the secrets it needs, taken from the stores where they live,
and mask every secret value in what it prints.

{verbs}

examples:
  secretrun -- npm test                 with the template found here
  secretrun -e prod.env -- ./deploy.sh  with a template of your choice
  secretrun --set TOKEN=op://dev/api/token -- ./call-the-api.sh
  secretrun init                        start a SOPS + age store here

exit status: the command's own; 128+n when signal n killed it; 126 found but not
executable; 127 not found; 125 secretrun's own failure; 2 wrong usage.

secretrun help VERB says more about a verb, secretrun help run about options.
"""


VERBS = {
    "run": Verb(
        "run", "run a command with secrets, its output masked (the default)", arguments.of_run,
        usage="secretrun [run] [OPTIONS] -- COMMAND [ARG]...",
        description="Run COMMAND with the template's variables, its output masked.",
        examples="""\
  secretrun -- npm test
  secretrun -- sh -c 'echo "$API_KEY"'   # that shell expands it, not yours
  secretrun -e base.env -e prod.env -- ./deploy.sh
  secretrun --from sops://secrets.enc.yaml -- ./manage.py migrate
  secretrun --set TOKEN=op://dev/api/token -- ./call-the-api.sh
  secretrun --pristine --pass 'AWS_*' -- terraform plan""",
    ),
    "check": Verb(
        "check", "resolve everything; show names and sources, never values", arguments.of_check,
        usage="secretrun check [OPTIONS]",
        examples="  secretrun check\n  secretrun check -v\n  secretrun check -e prod.env --json",
    ),
    "redact": Verb(
        "redact", "mask stdin or files with the same secrets", arguments.of_redact,
        usage="secretrun redact [OPTIONS] [FILE]...",
        examples="  tail -f app.log | secretrun redact\n  secretrun redact --in-place build.log",
    ),
    "mask": Verb(
        "mask", "in the command: mask a value that it got at run time", arguments.of_mask,
        usage="secretrun mask [NAME]",
        description="Read a value from stdin and have the run around this mask it from now on.",
        examples="  mint-a-token | tee token | secretrun mask TOKEN",
    ),
    "read": Verb(
        "read", "print one value (also: get)", arguments.of_read,
        usage="secretrun read [OPTIONS] NAME|REFERENCE",
        description="Print one value, unmasked: for $(...) and files, not for logs.",
        examples="  secretrun read API_KEY\n  secretrun read sops://secrets.enc.yaml#/db/password",
    ),
    "inject": Verb(
        "inject", "fill a file template, or write the variables in another format", arguments.of_inject,
        usage="secretrun inject [OPTIONS] [-i TEMPLATE] [-o FILE]",
        examples="""\
  secretrun inject -i config.yaml.tpl -o config.yaml   # {{ API_KEY }}, {{ op://... }}
  echo 'password: {{ op://dev/db/password }}' | secretrun inject -i -
  secretrun inject --format k8s | kubectl apply -f -""",
    ),
    "init": Verb(
        "init", "start a SOPS + age store beside a template", arguments.of_init,
        usage="secretrun init [--import FILE] [DIR]",
        description="Create an age key in your config directory, .sops.yaml, secrets.enc.env and a template.",
        examples="  secretrun init\n  secretrun init --import .env",
    ),
    "set": Verb(
        "set", "put one value into the store", arguments.of_set,
        usage="secretrun set [--store FILE] NAME",
        description="Ask for a value without echo (or read it from stdin) and put it into the store.",
        examples="  secretrun set API_KEY\n  pbpaste | secretrun set API_KEY",
    ),
    "list": Verb(
        "list", "print the names in the store", arguments.of_list,
        usage="secretrun list [--store FILE] [--json]",
        description="Print the names in the store; they are readable without a key, the values are not.",
        examples="  secretrun list\n  secretrun list --json",
    ),
    "unset": Verb(
        "unset", "take one value out of the store", arguments.of_unset,
        usage="secretrun unset [--store FILE] NAME",
        description="Take a value out of the store, and its line out of the template beside it.",
        examples="  secretrun unset OLD_KEY",
    ),
    "rename": Verb(
        "rename", "give a value of the store another name", arguments.of_rename,
        usage="secretrun rename [--store FILE] OLD NEW",
        description="Rename a value of the store, and what refers to it in the template beside it.",
        examples="  secretrun rename DB_PASS DATABASE_PASSWORD",
    ),
    "edit": Verb(
        "edit", "edit the store in your editor", arguments.of_edit, usage="secretrun edit [--store FILE]"
    ),
    "allow": Verb(
        "allow", "agree to what the project's files reach, once", arguments.of_allow,
        usage="secretrun allow [-p NAME] [FILE] | --list | --revoke [FILE] | --print [FILE]",
        description="Show what the files that are found here reach, and ask on the terminal. A file that is\n"
        "named with -e needs no agreement.",
        examples="  secretrun allow\n  secretrun allow --list\n  secretrun allow --print",
    ),
    "member": Verb(
        "member", "let somebody open the store, or no longer", arguments.of_member,
        usage="secretrun member add KEY|list|remove KEY [--store FILE]",
        description="Change who can open the store: its rule in .sops.yaml, and the store, encrypted anew.",
        examples="  secretrun member add age1...   the line that `init` prints for a newcomer\n"
        "  secretrun member list\n  secretrun member remove age1...",
    ),
    "rotate": Verb(
        "rotate", "encrypt the store with a new data key", arguments.of_rotate,
        usage="secretrun rotate [--store FILE]",
        description="Give the store a new data key; the values and who can open them stay.",
        examples="  secretrun rotate",
    ),
    "doctor": Verb(
        "doctor", "say what works, and how to mend the rest", arguments.of_doctor,
        usage="secretrun doctor [OPTIONS]",
        description="Look at every store; the exit status is about those that the template here uses.",
    ),
    "cache": Verb(
        "cache", "remember values in memory, as ssh-agent does keys", arguments.of_cache,
        usage="secretrun cache start|stop|lock|unlock|status",
        description="A per-user process that holds resolved values in memory, for runs with --cache TTL.",
        examples="  secretrun cache start\n  secretrun --cache 10m -- make\n  secretrun cache lock",
    ),
    "mcp": Verb(
        "mcp", "tell an agent names, status and policy, never values", arguments.of_mcp,
        usage="secretrun mcp [OPTIONS]",
        description="""\
A Model Context Protocol server on stdin and stdout, for an agent's settings: the names of the project's
secrets, whether the stores give them, whether a rule of the broker lets a request through.
It runs nothing.""",
        examples="  secretrun mcp",
    ),
    "scan": Verb(
        "scan", "find values in files, git or agents' transcripts", arguments.of_scan,
        usage="secretrun scan [OPTIONS] [PATH]... | --staged | --range A..B | --transcripts",
        description="""\
Say where a value that the template here resolves to stands: file, line, name and form, never the value.
Exit status: 0 nothing was found, 1 something was, 125 it could not be looked at.""",
        examples="""\
  secretrun scan
  secretrun scan --staged
  secretrun scan --range origin/main..HEAD
  secretrun scan --transcripts
  secretrun scan dist/app.tar.gz --sarif scan.sarif""",
    ),
    "hook": Verb(
        "hook", "set a coding agent up, and answer its events", arguments.of_hook,
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
  secretrun broker attenuate "$STRIPE_KEY" --path '/v1/products/**' --ttl 10m
  secretrun broker serve --listen 127.0.0.1:3128 > broker.env""",
    ),
    "completion": Verb(
        "completion", "print the completion script of a shell", arguments.of_completion,
        usage="secretrun completion bash|zsh|fish | --install [SHELL]",
        examples="  secretrun completion --install\n  source <(secretrun completion zsh)",
    ),
    "help": Verb(
        "help", "explain a verb", arguments.of_help,
        usage="secretrun help [VERB]",
        examples="  secretrun help inject",
    ),
    "version": Verb("version", "print the version", arguments.of_version, usage="secretrun version"),
}  # fmt: skip
ALIASES = {"get": "read"}
# What other tools call a thing, or a person would: the words to type instead.
MEANT = {
    "add": "secretrun set NAME puts a value into the store; secretrun member add KEY lets somebody in",
    "agent": "secretrun cache start|stop|lock|unlock|status",
    "cat": "secretrun read NAME prints one value",
    "create": "secretrun init starts a store, secretrun set NAME puts a value into it",
    "decrypt": "secretrun read NAME prints one value, secretrun edit shows all of them in your editor",
    "delete": "secretrun unset NAME takes a value out of the store",
    "encrypt": "secretrun set NAME puts a value into the store, secretrun init --import FILE a whole file",
    "env": "secretrun inject prints the variables, secretrun check their names; secretrun -- env runs env",
    "exec": "secretrun -- COMMAND runs it",
    "export": "secretrun inject prints the variables, in many formats",
    "fill": "secretrun inject -i TEMPLATE -o FILE",
    "import": "secretrun init --import FILE moves the values of a file into a store",
    "install": "secretrun completion --install, or secretrun hook install AGENT",
    "invite": "secretrun member add KEY lets somebody open the store",
    "keys": "secretrun list prints the names in the store, secretrun member list who can open it",
    "load": "secretrun inject --format shell, for eval; secretrun -- bash is a shell that masks",
    "login": "secretrun doctor says how to sign in to the stores that are used here",
    "ls": "secretrun list prints the names in the store",
    "mv": "secretrun rename OLD NEW",
    "open": "secretrun edit opens the store in your editor",
    "print": "secretrun read NAME prints one value",
    "put": "secretrun set NAME puts a value into the store",
    "remove": "secretrun unset NAME takes a value out of the store",
    "render": "secretrun inject -i TEMPLATE -o FILE",
    "rm": "secretrun unset NAME takes a value out of the store",
    "share": "secretrun member add KEY lets somebody open the store",
    "shell": "secretrun -- bash is a shell that masks; secretrun inject --format shell is for eval",
    "show": "secretrun read NAME prints one value",
    "status": "secretrun check shows what a command would get, secretrun doctor what is installed",
    "template": "secretrun inject -i TEMPLATE -o FILE fills one; secretrun check reads the one found here",
    "trust": "secretrun allow agrees to what the project's files reach",
    "updatekeys": "secretrun member add KEY|list|remove KEY",
    "validate": "secretrun check resolves everything, and shows no value",
    "verify": "secretrun check resolves everything, and shows no value",
    "view": "secretrun read NAME prints one value, secretrun check what there is",
    "whoami": "secretrun member list marks your key, secretrun doctor shows where you are signed in",
}
