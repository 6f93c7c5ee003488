"""The completion script of fish (3.0 or later)."""

from __future__ import annotations

from secretrun.cli.completion.tree import HEADER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.cli.completion.tree import Argument, VerbWords, Words


def script(words: Words) -> str:
    """The whole script."""
    lines = [f"complete -c secretrun -n __secretrun_first -s V -l version -d {_quoted('show the version')}"]
    lines += [
        f"complete -c secretrun -n __secretrun_first -k -a {verb.name} -d {_quoted(verb.summary)}"
        for verb in reversed(words.verbs)  # -k shows the last one defined first
    ]
    for verb in words.verbs:
        lines += ["", *_verb(verb, words.schemes)]
    return TEMPLATE % {"header": HEADER.format("fish"), "lines": "\n".join(lines)}


def _verb(verb: VerbWords, schemes: list[str]) -> list[str]:
    start = f"complete -c secretrun -n '__secretrun_in {verb.name}'"
    lines = [
        f"{start} {_flags(option)}{_value(option, schemes)} -d {_quoted(option.help)}"
        for option in verb.options
    ]
    lines += [
        f"{start}{value}"
        for positional in verb.positionals
        if (value := _value(positional, schemes)) and positional.kind
    ]
    if verb.name == "run":
        lines.append(f"{start} -a -- -d {_quoted('the command follows')}")
    return lines


def _flags(option: Argument) -> str:
    return " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)


def _value(argument: Argument, schemes: list[str]) -> str:
    """How the value is completed: -r it is required, -f no file names, -F file names."""
    if not argument.value:
        return ""
    required = " -r" if argument.flags else ""
    if argument.kind == "file":
        return f"{required} -F"
    found = {
        "choice": " ".join(argument.choices),
        "directory": "(__fish_complete_directories)",
        "variable": "(set -nx)",
        "reference": " ".join(schemes),
        "name": "(__secretrun_words name)",
        "name or reference": f"(__secretrun_words name) {' '.join(schemes)}",
        "profile": "(__secretrun_words profile)",
        "stored": "(__secretrun_words stored)",
        "member": "(__secretrun_words member)",
        "template": "(__secretrun_words_or_files template)",
        "store": "(__secretrun_words_or_files store)",
    }.get(argument.kind)
    return f"{required} -f" + (f" -a {_quoted(found)}" if found else "")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


TEMPLATE = """\
# fish completion for secretrun, %(header)s

# Whether no word stands before the one being typed.
function __secretrun_first
    test (count (commandline -opc)) -eq 1
end

# Whether the words belong to this verb, and for run: not yet to the command.
function __secretrun_in --argument-names verb
    set -l words (commandline -opc)
    set -e words[1]
    set -l named run
    if set -q words[1]; and not string match -q -- '-*' $words[1]
        set named $words[1]
    end
    test $named = $verb; or return
    test $verb != run; or not contains -- -- $words
end

# Whether the command has begun.
function __secretrun_at_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or return
    test $at = 2; or test $words[2] = run; or string match -q -- '-*' $words[2]
end

function __secretrun_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words)
    set -e words[1..$at]
    complete -C (string join ' ' -- (string escape -- $words) (commandline -ct))
end

# What secretrun knows here of a kind.
function __secretrun_words --argument-names kind
    set -l words (commandline -opc)
    set -e words[1]
    command secretrun __complete $kind $words </dev/null 2>/dev/null
end

# The same, and files where none of it fits.
function __secretrun_words_or_files --argument-names kind
    set -l typed (string replace -r '^--[a-z-]+=' '' -- (commandline -ct))
    set -l start '^'(string escape --style=regex -- "$typed")
    set -l found (__secretrun_words $kind | string match -r -- "$start.*")
    if set -q found[1]
        string join \\n -- $found
    else
        __fish_complete_path "$typed"
    end
end

complete -c secretrun -f
complete -c secretrun -n __secretrun_at_command -a '(__secretrun_command)'
%(lines)s
"""
