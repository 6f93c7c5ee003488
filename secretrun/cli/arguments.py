"""The arguments of each verb, added to its parser; options of a run come from the settings' table."""

from __future__ import annotations

import argparse

from secretrun.config import settings as table
from secretrun.errors import ConfigError
from secretrun.hooks import dialects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


# What `inject --format` writes.
FORMATS = (
    "dotenv", "json", "yaml", "shell", "fish", "docker", "systemd", "k8s", "github-env", "github-output",
    "gitlab-dotenv",
)  # fmt: skip


def add_settings(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup, settings: Iterable[table.Setting]
) -> None:
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
    return _parsed(table.seconds, text)


def _duration(text: str) -> float:
    return _parsed(table.duration, text)


def duration_text(text: str) -> str:
    """A duration as it was written, when it is one."""
    _duration(text)
    return text


def _parsed(read: Callable[[str, str], float], text: str) -> float:
    try:
        return read(text, "")
    except ConfigError as error:  # argparse names the option itself
        raise argparse.ArgumentTypeError(error.message.removeprefix(": ")) from None


# The options of a run by what they are about, no group longer than a screen; the rest: the command.
GROUPS = {
    "which values": (
        "env_file", "profile", "from", "set", "only", "except", "keep_env",
    ),
    "the stores": ("timeout", "cache", "offline", "allow_exec"),
    "masking": tuple(setting.name for setting in table.MASKING),
    "the command": (),
    "used, but never read": ("broker", "grant", "egress", "sandbox", "allow_socket"),
    "starting again": ("watch", "watch_interval", "watch_signal", "watch_grace"),
    "what is written down": ("fail_on_leak", "report", "register", "reason", "audit"),
    "messages": tuple(setting.name for setting in table.OUTPUT),
}  # fmt: skip


def of_run(parser: argparse.ArgumentParser) -> None:
    everything = {setting.name: setting for setting in table.RUN}
    grouped = {name for names in GROUPS.values() for name in names}
    for title, names in GROUPS.items():
        shown = [everything[name] for name in names or everything if names or name not in grouped]
        add_settings(parser.add_argument_group(title), shown)


def of_check(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--explain", metavar="NAME", help="say where one variable and each setting come from")


def of_read(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("-n", "--no-newline", action="store_true", help="print no newline after the value")
    parser.add_argument(
        "wanted",
        metavar="NAME|REFERENCE",
        help="a variable of the template, or a reference such as sops://secrets.yaml#/db/password",
    )


def of_redact(parser: argparse.ArgumentParser) -> None:
    reporting = [setting for setting in table.CHILD if setting.name in ("fail_on_leak", "report")]
    add_settings(parser, (*table.RESOLUTION, *table.MASKING, *reporting, *table.OUTPUT))
    parser.add_argument("--in-place", action="store_true", help="replace the files by their masked content")
    parser.add_argument("files", nargs="*", metavar="FILE", help="what to mask (default: stdin)")


def of_inject(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("-i", "--in-file", metavar="FILE", help="the file template to fill, '-' is stdin")
    parser.add_argument("-o", "--out-file", metavar="FILE", help="write here (mode 0600, atomic)")
    parser.add_argument("-f", "--force", action="store_true", help="replace the output file if it exists")
    parser.add_argument("--file-mode", default="0600", metavar="MODE", help="its permissions (default: 0600)")
    parser.add_argument(
        "--format", choices=FORMATS, metavar="FORMAT",
        help="without -i: write the env template's variables in this format (default: dotenv): "
        + ", ".join(FORMATS),
    )  # fmt: skip


def of_init(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--import", dest="import_file", metavar="FILE", help="move in the values of this file"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("directory", nargs="?", default=".", metavar="DIR", help="where (default: here)")


def of_allow(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (s for s in table.RESOLUTION if s.name in ("profile", "set")))
    parser.add_argument("--list", action="store_true", help="list what is agreed to")
    parser.add_argument("--revoke", action="store_true", help="forget the agreement")
    parser.add_argument("--print", action="store_true", help="print the digest, for SECRETRUN_ALLOW")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but what is asked and errors")
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a project's file (default: what is found here)"
    )


def of_set(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("name", metavar="NAME", help="the variable; stdin or a prompt gives the value")


def of_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def of_unset(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("name", metavar="NAME", help="the variable to take out")


def of_rename(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("old", metavar="OLD", help="the name it has")
    parser.add_argument("new", metavar="NEW", help="the name it gets")


def of_member(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("--json", action="store_true", help="list: print JSON for programs")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("action", choices=("add", "list", "remove"), help="what to do")
    parser.add_argument("key", nargs="?", metavar="KEY", help="age1..., or the fingerprint of a PGP key")


def of_rotate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def of_mask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", nargs="?", default="MINTED", metavar="NAME", help="what the mask shows (default: MINTED)"
    )


def of_help(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "verb", nargs="?", metavar="VERB", help="the verb to explain (default: all, in short)"
    )


def of_version(parser: argparse.ArgumentParser) -> None:
    pass


def of_edit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="FILE", help="the store (default: the nearest secrets.enc.env)")


def of_cache(parser: argparse.ArgumentParser) -> None:
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


def of_doctor(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))
    parser.add_argument("--all", action="store_true", help="ask the stores that are not used here, too")
    parser.add_argument("--agent", metavar="NAME", choices=dialects.NAMES, help="look at this coding agent")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def of_mcp(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *table.OUTPUT))


def of_scan(parser: argparse.ArgumentParser) -> None:
    add_settings(parser, (*table.RESOLUTION, *(s for s in table.MASKING if s.name == "detect_exempt")))
    add_settings(parser, table.OUTPUT)
    parser.add_argument("--staged", action="store_true", help="what is staged in git, for a pre-commit hook")
    parser.add_argument("--range", metavar="A..B", help="what these commits added, their messages too")
    parser.add_argument(
        "--transcripts", action="store_true", help="what coding agents and shells keep of this user"
    )
    parser.add_argument("--all", action="store_true", help="files too that git ignores")
    parser.add_argument("--tokens", action="store_true", help="also tokens nobody told us of, by their shape")
    parser.add_argument(
        "--fingerprints", metavar="FILE", help="look for these, without the values (needs SECRETRUN_SCAN_KEY)"
    )
    parser.add_argument(
        "--write-fingerprints", metavar="FILE", help="write the fingerprints of the values here"
    )
    parser.add_argument("--sarif", metavar="FILE", help="write the finds as SARIF, '-' is stdout")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files, directories, archives (default: here)"
    )


def of_hook(parser: argparse.ArgumentParser) -> None:
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


def of_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--install", action="store_true", help="put it where the shell looks for it, instead of printing it"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument(
        "shell", nargs="?", choices=("bash", "zsh", "fish"),
        help="the shell to complete in (default with --install: yours)",
    )  # fmt: skip
