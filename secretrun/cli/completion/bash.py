"""The completion script of bash, with and without the bash-completion package, down to bash 3.2 (macOS).

`=` and `:` divide words in bash (COMP_WORDBREAKS), so `--env-file=x` arrives as three words.
"""

from __future__ import annotations

from secretrun.cli.completion.tree import HEADER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.cli.completion.tree import Argument, VerbWords, Words


def script(words: Words) -> str:
    """The whole script."""
    return TEMPLATE % {
        "header": HEADER.format("bash"),
        "verbs": " ".join(verb.name for verb in words.verbs),
        "schemes": " ".join(words.schemes),
        "values": "\n".join(line for verb in words.verbs for line in _values(verb)),
        "verb_words": "\n".join(_verb(verb) for verb in words.verbs),
    }


def _values(verb: VerbWords) -> list[str]:
    """`case` branches: what follows an option that takes a value."""
    branches: dict[str, list[str]] = {}
    for option in verb.options:
        if option.value:
            patterns = branches.setdefault(_action(option), [])
            patterns += [f"'{verb.name} {flag}'" for flag in option.flags]
    return [
        f"        {' | '.join(patterns)}) {action} return ;;".replace(")  ", ") ")
        for action, patterns in branches.items()
    ]


def _verb(verb: VerbWords) -> str:
    """One `case` branch: the options of a verb, and what its positional arguments are."""
    flags = " ".join(flag for option in verb.options for flag in option.flags)
    plain = " ".join(action for positional in verb.positionals if (action := _action(positional)))
    if verb.name == "run":
        flags, plain = f"{flags} --", "_secretrun_reply -W --;"
    otherwise = f" else {plain}" if plain else ""
    return f"        {verb.name}) if [[ $cur == -* ]]; then _secretrun_reply -W '{flags}';{otherwise} fi ;;"


def _action(argument: Argument) -> str:
    """The call that completes a value, or "" for free text."""
    if argument.kind == "choice":
        return f"_secretrun_reply -W '{' '.join(argument.choices)}';"
    return {
        "file": "_secretrun_files -f;",
        "directory": "_secretrun_files -d;",
        "variable": "_secretrun_reply -e;",
        "reference": "_secretrun_reference;",
        "name": "_secretrun_words name;",
        "name or reference": "_secretrun_words name; _secretrun_reference;",
        "profile": "_secretrun_words profile;",
        "stored": "_secretrun_words stored;",
        "member": "_secretrun_words member;",
        "template": "_secretrun_words template || _secretrun_files -f;",
        "store": "_secretrun_words store || _secretrun_files -f;",
    }.get(argument.kind, "")


TEMPLATE = """\
# bash completion for secretrun, %(header)s

# Add what `compgen` finds for the current word; line by line, since file names may hold spaces.
_secretrun_reply() {
    local line
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(compgen "$@" -- "$cur")
}

# Readline's own file names know about quotes; without compopt (bash 3.2) compgen has to do.
_secretrun_files() {
    if [[ $1 == -f ]] && compopt -o default 2>/dev/null; then return; fi
    compopt -o filenames 2>/dev/null
    _secretrun_reply "$1"
}

# What secretrun knows here of a kind, and whether any of it fits. Compared, and never expanded.
_secretrun_words() {
    local line
    while IFS= read -r line; do
        if [[ $line == "$cur"* ]]; then COMPREPLY+=("$line"); fi
    done < <(command secretrun __complete "$1" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null </dev/null)
    ((${#COMPREPLY[@]} > 0))
}

_secretrun_reference() {
    compopt -o nospace 2>/dev/null
    _secretrun_reply -W '%(schemes)s'
}

# The completion of the command that starts at word $1.
_secretrun_command() {
    if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif ((COMP_CWORD == $1)); then
        _secretrun_reply -c
    else
        _secretrun_files -f
    fi
}

_secretrun() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=run start=1 i
    COMPREPLY=()
    if ((COMP_CWORD > 1)) && [[ ${COMP_WORDS[1]} != -* ]]; then
        verb=${COMP_WORDS[1]} start=2
    fi
    if [[ $verb == run ]]; then
        for ((i = start; i < COMP_CWORD; i++)); do
            if [[ ${COMP_WORDS[i]} == -- ]]; then
                _secretrun_command $((i + 1))
                return
            fi
        done
    fi
    if [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    elif [[ $cur == = ]]; then
        cur=
    fi
    case "$verb $prev" in
%(values)s
    esac
    if ((COMP_CWORD == 1)); then
        if [[ $cur == -* ]]; then
            _secretrun_reply -W '--version -V'
        else
            compopt -o nosort 2>/dev/null
            _secretrun_reply -W '%(verbs)s'
        fi
    fi
    case $verb in
%(verb_words)s
    esac
}

complete -F _secretrun secretrun
"""
